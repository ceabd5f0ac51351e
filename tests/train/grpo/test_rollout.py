"""Sampling for training: batched and padded replies are those that each clip would get alone."""
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.support.tiny_run import row, write_start
from train.grpo import policy, rollout
from train.grpo.rollout import Sampling
from train.model import open_model
from vs2.model import generation
from vs2.model.inputs import cache_of, step_kwargs
from vs2.options import Options

LENGTH = 20


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    model, processor, card = open_model(write_start(tmp_path_factory.mktemp("start")))
    return policy.install(model.train()), processor, card


@pytest.fixture(scope="module")
def prompts(parts):
    """Three clips whose prompts have different lengths, by their words and by their frames."""
    model, processor, card = parts
    rows = [row(0), replace(row(1), prompt="a square that moves over a field of grass, and then stops"),
            replace(row(2), video=row(2).video[:2])]
    found = [one.inputs(processor, model.config, card) for one in rows]
    assert len({one.length for one in found}) == 3
    return found


def draw(parts, prompts, numbers=(0, 1, 2), replies=4, **options):
    model, processor, _ = parts
    how = Sampling(replies, options.pop("length", LENGTH), options.pop("temperature", 0.9), options.pop("top_p", 1.0))
    return rollout.sample(model, processor.tokenizer, [prompts[n] for n in numbers], how, [(5, n) for n in numbers],
                          **options)


def teacher_forced(model, inputs, ids, temperature):
    """The slow, obvious way: one reply alone, the whole sequence through the model's own forward, no padding."""
    places = torch.arange(len(ids)) + inputs.length + inputs.rope_delta
    out = model(input_ids=torch.cat([inputs.input_ids, ids[None]], 1), pixel_values_videos=inputs.pixel_values_videos,
                video_grid_thw=inputs.video_grid_thw,
                position_ids=torch.cat([inputs.position_ids, places.expand(3, 1, -1)], 2))
    logits = out.logits[0, inputs.length - 1:-1].float() / temperature
    return logits.log_softmax(-1).gather(1, ids[:, None])[:, 0], logits


@pytest.mark.parametrize("top_p", [1.0, 0.8])
def test_log_probabilities_of_sampled_tokens_are_those_of_each_reply_alone(parts, prompts, top_p):
    model = parts[0]
    found = draw(parts, prompts, top_p=top_p, keep_logps=True)
    assert found.ids.shape[0] == 12 and found.mask.any(1).all()
    packed = policy.pack(prompts, "cpu", 0)
    for shared in (True, False):
        model.vs2_share_prompt = shared
        with torch.no_grad():
            batched = model(**packed, completion_ids=found.ids, completion_mask=found.mask, temperature=0.9)[0]
        assert torch.allclose(batched, found.logps, atol=1e-4)
    for number in range(12):
        ids = found.ids[number][found.mask[number]]
        with torch.no_grad():
            alone, _ = teacher_forced(model, prompts[number // 4], ids, 0.9)
        assert torch.allclose(alone, found.logps[number, :len(ids)], atol=1e-4)
    assert (found.logps[found.mask] < -0.01).any()


def test_entropy_is_that_of_the_distribution(parts, prompts):
    model = parts[0]
    found = draw(parts, prompts, replies=2)
    with torch.no_grad():
        entropy = model(**policy.pack(prompts, "cpu", 0), completion_ids=found.ids, completion_mask=found.mask,
                        temperature=0.9)[1]
        ids = found.ids[3][found.mask[3]]
        logits = teacher_forced(model, prompts[1], ids, 0.9)[1]
    expected = torch.distributions.Categorical(logits=logits).entropy()
    assert torch.allclose(entropy[3, :len(ids)], expected, atol=1e-4)
    assert (entropy[~found.mask] == 0).all()


def test_greedy_replies_are_those_of_the_judge(parts, prompts):
    """The same tokens as vs2/model/generation.py, one clip at a time, up to the judge's budget."""
    model, processor, _ = parts
    found = draw(parts, prompts, replies=1, temperature=0.0)
    model.eval()
    for number, inputs in enumerate(prompts):
        stream = generation.generate(model, processor.tokenizer, inputs, Options(budget=LENGTH))
        while True:
            try:
                next(stream)
            except StopIteration as stopped:
                reply = stopped.value[0]
                break
        ids = found.ids[number][found.mask[number]].tolist()
        assert list(reply.ids[:len(ids)]) == ids and len(ids) == LENGTH
        assert reply.text.startswith(found.texts[number].rstrip("\ufffd"))
    model.train()


def test_greedy_by_hand(parts, prompts):
    """One clip, one token at a time through the model's own cache."""
    model = parts[0]
    found = draw(parts, prompts, replies=1, temperature=0.0)
    inputs, ids = prompts[1], []
    with torch.no_grad():
        out = model(**inputs.model_kwargs(), use_cache=True)
        for step in range(LENGTH):
            ids.append(int(out.logits[0, -1].argmax()))
            out = model(**step_kwargs(inputs.rope_delta, torch.tensor([ids[-1:]]), cache_of(out),
                                      inputs.length + step))
    assert found.ids[1].tolist() == ids


def test_replies_end_at_their_end_token_and_finished_ones_leave(parts, prompts):
    """With more and more tokens as ends, replies are the prefixes of the same replies, cut after the first end."""
    whole = draw(parts, prompts, replies=6, ends={10**9})
    assert not whole.ended.any() and (whole.lengths == LENGTH).all()
    ends = set(whole.ids[:, 3].tolist()) | set(whole.ids[::3, 9].tolist())
    cut = draw(parts, prompts, replies=6, ends=ends, keep_logps=True)
    assert len(set(cut.lengths.tolist())) > 2
    for number in range(18):
        ids = whole.ids[number].tolist()
        length = next((n + 1 for n, token in enumerate(ids) if token in ends), LENGTH)
        assert cut.ids[number][cut.mask[number]].tolist() == ids[:length]
        assert bool(cut.ended[number]) == (ids[length - 1] in ends)
    assert (cut.ids[~cut.mask] == parts[1].tokenizer.pad_token_id).all()
    assert cut.texts[0] == parts[1].tokenizer.decode(cut.ids[0][cut.mask[0]], skip_special_tokens=True)


def test_what_a_clip_is_told_does_not_depend_on_its_batch(parts, prompts):
    together = draw(parts, prompts)
    for number in range(3):
        alone = draw(parts, prompts, (number,))
        assert torch.equal(alone.ids, together.ids[4 * number:4 * number + 4])
    backwards = draw(parts, prompts, (2, 1, 0))
    assert torch.equal(backwards.ids[:4], together.ids[8:])


def test_another_seed_other_replies(parts, prompts):
    model, processor, _ = parts
    first, again, other = (rollout.sample(model, processor.tokenizer, prompts[:1], Sampling(4, LENGTH), [seed])
                           for seed in ((0, 1), (0, 1), (0, 2)))
    assert torch.equal(first.ids, again.ids) and not torch.equal(first.ids, other.ids)
    assert len({tuple(ids) for ids in first.ids.tolist()}) == 4


def test_the_model_is_left_in_the_mode_it_was_in(parts, prompts):
    model = parts[0]
    model.train()
    model.model.visual.eval()
    draw(parts, prompts, replies=2, length=2)
    assert model.training and model.lm_head.training and not model.model.visual.training
    assert model.forward.__self__ is model and all(p.grad is None for p in model.parameters())
    model.train()


def test_a_clip_is_seen_once_for_all_its_replies(parts, prompts):
    model = parts[0]
    seen = []
    hook = model.model.visual.register_forward_hook(lambda module, args, kwargs, out: seen.append(len(args[0])),
                                                    with_kwargs=True)
    found = draw(parts, prompts)
    model(**policy.pack(prompts, "cpu", 0), completion_ids=found.ids, completion_mask=found.mask)
    hook.remove()
    assert seen == [sum(len(one.pixel_values_videos) for one in prompts)] * 2


@pytest.mark.parametrize("top_p, temperature", [(1.0, 1.0), (0.7, 1.0), (1.0, 0.5), (0.6, 2.0)])
def test_tokens_are_drawn_as_often_as_they_are_likely(top_p, temperature):
    logits = torch.tensor([2.0, 1.0, 0.5, 0.0, -1.0, float("-inf")])
    chance = (torch.arange(100_000) + 0.5) / 100_000            # a grid: no luck in the counts
    drawn = rollout.pick(logits.expand(100_000, -1), chance, temperature, top_p)
    shares = (logits / temperature).softmax(0)
    order = shares.argsort(descending=True)
    kept = order[:int((shares[order].cumsum(0) < top_p).sum()) + 1]
    kept = kept[shares[kept] > 0]
    expected = torch.zeros(6)
    expected[kept] = shares[kept] / shares[kept].sum()
    assert torch.allclose(torch.bincount(drawn, minlength=6) / 100_000, expected, atol=1e-4)
    assert (rollout.pick(logits.expand(3, -1), None, 0, 1.0) == 0).all()
    assert rollout.pick(logits[None], torch.ones(1), temperature, top_p).item() == int(kept.max()), "never beyond"


def test_noise_is_each_clips_own():
    both = rollout.noise([(1, 2), (1, 3)], 4, 7)
    assert torch.equal(both[4:], rollout.noise([(1, 3)], 4, 7)) and not torch.equal(both[:4], both[4:])
    assert both.shape == (8, 7) and float(both.min()) >= 0 and float(both.max()) < 1
    assert abs(float(rollout.noise([(0,)], 100, 100).mean()) - 0.5) < 0.02


def test_large_logits_are_computed_in_pieces(parts, prompts, monkeypatch):
    """The same numbers and gradients, whether the logits of all tokens are held at once or not."""
    model = parts[0]
    found, packed = draw(parts, prompts), policy.pack(prompts, "cpu", 0)
    results = []
    for whole in (policy.WHOLE, 0):
        monkeypatch.setattr(policy, "WHOLE", whole)
        monkeypatch.setattr(policy, "CHUNK", 7 * model.lm_head.out_features)
        model.zero_grad()
        logps, entropy = model(**packed, completion_ids=found.ids, completion_mask=found.mask)
        (logps * torch.linspace(0, 1, logps.shape[1])).sum().backward()
        results.append((logps.detach(), entropy, *(p.grad.clone() for p in model.parameters() if p.grad is not None)))
    model.zero_grad()
    assert len(results[0]) == len(results[1]) > 20
    for one, other in zip(*results, strict=True):
        assert torch.allclose(one, other, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("train_tower", [True, False])
def test_sharing_the_prompt_changes_no_gradient(parts, prompts, train_tower):
    model = parts[0]
    found, packed = draw(parts, prompts), policy.pack(prompts, "cpu", 0)
    model.model.visual.requires_grad_(train_tower)
    grads = []
    for shared in (True, False):
        model.vs2_share_prompt = shared
        model.zero_grad()
        logps, _ = model(**packed, completion_ids=found.ids, completion_mask=found.mask)
        (logps * torch.from_numpy(np.random.default_rng(0).random(logps.shape, np.float32))).sum().backward()
        grads.append({name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None})
    model.zero_grad()
    model.requires_grad_(True)
    model.vs2_share_prompt = True
    assert grads[0].keys() == grads[1].keys() and any("visual" in name for name in grads[0]) == train_tower
    for name in grads[0]:
        assert torch.allclose(grads[0][name], grads[1][name], rtol=1e-3,
                              atol=1e-4 * float(grads[0][name].abs().max() + 1e-6)), name

"""Several clips in one batch: the same scores as one by one, for clips and prompts of different lengths."""
from types import SimpleNamespace

import pytest
import torch

from tests.support.clips import moving_square
from tests.support.tiny import write_tiny
from tests.support.waits import Waits
from vs2 import generate, judge
from vs2.errors import BadInput, Failure
from vs2.evaluation import Evaluation
from vs2.model import captured, generation, gpu, together
from vs2.model.inputs import cache_name
from vs2.model.own.model import Qwen
from vs2.rubric import KEYS

PROMPTS = ("a", "a red square moves to the right", "The video is blurry. " * 12, "a b <|im_end|> </think>")
SIZES = (((224, 160), 16), ((96, 64), 8), ((160, 224), 40), ((128, 128), 24))


@pytest.fixture(scope="module", params=[True, False], ids=["plain", "transformers"])
def tiny(tmp_path_factory, request):
    torch.set_num_threads(1)
    return judge.load(str(write_tiny(tmp_path_factory.mktemp("tiny"))), "fp32", plain=request.param)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    return [moving_square(folder / f"{n}.mp4", frames=frames, size=size) for n, (size, frames) in enumerate(SIZES)]


def same(one: Evaluation, other: Evaluation) -> None:
    """The same values, and `expected` within 1e-3, in everything that is read."""
    for key in KEYS:
        assert one.scores[key].value == other.scores[key].value
        assert one.scores[key].expected == pytest.approx(other.scores[key].expected, abs=1e-3)
        assert one.scores[key].distribution == pytest.approx(other.scores[key].distribution, abs=1e-3)
        assert one.scores[key].confidence == pytest.approx(other.scores[key].confidence, abs=1e-3)
    for name in ("video", "prompt", "model", "precision", "reply", "rationale", "frames", "tokens", "frame_times",
                 "warnings", "samples", "truncated"):
        assert getattr(one, name) == getattr(other, name)


@pytest.mark.slow
def test_a_batch_equals_single_judgements(tiny, clips):
    alone = [tiny.score(clip, prompt, think=False) for clip, prompt in zip(clips, PROMPTS, strict=True)]
    together_ = tiny.score_many(clips, PROMPTS)
    for one, other in zip(together_, alone, strict=True):
        same(one, other)
    assert len({one.scores[KEYS[0]].expected for one in together_}) == len(clips), "the clips do make a difference"
    for one, other in zip(tiny.score_many(clips[::-1], PROMPTS[::-1]), alone[::-1], strict=True):
        same(one, other)
    same(tiny.score_many(clips[:1], PROMPTS[:1])[0], alone[0])


@pytest.mark.slow
def test_a_batch_equals_single_judgements_with_mini(tmp_path):
    torch.set_num_threads(1)
    mini, sketch = judge.load("mini", "fp32"), generate.load("sketch")
    prompts = ("a red ball bounces on grass", "Two blue stars roll beside a yellow box on sand today.", "a box")
    sizes = ((384, 288), (160, 96), (128, 224))
    made = [sketch.generate(prompt, seed=n, seconds=1.0 + n, size=size, folder=tmp_path).path
            for n, (prompt, size) in enumerate(zip(prompts, sizes, strict=True))]
    alone = [mini.score(path, prompt, think=False) for path, prompt in zip(made, prompts, strict=True)]
    for one, other in zip(mini.score_many(made, prompts), alone, strict=True):
        same(one, other)


REPLIES = ("reply", "rationale", "tokens", "truncated", "looped", "warnings", "frames", "samples", "options")


@pytest.mark.parametrize("penalty", [None, 1.3])
@pytest.mark.parametrize("captures", [False, True])
def test_rationales_that_grow_together_are_those_of_each_alone(tiny, clips, penalty, captures, monkeypatch):
    """Of clips and prompts of all lengths, whose replies end at different times; captured steps without the graph."""
    monkeypatch.setattr(tiny.model.generation_config, "repetition_penalty", penalty)
    said, record = [], tiny._record
    with monkeypatch.context() as spying:
        spying.setattr(tiny, "_record", lambda task, replies, *more: said.append(replies[0].ids) or record(
            task, replies, *more))
        spying.setattr(tiny.model.generation_config, "eos_token_id", [-1])
        for clip, prompt in zip(clips[:2], PROMPTS, strict=False):
            tiny.score(clip, prompt, budget=40)
    ends = [next(token for token in said[0] if token not in said[1]), said[1][12]]      # some end before others
    monkeypatch.setattr(tiny.model.generation_config, "eos_token_id", ends)
    if captures and isinstance(tiny.model, Qwen):
        return      # nothing of it is captured
    alone = [tiny.score(clip, prompt, budget=40) for clip, prompt in zip(clips, PROMPTS, strict=True)]
    monkeypatch.setattr(captured, "possible", lambda model: captures)
    monkeypatch.setattr(captured.Steps, "capture", lambda self, model: None)
    passes = []
    hook = tiny.model.model.language_model.register_forward_hook(lambda *_: passes.append(1))
    try:
        found = tiny.score_many(clips, PROMPTS, think=True, budget=40)
    finally:
        hook.remove()
        gpu.kept.clear()
    for one, other in zip(found, alone, strict=True):
        same(one, other)
        assert [getattr(one, name) for name in REPLIES] == [getattr(other, name) for name in REPLIES]
    assert len({one.tokens for one in alone}) > 1 and len({one.reply for one in alone}) == len(clips)
    assert len(passes) < sum(one.tokens for one in alone) / 2, "they do share their steps"


def test_a_clip_that_overflows_costs_its_own_row_only(tiny, clips):
    """Its first token is chosen from no numbers, as of a clip whose prompt overflowed."""
    for think in (True, False):
        alone = tiny.score(clips[0], PROMPTS[0], think=think, budget=12)
        calls = []

        def overflow(module, _, logits, calls=calls, think=think):
            calls.append(module)
            if think:       # the second prompt of three, then the second row
                return logits * torch.nan if len(calls) == 2 else logits
            logits = logits.clone()
            logits[1] = torch.nan
            return logits

        hook = tiny.model.lm_head.register_forward_hook(overflow)
        try:
            found = tiny.score_many(clips[:3], PROMPTS[:3], think=think, budget=12)
        finally:
            hook.remove()
        assert [isinstance(one, Failure) for one in found] == [False, True, False]
        assert str(found[1]) == generation.OVERFLOWED
        same(found[0], alone)


def test_stop_ends_all_of_them_before_the_next_token(tiny, clips):
    calls, asked = [], iter([False] * 4 + [True] * 99)
    hook = tiny.model.model.language_model.register_forward_hook(lambda *_: calls.append(1))
    try:
        with pytest.raises(Failure, match="stopped before it had scores"):
            tiny.score_many(clips[:2], PROMPTS[:2], think=True, stop=lambda: next(asked))
    finally:
        hook.remove()
    assert len(calls) == 2 + 3, "two prompts and three tokens"


def test_several_samples_are_judged_clip_by_clip(tiny, clips):
    found = tiny.score_many(clips[:2], PROMPTS[:2], think=True, samples=2, budget=8, seed=3)
    wanted = [tiny.score(clip, prompt, samples=2, budget=8, seed=3)
              for clip, prompt in zip(clips[:2], PROMPTS[:2], strict=True)]
    assert [one.samples for one in found] == [one.samples for one in wanted]
    with pytest.raises(BadInput, match="budget is 0"):
        tiny.score_many(clips[:1], PROMPTS[:1], budget=0)


def test_padding_is_on_the_left_and_masked(tiny, clips):
    inputs = [tiny._inputs(judge.Task(judge.video.read(clip, tiny.card.sampling), "", prompt,
                                       judge.Options(think=False), lambda: False, 0.0))
              for clip, prompt in zip(clips, PROMPTS, strict=True)]
    given = together.padded(inputs, 7)
    length = max(one.length for one in inputs)
    assert given["input_ids"].shape == given["attention_mask"].shape == (4, length)
    for n, one in enumerate(inputs):
        assert torch.equal(given["input_ids"][n, -one.length:], one.input_ids[0])
        assert torch.equal(given["position_ids"][:, n, -one.length:], one.position_ids[:, 0])
        assert given["attention_mask"][n].tolist() == [0] * (length - one.length) + [1] * one.length
        assert set(given["input_ids"][n, :length - one.length].tolist()) <= {7}


def test_three_passes_are_three_waits(tiny, clips, monkeypatch):
    inputs = [tiny._inputs(judge.Task(judge.video.read(clip, tiny.card.sampling), "", "a", judge.Options(think=False),
                                       lambda: False, 0.0)) for clip in clips[:2]]
    calls = []

    class Model:
        device = torch.device("cpu")

        def __call__(self, **given):
            calls.append(given)
            assert given.get(cache_name()) == ("kept" if calls[1:] else None)
            return SimpleNamespace(logits=torch.zeros(2, 1, 999), past_key_values="kept")

    monkeypatch.setattr(generation.Row, "reply", lambda row: row)
    with Waits() as waits:
        rows = together.answers(Model(), tiny.processor.tokenizer, inputs, tiny._wire)
    assert waits.reads == ["tolist"] * len(calls) == ["tolist"] * 3 and all(row.done for row in rows)
    assert len(waits.sends) == 4, "the digits' ids, the next places, and what follows each of two digits"


def test_a_file_that_cannot_be_read_leaves_the_others(tiny, clips, tmp_path):
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    found = tiny.score_many([clips[1], tmp_path / "bad.mp4", tmp_path / "none.mp4"], ["a", "b", "c"])
    assert isinstance(found[0], Evaluation) and all(isinstance(one, BadInput) for one in found[1:])
    assert isinstance(tiny.score_many([clips[1]], [" "])[0], BadInput)
    assert tiny.score_many([], []) == []


def test_where_memory_runs_out_there_are_smaller_batches(tiny, clips, monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(together, "answers", full)
    monkeypatch.setattr(together, "replies", full)
    for options in ({"think": False}, {"think": True, "budget": 8}):
        found = tiny.score_many(clips[1:3], PROMPTS[1:3], **options)
        same(found[0], tiny.score(clips[1], PROMPTS[1], **options))
        assert isinstance(found[1], Evaluation)
    sizes = []
    monkeypatch.undo()

    def narrow(model, tokenizer, inputs, *more):
        sizes.append(len(inputs))
        return full() if len(inputs) > 2 else whole(model, tokenizer, inputs, *more)

    whole = together.replies
    monkeypatch.setattr(together, "replies", narrow)
    assert all(isinstance(one, Evaluation) for one in tiny.score_many(clips[:3], PROMPTS[:3], think=True, budget=8))
    assert sizes == [3, 1, 2]
    monkeypatch.setattr(together, "answers", lambda *_: (_ for _ in ()).throw(RuntimeError("a defect")))
    with pytest.raises(RuntimeError, match="a defect"):
        tiny.score_many(clips[1:2], PROMPTS[1:2])

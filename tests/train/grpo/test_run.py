"""GRPO: its loss against a slow re-computation, its reference, what it sees, that it learns, which clips it takes."""
import json
import math

import pytest
import torch

from tests.support import tiny_run
from train.grpo import blocks, objective, policy, rewards, run
from train.grpo.blocks import Blocks, Plan
from train.grpo.objective import GRPOConfig, divergence, reduced, token_losses
from train.grpo.trainer import GRPOTrainer
from train.model import open_model
from vs2.errors import BadInput


class Rows:
    """Tiny rows in memory."""

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def row(self, number):
        return tiny_run.row(number)


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    return tiny_run.write_start(tmp_path_factory.mktemp("start"))


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    monkeypatch.setitem(rewards.REWARDS, "toy", tiny_run.first_letters)


def options(folder, **given):
    return GRPOConfig(output_dir=str(folder), **{
        "per_device_train_batch_size": 8, "num_generations": 4, "max_completion_length": 10, "max_steps": 2,
        "learning_rate": 1e-3, "logging_steps": 1, "report_to": "none", "use_cpu": True, "disable_tqdm": True,
        "save_strategy": "no", "reward_weights": {"toy": 1.0}, "seed": 1, "log_completions": False, **given})


def trainer_of(start, folder, model=None, rows=6, **given):
    opened, processor, card = open_model(start, model)
    return GRPOTrainer(opened, options(folder, **given), Rows(rows), processor, card)


def logged(trainer, name):
    return [entry[name] for entry in trainer.state.log_history if name in entry]


# --- the loss ---

def slowly(now, old, reference, gain, mask, kind, beta, low, high, longest, processes=1):
    """GRPO's loss one token at a time, in Python's own arithmetic (DeepSeekMath equation 3, k3 estimator of the KL)."""
    sums, lengths = [], []
    for n in range(len(now)):
        total = 0.0
        for t in range(len(now[n])):
            if not mask[n][t]:
                continue
            ratio = math.exp(now[n][t] - old[n][t])
            clipped = min(max(ratio, 1 - low), 1 + high)
            apart = min(max(reference[n][t] - now[n][t], -10.0), 10.0)
            total += -min(ratio * gain[n], clipped * gain[n]) + beta * (math.exp(apart) - apart - 1)
        sums.append(total)
        lengths.append(sum(mask[n]))
    if kind == "grpo":
        return sum(total / length for total, length in zip(sums, lengths, strict=True)) / len(sums)
    if kind == "dr_grpo":
        return sum(sums) / (len(sums) * longest)
    return sum(sums) / sum(lengths)


@pytest.mark.parametrize("kind", objective.LOSSES)
def test_the_loss_is_its_slow_recomputation(kind):
    dice = torch.Generator().manual_seed(3)
    now = (-3 * torch.rand(6, 9, generator=dice)).requires_grad_()
    old = now.detach() + 0.5 * torch.randn(6, 9, generator=dice)
    reference = now.detach() + 8 * torch.randn(6, 9, generator=dice)
    assert ((reference - now).abs() > 10).any(), "the clamp must matter"
    mask = (torch.arange(9) < torch.tensor([9, 1, 4, 7, 2, 5])[:, None]).float()
    gain = torch.randn(6, generator=dice)
    losses, below, above = token_losses(now, old, gain, 0.2, 0.28)
    losses = losses + 0.04 * divergence(now, reference)
    loss = reduced(losses, mask, kind, 12, mask.sum().item())
    expected = slowly(now.tolist(), old.tolist(), reference.tolist(), gain.tolist(), mask.bool().tolist(), kind, 0.04,
                      0.2, 0.28, 12)
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    assert below.any() and above.any() and not (below & above).any()
    loss.backward()
    assert (now.grad[mask == 0] == 0).all()
    clipped = (below | above) & (mask > 0)
    assert torch.allclose(now.grad[clipped], torch.autograd.grad(
        reduced(0.04 * divergence(now, reference), mask, kind, 12, mask.sum().item()), now)[0][clipped])


@pytest.mark.parametrize("kind", ["grpo", "bnpo", "dapo"])
def test_the_trainers_loss_over_two_updates_of_a_rollout(start, tmp_path, kind, monkeypatch):
    """What the trainer minimises, padding, accumulation and old log-probabilities included, recomputed slowly."""
    seen = []
    forward = GRPOTrainer.compute_loss

    def watched(self, model, inputs, *args, **kwargs):
        loss = forward(self, model, inputs, *args, **kwargs)
        now = model(**inputs["asking"])[0]
        seen.append((self.state.global_step, loss.item(), now.detach(), inputs))
        return loss

    monkeypatch.setattr(GRPOTrainer, "compute_loss", watched)
    trainer = trainer_of(start, tmp_path, loss_type=kind, num_iterations=2, gradient_accumulation_steps=2, beta=0.3,
                         learning_rate=2e-2, max_steps=4)
    trainer.ends = set(range(0, 400, 5))        # replies of several lengths
    trainer.train()
    assert [step for step, *_ in seen] == [0, 0, 1, 1, 2, 2, 3, 3]
    for first in range(0, 8, 2):
        update = seen[first:first + 2]
        tokens = sum(inputs["mask"].sum().item() for *_, inputs in update)
        for step, loss, now, inputs in update:
            expected = slowly(now.tolist(), inputs["old"].tolist(), inputs["reference"].tolist(),
                              inputs["gain"].tolist(), inputs["mask"].bool().tolist(), kind, 0.3, 0.2, 0.2, 10)
            share = inputs["mask"].sum().item() / tokens if kind == "dapo" else 0.5
            assert loss == pytest.approx(expected * share, rel=1e-3, abs=1e-6)
            assert torch.allclose(now, inputs["old"], atol=1e-6) == (step % 2 == 0), "the second update has moved"
            assert len({tuple(row) for row in inputs["mask"].tolist()}) > 1
    assert torch.equal(seen[0][3]["asking"]["completion_ids"], seen[2][3]["asking"]["completion_ids"])


def test_advantages_by_hand():
    values = torch.tensor([[1.0, 0.0, 0.0, 1.0], [0.4, 0.4, 0.4, 0.4]])
    deviation = math.sqrt(1 / 3)                # of n - 1
    expected = 0.5 / (deviation + 1e-4)
    assert torch.allclose(objective.advantages(values)[0], torch.tensor([expected, -expected, -expected, expected]))
    assert (objective.advantages(values)[1] == 0).all(), "a group without spread teaches nothing"
    assert torch.allclose(objective.advantages(values, "none")[0], torch.tensor([0.5, -0.5, -0.5, 0.5]))
    assert torch.allclose(objective.advantages(values, "batch")[0, 0], 0.5 / (values.std() + 1e-4))


# --- the reference ---

@pytest.mark.parametrize("method", ["full", "lora"])
def test_a_policy_that_is_its_reference_has_no_divergence(start, tmp_path, method):
    """Exactly 0 before the first update, more after; the reference itself does not move."""
    trainer = trainer_of(start, tmp_path, {"method": method}, learning_rate=1e-2, max_steps=3, beta=0.1)
    trainer.train()
    kl = logged(trainer, "kl")
    assert kl[0] == 0.0 and kl[1] > 0 and kl[2] > 0
    assert logged(trainer, "clip_ratio/region_mean") == [0.0] * 3, "one update a rollout: the ratio is 1"
    assert (trainer.reference.model is None) == (method == "lora")
    fresh = open_model(start)[0].state_dict()
    if method == "full":
        assert all(torch.equal(value, fresh[name]) for name, value in trainer.reference.model.state_dict().items())
        assert any(not torch.equal(value, fresh[name]) for name, value in trainer.model.state_dict().items())


def test_without_beta_there_is_no_reference(start, tmp_path):
    trainer = trainer_of(start, tmp_path, beta=0.0, max_steps=1)
    trainer.train()
    assert trainer.reference is None and not logged(trainer, "kl")


def test_divergence_is_never_negative_and_finite():
    apart = torch.linspace(-60, 60, 999)
    found = divergence(torch.zeros(999), apart)
    assert (found >= 0).all() and torch.isfinite(found).all()
    assert divergence(torch.tensor(0.0), torch.tensor(50.0)) == divergence(torch.tensor(0.0), torch.tensor(10.0))


# --- what it sees and learns ---

def test_the_policy_sees_the_video(start, tmp_path):
    """Canary: the same replies to the same prompt, the videos swapped, have other log-probabilities."""
    model, processor, card = open_model(start)
    policy.install(model)
    prompts = blocks.Prompts(Rows(3), processor, model.config, card)
    asked = [prompts[(0, 0)], prompts[(1, 1)]]
    packed = policy.pack([one.inputs for one in asked], "cpu", 0)
    pixels = packed["pixel_values_videos"]
    swapped = {**packed, "pixel_values_videos": torch.cat([pixels[len(pixels) // 2:], pixels[:len(pixels) // 2]])}
    ids = torch.arange(40, 56).reshape(2, 8)
    with torch.no_grad():
        before, after = (model(**given, completion_ids=ids, completion_mask=torch.ones_like(ids).bool())[0]
                         for given in (packed, swapped))
    assert (before - after).abs().min(dim=1).values.max() > 0 and (before - after).abs().max() > 1e-3


@pytest.mark.slow
def test_an_exact_reward_rises(start, tmp_path):
    trainer = trainer_of(start, tmp_path, max_steps=30, learning_rate=2e-2, num_generations=8, beta=0.0,
                         per_device_train_batch_size=16, lr_scheduler_type="constant")
    trainer.train()
    reward = logged(trainer, "reward")
    assert sum(reward[-4:]) / 4 > 2 * sum(reward[:4]) / 4, reward
    assert logged(trainer, "rewards/toy/mean") == pytest.approx(reward)


def test_what_is_logged(start, tmp_path):
    trainer = trainer_of(start, tmp_path, max_steps=2, log_completions=True, num_completions_to_print=3,
                         reward_weights={"toy": 2.0, "accuracy": 1.0})
    trainer.train()
    names = {"reward", "reward_std", "rewards/toy/mean", "rewards/accuracy/mean", "kl", "entropy", "num_tokens",
             "completions/mean_length", "completions/clipped_ratio", "clip_ratio/region_mean", "clip_ratio/low_mean",
             "clip_ratio/high_mean", "frac_reward_zero_std", "loss", "grad_norm", "learning_rate",
             "seconds/rollout", "seconds/forward", "seconds/data"}
    assert all(names <= entry.keys() for entry in trainer.state.log_history[:2])
    first, second = trainer.state.log_history[:2]
    assert 0 < first["seconds/data"] < first["seconds/rollout"] < second["seconds/update"]
    assert first["reward"] == pytest.approx(2 * first["rewards/toy/mean"] + first["rewards/accuracy/mean"])
    samples = [json.loads(line) for line in (tmp_path / "samples.jsonl").read_text().splitlines()]
    assert [sample["step"] for sample in samples] == [1, 1, 1, 2, 2, 2]
    assert all(sample["reward"] == pytest.approx(2 * sample["rewards"]["toy"]) for sample in samples)
    assert logged(trainer, "num_tokens")[1] > logged(trainer, "num_tokens")[0] > 0


def test_replies_that_were_cut_can_be_left_out(start, tmp_path):
    trainer = trainer_of(start, tmp_path, max_steps=1, mask_truncated_completions=True, beta=0.0)
    trainer.ends = {10**9}
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    trainer.train()
    assert logged(trainer, "completions/clipped_ratio") == [1.0] and logged(trainer, "grad_norm") == [0.0]
    assert all(torch.equal(value, before[name]) for name, value in trainer.model.state_dict().items())


# --- blocks ---

@pytest.mark.parametrize("steps, uses, accumulated", [(1, 1, 1), (2, 1, 2), (4, 2, 2), (1, 1, 4), (2, 3, 1)])
def test_processes_share_the_clips_that_one_would_take(steps, uses, accumulated):
    one = Plan(30, 4, steps, uses, accumulated, seed=7)
    parts = [Plan(30, 2, steps, uses, accumulated, seed=7, rank=rank, processes=2) for rank in range(2)]
    for number in range(one.blocks):
        whole = one.block(1, number)
        for step in range(steps):
            micro = [at for part in parts for at in part.block(1, number)[2 * step:2 * step + 2]]
            assert micro == whole[4 * step:4 * step + 4]
        assert sorted(place for place, _ in whole) == list(range(one.size))
    rows = [row for number in range(one.blocks) for _, row in one.block(1, number)]
    assert len(set(rows)) == min(30, len(rows)), "an epoch shows no clip twice"
    assert len(Blocks(one, lambda: 0)) % accumulated == 0


def test_blocks_are_counted_through_epochs():
    plan = Plan(10, 2, 2, 2, 2, seed=0)             # blocks of 4 clips, 2 an epoch, 2 updates each
    assert [plan.at(update) for update in range(0, 6, 2)] == [(0, 0, 0), (0, 1, 1), (1, 0, 2)]
    assert [plan.at(update) for update in range(1, 6, 2)] == [(0, 0, 0), (0, 1, 1), (1, 0, 2)]
    sampler = list(Blocks(plan, lambda: 4))
    assert [len(batch) for batch in sampler] == [4, 0, 0, 0] * 2 and sampler[0] == plan.block(1, 0) != plan.block(0, 0)
    small = Plan(3, 2, 1, 1, 4, seed=0)             # four blocks an update
    assert [small.at(1, micro)[2] for micro in range(4)] == [4, 5, 6, 7] and small.blocks == 4


# --- options ---

@pytest.mark.parametrize("given, says", [
    ({"per_device_train_batch_size": 6}, "multiple of num_generations"), ({"loss_type": "ppo"}, "loss_type"),
    ({"num_generations": 1}, "num_generations"), ({"scale_rewards": "clip"}, "scale_rewards"),
    ({"reward_weights": {"luck": 1}}, "luck"), ({"top_p": 0.0}, "top_p"), ({"temperature": 0.0}, "temperature"),
    ({"steps_per_generation": 3, "gradient_accumulation_steps": 2}, "steps_per_generation"),
    ({"steps_per_generation": 1, "gradient_accumulation_steps": 2, "loss_type": "dapo"}, "steps_per_generation")])
def test_unusable_options_are_one_sentence(tmp_path, given, says):
    with pytest.raises(BadInput, match=says) as error:
        options(tmp_path, **given)
    assert str(error.value).count("\n") == 0


def test_an_unknown_option_is_named(tmp_path):
    config = {"output": str(tmp_path), "seed": 0, "train": {}, "grpo": {"num_generation": 8}}
    with pytest.raises(BadInput, match="num_generation`"):
        run.options(config)

"""What replies to held-out clips are worth, against numbers worked out by hand."""
from statistics import fmean

import pytest
import torch

from tests.support import tiny_run
from tests.train.grpo.test_run import Rows, options
from train.grpo import rewards, rollout
from train.grpo.held_out import change, measured
from train.grpo.trainer import GRPOTrainer
from train.model import open_model
from vs2 import rubric

CLIPS = 5                   # with the scores (1, 1, 3), (2, 2, 3), (3, 3, 3), (4, 4, 3), (5, 1, 3)


def trainer_of(folder, **given):
    start = tiny_run.write_start(folder / "start")
    model, processor, card = open_model(start)
    given = {"reward_weights": {"accuracy": 1.0, "exact": 1.0}, **given}
    return GRPOTrainer(model, options(folder / "run", eval_clips=CLIPS, **given), Rows(4), processor, card, Rows(CLIPS))


def test_greedy_and_drawn_replies_by_hand(tmp_path, monkeypatch):
    trainer, asked = trainer_of(tmp_path, num_generations_eval=4), []

    def sample(model, tokenizer, prompts, how, seeds, *rest):
        """To every clip 3, 3, 3 when greedy; else that, twice, then 3, 3, 1, then nothing that can be read, cut."""
        asked.append((how, list(seeds)))
        texts = [rubric.reply("Seen.", (3, 3, 3))]
        if how.temperature:
            texts = [*texts, *texts, rubric.reply("Seen.", (3, 3, 1)), "nothing"]
        count = len(texts) * len(prompts)
        ended = torch.tensor([text != "nothing" for text in texts] * len(prompts))
        return rollout.Rollout(torch.zeros(count, 10), torch.ones(count, 10, dtype=torch.bool), ended,
                               texts * len(prompts))

    monkeypatch.setattr(rollout, "sample", sample)
    each = measured(trainer, trainer.eval_dataset)
    assert each["exact_visual_quality"] == [0, 0, 1, 0, 0]
    found = {name: fmean(values) for name, values in each.items()}
    # Off by (2, 2), (1, 1), (0, 0), (1, 1), (2, 2) in the first two; the third dimension is right.
    for name, value in {"exact_visual_quality": 1 / 5, "exact_text_alignment": 1 / 5, "exact_physical_consistency": 1,
                        "within_one": (1 + 3 + 3 + 3 + 1) / 15, "unread": 0, "clipped_ratio": 0, "mean_length": 10,
                        "rewards/accuracy": (0 + 0.4 + 1 + 0.4 + 0) / 5, "rewards/exact": (1 + 1 + 3 + 1 + 1) / 15,
                        "reward": 1.8 / 5 + 7 / 15}.items():
        assert abs(found[name] - value) < 1e-6, name
    for name, value in {"exact_visual_quality": 3 / 20, "exact_physical_consistency": 2 / 4, "unread": 1 / 4,
                        "within_one": (2 * 11 + 6) / 60, "clipped_ratio": 1 / 4,
                        "rewards/accuracy": 2 * 1.8 / 20, "rewards/exact": (2 * 7 + 2) / 60}.items():
        assert abs(found[f"sampled/{name}"] - value) < 1e-6, name
    greedy, drawn = ([seed for how, seeds in asked if bool(how.temperature) == warm for seed in seeds]
                     for warm in (False, True))
    assert sorted(greedy) == sorted(drawn) == [(1, number) for number in range(CLIPS)]


def test_the_same_weights_give_the_same_numbers(tmp_path, monkeypatch):
    monkeypatch.setitem(rewards.REWARDS, "toy", tiny_run.first_letters)
    trainer = trainer_of(tmp_path, num_generations_eval=4, reward_weights={"toy": 1.0})
    first, again = (measured(trainer, trainer.eval_dataset) for _ in range(2))
    assert first == again
    assert first["sampled/reward"] != first["reward"]


def test_drawn_replies_only_where_asked_for(tmp_path):
    trainer = trainer_of(tmp_path)
    assert not any(name.startswith("sampled/") for name in measured(trainer, trainer.eval_dataset))


def test_a_change_is_told_beside_its_standard_error():
    found = change([1.0, 1.0, 2.0, 2.0], [1.5, 1.0, 2.5, 2.0])
    assert found["mean"] == 0.25 and found["standard_error"] == pytest.approx((0.25 / 3) ** 0.5 / 2)

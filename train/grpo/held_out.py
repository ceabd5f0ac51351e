"""What a policy's replies to held-out clips are worth: the same number for the same weights, every time."""
import json
import math
import sys
from pathlib import Path
from statistics import fmean, stdev

import torch
from torch.utils.data import DataLoader
from transformers import TrainerCallback

from train.grpo import blocks, rewards, rollout
from vs2 import answer
from vs2.rubric import KEYS


def measured(trainer, prompts: blocks.Prompts) -> dict[str, list[float]]:
    """What the replies are worth to each clip of `prompts`, by all processes of a GRPOTrainer together.

    reward: the weighted sum. rewards/NAME, exact_KEY (share of replies whose score is right), within_one (share of all
    scores), unread (share of replies without all three scores), mean_length (tokens), clipped_ratio (share of replies
    cut). Of the one greedy reply to each clip, by which no group's bonus is ever given; with grpo.num_generations_eval
    also of as many replies drawn as in training, under the same names with sampled/ before them.
    """
    args = trainer.args
    found = _each(trainer, prompts, rollout.Sampling(1, args.max_completion_length, 0.0))
    if args.num_generations_eval:
        drawn = _each(trainer, prompts, rollout.Sampling(args.num_generations_eval, args.max_completion_length,
                                                         args.temperature, args.top_p))
        found |= {f"sampled/{name}": value for name, value in drawn.items()}
    return found


def change(before: list[float], after: list[float]) -> dict[str, float]:
    """The mean difference over the same clips, and its standard error (paired; clips are what is drawn at random)."""
    apart = [new - old for old, new in zip(before, after, strict=True)]
    return {"mean": fmean(apart), "standard_error": stdev(apart) / len(apart) ** 0.5 if len(apart) > 1 else math.nan}


def _each(trainer, prompts, how: rollout.Sampling) -> dict[str, list[float]]:
    args, count = trainer.args, len(prompts)
    names = sorted(_worth(trainer, None, [""], [0], [True]))
    table = torch.zeros(count, len(names), device=args.device)
    numbers = list(range(count))
    mine = numbers[args.process_index::args.world_size]
    each = -(-count // args.world_size)                 # as many for every process: sharded weights need it
    padded = mine + [numbers[0]] * (each - len(mine))
    size = max(1, args.per_device_train_batch_size // how.num_generations)
    size = min(size, args.clips_per_rollout or size)    # where memory is short for the rollouts, it is here
    batches = [[(first + n, number) for n, number in enumerate(padded[first:first + size])]
               for first in range(0, each, size)]
    loader = DataLoader(prompts, batch_sampler=batches, collate_fn=blocks.collate,
                        num_workers=args.dataloader_num_workers)
    for (batch, places) in zip(loader, batches, strict=True):
        asked = batch["asked"]
        with trainer.compute_loss_context_manager():
            found = rollout.sample(trainer.forward_model, trainer.tokenizer, [one.inputs for one in asked], how,
                                   [(args.seed, number) for _, number in places], trainer.ends, trainer.synced)
        for n, one in enumerate(asked):
            if one.place < len(mine):
                at = slice(n * how.num_generations, (n + 1) * how.num_generations)
                group = _worth(trainer, one, [one.given + text for text in found.texts[at]],
                               found.lengths[at].tolist(), found.ended[at].tolist())
                table[mine[one.place]] = torch.tensor([group[name] for name in names])
    whole = trainer.accelerator.reduce(table, "sum")
    return {name: column.tolist() for name, column in zip(names, whole.T, strict=True)}


def _worth(trainer, asked, replies, lengths, ended) -> dict[str, float]:
    """Means over the replies to one clip."""
    true = asked.scores if asked else (1, 1, 1)
    low, high = trainer.args.length_bonus
    parts = rewards.parts(rewards.Group(replies, lengths, true, low, high), trainer.weights)
    values = [answer.read(reply).values for reply in replies]
    off = [[None if one[key] is None else abs(one[key] - right) for key, right in zip(KEYS, true, strict=True)]
           for one in values]
    return {"reward": fmean(rewards.total(parts, trainer.weights)), "mean_length": fmean(lengths),
            "clipped_ratio": 1 - fmean(ended), "unread": fmean(None in each for each in off),
            "within_one": fmean(one is not None and one <= 1 for each in off for one in each),
            **{f"rewards/{name}": fmean(each) for name, each in parts.items()},
            **{f"exact_{key}": fmean(each[n] == 0 for each in off) for n, key in enumerate(KEYS)}}


class BeforeAndAfter(TrainerCallback):
    """Replies to held-out clips at both ends of a run, printed and in OUTPUT/eval.json: means, every clip's reward, and
    what changed.
    """

    def __init__(self, trainer):
        self.trainer, self.path = trainer, Path(trainer.args.output_dir) / "eval.json"

    def on_train_begin(self, args, state, control, **kwargs):
        if state.global_step == 0:
            self._write("before", {"clips": len(self.trainer.eval_dataset)})

    def on_train_end(self, args, state, control, **kwargs):
        self._write("after", json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {})

    def _write(self, when: str, record: dict) -> None:
        found, each = self.trainer.evaluate(), self.trainer.clip_rewards
        if self.trainer.is_world_process_zero():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            record = {**record, when: found, f"rewards {when}": each}
            old = record.get("rewards before", {})
            if when == "after" and old.keys() == each.keys():
                record["change"] = {name: change(old[name], each[name]) for name in each}
                print("change: " + ", ".join(f"{name} {now['mean']:+.3f} (standard error {now['standard_error']:.3f})"
                                             for name, now in record["change"].items()), file=sys.stderr)
            self.path.write_text(json.dumps(record) + "\n", encoding="utf-8")
            print(f"{when}: " + ", ".join(f"{name.removeprefix('eval_')} {value:.3f}"
                                          for name, value in found.items()), file=sys.stderr)

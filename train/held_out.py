"""What a policy's replies to held-out clips are worth: the same number for the same weights, every time."""
import json
import sys
from pathlib import Path
from statistics import fmean

import torch
from torch.utils.data import DataLoader
from transformers import TrainerCallback

from train import blocks, rewards, rollout
from vs2 import answer
from vs2.rubric import KEYS


def measured(trainer, prompts: blocks.Prompts) -> dict[str, float]:
    """Means over the clips of `prompts`, by all processes of a train.grpo.GRPOTrainer together.

    reward: the weighted sum. rewards/NAME, exact_KEY (share of replies whose score is right), within_one (share of all
    scores), unread (share of replies without all three scores), mean_length (tokens), clipped_ratio (share of replies
    cut). Of the one greedy reply to each clip, by which no group's bonus is ever given; with grpo.num_generations_eval
    also of as many replies drawn as in training, under the same names with sampled/ before them.
    """
    args = trainer.args
    found = _means(trainer, prompts, rollout.Sampling(1, args.max_completion_length, 0.0))
    if args.num_generations_eval:
        drawn = _means(trainer, prompts, rollout.Sampling(args.num_generations_eval, args.max_completion_length,
                                                          args.temperature, args.top_p))
        found |= {f"sampled/{name}": value for name, value in drawn.items()}
    return found


def _means(trainer, prompts, how: rollout.Sampling) -> dict[str, float]:
    args, sums, count = trainer.args, {}, len(prompts)
    numbers = list(range(count))
    mine = numbers[args.process_index::args.world_size]
    each = -(-count // args.world_size)                 # as many for every process: sharded weights need it
    padded = mine + [numbers[0]] * (each - len(mine))
    size = max(1, args.per_device_train_batch_size // how.num_generations)
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
                for name, value in group.items():
                    sums[name] = sums.get(name, 0.0) + value
    names = sorted(_worth(trainer, None, [""], [0], [True]))
    summed = trainer.accelerator.reduce(torch.tensor([sums.get(name, 0.0) for name in names], device=args.device),
                                        "sum")
    return {name: value / count for name, value in zip(names, summed.tolist(), strict=True)}


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
    """Replies to held-out clips at both ends of a run, printed and in OUTPUT/eval.json."""

    def __init__(self, trainer):
        self.trainer, self.path = trainer, Path(trainer.args.output_dir) / "eval.json"

    def on_train_begin(self, args, state, control, **kwargs):
        if state.global_step == 0:
            self._write("before", {"clips": len(self.trainer.eval_dataset)})

    def on_train_end(self, args, state, control, **kwargs):
        self._write("after", json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {})

    def _write(self, when: str, record: dict) -> None:
        found = self.trainer.evaluate()
        if self.trainer.is_world_process_zero():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(json.dumps({**record, when: found}, indent=1) + "\n", encoding="utf-8")
            print(f"{when}: " + ", ".join(f"{name.removeprefix('eval_')} {value:.3f}"
                                          for name, value in found.items()), file=sys.stderr)

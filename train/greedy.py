"""What a policy's greedy replies to held-out clips are worth: the same number for the same weights, every time."""
import json
import sys
from pathlib import Path

import torch
from torch.utils.data import DataLoader
from transformers import TrainerCallback

from train import blocks, rewards, rollout
from vs2 import answer
from vs2.rubric import KEYS


def measured(trainer, prompts: blocks.Prompts) -> dict[str, float]:
    """Means over the clips of `prompts`, by all processes of a train.grpo.GRPOTrainer together.

    reward: the weighted sum; a clip has one reply, so a group's bonus is never given. rewards/NAME, exact_KEY (share of
    clips whose score is right), within_one (share of all scores), unread (share of replies without all three scores),
    mean_length (tokens), clipped_ratio (share of replies cut).
    """
    args, sums, count = trainer.args, {}, len(prompts)
    numbers = list(range(count))
    mine = numbers[args.process_index::args.world_size]
    each = -(-count // args.world_size)                 # as many for every process: sharded weights need it
    padded = mine + [numbers[0]] * (each - len(mine))
    size = args.per_device_train_batch_size
    batches = [[(first + n, number) for n, number in enumerate(padded[first:first + size])]
               for first in range(0, each, size)]
    how = rollout.Sampling(1, args.max_completion_length, 0.0)
    loader = DataLoader(prompts, batch_sampler=batches, collate_fn=blocks.collate,
                        num_workers=args.dataloader_num_workers)
    for batch in loader:
        asked = batch["asked"]
        with trainer.compute_loss_context_manager():
            found = rollout.sample(trainer.forward_model, trainer.tokenizer, [one.inputs for one in asked], how,
                                   [(0,)] * len(asked), trainer.ends, trainer.synced)
        for one, text, length, ended in zip(asked, found.texts, found.lengths.tolist(), found.ended.tolist(),
                                            strict=True):
            if one.place < len(mine):
                for name, value in _worth(trainer, one, one.given + text, length, ended).items():
                    sums[name] = sums.get(name, 0.0) + value
    names = sorted(_worth(trainer, None, "", 0, True))
    summed = trainer.accelerator.reduce(torch.tensor([sums.get(name, 0.0) for name in names], device=args.device),
                                        "sum")
    return {name: value / count for name, value in zip(names, summed.tolist(), strict=True)}


def _worth(trainer, asked, reply, length, ended) -> dict[str, float]:
    true = asked.scores if asked else (1, 1, 1)
    low, high = trainer.args.length_bonus
    parts = rewards.parts(rewards.Group([reply], [length], true, low, high), trainer.weights)
    values = answer.read(reply).values
    off = {key: None if values[key] is None else abs(values[key] - one) for key, one in zip(KEYS, true, strict=True)}
    return {"reward": rewards.total(parts, trainer.weights)[0], "mean_length": float(length),
            "clipped_ratio": float(not ended), "unread": float(None in values.values()),
            "within_one": sum(one is not None and one <= 1 for one in off.values()) / len(KEYS),
            **{f"rewards/{name}": float(value[0]) for name, value in parts.items()},
            **{f"exact_{key}": float(one == 0) for key, one in off.items()}}


class BeforeAndAfter(TrainerCallback):
    """Greedy replies to held-out clips at both ends of a run, printed and in OUTPUT/eval.json."""

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

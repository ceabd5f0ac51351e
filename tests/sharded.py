"""Runs of training one after another, `python -m tests.sharded CONFIG.json ...`: what tests launch in two processes.

The runs are made so that what one process does differs from what another does wherever it may: replies of other
lengths, their logits in other numbers of pieces.
"""
import importlib
import json
import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest.mock import patch

from accelerate import DistributedType, PartialState
from transformers import TrainerCallback

from tests import tiny_run
from train import grpo, policy, rewards, rollout, sft
from train.grpo import GRPOTrainer

PIECE = 2           # tokens whose logits are computed at a time
RARE = 4            # every so-many-th token ends a reply


class Killed(BaseException):
    """A run that ends as if its processes had been killed."""


class Kill(TrainerCallback):
    """Ends a run before this update."""

    def __init__(self, update: int):
        self.update = update

    def on_step_begin(self, args, state, control, **kwargs):
        if state.global_step == self.update:
            raise Killed


@contextmanager
def apart(vocabulary: int):
    """Replies of many lengths, logits in pieces of PIECE tokens, a reward that a tiny model can earn."""
    with patch.dict(rewards.REWARDS, toy=tiny_run.first_letters), patch.object(policy, "WHOLE", 0), \
            patch.object(policy, "CHUNK", PIECE * vocabulary), \
            patch.object(rollout, "end_tokens", lambda model, tokenizer: set(range(0, vocabulary, RARE))):
        yield


def play(paths: list) -> None:
    """Each configuration in turn; `killed` in one: the update before which it ends; `resume`: whether it goes on."""
    for path in paths:
        config = json.loads(Path(path).read_text(encoding="utf-8"))
        killed, resume = config.pop("killed", None), config.pop("resume", False)
        start = json.loads((Path(config["from"]) / "config.json").read_text(encoding="utf-8"))
        lengths, cut = [], GRPOTrainer._cut

        def noted(self, *given, cut=cut, lengths=lengths):
            batches = cut(self, *given)
            lengths += [batch["asking"]["completion_mask"].sum(1).tolist() for batch in batches]
            (Path(self.args.output_dir) / f"lengths-{self.args.process_index}.json").write_text(json.dumps(lengths))
            return batches

        with apart(start["text_config"]["vocab_size"]), patch.object(GRPOTrainer, "_cut", noted), suppress(Killed):
            (grpo if "grpo" in config else sft).run(config, resume, [] if killed is None else [Kill(killed)])
        print(f"played {path}", flush=True)


if __name__ == "__main__":
    if "ACCELERATE_USE_FSDP" in os.environ:     # accelerate shards on GPUs only: let it take gloo's CPUs for some
        PartialState._prepare_backend = lambda *given, **options: ("gloo", DistributedType.MULTI_GPU)
    else:       # between processes of one machine DeepSpeed reduces by an extension of its own, to be compiled first
        importlib.import_module("deepspeed.comm.torch").build_shm_op = lambda: None
    play(sys.argv[1:])

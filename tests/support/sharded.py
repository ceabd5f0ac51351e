"""Runs of training one after another, `python -m tests.support.sharded CONFIG.json ...`: what tests launch twice.

The runs are made so that what one process does differs from what another does wherever it may: batches without a video,
replies of other lengths, their logits in other numbers of pieces.
"""
import importlib
import json
import os
import sys
import zlib
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from unittest.mock import patch

from accelerate import DistributedType, PartialState
from transformers import TrainerCallback, training_args

from tests.support import tiny_run
from train import sft
from train.data import files
from train.data.rows import encode, encode_drill
from train.grpo import policy, rewards, rollout, run
from train.grpo.trainer import GRPOTrainer
from train.sft import SftTrainer

PIECE = 2           # tokens whose logits are computed at a time
RARE = 4            # every so-many-th token ends a reply
DRILL = "red red yes\nred blue no\n"


class Killed(BaseException):
    """A run that ends as if its processes had been killed."""


class Kill(TrainerCallback):
    """Ends a run before this update."""

    def __init__(self, update: int):
        self.update = update

    def on_step_begin(self, args, state, control, **kwargs):
        if state.global_step == self.update:
            raise Killed


def _half_drills(processor, config, card, row) -> dict:
    """Stands for train.data.rows.encode: half of the rows, always the same, have no video."""
    if zlib.crc32(row.key.encode()) % 2:
        return encode_drill(processor.tokenizer, DRILL)
    return encode(processor, config, card, row)


@contextmanager
def apart(vocabulary: int):
    """Rows without a video, replies of many lengths, logits in pieces of PIECE tokens, a reward that a tiny model can
    earn; and of each process its batches in OUTPUT/batches-RANK.json: in GRPO the tokens of each reply, else whether
    there was a video.
    """
    cut, lost, found = GRPOTrainer._cut, SftTrainer.compute_loss, []

    def note(trainer, value):
        found.append(value)
        path = Path(trainer.args.output_dir) / f"batches-{trainer.args.process_index}.json"
        path.write_text(json.dumps(found), encoding="utf-8")

    def cut_noted(self, *given):
        batches = cut(self, *given)
        for batch in batches:
            note(self, batch["asking"]["completion_mask"].sum(1).tolist())
        return batches

    def lost_noted(self, model, inputs, *given, **options):
        note(self, "pixel_values_videos" in inputs)
        return lost(self, model, inputs, *given, **options)

    with ExitStack() as stack:
        stack.enter_context(patch.dict(rewards.REWARDS, toy=tiny_run.first_letters))
        for owner, name, value in ((policy, "WHOLE", 0), (policy, "CHUNK", PIECE * vocabulary),
                                   (rollout, "end_tokens", lambda *given: set(range(0, vocabulary, RARE))),
                                   (files, "encode", _half_drills), (GRPOTrainer, "_cut", cut_noted),
                                   (SftTrainer, "compute_loss", lost_noted)):
            stack.enter_context(patch.object(owner, name, value))
        yield


def play(paths: list) -> None:
    """Each configuration in turn; `killed` in one: the update before which it ends; `resume`: whether it goes on."""
    for path in paths:
        config = json.loads(Path(path).read_text(encoding="utf-8"))
        killed, resume = config.pop("killed", None), config.pop("resume", False)
        start = json.loads((Path(config["from"]) / "config.json").read_text(encoding="utf-8"))
        with apart(start["text_config"]["vocab_size"]), suppress(Killed):
            (run if "grpo" in config else sft).run(config, resume, [] if killed is None else [Kill(killed)])
        print(f"played {path}", flush=True)


if __name__ == "__main__":
    if "ACCELERATE_USE_FSDP" in os.environ:     # accelerate shards on GPUs only: let it take gloo's CPUs for some
        PartialState._prepare_backend = lambda *given, **options: ("gloo", DistributedType.MULTI_GPU)
    else:       # between processes of one machine DeepSpeed reduces by an extension of its own, to be compiled first
        importlib.import_module("deepspeed.comm.torch").build_shm_op = lambda: None
    training_args.is_torch_bf16_gpu_available = lambda: True    # asked of a GPU, where use_cpu is not given
    play(sys.argv[1:])

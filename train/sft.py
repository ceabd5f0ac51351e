"""Supervised fine-tuning, of the small model and of the 7B: `python -m train.sft train/configs/mini.yaml [--resume]`.

transformers.Trainer on rows of train/data/rows.py, the loss on the reply only. A run that was killed goes on from its
last checkpoint with --resume. OUTPUT/model is the finished model, OUTPUT/loss.png its losses. Several processes: by
torchrun or accelerate (train/README.md).
"""
import math
import shutil
import sys
from pathlib import Path

import torch
from torch.utils.data import SequentialSampler
from transformers import Trainer, TrainerCallback, TrainingArguments

from train import attention, fresh, muon, plots
from train import config as configuration
from train.data.parts import ByLength, Fitting, hold_out
from train.data.rows import IGNORED, Collate, with_idle_video
from train.model import finish, last_checkpoint, load_from_checkpoint, open_model, unwrapped
from train.seeing import look
from vs2.errors import BadInput
from vs2.scenes import world

UNSEEN, UNSEEN_SEED = 320, world.HELD_OUT + 3_000_000       # scenes to watch the first lessons on; no suite has them
LOOKED = "looked.txt"        # stands in the start's folder once its vision tower has been taught to see


class Learned(Collate):
    """Rows to a batch whose logits are only made where a reply is learned.

    Of a row's thousands of tokens some hundreds are its reply; the logits of the others, 150 k numbers each, take
    gigabytes and no loss. The loss and the count of learned tokens are the same.
    """

    def __call__(self, rows: list[dict]) -> dict:
        batch = super().__call__(rows)
        first = int((batch["labels"] != IGNORED).any(dim=0).int().argmax())
        batch["labels"] = batch["labels"][:, max(first - 1, 0):].contiguous()     # a token is predicted one before it
        batch |= {"logits_to_keep": batch["labels"].shape[1], "use_cache": False}
        return batch


class SftTrainer(Trainer):
    """Trainer with a loss over all reply tokens of a step, an order by length, and checkpoints that are really read.

    transformers 5.23 says of Qwen2.5-VL that its forward takes no number of tokens (accepts_loss_kwargs), and means
    over the means of micro-batches and processes: a short reply's tokens weigh more, and one process with a larger
    batch learns something else than two. The forward hands that number to the loss all the same, so here it is given,
    and a step's loss is the mean over the learned tokens of all its rows, on all processes.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.model_accepts_loss_kwargs = True

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """The loss of a batch. One without a video is given one that nothing looks at: those of the other processes go
        through the vision tower, and wait there for this one, in shards for its weights, in DDP for its gradient.
        """
        if "pixel_values_videos" not in inputs:
            inputs = with_idle_video(inputs, unwrapped(model).config)
        return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)

    def _get_train_sampler(self, train_dataset=None):
        rows = self.train_dataset if train_dataset is None else train_dataset
        if self.args.train_sampling_strategy == "sequential":
            return SequentialSampler(rows)
        if self.args.train_sampling_strategy == "group_by_length":
            together = self.args.train_batch_size * self.args.gradient_accumulation_steps * self.args.world_size
            order = ByLength(rows.lengths(), together, self.args.seed)
            self.add_callback(_Epochs(order))
            return order
        return super()._get_train_sampler(train_dataset)

    def _get_eval_sampler(self, eval_dataset):
        return SequentialSampler(eval_dataset)

    def _load_from_checkpoint(self, resume_from_checkpoint, model=None):
        if self.is_fsdp_enabled:        # shards, saved and read under the model's own names
            super()._load_from_checkpoint(resume_from_checkpoint, model)
        else:
            load_from_checkpoint(self.model if model is None else model, resume_from_checkpoint)


class _Epochs(TrainerCallback):
    """Tells an order which epoch begins, also one that is resumed in its middle."""

    def __init__(self, order: ByLength):
        self.order = order

    def on_epoch_begin(self, args, state, control, **kwargs):
        self.order.epoch = math.floor((state.epoch or 0.0) + 1e-6)


def run(config: dict, resume: bool = False, callbacks=None) -> Path:
    """Train as the configuration says; the folder of the finished model. callbacks: the Trainer's, to watch it by.
    Raises BadInput or Failure.
    """
    config = configuration.check(config)
    configuration.refuse(config, "train.sft", "grpo")
    output, data = Path(config["output"]), config["data"]
    arguments = _arguments(config)       # before the model: under DeepSpeed they make from_pretrained shard
    if "look" in config:
        look.options(config)             # so that a wrong one is told before anything is written
    with arguments.main_process_first():
        if arguments.process_index == 0 and not resume:
            _clear(output)
        looked = output / "start"               # the start once it has been taught to see
        begun = "look" not in config or (looked / LOOKED).exists()
        start = config.get("from", looked) if "look" not in config or not begun else looked
        if arguments.process_index == 0 and not begun and "fresh" in config:
            fresh.write(start, config["fresh"], config["card"], config["seed"],
                        [data[name] for name in ("describe_query",) if name in data])
    model, processor, card = open_model(start, config["model"], config["seed"])
    card = configuration.card(config, card)
    with arguments.main_process_first():        # one process of a machine fetches and notes what is left out
        rows, held_out = _rows(config, arguments, processor, model.config, card)
    if arguments.bf16 and arguments.device.type == "cpu" and config["model"]["method"] == "full":
        attention.full_precision(model)
    if not begun:
        unseen = configuration.rows({**config, "data": {**data, "clips": UNSEEN, "first_seed": UNSEEN_SEED}}, processor,
                                    model.config, card, UNSEEN)
        look.run(model, rows, config, unseen, resume=resume)
        if arguments.process_index == 0:
            start = finish(model, processor, start, looked, dtype=torch.float32)
            (looked / LOOKED).write_text("The vision tower of this checkpoint has been through train/seeing/look.py.\n")
    trainer = SftTrainer(model, arguments, train_dataset=rows, eval_dataset=held_out,
                         data_collator=Learned(processor.tokenizer.pad_token_id), callbacks=callbacks,
                         **muon.chosen(config.get("train") or {}, arguments))
    result = trainer.train(resume_from_checkpoint=resume and last_checkpoint(output))
    if held_out is not None and not any("eval_loss" in entry and entry["step"] == trainer.state.global_step
                                        for entry in trainer.state.log_history):
        trainer.evaluate()
    done = finish(trainer.model_wrapped, processor, start, output / "model", trainer.accelerator)
    if trainer.is_world_process_zero():
        trainer.save_state()
        plots.curves(trainer.state.log_history, ["loss", "grad_norm", "learning_rate"], output / "loss.png",
                     str(config["output"]))
        print(summary(trainer, result.metrics, rows, done), file=sys.stderr)
    return done


def _arguments(config: dict) -> TrainingArguments:
    """The run's TrainingArguments with what follows from the kind of its rows."""
    given, data = config.get("train") or {}, config["data"]
    scenes = data["kind"] == "scenes"
    fixed = {"train_sampling_strategy": "sequential"} if scenes else {
        "train_sampling_strategy": given.get("train_sampling_strategy", "group_by_length")}
    if data.get(configuration.EVAL_ROWS) and "eval_strategy" not in given:
        fixed |= {"eval_strategy": "steps", "eval_steps": given.get("save_steps", 500)}
    return configuration.training_arguments(config, **fixed)


def _clear(output: Path) -> None:
    """What an earlier run left must not be taken for this one's by a later --resume."""
    for old in (output / "start", output / "look", *output.glob("checkpoint-*")):
        shutil.rmtree(old, ignore_errors=True)


def _rows(config, arguments, processor, model_config, card):
    """Rows to learn and rows held out (None without `data.eval_rows`)."""
    data = config["data"]
    wanted = data.get(configuration.EVAL_ROWS, 0)
    if data["kind"] == "scenes":
        count = arguments.max_steps * arguments.train_batch_size * arguments.gradient_accumulation_steps \
            * arguments.world_size if arguments.max_steps > 0 else None
        rows = configuration.rows(config, processor, model_config, card, count)
        held_out = None
        if wanted:      # scenes that come after those of the training, in their final form
            later = {"clips": wanted, "first_seed": data.get("first_seed", 0) + data["clips"], "drill": 0.0,
                     "describe": 0.0}
            held_out = configuration.rows({**config, "data": {**data, **later}}, processor, model_config, card, wanted)
        return rows, held_out
    rows = configuration.rows(config, processor, model_config, card)
    if data.get(configuration.CUTOFF):
        rows = Fitting(rows, data[configuration.CUTOFF])
    if wanted >= len(rows):
        raise BadInput(f"`data.eval_rows` holds out {wanted} of {len(rows)} rows: leave some to train on.")
    return hold_out(rows, wanted, config["seed"])


def summary(trainer, metrics: dict, rows, done: Path) -> str:
    """One line for the end of a run: steps, rows, losses, time, what was left out, where things are."""
    state, arguments = trainer.state, trainer.args
    losses = [entry["loss"] for entry in state.log_history if "loss" in entry]
    held_out = [entry["eval_loss"] for entry in state.log_history if "eval_loss" in entry]
    seen = state.global_step * arguments.train_batch_size * arguments.gradient_accumulation_steps * arguments.world_size
    parts = [f"{done}: {state.global_step} steps of {seen // max(state.global_step, 1)} rows"]
    if losses:
        parts.append(f"loss {losses[0]:.4f} to {losses[-1]:.4f}")
    if held_out:
        parts.append(f"held out {held_out[-1]:.4f}")
    parts.append(f"{metrics['train_runtime']:.0f} s")
    while not hasattr(rows, "report") and hasattr(rows, "whole"):
        rows = rows.whole
    if hasattr(rows, "report"):
        parts.append(rows.report())
    return "; ".join(parts)


def main(argv=None) -> int:
    """The command; its exit status."""
    return configuration.command(run, __doc__, argv)


if __name__ == "__main__":
    sys.exit(main())

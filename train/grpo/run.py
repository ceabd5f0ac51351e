"""Reinforcement learning from true scores: `python -m train.grpo CONFIG [--resume]`.

GRPO on transformers.Trainer: several replies are drawn for each clip, each is worth what train/grpo/rewards.py says,
and the replies better than their group become likelier. Options and metrics have TRL's names (train/grpo/objective.py);
TRL's own trainer computes log-probabilities without the video. Of OUTPUT: model is the finished model, eval.json what
replies to held-out clips were worth before and after, samples.jsonl sample replies, reward.png the curves.
"""
import dataclasses
import os
import shutil
import sys
from pathlib import Path

from transformers import TrainingArguments

from train import attention, muon, plots
from train import config as configuration
from train.data.parts import hold_out
from train.grpo import blocks, memory
from train.grpo.objective import GRPOConfig
from train.grpo.trainer import GRPOTrainer
from train.model import finish, last_checkpoint, open_model, sharded
from vs2.errors import BadInput
from vs2.scenes.world import HELD_OUT

MEASURED = HELD_OUT + 5_000_000      # seeds of the scenes that a run is measured on: the suite `scenes` has others
CURVES = ["reward", "eval_sampled/reward", "reward_std", "kl", "entropy", "completions/mean_length",
          "frac_reward_zero_std"]


def run(config: dict, resume: bool = False, callbacks=None) -> Path:
    """Train as the configuration says; the folder of the finished model. callbacks: the Trainer's, to watch it by.
    Raises BadInput or Failure.
    """
    config = configuration.check(config)
    if "from" not in config:
        raise BadInput("Reinforcement learning starts from a model that can reply already: give it as `from`.")
    configuration.refuse(config, "train.grpo", "look", f"data.{configuration.EVAL_ROWS}",
                         f"data.{configuration.CUTOFF}")
    output, arguments = Path(config["output"]), options(config)      # before the model: DeepSpeed shards by them
    with arguments.main_process_first():
        if arguments.process_index == 0 and not resume:     # what an earlier run left is not this one's
            for old in output.glob("checkpoint-*"):
                shutil.rmtree(old, ignore_errors=True)
            for name in ("samples.jsonl", "eval.json"):
                (output / name).unlink(missing_ok=True)
    if arguments.beta and config["model"]["method"] == "full" and sharded() and os.environ.get("FSDP_VERSION") == "2":
        raise BadInput("FSDP2 does not take the frozen reference of a full fine-tuning: use DeepSpeed ZeRO-3 or LoRA, "
                       "or set grpo.beta to 0.")
    output.mkdir(parents=True, exist_ok=True)
    model, processor, card = open_model(config["from"], config["model"], config["seed"])
    card = configuration.card(config, card)
    with arguments.main_process_first():        # one process of a machine fetches and notes what is left out
        rows, held_out = _rows(config, arguments, processor, model.config, card)
    if arguments.bf16 and arguments.device.type == "cpu" and config["model"]["method"] == "full":
        attention.full_precision(model)
    prompts = blocks.Prompts(rows, processor, model.config, card)
    said = memory.check(arguments, model, card, processor.tokenizer, prompts)
    if arguments.process_index == 0:
        print(said, file=sys.stderr)
    reference = None
    if arguments.beta and sharded() and not hasattr(model, "peft_config"):
        reference = open_model(config["from"], config["model"], config["seed"])[0]
    trainer = GRPOTrainer(model, arguments, rows, processor, card, held_out, reference, callbacks,
                          **muon.chosen(config.get("train") or {}, arguments))
    trainer.train(resume_from_checkpoint=resume and last_checkpoint(output))
    done = finish(trainer.model_wrapped, processor, config["from"], output / "model", trainer.accelerator)
    if trainer.is_world_process_zero():
        trainer.save_state()
        plots.curves(trainer.state.log_history, CURVES, output / "reward.png", str(config["output"]))
    return done


def options(config: dict) -> GRPOConfig:
    """The run's `train` and `grpo`, checked. Raises BadInput for a name or value that cannot be used."""
    given = config.get("grpo") or {}
    known = [field.name for field in dataclasses.fields(GRPOConfig)
             if field.name not in {old.name for old in dataclasses.fields(TrainingArguments)}]
    if unknown := sorted(given.keys() - set(known)):
        raise BadInput(f"`grpo.{unknown[0]}` of the configuration is unknown: known are {', '.join(known)}.")
    return configuration.training_arguments(config, GRPOConfig, **given)


def _rows(config, arguments: GRPOConfig, processor, model_config, card):
    """Rows to sample replies for, and rows to measure on that are never trained on (None without grpo.eval_clips)."""
    data, wanted = config["data"], arguments.eval_clips

    def rows(config, count=None):
        return configuration.rows(config, processor, model_config, card, count, "scores")

    if data["kind"] != "scenes":
        found = rows(config)
        if wanted >= len(found):
            raise BadInput(f"grpo.eval_clips holds out {wanted} of {len(found)} rows: leave some to train on.")
        return hold_out(found, wanted, config["seed"])
    held_out = rows({**config, "data": {**data, "clips": wanted, "first_seed": MEASURED}}, wanted) if wanted else None
    if arguments.max_steps < 0:
        return rows(config), held_out
    clips = arguments.clips * arguments.world_size * arguments.gradient_accumulation_steps
    return rows(config, -(-arguments.max_steps * clips // arguments.num_iterations)), held_out


def main(argv=None) -> int:
    """The command; its exit status."""
    return configuration.command(run, __doc__, argv)

"""Supervised fine-tuning: `python -m train.sft train/configs/mini.yaml [--resume]`.

transformers.Trainer on rows of train/data.py, the loss on the reply only. A run that was killed goes on from its last
checkpoint with --resume. The result lies in OUTPUT/model; train/measure.py measures it.
"""
import argparse
import shutil
from pathlib import Path

import torch
import yaml
from torch.utils.data import SequentialSampler
from transformers import AutoModelForImageTextToText, Trainer, TrainingArguments

from train import fresh, look
from train.data import Collate
from train.scenes import Scenes
from vs2.card import NAME, Card
from vs2.qwen import load_processor
from vs2.vision import quicken

LOOKED = "looked.txt"        # stands in the start's folder once its vision tower has been taught to see


class InOrder(Trainer):
    """Rows are made in the order in which they are to be learned (describe first), so they are not shuffled."""

    def _get_train_sampler(self, dataset=None):
        return SequentialSampler(dataset if dataset is not None else self.train_dataset)

    def _load_from_checkpoint(self, resume_from_checkpoint, model=None):
        """Through from_pretrained. transformers 5.23 saves Qwen2.5-VL under other names than the model's own, and
        Trainer loads them unconverted: it warns of missing keys and goes on from random weights.
        """
        saved = AutoModelForImageTextToText.from_pretrained(resume_from_checkpoint, dtype=torch.float32)
        (model if model is not None else self.model).load_state_dict(saved.state_dict())


def load(folder):
    """Model and processor, with the two slow spots of the vision tower mended (docs/log.md)."""
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)
    quicken(model)
    return model, load_processor(folder)


def run(config: dict, resume: bool = False) -> Path:
    """Train as the configuration says; the folder of the finished model."""
    output, data = Path(config["output"]), config["data"]
    if not resume:      # what an earlier run left must not be taken for this one's by a later --resume
        for old in (output / "start", *output.glob("checkpoint-*")):
            shutil.rmtree(old, ignore_errors=True)
    start = Path(config["from"]) if "from" in config else output / "start"
    begun = "from" in config or (start / LOOKED).exists()
    if not begun:
        fresh.write(start, config["fresh"], config["card"], config["seed"], [data["describe_query"]])
    model, processor = load(start)
    arguments = TrainingArguments(output_dir=str(output), seed=config["seed"], remove_unused_columns=False,
                                  **config["train"])
    rows = Scenes(processor, model.config, Card.read(start),
                  rows=arguments.max_steps * arguments.per_device_train_batch_size, clips=data["clips"],
                  describe_query=data["describe_query"], describe=data["describe"], direct=data["direct"],
                  foreign=data.get("foreign", 0.0), drill=data.get("drill", 0.0),
                  store=Path(config["frames"]))
    if not begun:
        look.run(model, rows, str(output / "look"), config["seed"], config["look"])
        model.save_pretrained(start)
        (start / LOOKED).write_text("The vision tower of this checkpoint has been through train/look.py.\n")
    trainer = InOrder(model, arguments, train_dataset=rows, data_collator=Collate(processor.tokenizer.pad_token_id))
    trainer.train(resume_from_checkpoint=resume and any(output.glob("checkpoint-*")))
    done = output / "model"
    model.to(torch.bfloat16).save_pretrained(done)
    processor.save_pretrained(done)
    shutil.copy(start / NAME, done / NAME)
    return done


def main(argv=None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    options = parser.parse_args(argv)
    print(run(yaml.safe_load(options.config.read_text(encoding="utf-8")), options.resume))


if __name__ == "__main__":
    main()

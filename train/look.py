"""Teaches a fresh vision tower to see before the whole model learns to speak: dense labels from the simulator.

A reply names an object's colour once in a hundred tokens, and a vision tower that starts from nothing then takes tens
of thousands of clips to find the object at all (training log). Here every vision token says what lies in its cell of
28 x 28 pixels, through linear heads that are thrown away: colour, shape and role of an object whose centre is there,
how it moves within the pair of frames, the background, and the kind and strength of what spoils the picture.
"""
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import Dataset
from transformers import Trainer, TrainingArguments

from vs2.qwen import patches
from vs2.scenes import physics, words, world

CELLS = 4                                                   # a side: 112 pixels / 28
OBJECT = {"colour": tuple(world.COLOURS), "shape": world.SHAPES, "role": ("main", "beside")}     # class 0 is none
WHOLE = {"background": world.BACKGROUNDS, "fault": ("none", *world.VISUAL_FAULTS), "strength": (0, *world.STRENGTHS)}


def labels(scene: world.Scene) -> dict[str, torch.Tensor]:
    """For each of the 4 pairs of frames and each cell (row by row), 64 in all: a class a head, and the motion.

    int64 [64] for every name of OBJECT and WHOLE; `motion` float32 [64, 2], in quarters of the picture.
    """
    frames, indices = physics.simulate(scene), words.shown_indices()
    found = {name: torch.zeros(len(indices) // 2, CELLS, CELLS, dtype=torch.long) for name in OBJECT}
    motion = torch.zeros(len(indices) // 2, CELLS, CELLS, 2)
    for pair, (first, second) in enumerate(zip(indices[::2], indices[1::2], strict=True)):
        for number in reversed(range(len(frames[first]))):       # the first object last: it wins a shared cell
            now, then = frames[first][number], frames[second][number]
            row, column = int(now.y * CELLS), int(now.x * CELLS)
            if not now.visible or now.y > now.cut or not (0 <= row < CELLS and 0 <= column < CELLS):
                continue
            seen = {"colour": now.colour, "shape": now.shape,
                    "role": "main" if number < scene.shown.count else "beside"}
            for name, value in seen.items():
                found[name][pair, row, column] = OBJECT[name].index(value) + 1
            motion[pair, row, column] = torch.tensor([then.x - now.x, then.y - now.y]) * CELLS
    kind, strength = (scene.visual.kind, scene.visual.strength) if scene.visual else ("none", 0)
    whole = {"background": scene.shown.background, "fault": kind, "strength": strength}
    size = found["colour"].numel()
    return ({name: value.flatten() for name, value in found.items()} | {"motion": motion.reshape(size, 2)}
            | {name: torch.full((size,), WHOLE[name].index(value)) for name, value in whole.items()})


@dataclass
class Views(Dataset):
    """Row i: the patches of clip i modulo the clips of `rows` (train/data.py), and its labels."""

    rows: object
    count: int

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, row: int) -> dict:
        clip = row % self.rows.clips
        frames = self.rows.frames(clip)
        pixels, grid = patches(frames, self.rows.processor.video_processor, self.rows.config.vision_config)
        return {"pixels": pixels, "grid": torch.tensor([grid]), **labels(self.rows.scene(clip))}


def collate(rows: list[dict]) -> dict:
    return {name: torch.cat([row[name] for row in rows]) for name in rows[0]}


class Looking(nn.Module):
    """The vision tower under the linear heads."""

    def __init__(self, visual, width: int):
        super().__init__()
        self.visual = visual
        sizes = {name: len(options) + 1 for name, options in OBJECT.items()} | {n: len(o) for n, o in WHOLE.items()}
        self.heads = nn.ModuleDict({name: nn.Linear(width, size) for name, size in (sizes | {"motion": 2}).items()})

    def forward(self, pixels, grid, motion, **classes):
        seen = self.visual(pixels, grid_thw=grid).pooler_output
        seen = torch.cat(list(seen)) if isinstance(seen, tuple | list) else seen      # [clips * 64, width]
        there = classes["role"] > 0
        off = nn.functional.mse_loss(self.heads["motion"](seen[there]), motion[there]) if there.any() else 0.0
        each = {name: nn.functional.cross_entropy(self.heads[name](seen), value) for name, value in classes.items()}
        return {"loss": sum(each[name] * (1.0 if name in OBJECT else 0.3) for name in each) + 0.5 * off}


def run(model, rows, output: str, seed: int, train: dict) -> list[float]:
    """Trains the model's vision tower in place; the losses it logged. `train`: transformers.TrainingArguments."""
    arguments = TrainingArguments(output_dir=output, seed=seed, remove_unused_columns=False, save_strategy="no",
                                  label_names=[*OBJECT, *WHOLE, "motion"], **train)
    views = Views(rows, arguments.max_steps * arguments.per_device_train_batch_size)
    trainer = Trainer(Looking(model.model.visual, model.config.vision_config.out_hidden_size), arguments,
                      train_dataset=views, data_collator=collate)
    trainer.train()
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]

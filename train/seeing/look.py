"""Teaches a fresh model to see before it learns to speak: dense labels from the simulator, no text to write.

A reply names an object's colour once in a hundred tokens, and a model that starts from nothing then takes tens of
thousands of clips to find the object at all (training log). Here linear heads, thrown away afterwards, ask for it
directly (train/seeing/labels.py). On the vision tower: what lies in each token's cell (colour, shape and role of the
object there, where its centre is, how it moves within the pair of frames), the background, and what spoils the picture.
On the first layers of the language model, at the last token of a query: everything that a reply will say of the whole
clip, and where the first object is in each frame, and how far from where it should be; and at the vision tokens: what
has gone wrong by then, and where the first object is in that pair of frames. The layers above are left for the words.
"""
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset
from transformers import Trainer, TrainerCallback, TrainingArguments, set_seed

from train import config as configuration
from train import muon
from train.data.rows import IGNORED, Row
from train.model import last_checkpoint
from train.seeing.labels import CELL, CLIP, EVENTS, OBJECT, PICTURE, TRACK, cell_labels, clip_labels, track
from vs2.model.inputs import patches
from vs2.scenes import staging

LAYERS = 3          # of the language model that learn here
WEIGHT = {"strength": 2.0, "degree": 2.0, "event": 2.0, "fault": 1.5,       # of a loss; 1 where nothing is said
          "place": 3.0, "track": 8.0, "track so far": 4.0}
NEAR = {"place": 0.05, "track": 0.02}       # below these a regression's loss is square, above linear
FOUND = 0.03        # a place in a frame counts as found within this part of the picture


@dataclass
class Views(Dataset):
    """Row i: clip i modulo the clips of `rows` (train/data/scenes.py) under the describing query, and its labels."""

    rows: object
    count: int
    _labels: dict = field(default_factory=dict, repr=False)         # of a clip; simulating it again takes longer
    _asked: dict = field(default_factory=dict, repr=False)          # the inputs of a picture's size, but for its pixels

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, row: int) -> dict:
        clip = row % self.rows.clips
        frames, parts = self.rows.frames(clip), (self.rows.processor, self.rows.config)
        if clip not in self._labels:
            scene = self.rows.scene(clip)
            self._labels[clip] = {"clip": clip_labels(scene),
                                  "cells": cell_labels(scene, frames.shape[1] // CELL, frames.shape[2] // CELL),
                                  "track": track(scene)}
        if frames.shape not in self._asked:
            asked = Row("", frames, "no prompt", query=self.rows.describe_query)
            self._asked[frames.shape] = asked.inputs(*parts, self.rows.card)
        pixels, _ = patches(frames, parts[0].video_processor, parts[1].vision_config)
        return {"inputs": replace(self._asked[frames.shape], pixel_values_videos=pixels), **self._labels[clip]}


def collate(rows: list[dict]) -> dict:
    """Text padded on the left, so that the last token is the query's end everywhere; the rest one after another."""
    inputs = [row["inputs"] for row in rows]
    longest = max(one.length for one in inputs)

    def padded(tensors):
        return torch.stack([torch.nn.functional.pad(t, (longest - t.shape[-1], 0)) for t in tensors])

    batch = {"input_ids": padded([one.input_ids[0] for one in inputs]),
             "attention_mask": padded([one.attention_mask[0] for one in inputs]),
             "position_ids": padded([one.position_ids[:, 0] for one in inputs]).transpose(0, 1).contiguous(),
             "pixels": torch.cat([one.pixel_values_videos for one in inputs]),
             "grid": torch.cat([one.video_grid_thw for one in inputs]),
             "place": torch.cat([row["cells"]["place"] for row in rows]),
             "track": torch.stack([row["track"] for row in rows])}
    batch |= {f"cell {name}": torch.cat([row["cells"][name] for row in rows]) for name in OBJECT}
    batch |= {f"clip {name}": torch.tensor([row["clip"][name] for row in rows]) for name in CLIP}
    return batch


class Looking(nn.Module):
    """The vision tower and the language model's first layers under the linear heads."""

    def __init__(self, model):
        super().__init__()
        self.visual, self.language = model.model.visual, model.model.language_model
        self.video, width = model.config.video_token_id, model.config.get_text_config().hidden_size

        def heads(sizes):
            return nn.ModuleDict({name: nn.Linear(width, size) for name, size in sizes.items()})

        picture = {name: len(options) for name, options in PICTURE.items()}
        self.cells = heads({name: len(options) + 1 for name, options in OBJECT.items()} | picture | {"place": 6})
        self.clips = heads({name: len(options) for name, options in CLIP.items()}
                           | {"track": staging.SHOWN_FRAMES * len(TRACK)})
        self.sofar = heads({"event": len(EVENTS), "track": 2 * len(TRACK)})

    def seen(self, input_ids, attention_mask, position_ids, pixels, grid):
        """The tower's features [tokens, width], the language model's at those tokens and at each clip's last token."""
        features = self.visual(pixels, grid_thw=grid).pooler_output
        features = torch.cat(list(features)) if isinstance(features, tuple | list) else features
        there = input_ids == self.video
        embedded = self.language.embed_tokens(input_ids)
        embedded = embedded.masked_scatter(there[..., None], features.to(embedded.dtype))
        hidden = self.language(inputs_embeds=embedded, attention_mask=attention_mask, position_ids=position_ids,
                               use_cache=False).last_hidden_state
        return features, hidden[there], hidden[:, -1]

    def forward(self, input_ids, attention_mask, position_ids, pixels, grid, place, track, **labels):
        features, tokens, last = self.seen(input_ids, attention_mask, position_ids, pixels, grid)
        whole = {name.removeprefix("clip "): value for name, value in labels.items() if name.startswith("clip ")}
        cells = {name.removeprefix("cell "): value for name, value in labels.items() if name.startswith("cell ")}
        each = [nn.functional.cross_entropy(self.cells[name](features).float(), value) for name, value in cells.items()]
        count = grid.prod(1) // 4                               # tokens of each clip
        for name in PICTURE:
            value = whole[name].repeat_interleave(count)
            each.append(0.3 * nn.functional.cross_entropy(self.cells[name](features).float(), value))
        each.append(WEIGHT["place"] * _off(self.cells["place"](features), place, NEAR["place"]))
        for name, value in whole.items():
            if (value != IGNORED).any():
                each.append(WEIGHT.get(name, 1.0)
                            * nn.functional.cross_entropy(self.clips[name](last).float(), value, ignore_index=IGNORED))
        each.append(WEIGHT["track"] * _off(self.clips["track"](last), track.flatten(1), NEAR["track"]))
        each.append(nn.functional.cross_entropy(self.sofar["event"](tokens).float(), self._sofar(whole, grid)))
        ends = (count // grid[:, 0]).repeat_interleave(grid[:, 0]).cumsum(0) - 1       # the last token of each pair
        pairs = track.reshape(len(ends), -1)
        each.append(WEIGHT["track so far"] * _off(self.sofar["track"](tokens[ends]), pairs, NEAR["track"]))
        return {"loss": sum(each)}

    @staticmethod
    def _sofar(whole, grid):
        """What has gone wrong by each vision token's pair of frames: none before it has."""
        made = []
        for event, when, (pairs, rows, columns) in zip(whole["event"].tolist(), whole["when"].tolist(), grid.tolist(),
                                                       strict=True):
            wrong = (torch.arange(pairs) * 2 + 2 >= when) if when else torch.zeros(pairs, dtype=torch.bool)
            made.append((wrong * event).repeat_interleave(rows * columns // 4))
        return torch.cat(made).to(grid.device)

    def read(self, batch) -> dict[str, np.ndarray]:
        """Whether each clip's label was found, a head each; clips without the label are left out."""
        device = next(self.parameters()).device
        batch = {name: value.to(device) for name, value in batch.items()}
        inputs = {name: batch[name] for name in ("input_ids", "attention_mask", "position_ids", "pixels", "grid")}
        with torch.no_grad():
            last = self.seen(**inputs)[2]
            right = {}
            for name in CLIP:
                value = batch[f"clip {name}"]
                found = self.clips[name](last).argmax(-1) == value
                right[name] = found[value != IGNORED].cpu().numpy()
            off = self.clips["track"](last).unflatten(1, (-1, len(TRACK))).float() - batch["track"]
            off = off[..., :2].norm(dim=-1)
            right["place"] = (off < FOUND)[~off.isnan()].cpu().numpy()
        return right


def _off(found, wanted, near: float):
    """The mean loss of a regression over what is known: NaN is not."""
    known = ~wanted.isnan()
    return nn.functional.smooth_l1_loss(found.float()[known], wanted[known], beta=near) if known.any() \
        else 0.0 * found.float().sum()


class Report(TrainerCallback):
    """Prints, every so many steps, the share of labels found on clips that are not trained on."""

    def __init__(self, looking: Looking, views: Dataset, every: int, batch: int = 32):
        self.looking, self.views, self.every, self.batch, self.rows = looking, views, every, batch, []

    def on_step_end(self, args, state, control, **kwargs):
        due = state.global_step % self.every == 0 or state.global_step == state.max_steps
        if due and state.is_world_process_zero:
            self.looking.eval()
            shares = accuracy(self.looking, self.views, self.batch)
            self.looking.train()
            self.rows.append({"step": state.global_step, **shares})
            print(f"look {state.global_step}: " + ", ".join(f"{name} {share:.2f}" for name, share in shares.items()
                                                            if not name.startswith("path")), flush=True)


def accuracy(looking: Looking, views: Dataset, batch: int = 32) -> dict[str, float]:
    """The share of labels found on all of `views`, a head each."""
    found: dict[str, list] = {}
    for start in range(0, len(views), batch):
        rows = collate([views[n] for n in range(start, min(len(views), start + batch))])
        for name, right in looking.read(rows).items():
            found.setdefault(name, []).append(right)
    return {name: float(np.concatenate(right).mean()) for name, right in found.items() if np.concatenate(right).size}


def options(config: dict) -> TrainingArguments:
    """The lessons' TrainingArguments (the configuration's `look`). Raises BadInput for what cannot be used."""
    given = {"save_strategy": "no", **config["look"]}
    output = str(Path(config["output"]) / "look")
    return configuration.training_arguments({**config, "output": output, "look": given}, part="look")


def run(model, rows, config: dict, unseen=None, every: int = 500, resume: bool = False) -> list[float]:
    """Trains the model's tower and first layers in place as `look` of the configuration says; the losses it logged.

    resume: go on from the last checkpoint in OUTPUT/look, if there is one. unseen: rows that are not
    trained on; what is found on them is printed every `every` steps.
    """
    arguments = options(config)
    set_seed(arguments.seed)                # of the heads
    looking = Looking(model)
    whole = looking.language.layers
    looking.language.layers = whole[:LAYERS]
    try:
        trainer = Trainer(looking, arguments, data_collator=collate, train_dataset=Views(
            rows, arguments.max_steps * arguments.train_batch_size * arguments.gradient_accumulation_steps
            * arguments.world_size),
            **muon.chosen(config["look"], arguments))
        if unseen is not None:
            trainer.add_callback(Report(looking, Views(unseen, unseen.clips), every))
        trainer.train(resume_from_checkpoint=resume and last_checkpoint(arguments.output_dir))
    finally:
        looking.language.layers = whole
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]

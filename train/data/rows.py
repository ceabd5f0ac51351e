"""Rows of training: a clip, what was asked of it, the reply to learn; and how rows become batches.

A row becomes model inputs through `vs2.model.inputs.prepare`, the very path of inference. Where rows come from:
scenes.py renders them.
"""
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

from vs2 import video
from vs2.model.card import Card
from vs2.model.inputs import prepare

IGNORED = -100              # the label that the loss passes over
WHOLE_QUERY = "$t2v_prompt"  # a card's query that is nothing but the text it is filled with


@dataclass(frozen=True, eq=False)
class Row:
    """One clip with what was asked of it and, where it is known, what is to be answered.

    key: names the row in logs. video: a file, read as the card samples it, or frames uint8 [n, h, w, 3] already
    sampled and resized. reply: what to learn, without the end token; None where only the scores are known.
    scores: three integers 1 to 5. given: opening words of the reply that are put in the judge's mouth and not learned.
    query: the whole text after the video, where it is not the card's query filled with the prompt. stressed: stretches
    of the reply, each once in it, that alone are learned; none means all of it and the end.
    """

    key: str
    video: np.ndarray | Path
    prompt: str
    reply: str | None = None
    scores: tuple[int, int, int] | None = None
    given: str = ""
    query: str | None = None
    stressed: tuple[str, ...] = ()

    def frames(self, card: Card) -> np.ndarray:
        """uint8 [n, h, w, 3]. Raises BadInput on a file that cannot be read."""
        if isinstance(self.video, np.ndarray):
            return self.video
        return video.read(self.video, card.sampling).frames

    def inputs(self, processor, config, card: Card, opening: str = ""):
        """`vs2.model.inputs.Inputs` of the row: the video, the query, and `opening` of the reply."""
        asked = self.prompt
        if self.query is not None:
            card, asked = replace(card, query=WHOLE_QUERY), self.query
        return prepare(processor, SimpleNamespace(frames=self.frames(card)), asked, card, config, opening)


def encode(processor, config, card: Card, row: Row) -> dict:
    """A row's tensors; labels cover its reply and the end token, or what is stressed of it, and nothing given."""
    end = processor.tokenizer.eos_token
    inputs = row.inputs(processor, config, card, row.given + row.reply + end)
    labels = inputs.input_ids[0].clone()
    said = processor.tokenizer(row.reply + end, add_special_tokens=False, return_offsets_mapping=bool(row.stressed))
    count = len(said["input_ids"])
    labels[:-count] = IGNORED
    if row.stressed:
        starts = [row.reply.index(text) for text in row.stressed]
        spans = [(start, start + len(text)) for start, text in zip(starts, row.stressed, strict=True)]
        for place, (first, last) in enumerate(said["offset_mapping"], len(labels) - count):
            if not any(first < stop and last > start for start, stop in spans):
                labels[place] = IGNORED
    return {"input_ids": inputs.input_ids[0], "labels": labels, "position_ids": inputs.position_ids[:, 0],
            "pixel_values_videos": inputs.pixel_values_videos, "video_grid_thw": inputs.video_grid_thw}


def encode_drill(tokenizer, text: str) -> dict:
    """A row without a video; only the verdicts, the last word of each line, are learned."""
    pieces = [tokenizer(line, add_special_tokens=False)["input_ids"] for line in text.splitlines(keepends=True)]
    ids = torch.tensor([number for piece in pieces for number in piece])
    labels = torch.full_like(ids, IGNORED)
    ends = np.cumsum([len(piece) for piece in pieces]) - 2      # before each line's end stands its verdict
    labels[ends] = ids[ends]
    return {"input_ids": ids, "labels": labels, "position_ids": torch.arange(len(ids)).expand(3, -1)}


@dataclass
class Collate:
    """Rows to a batch, padded on the right. Pixels of all clips lie one after another, as the model takes them."""

    pad: int

    def __call__(self, rows: list[dict]) -> dict:
        longest = max(len(row["input_ids"]) for row in rows)

        def padded(name, value):
            return torch.stack([torch.nn.functional.pad(row[name], (0, longest - row[name].shape[-1]), value=value)
                                for row in rows])

        ids = padded("input_ids", self.pad)
        lengths = torch.tensor([len(row["input_ids"]) for row in rows])
        batch = {"input_ids": ids, "labels": padded("labels", IGNORED),
                 "attention_mask": (torch.arange(longest) < lengths[:, None]).long(),
                 "position_ids": padded("position_ids", 0).transpose(0, 1).contiguous()}
        for name in ("pixel_values_videos", "video_grid_thw"):
            if seen := [row[name] for row in rows if name in row]:
                batch[name] = torch.cat(seen)
        return batch


def with_idle_video(batch: dict, config) -> dict:
    """A batch of `Collate` without a video, one column longer, and in it a video of one token that is masked: the
    loss and every gradient are the same, those of the vision tower 0. config: the model's (Qwen2_5_VLConfig).
    """
    tower, ids = config.vision_config, batch["input_ids"]

    def longer(name, value):
        return torch.nn.functional.pad(batch[name], (0, 1), value=value)

    found = {**batch, "input_ids": longer("input_ids", config.get_text_config().pad_token_id or 0),
             "labels": longer("labels", IGNORED), "attention_mask": longer("attention_mask", 0),
             "position_ids": longer("position_ids", 0)}
    found["input_ids"][0, -1] = config.video_token_id
    if "logits_to_keep" in batch:
        found["logits_to_keep"] = batch["logits_to_keep"] + 1
    side, column = tower.spatial_merge_size, tower.in_channels * tower.temporal_patch_size * tower.patch_size**2
    found["pixel_values_videos"] = torch.zeros(side * side, column, device=ids.device)
    found["video_grid_thw"] = torch.tensor([[1, side, side]], device=ids.device)
    return found

"""Rows of training: a clip's frames, the prompt, the reply to learn. Here: the rendered scenes.

A run goes over the clips in passes. The first takes those of one object alone before the others, so that the model
learns to find an object at all; a later one asks other prompts. Frames are rendered once and kept in a file. A row
becomes model inputs through `vs2.qwen.prepare`, the very path of inference.
"""
import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from torch.utils.data import Dataset

from vs2 import rubric
from vs2.card import Card
from vs2.qwen import prepare
from vs2.scenes import damage, draw, physics, words, world

IGNORED = -100              # the label that the loss passes over
DRILL_LINES = 20


def seen_frames(scene: world.Scene, card: Card) -> np.ndarray:
    """uint8 [8, h, w, 3]: the scene as the judge sees it, sampled and resized as `vs2.video` does a file."""
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms.functional import resize

    indices = card.sampling.indices(world.FRAMES, world.FPS)
    pictures = torch.from_numpy(draw.frames(scene, indices)).permute(0, 3, 1, 2)
    size = card.sampling.size(len(indices), *pictures.shape[2:])
    return resize(pictures, list(size), InterpolationMode.BICUBIC, antialias=True).permute(0, 2, 3, 1).numpy()


@dataclass
class Scenes(Dataset):
    """`rows` rows over `clips` rendered clips, the first part of them description only."""

    processor: object
    config: object
    card: Card
    rows: int
    clips: int
    describe_query: str
    describe: float
    direct: float
    store: Path
    foreign: float = 0.0
    drill: float = 0.0
    first_seed: int = 0
    _frames: np.memmap | None = field(default=None, repr=False)
    _order: list[int] = field(default_factory=list, repr=False)

    def __post_init__(self):
        shown = [self.scene(clip).shown for clip in range(self.clips)]
        self._order = sorted(range(self.clips),
                             key=lambda clip: shown[clip].count > 1 or shown[clip].beside is not None)

    def __len__(self) -> int:
        return self.rows

    def scene(self, clip: int) -> world.Scene:
        """What is on a clip, with its own prompt."""
        return world.sample(self.first_seed + clip)

    def clip(self, row: int) -> int:
        """The clip that a row shows."""
        return self._order[row] if row < self.clips else row % self.clips

    def frames(self, clip: int) -> np.ndarray:
        """The clip's frames from the file, rendered into it when they are not there yet."""
        if self._frames is None:
            shape = (self.clips, *seen_frames(self.scene(0), self.card).shape)
            path = self.store.with_name(f"{self.store.stem}-{self._key()}{self.store.suffix}")
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():           # sparse: unrendered clips take no room and read as zeros
                np.lib.format.open_memmap(path, "w+", np.uint8, shape).flush()
            self._frames = np.lib.format.open_memmap(path, "r+")
        if not self._frames[clip, -1].any():
            self._frames[clip] = seen_frames(self.scene(clip), self.card)
        return np.array(self._frames[clip])

    def _key(self) -> str:
        """Changes with all that the pictures depend on, so that frames of other scenes are never taken for these."""
        sources = [Path(module.__file__).read_bytes() for module in (world, physics, draw, damage)]
        said = repr((self.card.sampling, self.clips, self.first_seed)).encode()
        return hashlib.sha256(b"".join([*sources, said])).hexdigest()[:12]

    def text(self, row: int) -> tuple[Card, str, str, str]:
        """Card (with the query to use), prompt, the part of the reply that is given, the part to learn."""
        clip, turn = self.clip(row), row // self.clips
        scene = self.scene(clip)
        if turn:
            scene = world.ask_again(scene, turn)
        known = words.facts(scene)
        if row < self.describe * self.rows:
            said = (f"{words.description(scene, known)}\n{rubric.DIMENSIONS[0].label}: {words.visual(scene)}\n"
                    f"{rubric.DIMENSIONS[2].label}: {words.physical(scene, known)}")
            reply = f"\n{rubric.THINK_OPEN}\n{said}\n{rubric.THINK_CLOSE}\n"
            return replace(self.card, query=self.describe_query), "no prompt", "", reply
        dice = np.random.default_rng([row, 7])
        direct, foreign = dice.random() < self.direct, dice.random() < self.foreign
        prompt = words.foreign_caption(row) if foreign else words.caption(scene.asked, clip // 3 + turn)
        scores = (scene.scores[0], 1, scene.scores[2]) if foreign else scene.scores
        if direct:
            lead = rubric.DIRECT.leads[0]
            return self.card, prompt, lead, rubric.DIRECT.write(scores)[len(lead):]
        return self.card, prompt, "", rubric.reply(words.rationale(scene, known, foreign), scores)

    def drilled(self, row: int) -> str:
        """Lines of comparison about no video at all: same or different is learned faster from many at once."""
        rng = np.random.default_rng([row, 9])
        lines = []
        for _ in range(DRILL_LINES):
            first, second = (world.sample(int(seed)) for seed in rng.integers(0, world.HELD_OUT, 2))
            name = str(rng.choice(world.ELEMENTS))
            shown = first.shown.element(name)
            asked = shown if rng.random() < 0.5 else words.FOREIGN if rng.random() < 0.1 else second.shown.element(name)
            lines.append(words.comparison(name, asked, shown))
        return "\n".join(lines) + "\n"

    def __getitem__(self, row: int) -> dict:
        if row < self.drill * self.rows:
            return encode_drill(self.processor.tokenizer, self.drilled(row))
        card, prompt, given, reply = self.text(row)
        return encode(self.processor, self.config, card, self.frames(self.clip(row)), prompt, given, reply)


def encode(processor, config, card: Card, frames: np.ndarray, prompt: str, given: str, reply: str) -> dict:
    """One row's tensors; labels cover `reply` and the end token, and nothing that was given."""
    end = processor.tokenizer.eos_token
    inputs = prepare(processor, SimpleNamespace(frames=frames), prompt, card, config, given + reply + end)
    labels = inputs.input_ids[0].clone()
    labels[:-len(processor.tokenizer(reply + end, add_special_tokens=False)["input_ids"])] = IGNORED
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

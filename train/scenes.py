"""The rendered scenes as rows of training: a curriculum over clips, their frames rendered once and kept in a file.

A run goes over the clips in passes. The first takes those of one object alone before the others, so that the model
learns to find an object at all; a later one asks other prompts.
"""
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset

from train.data import Row, encode, encode_drill
from vs2 import rubric
from vs2.card import Card
from vs2.scenes import damage, draw, physics, words, world

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

    def row(self, row: int) -> Row:
        """The row's clip, prompt and reply."""
        clip, turn = self.clip(row), row // self.clips
        scene = self.scene(clip)
        if turn:
            scene = world.ask_again(scene, turn)
        known = words.facts(scene)
        if row < self.describe * self.rows:
            said = (f"{words.description(scene, known)}\n{rubric.DIMENSIONS[0].label}: {words.visual(scene)}\n"
                    f"{rubric.DIMENSIONS[2].label}: {words.physical(scene, known)}")
            reply = f"\n{rubric.THINK_OPEN}\n{said}\n{rubric.THINK_CLOSE}\n"
            return Row(f"scene {clip}", self.frames(clip), "no prompt", reply, query=self.describe_query)
        dice = np.random.default_rng([row, 7])
        direct, foreign = dice.random() < self.direct, dice.random() < self.foreign
        prompt = words.foreign_caption(row) if foreign else words.caption(scene.asked, clip // 3 + turn)
        scores = (scene.scores[0], 1, scene.scores[2]) if foreign else scene.scores
        if direct:
            lead = rubric.DIRECT.leads[0]
            reply = rubric.DIRECT.write(scores)[len(lead):]
            return Row(f"scene {clip}", self.frames(clip), prompt, reply, scores, given=lead)
        reply = rubric.reply(words.rationale(scene, known, foreign), scores)
        return Row(f"scene {clip}", self.frames(clip), prompt, reply, scores)

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
        return encode(self.processor, self.config, self.card, self.row(row))


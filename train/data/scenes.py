"""The rendered scenes as rows of training: a curriculum over clips, their frames rendered once and kept in a file.

A run goes over the clips in passes. The first takes those of one object alone before the others, so that the model
learns to find an object at all; a later one asks other prompts.
"""
import hashlib
import inspect
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset

import vs2.video.sampling
from train.data import photos
from train.data.frames import Frames
from train.data.rows import Row, encode, encode_drill
from vs2 import rubric
from vs2.model.card import Card
from vs2.scenes import damage, draw, film, natural, other, physics, staging, textures, words, world

DRILL_LINES = 20
FAULTS = tuple(f"{rubric.DIMENSIONS[n].label}:" for n in (0, 2))     # how the lines on faults begin


def seen_frames(scene, card: Card) -> np.ndarray:
    """uint8 [n, h, w, 3]: a Scene or an Other as the judge sees it, sampled and resized as `vs2.video` does a file."""
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms.functional import resize

    indices = card.sampling.indices(scene.staging.frames, scene.staging.fps)
    if isinstance(scene, other.Other):
        drawn = other.frames(scene, indices, photos.photographs())
    else:
        drawn = draw.frames(scene, indices)
    size = card.sampling.size(len(indices), *drawn.shape[1:3])
    pictures = torch.from_numpy(drawn).permute(0, 3, 1, 2)
    return resize(pictures, list(size), InterpolationMode.BICUBIC, antialias=True).permute(0, 2, 3, 1).numpy()


@dataclass
class Scenes(Dataset):
    """`rows` rows over `clips` rendered clips, the first part of them description only.

    describe: share of the run, from its start. drill: share of the run's rows, all in its first half. direct, foreign:
    shares of the other rows. stress: share of the thinking rows that learn only what they say of faults, which is a
    tenth of a reply's words and the hardest of them. others: share of the clips that show other things than scenes do
    (vs2/scenes/other.py).
    """

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
    stress: float = 0.0
    others: float = 0.0
    first_seed: int = 0
    _frames: Frames | None = field(default=None, repr=False)
    _order: list[int] = field(default_factory=list, repr=False)
    _facts: dict[int, words.Facts] = field(default_factory=dict, repr=False)

    def __post_init__(self):
        self._order = sorted(range(self.clips), key=self._crowded)

    def _crowded(self, clip: int) -> bool:
        scene = self.scene(clip)
        return isinstance(scene, other.Other) or scene.shown.count > 1 or scene.shown.beside is not None

    def __len__(self) -> int:
        return self.rows

    def scene(self, clip: int) -> world.Scene | other.Other:
        """What is on a clip, with its own prompt."""
        seed = self.first_seed + clip
        if np.random.default_rng([seed, 14]).random() < self.others:
            return other.sample(seed)
        return world.sample(seed)

    def clip(self, row: int) -> int:
        """The clip that a row shows."""
        return self._order[row] if row < self.clips else row % self.clips

    def frames(self, clip: int) -> np.ndarray:
        """The clip's frames from the file, rendered into it when they are not there yet."""
        scene, sampling = self.scene(clip), self.card.sampling
        count = len(sampling.indices(scene.staging.frames, scene.staging.fps))
        shape = (count, *sampling.size(count, scene.staging.height, scene.staging.width), 3)
        if self._frames is None:
            largest = sampling.max_frames * int(sampling.max_pixels * 1.05) * 3
            path = self.store.with_name(f"{self.store.stem}-{self._key()}{self.store.suffix}")
            self._frames = Frames(path, self.clips, largest)
        return self._frames.get(clip, shape, lambda: seen_frames(scene, self.card))

    def _key(self) -> str:
        """Changes with the sources and options that the pictures depend on, so that frames of other scenes are never
        taken for these. The versions of the libraries that draw, and whose photographs are shown, are not in it.
        """
        sources = [Path(module.__file__).read_bytes() for module in (
            world, physics, staging, textures, draw, damage, film, natural, other, photos, vs2.video.sampling)]
        said = repr((self.card.sampling, self.clips, self.first_seed, self.others)) + inspect.getsource(seen_frames)
        return hashlib.sha256(b"".join([*sources, said.encode()])).hexdigest()[:12]

    def row(self, row: int) -> Row:
        """The row's clip, prompt and reply."""
        clip, turn = self.clip(row), row // self.clips
        scene, key = self.scene(clip), f"scene {self.first_seed + clip}"
        dice = np.random.default_rng([row, 7])
        direct, foreign = dice.random() < self.direct, dice.random() < self.foreign
        prompt = words.foreign_caption(row)
        if isinstance(scene, other.Other):
            if dice.random() < 0.5:         # a prompt about scenes, though the clip is of other things
                asked = world.sample(row).asked
                scene, prompt = replace(scene, asked=asked), words.caption(asked, row)
            rationale, scores = other.rationale(scene), scene.scores
            said = f"{rationale.splitlines()[0]}\n{rubric.DIMENSIONS[0].label}: {words.visual(scene)}"
        else:
            if turn:
                scene = world.ask_again(scene, turn)
            known = self._facts.get(clip) or self._facts.setdefault(clip, words.facts(scene))
            rationale, scores = words.rationale(scene, known, foreign), scene.scores
            if foreign:
                scores = (scores[0], 1, scores[2])
            else:
                prompt = words.caption(scene.asked, clip // 3 + turn)
            said = (f"{words.description(scene, known)}\n{rubric.DIMENSIONS[0].label}: {words.visual(scene)}\n"
                    f"{rubric.DIMENSIONS[2].label}: {words.physical(scene, known)}")
        if row < self.describe * self.rows:
            reply = f"\n{rubric.THINK_OPEN}\n{said}\n{rubric.THINK_CLOSE}\n"
            return Row(key, self.frames(clip), "no prompt", reply, query=self.describe_query)
        if direct:
            lead = rubric.DIRECT.leads[0]
            return Row(key, self.frames(clip), prompt, rubric.DIRECT.write(scores)[len(lead):], scores, given=lead)
        reply, stressed = rubric.reply(rationale, scores), ()
        if dice.random() < self.stress:
            stressed = tuple(line for line in rationale.splitlines(keepends=True) if line.startswith(FAULTS))
        return Row(key, self.frames(clip), prompt, reply, scores, stressed=stressed)

    def drills(self, row: int) -> bool:
        """Whether a row is a drill, without a video."""
        return row < self.rows / 2 and np.random.default_rng([row, 15]).random() < 2 * self.drill

    def drilled(self, row: int) -> str:
        """Lines of comparison about no video at all: same or different is learned faster from many at once."""
        rng = np.random.default_rng([row, 9])
        lines = []
        for _ in range(DRILL_LINES):
            first, second = (world.sample(int(seed)) for seed in rng.integers(0, world.HELD_OUT, 2))
            name = str(rng.choice(world.ELEMENTS))
            shown = first.shown.element(name)
            if rng.random() < 0.08:
                shown = words.FOREIGN
            asked = shown if rng.random() < 0.5 else words.FOREIGN if rng.random() < 0.1 else second.shown.element(name)
            lines.append(words.comparison(name, asked, shown))
        return "\n".join(lines) + "\n"

    def __getitem__(self, row: int) -> dict:
        if self.drills(row):
            return encode_drill(self.processor.tokenizer, self.drilled(row))
        return encode(self.processor, self.config, self.card, self.row(row))


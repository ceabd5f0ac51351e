"""What the eye sees of footage as it is and spoilt: `python -m train.footage.seen OUTPUT TABLE ... [--passes 6]`

The eye is frozen, so every variant of a clip is looked at once and kept: OUTPUT/frames has the clips' frames, read
through `vs2.video`, OUTPUT/seen what the eye makes of them, a file for SHARD variants. Pass 0 has every clip as it is;
each later one has a part of them, at most MOST of a source, with faults (train/footage/faults.py), those of BEATS only
with such as show between frames. Made clips that are
no footage (train/data/foreign.py) come after pass 1, and clips that are so blurred that they might be taken for those.
Killed, it goes on.
"""
import argparse
import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from train.data import foreign
from train.data.reencode import reencoded
from train.footage import faults, imagenet
from train.footage.table import Film, listed
from vs2 import video
from vs2.errors import BadInput, Problem
from vs2.model import pulse as beats
from vs2.model.eye import cells
from vs2.model.views import views
from vs2.scenes.damage import FAULTS, SHORT
from vs2.video import pulse
from vs2.video.sampling import Sampling

PASSES = 6
VERSION = 3     # of what is put into a file; raised where faults, eye or pulse change
PULSE = 64      # frames of a clip that are read, at most: what happens between neighbours is put in, and felt, there
MOST, SHARD = 20, 40
CLEAN, MOVING = 0.12, 0.42      # up to which draws of a pass are clean; up to which only their motion is spoilt
BOTH = 0.92                     # above this both are
BEATS = (3, 4)                  # passes whose faults of the picture are those that show between frames
CODED = 0.7                     # of the spoilt ones that are then encoded
SOFT = 400      # clips that are also looked at spoilt as far as it goes (`WORST`): they are footage all the same
WORST = ("blur", "pixelation", "blocking", "noise")
MADE, LIKE = 24, ("photograph",)    # made clips of a kind; kinds that are too much like footage to be told from it


@dataclass(frozen=True)
class Reading(Sampling):
    """Reads the eight frames that are looked at and the neighbours that are felt."""

    def indices(self, total: int, video_fps: float) -> list[int]:
        """The numbers of both, rising."""
        eight = super().indices(total, video_fps)
        return sorted({*eight, *pulse.chosen(total, eight, self.pulse)})


READING = Reading(fps=4.0, min_frames=8, max_frames=8, min_pixels=28 * 28, max_pixels=512 * 512, pulse=PULSE)


@dataclass(frozen=True, eq=False)
class Footage:
    """frames: uint8 [n, h, w, 3], and their numbers in the clip; looked: the places of the eight among them."""

    frames: np.ndarray
    numbers: np.ndarray
    looked: np.ndarray

    def pulse(self) -> np.ndarray:
        """float32 [COUNT]: what happens from frame to frame."""
        felt = pulse.of(self.frames, self.numbers.tolist(), *self.frames.shape[1:3])
        return beats.numbers(felt)

    def near(self, first: int, last: int) -> list[int]:
        """The first and the last of the eight, from 1, that lie between two frames, from 1; the nearest where none."""
        inside = np.flatnonzero((self.looked >= first - 1) & (self.looked <= last - 1))
        if not len(inside):
            inside = np.abs(self.looked - (first + last) / 2 + 1).argmin()[None]
        return [int(inside[0]) + 1, int(inside[-1]) + 1]


def footage_of(film: Film, output: Path) -> Footage:
    """A clip, its frames kept in a file."""
    kept = output / "frames" / f"{film.key}.npz"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_suffix(f".{os.getpid()}.npz")
        clip = video.read(film.path, READING)
        facts = clip.metadata
        eight = Sampling.indices(READING, facts.total_frames, facts.fps)
        places = {number: place for place, number in enumerate(facts.indices)}
        np.savez(fresh, frames=clip.frames, numbers=np.array(facts.indices),
                 looked=np.array([places[number] for number in eight]))
        os.replace(fresh, kept)
    with np.load(kept) as found:
        return Footage(found["frames"], found["numbers"], found["looked"])


def variant(films: list[Film], number: int, turn: int, output: Path) -> tuple[Footage, dict]:
    """Clip `number` in a pass, and what was done to it; pass 0 leaves it as it is."""
    label = {"clip": films[number].key, "pass": turn, "visual": None, "physical": None}
    whole = footage_of(films[number], output)
    if not turn:
        return whole, label
    rng = np.random.default_rng([turn, number, 77])
    frames, draw = faults.handed_on(whole.frames, rng), rng.random()
    if CLEAN <= draw < MOVING or draw >= BOTH:
        kind, strength = str(rng.choice(faults.PHYSICAL)), int(rng.integers(1, 5))
        other = None
        if kind == "cutting":
            other = _fitted(footage_of(films[int(rng.integers(len(films)))], output).frames, frames.shape)
        done = faults.spoilt(frames, kind, strength, rng, other)
        frames, label["physical"] = done.frames, [kind, strength, *whole.near(done.first, done.last)]
    if draw >= MOVING:
        kinds = faults.BETWEEN if turn in BEATS else faults.VISUAL
        kind, strength = str(rng.choice(kinds)), int(rng.integers(1, 5))
        done = faults.spoilt(frames, kind, strength, rng)
        frames, label["visual"] = done.frames, [kind, strength, *whole.near(done.first, done.last)]
    # a picture that is shown twice is twice the same only before it is in a file
    return replace(whole, frames=faults.encoded(frames, rng) if rng.random() < CODED else frames), label


def softened(film: Film, number: int, output: Path) -> tuple[np.ndarray, dict]:
    """The eight frames of a clip with one of WORST at its strongest, or the one before it, as coarse as it gets."""
    whole = footage_of(film, output)
    dice = np.random.default_rng([number, 82])
    strength, scale = int(dice.integers(2, 4)), min(whole.frames.shape[1:3]) / SHORT
    kind = WORST[number % len(WORST)]
    return np.stack([FAULTS[kind](frame, strength, dice, scale) for frame in whole.frames[whole.looked]]), \
        {"clip": film.key}


def _fitted(frames: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    chosen = frames[np.linspace(0, len(frames) - 1, shape[0]).round().astype(int)]
    return np.stack([np.asarray(Image.fromarray(frame).resize((shape[2], shape[1]), Image.Resampling.BILINEAR))
                     for frame in chosen])


def chosen(films: list[Film], turn: int) -> list[int]:
    """The clips of a pass: at most MOST of a source, others in each pass; all of them in pass 0."""
    if not turn:
        return list(range(len(films)))
    order = np.random.default_rng([turn, 78]).permutation(len(films))
    counts: dict[str, int] = defaultdict(int)
    found = []
    for number in order.tolist():
        counts[films[number].source] += 1
        if counts[films[number].source] <= MOST:
            found.append(number)
    return found


@torch.inference_mode()
def look(network, frames: np.ndarray) -> np.ndarray:
    """float16 [6, 2, 2, FEATURES]."""
    first = next(network.parameters())
    shown = torch.from_numpy(views(frames)).permute(0, 3, 1, 2).to(first.dtype)
    return cells([seen.float() for seen in network(shown)], 2, 2).half().numpy()


def run(output: Path, tables: list[Path], passes: int, part: tuple[int, int] = (1, 1)) -> None:
    """All passes, shard by shard; of the shards that are not there yet only the k-th of every n, part = (k, n)."""
    films = listed(tables)
    # bfloat16 takes less than half of the time where the processor has products of it
    network = imagenet.network().to(torch.bfloat16).to(memory_format=torch.channels_last)
    (output / "seen").mkdir(parents=True, exist_ok=True)

    def keep(name: str, number: int, clips: Iterable[tuple[Footage | np.ndarray, dict]]) -> None:
        if number % part[1] != part[0] - 1 or (output / "seen" / f"{name}.npz").exists():
            return
        seen, felt, labels = [], [], []
        for shown, label in clips:
            seen.append(look(network, shown.frames[shown.looked] if isinstance(shown, Footage) else shown))
            felt.append(shown.pulse() if isinstance(shown, Footage) else beats.numbers(None))
            labels.append(label)
        fresh = output / "seen" / f"{name}.new"
        with fresh.open("wb") as file:
            np.savez(file, seen=np.stack(seen), pulse=np.stack(felt), labels=json.dumps(labels), version=VERSION)
        os.replace(fresh, output / "seen" / f"{name}.npz")
        print(f"seen: {name}, {len(labels)} clips", flush=True)

    for turn in range(passes + 1):
        numbers = chosen(films, turn)
        for start in range(0, len(numbers), SHARD):
            keep(f"{turn:02d}-{start:04d}", start // SHARD,
                 (variant(films, number, turn, output) for number in numbers[start:start + SHARD]))
        if turn == 1:
            for number, kind in enumerate(kind for kind in foreign.KINDS if kind not in LIKE):
                keep(f"made-{kind}", number,
                     ((reencoded(foreign.clip(kind, seed), np.random.default_rng([seed, 80])), {"made": kind})
                      for seed in range(MADE)))
    some = np.random.default_rng(81).permutation(len(films))[:SOFT].tolist()
    for start in range(0, len(some) if passes else 0, SHARD):
        keep(f"soft-{start:04d}", start // SHARD,
             (softened(films[number], number, output) for number in some[start:start + SHARD]))


def kept(output: Path, which: str = "[0-9]*") -> tuple[np.ndarray, np.ndarray, list[dict]]:
    """What the eye saw, float16 [n, 6, 2, 2, FEATURES], the pulses, float32 [n, COUNT], and the labels, of all shards
    that are there.

    which: "made-*" for those of made clips. Raises BadInput where some were made otherwise than now.
    """
    seen, felt, labels = [], [], []
    for path in sorted((Path(output) / "seen").glob(f"{which}.npz")):
        with np.load(path) as shard:
            if int(shard.get("version", 0)) != VERSION:
                raise BadInput(f"{path} was made by another version of train.footage.seen: remove {path.parent} "
                               "and make it again.")
            seen.append(shard["seen"])
            felt.append(shard["pulse"])
            labels += json.loads(str(shard["labels"]))
    return np.concatenate(seen), np.concatenate(felt), labels


def share(text: str) -> tuple[int, int]:
    """(k, n) of "k/n", the k-th of n. Raises ValueError for what is none."""
    number, count = map(int, text.split("/"))
    if not 1 <= number <= count:
        raise ValueError(text)
    return number, count


def main(argv=None) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.footage.seen", description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("tables", type=Path, nargs="+")
    parser.add_argument("--passes", type=int, default=PASSES)
    parser.add_argument("--share", type=share, default=(1, 1), metavar="K/N",
                        help="only the k-th of every n files, for n of these commands side by side")
    given = parser.parse_args(argv)
    try:
        run(given.output, given.tables, given.passes, given.share)
    except Problem as problem:
        print(f"train.footage.seen: {problem}", file=sys.stderr)
        return problem.status
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What the eye sees of footage as it is and spoilt: `python -m train.footage.seen OUTPUT TABLE ... [--passes 3]`

The eye is frozen, so every variant of a clip is looked at once and kept: OUTPUT/frames has the clips' frames, read
through `vs2.video`, OUTPUT/seen what the eye makes of them, a file for SHARD variants. Pass 0 has every clip as it is;
each later one has a part of them, at most MOST of a source, with faults (train/footage/faults.py). Made clips that are
no footage (train/data/foreign.py) come after pass 1, and clips that are so blurred that they might be taken for those.
Killed, it goes on.
"""
import argparse
import json
import os
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from train.data import foreign
from train.data.reencode import reencoded
from train.footage import faults, imagenet
from train.footage.table import Film, listed
from vs2 import video
from vs2.errors import Problem
from vs2.model.eye import cells
from vs2.model.views import views
from vs2.scenes.damage import FAULTS, SHORT
from vs2.video.sampling import Sampling

READING = Sampling(fps=4.0, min_frames=8, max_frames=8, min_pixels=28 * 28, max_pixels=512 * 512)
MOST, SHARD = 20, 40
CLEAN, MOVING = 0.12, 0.42      # up to which draws of a pass are clean; up to which only their motion is spoilt
BOTH = 0.92                     # above this both are
SOFT = 250      # clips that are also looked at through the strongest blur: they are footage all the same
MADE, LIKE = 24, ("photograph",)    # made clips of a kind; kinds that are too much like footage to be told from it


def frames_of(film: Film, output: Path) -> np.ndarray:
    """uint8 [8, h, w, 3] of a clip, kept in a file."""
    kept = output / "frames" / f"{film.key}.npy"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_suffix(".new.npy")
        np.save(fresh, video.read(film.path, READING).frames)
        os.replace(fresh, kept)
    return np.load(kept)


def variant(films: list[Film], number: int, turn: int, output: Path) -> tuple[np.ndarray, dict]:
    """Frames of clip `number` in a pass, and what was done to them; pass 0 leaves them as they are."""
    label = {"clip": films[number].key, "pass": turn, "visual": None, "physical": None}
    frames = frames_of(films[number], output)
    if not turn:
        return frames, label
    rng = np.random.default_rng([turn, number, 77])
    frames, draw = faults.handed_on(frames, rng), rng.random()
    if CLEAN <= draw < MOVING or draw >= BOTH:
        kind, strength = str(rng.choice(faults.PHYSICAL)), int(rng.integers(1, 5))
        other = None
        if kind == "cutting":
            other = _fitted(frames_of(films[int(rng.integers(len(films)))], output), frames.shape)
        done = faults.spoilt(frames, kind, strength, rng, other)
        frames, label["physical"] = done.frames, [kind, strength, done.first, done.last]
    if draw >= MOVING:
        kind, strength = str(rng.choice(faults.VISUAL)), int(rng.integers(1, 5))
        done = faults.spoilt(frames, kind, strength, rng)
        frames, label["visual"] = done.frames, [kind, strength, done.first, done.last]
    return frames, label


def softened(film: Film, output: Path) -> tuple[np.ndarray, dict]:
    """Frames of a clip under the strongest blur, or the one before it."""
    frames = frames_of(film, output)
    dice = np.random.default_rng([len(film.key), int(frames[0].sum()) % 2**31])
    strength, scale = int(dice.integers(2, 4)), min(frames.shape[1:3]) / SHORT
    return np.stack([FAULTS["blur"](frame, strength, dice, scale) for frame in frames]), {"clip": film.key}


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


def run(output: Path, tables: list[Path], passes: int) -> None:
    """All passes, shard by shard."""
    films = listed(tables)
    # bfloat16 takes less than half of the time where the processor has products of it
    network = imagenet.network().to(torch.bfloat16).to(memory_format=torch.channels_last)
    (output / "seen").mkdir(parents=True, exist_ok=True)
    def keep(name: str, found: list[tuple[np.ndarray, dict]]) -> None:
        fresh = output / "seen" / f"{name}.new"
        with fresh.open("wb") as file:
            np.savez(file, seen=np.stack([look(network, frames) for frames, _ in found]),
                     labels=json.dumps([label for _, label in found]))
        os.replace(fresh, output / "seen" / f"{name}.npz")
        print(f"seen: {name}, {len(found)} clips", flush=True)

    for turn in range(passes + 1):
        numbers = chosen(films, turn)
        for start in range(0, len(numbers), SHARD):
            if not (output / "seen" / f"{turn:02d}-{start:04d}.npz").exists():
                keep(f"{turn:02d}-{start:04d}",
                     [variant(films, number, turn, output) for number in numbers[start:start + SHARD]])
        for kind in (kind for kind in foreign.KINDS if turn == 1 and kind not in LIKE):
            if not (output / "seen" / f"made-{kind}.npz").exists():
                keep(f"made-{kind}", [(reencoded(foreign.clip(kind, seed), np.random.default_rng([seed, 80])),
                                       {"made": kind}) for seed in range(MADE)])
    some = np.random.default_rng(81).permutation(len(films))[:SOFT].tolist()
    for start in range(0, len(some) if passes else 0, SHARD):
        if not (output / "seen" / f"soft-{start:04d}.npz").exists():
            keep(f"soft-{start:04d}", [softened(films[number], output) for number in some[start:start + SHARD]])


def kept(output: Path, which: str = "[0-9]*") -> tuple[np.ndarray, list[dict]]:
    """What the eye saw, float16 [n, 6, 2, 2, FEATURES], and the labels, of all shards that are there.

    which: "made-*" for those of made clips.
    """
    seen, labels = [], []
    for path in sorted((Path(output) / "seen").glob(f"{which}.npz")):
        with np.load(path) as shard:
            seen.append(shard["seen"])
            labels += json.loads(str(shard["labels"]))
    return np.concatenate(seen), labels


def main(argv=None) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.footage.seen", description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("tables", type=Path, nargs="+")
    parser.add_argument("--passes", type=int, default=3)
    given = parser.parse_args(argv)
    try:
        run(given.output, given.tables, given.passes)
    except Problem as problem:
        print(f"train.footage.seen: {problem}", file=sys.stderr)
        return problem.status
    return 0


if __name__ == "__main__":
    sys.exit(main())

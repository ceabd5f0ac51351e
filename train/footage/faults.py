"""Faults that are put into footage on purpose, at the clip's own size, so that a judge learns them there.

visual: the six of the rendered scenes (vs2/scenes/damage.py), in grains and blocks of any size from a pixel up; three
of cameras and cables. (A fourth, pixels that wander, looks like fire and water, which were then taken for it.)
physical: what no camera sees. Each at a strength of 1 to 4. The kinds that the suites hold out (vs2/bench) are none of
these. Everything is drawn from a numpy generator.
"""
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from vs2.scenes import film
from vs2.scenes.damage import FAULTS, SHORT

COMB = (4, 9, 18, 34)                   # pixels that every other line is moved
FRINGE = (3, 6, 11, 20)                 # pixels between red and blue
SHARPEN = (150, 300, 600, 1200)         # percent of an unsharp mask
SHUFFLED = (2, 3, 5, 8)                 # neighbouring frames that change places
PATCH = (0.16, 0.26, 0.4, 0.6)          # of the picture's sides, that shows another moment or place
WOBBLE = (3, 6, 11, 18)                 # pixels that parts of the picture swim, another way in each frame


@dataclass(frozen=True)
class Spoilt:
    """frames with a fault. first, last: the frames that show it, from 1. kind: of VISUAL or PHYSICAL."""

    frames: np.ndarray
    kind: str
    strength: int
    first: int
    last: int


def _comb(picture, k, rng, scale):
    made = picture.copy()
    thick = max(1, round(scale))
    lines = np.arange(len(picture)) // thick % 2 == 1
    made[lines] = np.roll(picture[lines], max(1, round(COMB[k] * scale)) * int(rng.choice((-1, 1))), axis=1)
    return made


def _fringe(picture, k, rng, scale):
    made, far = picture.copy(), max(1, round(FRINGE[k] * scale / 2))
    made[..., 0], made[..., 2] = np.roll(picture[..., 0], far, 1), np.roll(picture[..., 2], -far, 1)
    return made


def _sharpen(picture, k, rng, scale):
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.UnsharpMask(1.5 * scale, SHARPEN[k], 0)))


OWN: dict[str, Callable] = {"combing": _comb, "fringes": _fringe, "sharpening": _sharpen}
VISUAL = (*FAULTS, *OWN)
EVERY_FRAME = ("flicker", "jitter")     # are nothing in a single frame


def _shuffle(frames, k, rng, other):
    order, count = np.arange(len(frames)), min(SHUFFLED[k], len(frames))
    first = int(rng.integers(len(frames) - count + 1))
    mixed = rng.permutation(count)
    if (mixed == np.arange(count)).all():
        mixed = mixed[::-1]
    order[first:first + count] = first + mixed
    return frames[order], first + 1, first + count


def _cut(frames, k, rng, other):
    """From some frame on, and for longer where it is stronger, another clip shows through."""
    length = min((1, 2, 3, 4)[k], len(frames) - 1)
    first = int(rng.integers(1, len(frames) - length + 1))
    made = frames.copy()
    share = (0.35, 0.55, 0.8, 1.0)[k]
    made[first:first + length] = (share * other[first:first + length] + (1 - share) * frames[first:first + length])
    return made, first + 1, first + length


def _patch(frames, k, rng, other):
    """From some frame on, a soft-edged part shows another place of the picture: a thing is torn out, or put in."""
    count, height, width = frames.shape[:3]
    high, wide = max(8, int(height * PATCH[k])), max(8, int(width * PATCH[k]))
    first = int(rng.integers(1, count - 1))
    made = frames.copy()
    for number in range(first, count):
        if (number - first) % 2 and rng.random() < 0.5:
            continue
        y, x = (int(rng.integers(0, side - part + 1)) for side, part in ((height, high), (width, wide)))
        v, u = (int(rng.integers(0, side - part + 1)) for side, part in ((height, high), (width, wide)))
        edge = np.minimum(np.minimum(*np.ogrid[1:high + 1, 1:wide + 1]),
                          np.minimum(*np.ogrid[high:0:-1, wide:0:-1])) / (0.15 * min(high, wide))
        soft = np.clip(edge, 0, 1)[..., None]
        made[number, y:y + high, x:x + wide] = (
            soft * frames[number, v:v + high, u:u + wide] + (1 - soft) * frames[number, y:y + high, x:x + wide])
    return made, first + 1, count


def _wobble(frames, k, rng, other):
    count, height, width = frames.shape[:3]
    first = int(rng.integers(0, count // 2))
    made = frames.copy()
    far = WOBBLE[k] * min(height, width) / SHORT
    for number in range(first, count):
        coarse = rng.uniform(-far, far, (2, 5, 5)).astype(np.float32)
        dy, dx = (np.asarray(Image.fromarray(part).resize((width, height), Image.Resampling.BICUBIC))
                  for part in coarse)
        y = np.clip(np.arange(height)[:, None] + dy, 0, height - 1).astype(int)
        made[number] = frames[number][y, np.clip(np.arange(width)[None] + dx, 0, width - 1).astype(int)]
    return made, first + 1, count


MOVING: dict[str, Callable] = {"shuffling": _shuffle, "cutting": _cut, "tearing": _patch, "wobbling": _wobble}
PHYSICAL = tuple(MOVING)


def spoilt(frames: np.ndarray, kind: str, strength: int, rng, other: np.ndarray | None = None) -> Spoilt:
    """uint8 frames [n, h, w, 3] with one fault. other: frames of another clip, of the same shape, for "cutting"."""
    if kind in MOVING:
        made, first, last = MOVING[kind](frames, strength - 1, rng, other)
        return Spoilt(made.astype(np.uint8), kind, strength, first, last)
    count, full = len(frames), min(frames.shape[1:3]) / SHORT
    # grains and blocks of a pixel or two up to those of the scenes
    scale = float(np.exp(rng.uniform(np.log(min(full, 0.45)), np.log(full)))) if kind not in EVERY_FRAME else full
    if kind in ("noise",):
        scale = max(scale, 1.0)
    if kind in EVERY_FRAME or rng.random() < 0.7:
        first, last = 1, count
    else:                               # only some frames in a row, half of them or more
        length = int(rng.integers(count // 2, count))
        first = int(rng.integers(1, count - length + 2))
        last = first + length - 1
    made = frames.copy()
    for number in range(first - 1, last):
        seed = np.random.default_rng([int(rng.integers(2**31)), number])
        made[number] = (OWN[kind](frames[number], strength - 1, seed, scale) if kind in OWN
                        else FAULTS[kind](frames[number], strength - 1, seed, scale))
    return Spoilt(made, kind, strength, first, last)


def handed_on(frames: np.ndarray, rng) -> np.ndarray:
    """What happens to any clip on its way and is no fault: mirrored, a little smaller, encoded well, or nothing."""
    if rng.random() < 0.5:
        frames = frames[:, :, ::-1]
    if rng.random() < 0.4:
        share = rng.uniform(0.7, 1.0)
        size = max(64, round(frames.shape[2] * share)), max(64, round(frames.shape[1] * share))
        frames = np.stack([np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.BICUBIC))
                           for frame in frames])
    if rng.random() < 0.3:
        frames = film.coded(frames[:, :frames.shape[1] // 2 * 2, :frames.shape[2] // 2 * 2], int(rng.integers(16, 26)))
    return np.ascontiguousarray(frames)

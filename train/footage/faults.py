"""Faults that are put into footage on purpose, at the clip's own size and rate, so that a judge learns them there.

visual: the six of the rendered scenes (vs2/scenes/damage.py), in grains and blocks of any size from a pixel up; three
of cameras and cables; one of players, which go unevenly. (Another, pixels that wander, looks like fire and water, which
were then taken for it.)
physical: what no camera sees. Each at a strength of 1 to 4. The kinds that the suites hold out (vs2/bench) are none of
these. Everything is drawn from a numpy generator.
"""
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from vs2.scenes import film
from vs2.scenes.damage import FAULTS, FLICKER, SHORT

COMB = (4, 9, 18, 34)                   # pixels that every other line is moved
FRINGE = (3, 6, 11, 20)                 # pixels between red and blue
SHARPEN = (150, 300, 600, 1200)         # percent of an unsharp mask
SHUFFLED = (0.25, 0.4, 0.65, 1.0)       # of the clip, pieces of which change places
CUT = (0.12, 0.25, 0.38, 0.5)           # of the clip, that another breaks into
PACES = (0.4, 0.7, 1.1, 1.6)            # deviation of the logarithm of how fast it goes
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
VISUAL = (*FAULTS, *OWN, "stutter")
EVERY_FRAME = ("flicker", "jitter")     # are nothing in a single frame
BETWEEN = (*EVERY_FRAME, "stutter")     # show only from one frame to the next


def _shuffle(frames, k, rng, other):
    """Within a part of the clip pieces of it, of a frame up to an eighth of the clip, have changed places."""
    count = len(frames)
    length = max(2, round(SHUFFLED[k] * count))
    first = int(rng.integers(count - length + 1))
    unit = int(rng.integers(1, max(2, count // 8 + 1))) if length > 4 else 1
    pieces = np.array_split(np.arange(first, first + length), max(2, length // unit))
    mixed = rng.permutation(len(pieces))
    if (mixed == np.arange(len(pieces))).all():
        mixed = mixed[::-1]
    order = np.arange(count)
    order[first:first + length] = np.concatenate([pieces[number] for number in mixed])
    return frames[order], first + 1, first + length


def _cut(frames, k, rng, other):
    """From some frame on, and for longer where it is stronger, another clip shows through."""
    length = min(max(1, round(CUT[k] * len(frames) * rng.uniform(0.6, 1.0))), len(frames) - 1)
    first = int(rng.integers(1, len(frames) - length + 1))
    made = frames.copy()
    share = (0.35, 0.55, 0.8, 1.0)[k]
    made[first:first + length] = (share * other[first:first + length] + (1 - share) * frames[first:first + length])
    return made, first + 1, first + length


def _patch(frames, k, rng, other):
    """From some frame on, a soft-edged part shows another place of the picture, for some frames in a row: a thing is
    torn out, or put in."""
    count, height, width = frames.shape[:3]
    high, wide = max(8, int(height * PATCH[k])), max(8, int(width * PATCH[k]))
    first = int(rng.integers(1, max(2, count * 3 // 4)))
    made, number = frames.copy(), first
    edge = np.minimum(np.minimum(*np.ogrid[1:high + 1, 1:wide + 1]),
                      np.minimum(*np.ogrid[high:0:-1, wide:0:-1])) / (0.15 * min(high, wide))
    soft = np.clip(edge, 0, 1)[..., None]
    while number < count:
        lasts = int(rng.integers(1, max(2, count // 4)))
        y, x = (int(rng.integers(0, side - part + 1)) for side, part in ((height, high), (width, wide)))
        v, u = (int(rng.integers(0, side - part + 1)) for side, part in ((height, high), (width, wide)))
        for now in range(number, min(count, number + lasts)):
            made[now, y:y + high, x:x + wide] = (
                soft * frames[now, v:v + high, u:u + wide] + (1 - soft) * frames[now, y:y + high, x:x + wide])
        number += lasts + (int(rng.integers(1, max(2, count // 4))) if rng.random() < 0.5 else 0)
    return made, first + 1, count


def _wobble(frames, k, rng, other):
    """Parts of the picture swim: to elsewhere in each frame, or evenly from place to place."""
    count, height, width = frames.shape[:3]
    first = int(rng.integers(0, count // 2))
    made, far = frames.copy(), WOBBLE[k] * min(height, width) / SHORT
    knots = rng.uniform(-far, far, (count if rng.random() < 0.5 else max(3, count // 5), 2, 5, 5))
    for number in range(first, count):
        place = (number - first) / max(1, count - first - 1) * (len(knots) - 1)
        low, part = int(place), place - int(place)
        coarse = ((1 - part) * knots[low] + part * knots[min(low + 1, len(knots) - 1)]).astype(np.float32)
        dy, dx = (np.asarray(Image.fromarray(way).resize((width, height), Image.Resampling.BICUBIC)) for way in coarse)
        y = np.clip(np.arange(height)[:, None] + dy, 0, height - 1).astype(int)
        made[number] = frames[number][y, np.clip(np.arange(width)[None] + dx, 0, width - 1).astype(int)]
    return made, first + 1, count


def _stutter(frames, k, rng, other):
    """It goes too slowly here, where pictures are shown twice, and too fast there, where some are lost."""
    count = len(frames)
    pieces = max(2, count // int(rng.integers(2, max(3, count // 5 + 1))))
    paces = np.exp(rng.normal(0, PACES[k], pieces))[np.arange(count) * pieces // count]
    order = np.cumsum(paces) - paces[0]
    order = np.round(order / max(order[-1], 1e-6) * (count - 1)).astype(int)
    return frames[order], 1, count


MOVING: dict[str, Callable] = {"shuffling": _shuffle, "cutting": _cut, "tearing": _patch, "wobbling": _wobble}
PHYSICAL = tuple(MOVING)


def spoilt(frames: np.ndarray, kind: str, strength: int, rng, other: np.ndarray | None = None) -> Spoilt:
    """uint8 frames [n, h, w, 3] with one fault. other: frames of another clip, of the same shape, for "cutting"."""
    if kind in MOVING or kind == "stutter":
        made, first, last = MOVING.get(kind, _stutter)(frames, strength - 1, rng, other)
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
    if kind == "flicker" and rng.random() < 0.5:
        return Spoilt(_pulsed(frames, strength - 1, rng), kind, strength, 1, count)
    made, held = frames.copy(), 0
    slow = int(rng.integers(2, max(3, count // 6 + 1))) if kind in EVERY_FRAME and rng.random() < 0.4 else 1
    for number in range(first - 1, last):
        if (number - first + 1) % slow == 0:
            held = int(rng.integers(2**31))
        seed = np.random.default_rng([held, number // slow])
        made[number] = (OWN[kind](frames[number], strength - 1, seed, scale) if kind in OWN
                        else FAULTS[kind](frames[number], strength - 1, seed, scale))
    return Spoilt(made, kind, strength, first, last)


def _pulsed(frames, k, rng):
    """Light that goes up and down evenly, or jumps between two levels, every so many frames."""
    count, way = len(frames), rng.random()
    if way < 0.5:
        wave = np.sin(2 * np.pi * (np.arange(count) / rng.uniform(2, max(3, count / 3)) + rng.random()))
    else:
        wave = np.where(np.arange(count) // rng.integers(1, 4) % 2, 1.0, -1.0)
    gains = 1 + FLICKER[k] * rng.uniform(0.6, 1.0) * wave
    return np.stack([np.clip(frame * gain, 0, 255).astype(np.uint8) for frame, gain in zip(frames, gains, strict=True)])


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
        frames = encoded(frames, rng)
    return np.ascontiguousarray(frames)


def encoded(frames: np.ndarray, rng) -> np.ndarray:
    """The frames, of even sides, as they come out of a good file."""
    return film.coded(frames[:, :frames.shape[1] // 2 * 2, :frames.shape[2] // 2 * 2], int(rng.integers(14, 26)))

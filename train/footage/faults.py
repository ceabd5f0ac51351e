"""Faults that are put into footage on purpose, at the clip's own size and rate, so that a judge learns them there.

visual: the six of the rendered scenes (vs2/scenes/damage.py), in grains and blocks of any size from a pixel up; three
of cameras and cables; one of players, which go unevenly; one of screens and filters, which do not let go of what was
there. (Another, pixels that wander, looks like fire and water, which were then taken for it.)
physical: what no camera sees. Each at a strength of 1 to 4. The kinds that the suites hold out (vs2/bench) are none of
these, but some are akin to these (docs/mini.md says which). Everything is drawn from a numpy generator.
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
KEEPS = (0.35, 0.5, 0.65, 0.8)          # of what was there, that is still there a frame later
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
VISUAL = (*FAULTS, *OWN, "stutter", "trails")
EVERY_FRAME = ("flicker", "jitter")     # are nothing in a single frame
BETWEEN = (*EVERY_FRAME, "stutter", "trails")   # show only from one frame to the next


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


def _window(high, wide, share):
    """float [high, wide, 1], 1 within and soft at the edges."""
    edge = np.minimum(np.minimum(*np.ogrid[1:high + 1, 1:wide + 1]),
                      np.minimum(*np.ogrid[high:0:-1, wide:0:-1])) / (share * min(high, wide))
    return np.clip(edge, 0, 1)[..., None]


def _patch(frames, k, rng, other):
    """From some frame on, a soft-edged part shows another place of the picture, or what is there at another moment, for
    some frames in a row: a thing is torn out, or put in, at once or by and by."""
    count, height, width = frames.shape[:3]
    high, wide = max(8, int(height * PATCH[k])), max(8, int(width * PATCH[k]))
    first = int(rng.integers(1, max(2, count * 3 // 4)))
    made, number, soft = frames.copy(), first, _window(high, wide, 0.15)
    elsewhere, slow = rng.random() < 0.5, rng.random() < 0.4
    y, x = _moves(frames, high, wide, rng)
    while number < count:
        lasts = int(rng.integers(1, max(2, count // 4))) if not slow else int(rng.integers(count // 4, count // 2 + 1))
        v, u = (int(rng.integers(0, side - part + 1)) for side, part in ((height, high), (width, wide)))
        far = int(rng.integers(max(1, count // 6), max(2, count // 2)))
        far = -far if number + far >= count or (number >= far and rng.random() < 0.5) else far
        for now in range(number, min(count, number + lasts)):
            share = soft * min(1.0, 2 * (now - number + 1) / lasts) if slow else soft
            put = (frames[now, v:v + high, u:u + wide] if elsewhere else
                   frames[(now + far) % count, y:y + high, x:x + wide])
            there = frames[now, y:y + high, x:x + wide]
            made[now, y:y + high, x:x + wide] = (share * put + (1 - share) * there).round()
        number += lasts + (int(rng.integers(1, max(2, count // 4))) if rng.random() < 0.5 else 0)
        if rng.random() < 0.5:
            y, x = _moves(frames, high, wide, rng)
    return made, first + 1, count


def _moves(frames, high, wide, rng):
    """Where a window of that size lies, of four drawn the one in which most moves."""
    height, width = frames.shape[1:3]
    some = frames[np.linspace(0, len(frames) - 1, min(len(frames), 8)).round().astype(int), ::4, ::4].mean(-1)
    change = np.abs(np.diff(some, axis=0)).mean(0)
    places = [(int(rng.integers(0, height - high + 1)), int(rng.integers(0, width - wide + 1))) for _ in range(4)]
    return max(places, key=lambda at: change[at[0] // 4:(at[0] + high) // 4 + 1,
                                             at[1] // 4:(at[1] + wide) // 4 + 1].mean())


def _wobble(frames, k, rng, other):
    """The picture or a part of it swims: to elsewhere in each frame, or evenly from place to place, ever farther or all
    the time."""
    count, height, width = frames.shape[:3]
    first = int(rng.integers(0, count // 2))
    top, left, high, wide = 0, 0, height, width
    if rng.random() < 0.5:
        share = rng.uniform(0.35, 0.7)
        high, wide = (min(side, max(16, int(side * share))) for side in (height, width))
        top, left = _moves(frames, high, wide, rng)
    made, far = frames.copy(), WOBBLE[k] * min(height, width) / SHORT
    grows, soft = rng.random() < 0.5, _window(high, wide, 0.25) if high < height else 1.0
    knots = rng.uniform(-far, far, (count if rng.random() < 0.4 else max(3, count // 5), 2, 5, 5))
    for number in range(first, count):
        place = (number - first) / max(1, count - first - 1) * (len(knots) - 1)
        low, part = int(place), place - int(place)
        coarse = (1 - part) * knots[low] + part * knots[min(low + 1, len(knots) - 1)]
        coarse = (coarse * (2 * (number - first + 1) / (count - first) if grows else 1.0)).astype(np.float32)
        dy, dx = (np.asarray(Image.fromarray(way).resize((wide, high), Image.Resampling.BICUBIC)) for way in coarse)
        y = np.clip(np.arange(high)[:, None] + dy, 0, high - 1).astype(int)
        shown = frames[number, top:top + high, left:left + wide]
        bent = shown[y, np.clip(np.arange(wide)[None] + dx, 0, wide - 1).astype(int)]
        made[number, top:top + high, left:left + wide] = (soft * bent + (1 - soft) * shown).round()
    return made, first + 1, count


def _trails(frames, k, rng, other):
    """What was there fades away by and by, so that what moves draws it along."""
    made, held = frames.copy(), frames[0].astype(np.float32)
    keeps = KEEPS[k] * rng.uniform(0.85, 1.0)
    for number, frame in enumerate(frames):
        held = keeps * held + (1 - keeps) * frame
        made[number] = held.round()
    return made, 1, len(frames)


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
WHOLE: dict[str, Callable] = {**MOVING, "stutter": _stutter, "trails": _trails}     # are given the whole clip


def spoilt(frames: np.ndarray, kind: str, strength: int, rng, other: np.ndarray | None = None) -> Spoilt:
    """uint8 frames [n, h, w, 3] with one fault. other: frames of another clip, of the same shape, for "cutting"."""
    if kind in WHOLE:
        made, first, last = WHOLE[kind](frames, strength - 1, rng, other)
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
    if kind == "flicker" and (draw := rng.random()) < 0.65:
        lit = _pulsed if draw < 0.3 else _patchy
        return Spoilt(lit(frames, strength - 1, rng), kind, strength, 1, count)
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


def _patchy(frames, k, rng):
    """Light that is not the same everywhere, and changes everywhere in its own way: all at once, or by and by."""
    count, height, width = frames.shape[:3]
    moments, rows, columns = max(2, count // int(rng.integers(1, 5))), *rng.integers(2, 6, 2).tolist()
    coarse, high = rng.normal(0, 1, (moments, rows, columns)), FLICKER[k] * rng.uniform(0.4, 1.0)
    made = frames.copy()
    for number, frame in enumerate(frames):
        place = number / max(1, count - 1) * (len(coarse) - 1)
        low, part = int(place), place - int(place)
        field = ((1 - part) * coarse[low] + part * coarse[min(low + 1, len(coarse) - 1)]).astype(np.float32)
        field = np.asarray(Image.fromarray(field).resize((width, height), Image.Resampling.BICUBIC))
        made[number] = np.clip(frame * (1 + high * field)[..., None], 0, 255)
    return made


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

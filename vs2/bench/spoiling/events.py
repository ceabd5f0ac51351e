"""Things that cannot be, put into what happens: in what moves (region.py) or in the order of the frames.

Each gives back `Spoiled`: the frames, and the place, or None where the clip has nothing that it could be put into. A
stronger fault lasts longer, and has every spoiled frame of a weaker one just as it is there; but a warp goes farther,
and a fade weighs more.
"""
from dataclasses import dataclass

import numpy as np

from vs2.bench.spoiling.region import Region, moving

LASTS = (0.15, 0.35, 0.7)           # of the clip: vanished and moved
FREEZES = (0.2, 0.4, 0.7)           # of the clip
TURNS = (0.25, 0.5, 0.8)            # of the clip, played backwards
JUMPS = (1, 2, 3)                   # bursts of frames from later on
BURST, LATER = 12, 0.3              # a burst is a twelfth of the clip; from how much later, of the clip
FADE = (0.2, 0.35, 0.5)             # weight of the earlier picture in a thing
WARP = (0.12, 0.25, 0.5)            # how far a point of a thing goes in the end, of the window's half side
AWAY = 0.3                          # of the short side, that a thing is moved by
FROM, BEFORE = 0.25, 6              # when a warp begins, of the clip; a fade is of a sixth of the clip before
SOFT = 0.25                         # of the half side, over which what is put in fades into what is there
APART = 1.6                         # half sides between two places of a thing, for one to show what the other covers
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Spoiled:
    """uint8 frames [T, h, w, 3] with a fault from frame `first` to before `last`. box: left, top, right, bottom in
    pixels, within which it lies all the time; None where it is the whole picture."""

    frames: np.ndarray
    first: int
    last: int
    box: Box | None = None


def vanished(frames: np.ndarray, k: int, rng: np.random.Generator) -> Spoiled | None:
    """What moves is gone for `LASTS` of the clip: cut out, and filled with what other frames show there."""
    if (region := moving(frames)) is None:
        return None
    spoiled, (first, last) = frames.copy(), _middle(len(frames), LASTS[k], rng)
    for n in range(first, last):
        _put(spoiled[n], _behind(frames, region, n), region.centre[n], region.half)
    return Spoiled(spoiled, first, last, _box(frames, region, first, last))


def displaced(frames: np.ndarray, k: int, rng: np.random.Generator) -> Spoiled | None:
    """What moves stands elsewhere for `LASTS` of the clip: cut out, and put in `AWAY` of the short side from there."""
    if (region := moving(frames)) is None:
        return None
    spoiled, (first, last) = frames.copy(), _middle(len(frames), LASTS[k], rng)
    way = _way(frames, region, rng)
    for n in range(first, last):
        _put(spoiled[n], _behind(frames, region, n), region.centre[n], region.half)
        _put(spoiled[n], _cut(frames[n], region.centre[n], region.half), region.centre[n] + way, region.half)
    box, there = (_box(frames, region, first, last, by) for by in (np.zeros(2, int), way))
    return Spoiled(spoiled, first, last, (min(box[0], there[0]), min(box[1], there[1]), max(box[2], there[2]),
                                          max(box[3], there[3])))


def warped(frames: np.ndarray, k: int, rng: np.random.Generator) -> Spoiled | None:
    """What moves loses its form: points of it go up to `WARP` of the half side, ever farther up to the last frame."""
    from scipy.ndimage import map_coordinates

    if (region := moving(frames)) is None:
        return None
    spoiled, first, half = frames.copy(), max(1, round(FROM * len(frames))), region.half
    phases, (y, x) = rng.uniform(0, 2 * np.pi, 2), np.mgrid[-1:1:(2 * half + 1) * 1j, -1:1:(2 * half + 1) * 1j]
    within = np.clip(1 - y * y - x * x, 0, 1)       # nothing moves at the rim
    ways = within * np.sin(1.5 * np.pi * x + phases[0]), within * np.sin(1.5 * np.pi * y + phases[1])
    for n in range(first, len(frames)):
        far = WARP[k] * half * (n - first + 1) / (len(frames) - first)
        cut = _cut(frames[n], region.centre[n], half)
        at = [(side + 1) * half + far * way for side, way in zip((y, x), ways, strict=True)]
        bent = np.stack([map_coordinates(channel, at, order=1, mode="nearest") for channel in np.moveaxis(cut, -1, 0)],
                        -1)
        _put(spoiled[n], bent, region.centre[n], half)
    return Spoiled(spoiled, first, len(frames), _box(frames, region, first, len(frames)))


def faded(frames: np.ndarray, k: int, rng: np.random.Generator) -> Spoiled | None:
    """Within what moves lies an earlier picture of the same place, with the weight `FADE`, over the clip's second half
    and a bit more: the thing is here and there, and whole in neither."""
    if (region := moving(frames)) is None:
        return None
    back = max(1, len(frames) // BEFORE)
    spoiled, first = frames.copy(), max(back, round(0.4 * len(frames)))
    for n in range(first, len(frames)):
        now, before = (_cut(frames[at], region.centre[n], region.half).astype(np.float32) for at in (n, n - back))
        _put(spoiled[n], (1 - FADE[k]) * now + FADE[k] * before, region.centre[n], region.half)
    return Spoiled(spoiled, first, len(frames), _box(frames, region, first, len(frames)))


def reversed_(frames: np.ndarray, k: int, rng: np.random.Generator) -> Spoiled | None:
    """`TURNS` of the clip, in its middle, plays backwards."""
    order, (first, last) = np.arange(len(frames)), _middle(len(frames), TURNS[k], None)
    order[first:last] = order[first:last][::-1]
    return _ordered(frames, order, first, last)


def frozen(frames: np.ndarray, k: int, rng: np.random.Generator) -> Spoiled | None:
    """The picture stands still for `FREEZES` of the clip, from a fifth of it on, then jumps to where it should be."""
    first = max(1, round(0.2 * len(frames)))
    last = min(len(frames), first + max(k + 1, round(FREEZES[k] * len(frames))))
    order = np.arange(len(frames))
    order[first:last] = first - 1
    return _ordered(frames, order, first, last)


def jumping(frames: np.ndarray, k: int, rng: np.random.Generator) -> Spoiled | None:
    """The clip jumps ahead by `LATER` of itself and back again, `JUMPS` times, for a twelfth of its frames each. A
    stronger fault has the bursts of a weaker one, too."""
    later, burst = max(2, round(LATER * len(frames))), max(1, round(len(frames) / BURST))
    starts = np.arange(1, len(frames) - later - burst + 1, 2 * burst)
    starts = rng.permutation(starts)[:JUMPS[k]]
    if len(starts) < JUMPS[k]:
        return None
    order = np.arange(len(frames))
    for start in starts:
        order[start:start + burst] += later
    return _ordered(frames, order, int(starts.min()), int(starts.max()) + burst)


def _ordered(frames: np.ndarray, order: np.ndarray, first: int, last: int) -> Spoiled | None:
    """The frames in another order; None where nobody could tell it, for nothing moves."""
    spoiled = frames[order]
    return None if np.array_equal(spoiled, frames) else Spoiled(spoiled, int(first), int(last))


def _middle(count: int, part: float, rng: np.random.Generator | None) -> tuple[int, int]:
    """The first frame, and the one after the last, of a part around the clip's middle, a tenth off by chance.

    A longer part around the same centre has every frame of a shorter one."""
    centre = (count - 1) / 2 + (0 if rng is None else rng.uniform(-0.1, 0.1) * count)
    half = part * count / 2
    return max(1, int(np.ceil(centre - half))), min(count - 1, int(np.floor(centre + half)) + 1)


def _cut(picture: np.ndarray, centre: np.ndarray, half: int) -> np.ndarray:
    """uint8 [2 half + 1, 2 half + 1, 3] around the centre, the picture's edges drawn out."""
    rows, columns = (np.clip(np.arange(middle - half, middle + half + 1), 0, side - 1)
                     for middle, side in zip(centre, picture.shape[:2], strict=True))
    return picture[rows][:, columns]


def _put(picture: np.ndarray, cut: np.ndarray, centre: np.ndarray, half: int) -> None:
    """Puts a cut in, in place, round and with soft edges."""
    y, x = np.mgrid[-half:half + 1, -half:half + 1]
    weight = np.clip((half - np.hypot(y, x)) / max(1.0, SOFT * half), 0, 1)[..., None]
    (top, bottom), (left, right) = ((max(0, -(middle - half)), min(2 * half + 1, side - (middle - half)))
                                    for middle, side in zip(centre, picture.shape[:2], strict=True))
    if top >= bottom or left >= right:
        return
    row, column = centre[0] - half, centre[1] - half
    there = picture[row + top:row + bottom, column + left:column + right]
    part = weight[top:bottom, left:right]
    there[:] = np.clip(np.round((1 - part) * there + part * cut[top:bottom, left:right]), 0, 255)


def _behind(frames: np.ndarray, region: Region, n: int) -> np.ndarray:
    """What is behind the thing in frame n: from the nearest frame in which it is elsewhere, the camera's way taken into
    account; where there is none, a blur of what is around it."""
    from scipy.ndimage import gaussian_filter

    here = region.centre - region.camera
    apart = np.abs(here - here[n]).max(1) >= APART * region.half
    places = region.centre[n] + region.camera - region.camera[n]
    apart &= ((places >= 0) & (places < frames.shape[1:3])).all(1)
    if apart.any():
        nearest = min(np.flatnonzero(apart), key=lambda at: abs(int(at) - n))
        return _cut(frames[nearest], places[nearest], region.half)
    half = region.half
    wide = _cut(frames[n], region.centre[n], 2 * half).astype(np.float32)
    around = (np.hypot(*np.mgrid[-2 * half:2 * half + 1, -2 * half:2 * half + 1]) > half).astype(np.float32)[..., None]
    drawn, weight = (gaussian_filter(picture, (half / 2, half / 2, 0)) for picture in (wide * around, around))
    return (drawn / np.maximum(weight, 1e-6))[half:-half, half:-half]


def _way(frames: np.ndarray, region: Region, rng: np.random.Generator) -> np.ndarray:
    """int [2]: down and right to where a thing is moved, of eight directions one that keeps it in the picture."""
    far = AWAY * min(frames.shape[1:3])
    turns = 2 * np.pi * rng.permutation(8) / 8
    ways = [np.round(far * np.array([np.sin(turn), np.cos(turn)])).astype(int) for turn in turns]
    return max(ways, key=lambda way: float(((region.centre + way >= 0) & (region.centre + way < frames.shape[1:3]))
                                           .all(1).mean()))


def _box(frames: np.ndarray, region: Region, first: int, last: int, by: np.ndarray | int = 0) -> Box:
    low = (region.centre[first:last] + by - region.half).min(0)
    high = (region.centre[first:last] + by + region.half + 1).max(0)
    (top, left), (bottom, right) = np.maximum(low, 0), np.minimum(high, frames.shape[1:3])
    return int(left), int(top), int(right), int(bottom)

"""Where something moves in a clip, found by the differences of its frames once the camera's way is taken out.

A pixel of a frame counts as moving by how much it differs from both its neighbours in time, so that it is found where
the thing is, not where it was. A window of a fixed size follows what moves most, as smoothly as it can go (the best
path of all, by dynamic programming).
"""
from dataclasses import dataclass

import numpy as np

COARSE = 96             # pixels of the short side of the pictures that are searched
WINDOW = 0.34           # side of the window, of the short side
STEP = 3                # pixels of the small picture from one place of the window to the next
FASTEST = 2             # places that the window moves from a frame to the next
LEAST, MORE = 1.5, 1.5  # of 255: the least that moves in the window; how many times what moves in the whole picture
PEAKS = 4               # of the phase correlation, that are tried as the camera's way
CLEAR = 16              # of 255: a pixel that differs by so much is another, and counts as no more
GREY = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Region:
    """The way of a moving thing. centre: int [T, 2] (row, column) in pixels; half: of the window's side; camera: int
    [T, 2], how far what stands still has come (down, right) since the first frame."""

    centre: np.ndarray
    half: int
    camera: np.ndarray


def moving(frames: np.ndarray) -> Region | None:
    """What moves most in uint8 frames [T, h, w, 3]; None where nothing moves, or all of the picture does alike."""
    if len(frames) < 3:
        return None
    factor = max(1, round(min(frames.shape[1:3]) / COARSE))
    small = _small(frames, factor)
    camera = np.concatenate([np.zeros((1, 2), int), np.cumsum([shift(*pair) for pair in zip(small, small[1:],
                                                                                         strict=False)], 0)])
    energy = _energy(small, camera)
    half = max(2, round(WINDOW / 2 * min(small.shape[1:])))
    places, held = _held(energy, half)
    path = _path(held)
    inside = held[np.arange(len(path)), path[:, 0], path[:, 1]].mean()
    if inside < LEAST or inside < MORE * energy.mean():
        return None
    rows, columns = places
    centre = np.stack([rows[path[:, 0]], columns[path[:, 1]]], 1) * factor + factor // 2
    return Region(_smooth(centre), half * factor, camera * factor)


def shift(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """How far (down, right) most of the picture has moved, in whole pixels; float [h, w] each.

    The peaks of the phase correlation are tried, and no way at all: a thing that moves may have the highest peak, but
    the way of the camera is the one on which most pixels agree, however much the others differ."""
    window = np.hanning(before.shape[0])[:, None] * np.hanning(before.shape[1])
    first, second = (np.fft.rfft2((picture - picture.mean()) * window) for picture in (before, after))
    cross = second * np.conj(first)
    peaks = np.fft.irfft2(cross / np.maximum(np.abs(cross), 1e-9), before.shape)
    sides = np.array(peaks.shape)
    tried = [np.zeros(2, int)]
    for at in np.argpartition(peaks.ravel(), -PEAKS)[-PEAKS:]:
        found = np.array(np.unravel_index(int(at), peaks.shape))
        found = np.where(found > sides // 2, found - sides, found)
        if (np.abs(found) <= sides // 4).all():         # no camera moves farther: that would be another picture
            tried.append(found)
    return min(tried, key=lambda way: (float(np.minimum(np.abs(after - moved(before, *way)), CLEAR).mean()),
                                       abs(way).sum()))


def _small(frames: np.ndarray, factor: int) -> np.ndarray:
    height, width = (side // factor for side in frames.shape[1:3])
    return np.stack([(picture[:height * factor, :width * factor] @ GREY)
                     .reshape(height, factor, width, factor).mean((1, 3)) for picture in frames])


def _energy(small: np.ndarray, camera: np.ndarray) -> np.ndarray:
    """float [T, h, w]: by how much a pixel differs from both its neighbours in time, the camera's way taken out."""
    from scipy.ndimage import gaussian_filter

    differs = []
    for n in range(1, len(small)):
        down, right = camera[n] - camera[n - 1]
        differs.append(np.abs(small[n] - moved(small[n - 1], down, right)))
    forward = np.stack([*differs, differs[-1]])             # seen from the later frame; near enough to the earlier one
    backward = np.stack([differs[0], *differs])
    return gaussian_filter(np.minimum(forward, backward), (0, 1.5, 1.5))


def moved(picture: np.ndarray, down: int, right: int) -> np.ndarray:
    """The picture [h, w, ...] moved by whole pixels, its edges drawn out."""
    height, width = picture.shape[:2]
    rows, columns = np.clip(np.arange(height) - down, 0, height - 1), np.clip(np.arange(width) - right, 0, width - 1)
    return picture[rows][:, columns]


def _held(energy: np.ndarray, half: int) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """The centres of the windows that lie within the picture, and what each holds on average [T, rows, columns]."""
    from scipy.ndimage import uniform_filter

    mean = uniform_filter(energy, (0, 2 * half + 1, 2 * half + 1))
    rows, columns = (np.arange(min(half, side // 2), max(half, side - half - 1) + 1, STEP)
                     for side in energy.shape[1:])
    rows, columns = rows[rows < energy.shape[1]], columns[columns < energy.shape[2]]
    return (rows, columns), mean[:, rows][:, :, columns]


def _path(held: np.ndarray) -> np.ndarray:
    """int [T, 2]: the path through the places that holds most, of those that move `FASTEST` places a frame at most."""
    from scipy.ndimage import maximum_filter

    reach = 2 * FASTEST + 1
    best = [held[0]]
    for now in held[1:]:
        best.append(now + maximum_filter(best[-1], reach, mode="constant", cval=-np.inf))
    at = np.array(np.unravel_index(int(best[-1].argmax()), held.shape[1:]))
    path = [at]
    for earlier in reversed(best[:-1]):
        low = np.maximum(at - FASTEST, 0)
        part = earlier[low[0]:at[0] + FASTEST + 1, low[1]:at[1] + FASTEST + 1]
        at = low + np.array(np.unravel_index(int(part.argmax()), part.shape))
        path.append(at)
    return np.array(path[::-1])


def _smooth(centre: np.ndarray) -> np.ndarray:
    from scipy.ndimage import gaussian_filter1d

    return np.round(gaussian_filter1d(centre.astype(float), 1.5, axis=0, mode="nearest")).astype(int)

"""Blur by a lens or a hand: of a box, of motion, out of focus. Sizes are in parts of the picture's short side."""
import numpy as np

BOX = (0.012, 0.028, 0.06)          # side of the square
WAY = (0.025, 0.06, 0.12)           # length of the line
DISC = (0.007, 0.016, 0.034)        # radius of the disc


def box(frames: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Each pixel is the mean of a square around it, its side `BOX` of the short side: 3, 5 and 7 pixels at least."""
    from scipy.ndimage import uniform_filter

    side = 2 * _half(frames, BOX[k] / 2, k) + 1
    return np.stack([_whole(uniform_filter(picture, (side, side, 1), np.float32)) for picture in frames])


def motion(frames: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Each pixel is the mean of a line through it, in one direction in the whole clip: `WAY` of the short side long, 3,
    5 and 7 pixels at least."""
    half, angle = min(128, _half(frames, WAY[k] / 2, k)), rng.uniform(0, np.pi)
    height, width = frames.shape[1:3]
    steps = np.arange(-half, half + 1)
    rows, columns = (half + np.round(steps * part).astype(int) for part in (np.sin(angle), np.cos(angle)))
    blurred = []
    for picture in frames:
        padded = np.pad(picture, ((half, half), (half, half), (0, 0)), mode="edge")
        total = np.zeros(picture.shape, np.uint16)      # 257 pixels of 255 fit in it
        for row, column in zip(rows, columns, strict=True):
            total += padded[row:row + height, column:column + width]
        blurred.append(_whole(total / np.float32(len(steps))))
    return np.stack(blurred)


def defocus(frames: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Each point becomes a disc, as out of focus: its radius `DISC` of the short side, 1, 2 and 3 pixels at least."""
    from scipy.signal import fftconvolve

    radius = max(k + 1.0, DISC[k] * min(frames.shape[1:3]))
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach:reach + 1, -reach:reach + 1]
    disc = np.clip(radius + 0.5 - np.hypot(y, x), 0, 1).astype(np.float32)
    disc /= disc.sum()
    blurred = []
    for picture in frames:
        padded = np.pad(picture, ((reach, reach), (reach, reach), (0, 0)), mode="edge").astype(np.float32)
        blurred.append(_whole(fftconvolve(padded, disc[..., None], mode="valid", axes=(0, 1))))
    return np.stack(blurred)


def _half(frames: np.ndarray, part: float, k: int) -> int:
    return max(k + 1, round(part * min(frames.shape[1:3])))


def _whole(picture: np.ndarray) -> np.ndarray:
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)

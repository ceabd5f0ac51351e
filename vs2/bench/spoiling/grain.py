"""Noise, a grain of one pixel of the clip's own size (two where it is coarser). Deviations are of 255."""
import numpy as np

GAUSSIAN = (12, 25, 50)             # standard deviation
SALT = (0.01, 0.04, 0.12)           # share of the pixels
FILM = (8, 18, 36)                  # standard deviation in middle grey
CHROMA = (12, 26, 52)               # standard deviation of each colour difference
SOFT = 0.8                          # deviation, in pixels, that makes film's grain round
DEEP = 0.3                          # how much of film's grain is left in black and white


def gaussian(frames: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """White noise of the deviation `GAUSSIAN` in every channel of every pixel."""
    return np.stack([_added(picture, GAUSSIAN[k] * rng.standard_normal(picture.shape, np.float32))
                     for picture in frames])


def salt_and_pepper(frames: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """The share `SALT` of the pixels is white or black. A stronger fault has the pixels of a weaker one, too."""
    spoiled = frames.copy()
    for picture in spoiled:
        drawn = rng.random(picture.shape[:2], np.float32)
        picture[drawn < SALT[k] / 2] = 0
        picture[drawn > 1 - SALT[k] / 2] = 255
    return spoiled


def film(frames: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Film's grain: round, the same in all channels, most in middle grey, where its deviation is `FILM`."""
    from scipy.ndimage import gaussian_filter

    spoiled = []
    for picture in frames:
        grain = gaussian_filter(rng.standard_normal(picture.shape[:2], np.float32), SOFT)
        grain /= max(float(grain.std()), 1e-6)
        light = picture.mean(-1, dtype=np.float32) / 255
        grain *= FILM[k] * (DEEP + (1 - DEEP) * 4 * light * (1 - light))
        spoiled.append(_added(picture, grain[..., None]))
    return np.stack(spoiled)


def chroma(frames: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Noise of the colour alone (Cb and Cr of BT.601, deviation `CHROMA`), in squares of two pixels; light stays."""
    spoiled = []
    for picture in frames:
        height, width = picture.shape[:2]
        half = rng.standard_normal(((height + 1) // 2, (width + 1) // 2, 2), np.float32) * CHROMA[k]
        blue, red = np.moveaxis(half.repeat(2, 0).repeat(2, 1)[:height, :width], -1, 0)
        spoiled.append(_added(picture, np.stack([1.402 * red, -0.344 * blue - 0.714 * red, 1.772 * blue], -1)))
    return np.stack(spoiled)


def _added(picture: np.ndarray, noise: np.ndarray) -> np.ndarray:
    return np.clip(np.round(picture + noise), 0, 255).astype(np.uint8)

"""Surfaces: noise with the spectrum of natural pictures, and the five grounds that a scene can stand on."""
import numpy as np
from PIL import Image

OCTAVES = (4, 8, 16, 32, 64, 128)
# the backdrop's colour, the ground's, and how strongly either is textured
GROUNDS = {"grass": ((150, 200, 240), (88, 150, 60), 14, 20), "sand": ((190, 215, 235), (222, 190, 130), 14, 14),
           "snow": ((170, 180, 195), (232, 238, 245), 12, 7), "bricks": ((165, 85, 65), (120, 118, 115), 8, 10),
           "night": ((16, 20, 52), (44, 50, 58), 6, 7)}


def field(rng, height: int, width: int, rough: float = 1.0) -> np.ndarray:
    """float32 [height, width] noise of unit deviation whose amplitude falls as frequency to the power of -rough.

    Natural pictures have about 1 (Field, 1987). It is a sum of octaves, each a coarse grid drawn out.
    """
    total = np.zeros((height, width), np.float32)
    short = min(height, width)
    for cells in OCTAVES:
        if cells > short:
            break
        grid = rng.standard_normal((cells * height // short + 1, cells * width // short + 1), dtype=np.float32)
        total += np.asarray(Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC)) * cells ** -rough
    total -= total.mean()
    total /= total.std() + 1e-6
    return total


def ground(rng, kind: str, height: int, width: int, horizon: int, rough: float) -> np.ndarray:
    """float32 [height, width, 3]: a backdrop above the row `horizon` and textured ground below it."""
    top, low, wave, grain = GROUNDS[kind]
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    cloud = field(rng, height, width, rough)[..., None]
    picture = np.array(top, np.float32) * (0.86 + 0.16 * y) + wave * cloud
    if kind == "bricks":
        rows, columns = np.ogrid[0:height, 0:width]
        wide = max(8, min(height, width) // 7)
        tall = wide // 2
        seam = (rows % tall < 2) | ((columns + (rows // tall % 2) * tall) % wide < 2)
        picture[seam] = (205, 195, 180)
    if kind == "night":
        for _ in range(50):
            row, column = int(rng.integers(0, max(1, horizon))), int(rng.integers(0, width - 1))
            picture[row, column:column + 2] = 200 + 55 * rng.random()
    horizon = min(max(horizon, 0), height - 1)
    speck = rng.standard_normal((height - horizon, width), dtype=np.float32)
    if kind == "grass":     # blades: noise drawn out upwards
        speck = (speck + np.roll(speck, 1, 0) + np.roll(speck, 2, 0) + np.roll(speck, 3, 0)) / 2
    near = (1 - 0.2 * (1 - y[horizon:]))
    picture[horizon:] = np.array(low, np.float32) * near + grain * (0.7 * speck[..., None] + 0.5 * cloud[horizon:])
    return picture


def lit(picture: np.ndarray, light: tuple[float, float, float, float]) -> np.ndarray:
    """uint8 of a float32 picture under a light: brightness, warmth, slope from left to right, vignette."""
    bright, warm, slope, vignette = light
    height, width = picture.shape[:2]
    x = np.linspace(-1, 1, width, dtype=np.float32)
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    gain = bright * (1 + slope * x) * (1 - vignette * (x * x + y * y) / 2)
    tint = np.array((1 + 0.06 * warm, 1, 1 - 0.06 * warm), np.float32)
    return np.clip(picture * (gain[..., None] * tint), 0, 255).astype(np.uint8)

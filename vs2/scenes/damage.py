"""Spoils a picture on purpose, at a known strength 1 to 4: blur, noise, blocking, flicker, pixelation, jitter.

Each function works on one uint8 [h, w, 3] picture. Sizes are in pixels of a picture whose short side is 224, and grow
with it, so that a fault looks the same at any size. Neighbouring strengths lie about a factor of 2 apart.
"""
import io

import numpy as np
from PIL import Image, ImageFilter

from vs2.scenes.world import Fault

SHORT = 224
BLUR = (1.8, 3.4, 5.6, 9.0)         # standard deviation
NOISE = (14, 30, 55, 95)            # standard deviation
QUALITY = (30, 12, 6, 2)            # JPEG quality at half size: 16-pixel blocks
FLICKER = (0.13, 0.25, 0.4, 0.62)   # largest change of brightness of a frame
COARSE = (4, 7, 12, 20)             # pixels that become one
SHAKE = (3, 7, 14, 26)              # largest shift
LEAST = 0.85                        # of the largest: what varies from frame to frame stays told apart by its strength


def damage(picture: np.ndarray, fault: Fault | None, seed: int, frame: int) -> np.ndarray:
    """The picture with the fault. What is random depends on the seed and the frame's number alone."""
    if fault is None:
        return picture
    rng = np.random.default_rng([seed, 4, frame])
    return FAULTS[fault.kind](picture, fault.strength - 1, rng, min(picture.shape[:2]) / SHORT)


def _resized(picture, height, width, how):
    return np.asarray(Image.fromarray(picture).resize((max(1, round(width)), max(1, round(height))), how))


def _blur(picture, k, rng, scale):
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(BLUR[k] * scale)))


def _noise(picture, k, rng, scale):
    height, width = picture.shape[:2]
    grains = (max(1, round(height / scale)), max(1, round(width / scale)), 3)
    noise = rng.standard_normal(grains, dtype=np.float32)
    if noise.shape != picture.shape:        # the grain is as large as it is at 224
        rows, columns = (np.arange(side) * grain // side for side, grain in zip((height, width), grains, strict=False))
        noise = noise[rows][:, columns]
    noise = noise * NOISE[k]
    noise += picture
    return np.clip(noise, 0, 255, out=noise).astype(np.uint8)


def _blocking(picture, k, rng, scale):
    height, width = picture.shape[:2]
    file = io.BytesIO()
    half = _resized(picture, height / scale / 2, width / scale / 2, Image.Resampling.BILINEAR)
    Image.fromarray(half).save(file, "JPEG", quality=QUALITY[k])
    return _resized(np.asarray(Image.open(file)), height, width, Image.Resampling.NEAREST)


def _flicker(picture, k, rng, scale):
    gain = 1 + rng.choice((-1, 1)) * FLICKER[k] * rng.uniform(LEAST, 1.0)
    table = np.clip(np.arange(256) * gain, 0, 255).astype(np.uint8)
    return table[picture]


def _pixelation(picture, k, rng, scale):
    height, width = picture.shape[:2]
    small = _resized(picture, height / scale / COARSE[k], width / scale / COARSE[k], Image.Resampling.BOX)
    return _resized(small, height, width, Image.Resampling.NEAREST)


def _jitter(picture, k, rng, scale):
    angle = rng.uniform(0, 2 * np.pi)
    far = SHAKE[k] * scale * rng.uniform(LEAST, 1.0)
    dy, dx = int(round(far * np.sin(angle))), int(round(far * np.cos(angle)))
    h, w = picture.shape[:2]
    return picture[np.clip(np.arange(h) + dy, 0, h - 1)][:, np.clip(np.arange(w) + dx, 0, w - 1)]


FAULTS = {"blur": _blur, "noise": _noise, "blocking": _blocking, "flicker": _flicker, "pixelation": _pixelation,
          "jitter": _jitter}

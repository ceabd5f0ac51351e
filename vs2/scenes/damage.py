"""Spoils a picture on purpose, at a known strength 1 to 4: blur, noise, blocking, flicker, pixelation, jitter.

Each function works on one uint8 [h, w, 3] picture; sizes are in pixels of a 224-pixel clip.
"""
import io

import numpy as np
from PIL import Image, ImageFilter

from vs2.scenes.world import Fault

BLUR = (1.5, 2.6, 4.2, 6.5)         # standard deviation
NOISE = (12, 25, 45, 80)            # standard deviation
QUALITY = (18, 10, 6, 3)            # JPEG quality at half size: 16-pixel blocks
FLICKER = (0.12, 0.22, 0.35, 0.55)  # largest change of brightness from frame to frame
COARSE = (3, 5, 7, 10)              # pixels that become one
SHAKE = (4, 8, 14, 22)              # largest shift


def damage(picture: np.ndarray, fault: Fault | None, seed: int, frame: int) -> np.ndarray:
    """The picture with the fault. What is random depends on the seed and the frame's number alone."""
    if fault is None:
        return picture
    rng = np.random.default_rng([seed, 4, frame])
    return FAULTS[fault.kind](picture, fault.strength - 1, rng, frame)


def _blur(picture, k, rng, frame):
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(BLUR[k])))


def _noise(picture, k, rng, frame):
    noise = rng.standard_normal(picture.shape, dtype=np.float32)
    noise *= NOISE[k]
    noise += picture
    return np.clip(noise, 0, 255, out=noise).astype(np.uint8)


def _blocking(picture, k, rng, frame):
    h, w = picture.shape[:2]
    file = io.BytesIO()
    Image.fromarray(picture).resize((w // 2, h // 2), Image.Resampling.BILINEAR).save(file, "JPEG", quality=QUALITY[k])
    return np.asarray(Image.open(file).resize((w, h), Image.Resampling.NEAREST))


def _flicker(picture, k, rng, frame):
    sign = 1 if frame // 3 % 2 else -1
    gain = 1 + sign * FLICKER[k] * rng.uniform(0.6, 1.0)
    table = np.clip(np.arange(256) * gain, 0, 255).astype(np.uint8)
    return table[picture]


def _pixelation(picture, k, rng, frame):
    h, w = picture.shape[:2]
    small = Image.fromarray(picture).resize((max(1, w // COARSE[k]), max(1, h // COARSE[k])), Image.Resampling.BOX)
    return np.asarray(small.resize((w, h), Image.Resampling.NEAREST))


def _jitter(picture, k, rng, frame):
    angle = rng.uniform(0, 2 * np.pi)
    far = SHAKE[k] * rng.uniform(0.6, 1.0)
    dy, dx = int(round(far * np.sin(angle))), int(round(far * np.cos(angle)))
    h, w = picture.shape[:2]
    return picture[np.clip(np.arange(h) + dy, 0, h - 1)][:, np.clip(np.arange(w) + dx, 0, w - 1)]


FAULTS = {"blur": _blur, "noise": _noise, "blocking": _blocking, "flicker": _flicker, "pixelation": _pixelation,
          "jitter": _jitter}

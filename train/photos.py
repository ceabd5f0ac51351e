"""Photographs that the built-in judge learns natural pictures from: the sample images that scikit-image installs.

Nothing is downloaded, and nothing of them is kept in the repository.
"""
import functools
from pathlib import Path

import numpy as np
from PIL import Image

NAMES = ("astronaut.png", "brick.png", "camera.png", "chelsea.png", "coffee.png", "coins.png", "grass.png",
         "gravel.png", "hubble_deep_field.jpg", "motorcycle_left.png", "motorcycle_right.png", "rocket.jpg")


@functools.cache
def photographs() -> tuple[np.ndarray, ...]:
    """uint8 [h, w, 3] each; grey ones stay grey."""
    import skimage

    folder = Path(skimage.__file__).parent / "data"
    return tuple(np.asarray(Image.open(folder / name).convert("RGB")) for name in NAMES)

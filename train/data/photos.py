"""Photographs that the built-in judge learns natural pictures from: samples that come with the libraries it needs.

Nothing is downloaded, and nothing of them is kept in the repository. None shows what a scene has a word for.
"""
import functools
import importlib.util
from pathlib import Path

import numpy as np
from PIL import Image

NAMES = {
    "skimage": tuple(f"data/{name}" for name in (
        "astronaut.png", "camera.png", "chelsea.png", "coffee.png", "coins.png",
        "gravel.png", "hubble_deep_field.jpg", "ihc.png", "moon.png", "motorcycle_left.png",
        "motorcycle_right.png", "retina.jpg", "rocket.jpg")),
    "gradio": tuple(f"media_assets/images/{name}" for name in (
        "cheetah.jpg", "cheetah1.jpg", "groot.jpeg", "lion.jpg", "tower.jpg")),
    "matplotlib": ("mpl-data/sample_data/grace_hopper.jpg",),
}


@functools.cache
def photographs() -> tuple[np.ndarray, ...]:
    """uint8 [h, w, 3] each; grey ones stay grey. Raises FileNotFoundError where a library no longer brings one."""
    folders = {name: Path(importlib.util.find_spec(name).origin).parent for name in NAMES}
    return tuple(np.asarray(Image.open(folders[library] / name).convert("RGB"))
                 for library, names in NAMES.items() for name in names)

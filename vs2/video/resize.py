"""Bicubic resizing with antialiasing: what torchvision's `resize` makes of bytes, bit for bit, without importing it.

torchvision takes a second and more to import, most of it for what resizing does not need.
"""
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from vs2 import forks

if TYPE_CHECKING:
    import torch

Resize = Callable[[np.ndarray, tuple[int, int]], np.ndarray]    # uint8 [h, w, 3], (height, width) -> the picture so
LARGE = 4096 * 2304     # pixels of a frame


def resizer() -> Resize:
    """Resizes one picture after the other, each as `resize` does."""
    import torch

    forks.settle()

    def apply(image: np.ndarray, target: tuple[int, int]) -> np.ndarray:
        # torch works in float32, in which three colours of a huge frame take gigabytes: that one goes colour by colour.
        # Always a copy: what came through the pipe may not be written to, and torch warns of that.
        if image.shape[0] * image.shape[1] > LARGE:
            return np.stack([resize(torch.from_numpy(np.array(image[..., colour], order="C"))[None], target)[0].numpy()
                             for colour in range(3)], -1)
        return resize(torch.from_numpy(np.array(image)).permute(2, 0, 1), target).permute(1, 2, 0).numpy()

    return apply


def resize(pictures: "torch.Tensor", size: tuple[int, int]) -> "torch.Tensor":
    """Pictures uint8 [..., colours, h, w] at another size (height, width)."""
    import torch

    height, width = size
    if pictures.dtype != torch.uint8:
        raise ValueError(f"pictures are bytes, and these are {pictures.dtype}")
    if tuple(pictures.shape[-2:]) == (height, width):
        return pictures
    shape = pictures.shape
    flat = pictures.reshape(-1, *shape[-3:]).to(torch.float32)
    made = torch.nn.functional.interpolate(flat, [height, width], mode="bicubic", align_corners=False, antialias=True)
    return made.clamp_(0, 255).round_().to(torch.uint8).reshape(*shape[:-2], height, width)

"""Bicubic resizing with antialiasing: what torchvision's `resize` makes of bytes, bit for bit, without importing it.

torchvision takes a second and more to import, most of it for what resizing does not need.
"""
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


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

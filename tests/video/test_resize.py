"""Resizing without torchvision gives torchvision's bytes."""
import numpy as np
import pytest
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as torchvision

from vs2.video import resize as resizing
from vs2.video.resize import resize

SIZES = ((1, 1), (3, 5), (28, 28), (56, 84), (97, 31), (112, 112), (224, 224), (360, 640), (501, 333))


def theirs(pictures, size):
    return torchvision.resize(pictures, list(size), InterpolationMode.BICUBIC, antialias=True)


@pytest.mark.parametrize("before", SIZES, ids=str)
@pytest.mark.parametrize("layout", ["frames", "one colour", "colours first"])
def test_the_same_bytes(before, layout):
    """As it is called: frames whose colours come last, one colour of one, and frames whose colours come first."""
    dice = torch.Generator().manual_seed(before[0])
    noise = torch.randint(0, 256, (2, *before, 3), generator=dice, dtype=torch.uint8)
    ramp = (torch.arange(before[1]) * 255 // before[1]).to(torch.uint8).view(1, 1, -1, 1).expand(2, *before, 3)
    edges = (noise > 127).to(torch.uint8) * 255
    for frames in (noise, ramp, edges):
        pictures = {"frames": frames.permute(0, 3, 1, 2), "one colour": frames[0, ..., 1].contiguous()[None],
                    "colours first": frames.permute(0, 3, 1, 2).contiguous()}[layout]
        kept = pictures.clone()
        for size in SIZES:
            made, wanted = resize(pictures, size), theirs(pictures, size)
            assert made.dtype == wanted.dtype and made.shape == wanted.shape and torch.equal(made, wanted), size
        assert torch.equal(pictures, kept)


def test_what_is_no_picture_of_bytes_is_refused():
    with pytest.raises(ValueError, match="bytes"):
        resize(torch.zeros(3, 4, 4), (2, 2))


def test_a_huge_frame_goes_colour_by_colour_to_the_same_bytes(monkeypatch):
    picture = torch.randint(0, 256, (97, 131, 3), generator=torch.Generator().manual_seed(0), dtype=torch.uint8).numpy()
    at_once = resizing.resizer()(picture, (84, 112))
    monkeypatch.setattr(resizing, "LARGE", 0)
    assert np.array_equal(resizing.resizer()(picture, (84, 112)), at_once) and at_once.shape == (84, 112, 3)

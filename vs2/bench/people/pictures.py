"""Plain statistics of a clip's pictures: what a judge has to beat before it has learned anything of a suite.

Each is one number of the frames alone. None looks at the size, the rate, the length or the format of a file, which tell
the generator and not the clip; pictures are first made smaller, to a short side of `SIDE`, so that they are comparable.
Which one is best, and of which sign, differs from suite to suite: baselines.py says it.
"""
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from vs2 import video
from vs2.video.sampling import Sampling

SIDE, FRAMES = 256, 17              # pixels of the short side, and consecutive frames from the beginning, that are read
STILLS = 4                          # one frame in so many is looked at for what a single picture shows
COARSE, BLOCK, REACH = 96, 8, 4     # for blocks: pixels of the short side, of a block, and how far one is looked for
STAYS = 0.05                        # of 255 a pixel of way: between two equal matches a block moved the shorter way
GREY = np.array([0.299, 0.587, 0.114], np.float32)
WINDOW = 7 / 6                      # deviation of the neighbourhood, as in BRISQUE


@dataclass(frozen=True)
class Beginning(Sampling):
    """Consecutive frames, made smaller where they are larger than `SIDE`."""

    def indices(self, total: int, video_fps: float) -> list[int]:
        return list(range(max(1, min(total, FRAMES))))

    def size(self, frames: int, height: int, width: int) -> tuple[int, int]:
        scale = min(1.0, SIDE / min(height, width))
        high, wide = (max(BLOCK, round(side * scale)) for side in (height, width))
        return high, wide


@dataclass(frozen=True)
class Pictures:
    """uint8 frames [n, h, w, 3], and what several statistics need of them, made once."""

    frames: np.ndarray

    @cached_property
    def grey(self) -> np.ndarray:
        """float32 [n, h, w], 0 to 255."""
        return self.frames @ GREY

    @cached_property
    def blocks(self) -> tuple[np.ndarray, np.ndarray]:
        """Block matching from each frame to the next: the ways [n - 1, rows, columns, 2] (down, right) in pixels of a
        picture whose short side has about `COARSE`, and what differs there [n - 1, rows, columns], 0 to 255."""
        small = _mean_of(self.grey, max(1, round(min(self.grey.shape[1:]) / COARSE)))
        sides = [max(BLOCK, side // BLOCK * BLOCK) for side in small.shape[1:]]
        height, width = sides
        missing = [(0, max(0, side - there)) for side, there in zip(sides, small.shape[1:], strict=True)]
        small = np.pad(small, ((0, 0), *missing), mode="edge")[:, :height, :width]
        then = np.pad(small[1:], ((0, 0), (REACH, REACH), (REACH, REACH)), mode="edge")
        ways = [(dy, dx) for dy in range(-REACH, REACH + 1) for dx in range(-REACH, REACH + 1)]
        differs = np.stack([_mean_of(np.abs(small[:-1] - then[:, REACH + dy:REACH + dy + height,
                                                              REACH + dx:REACH + dx + width]), BLOCK)
                            for dy, dx in ways])
        best = (differs + STAYS * np.hypot(*np.array(ways).T)[:, None, None, None]).argmin(0)
        return np.array(ways)[best], np.take_along_axis(differs, best[None], 0)[0]


def brightness(seen: Pictures) -> float:
    """The mean grey, 0 to 255."""
    return float(seen.grey.mean())


def contrast(seen: Pictures) -> float:
    """The standard deviation of grey over all pixels, 0 to 127."""
    return float(seen.grey.std())


def sharpness(seen: Pictures) -> float:
    """The variance of the Laplacian of grey."""
    grey = seen.grey[::STILLS]
    inner = grey[:, 1:-1, 1:-1]
    return float((grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:] - 4 * inner).var())


def colourfulness(seen: Pictures) -> float:
    """The mean of the largest less the smallest of a pixel's three channels, 0 to 255."""
    return float((seen.frames.max(-1).astype(np.float32) - seen.frames.min(-1)).mean())


def local_contrast(seen: Pictures) -> float:
    """The variance of normalised contrast: of grey less its neighbourhood's mean, over its neighbourhood's deviation
    (Mittal, Moorthy, Bovik: BRISQUE, 2012). Soft pictures have little."""
    from scipy.ndimage import gaussian_filter  # half a second to import

    grey, window = seen.grey[::STILLS], (0, WINDOW, WINDOW)
    mean = gaussian_filter(grey, window)
    deviation = np.sqrt(np.abs(gaussian_filter(grey * grey, window) - mean * mean))
    return float(((grey - mean) / (deviation + 1)).var())


def motion(seen: Pictures) -> float:
    """How much grey changes from a frame to the next, 0 to 255, on average."""
    return float(np.abs(np.diff(seen.grey, axis=0)).mean()) if len(seen.grey) > 1 else 0.0


def flicker(seen: Pictures) -> float:
    """How much the mean grey of a whole frame changes to the next one's, 0 to 255, on average."""
    return float(np.abs(np.diff(seen.grey.mean((1, 2)))).mean()) if len(seen.grey) > 1 else 0.0


def displacement(seen: Pictures) -> float:
    """How far blocks of the picture move from a frame to the next, in 96ths of the short side, on average."""
    return float(np.hypot(*np.moveaxis(seen.blocks[0], -1, 0)).mean()) if len(seen.grey) > 1 else 0.0


def unexplained(seen: Pictures) -> float:
    """How much of the change, 0 to 255, is left where each block is compared with where it moved to, on average."""
    return float(seen.blocks[1].mean()) if len(seen.grey) > 1 else 0.0


STATISTICS: dict[str, Callable[[Pictures], float]] = {
    "brightness": brightness, "contrast": contrast, "sharpness": sharpness, "colourfulness": colourfulness,
    "local contrast": local_contrast, "motion": motion, "flicker": flicker, "displacement": displacement,
    "unexplained change": unexplained}


def statistics(path: Path) -> dict[str, float]:
    """All of them, of the beginning of a file. Raises BadInput where it cannot be read."""
    seen = Pictures(video.read(path, Beginning()).frames)
    return {name: of(seen) for name, of in STATISTICS.items()}


def _mean_of(pictures: np.ndarray, side: int) -> np.ndarray:
    """float [n, h, w]: the means of whole squares of so many pixels."""
    n, height, width = len(pictures), pictures.shape[1] // side, pictures.shape[2] // side
    return pictures[:, :height * side, :width * side].reshape(n, height, side, width, side).mean((2, 4))

"""Which frames a checkpoint sees, and at what size: the arithmetic of qwen-vl-utils 0.0.14 as data.

The published system reads 2 frames a second, at least 4 and at most 768, an even number; each is resized
(bicubic, antialiased) to multiples of 28 within the limits below. Nothing here reads a file.
"""
import math
from dataclasses import dataclass, replace

PATCH = 28          # a vision token covers 28 x 28 pixels (patch 14, spatial merge 2)
PAIR = 2            # temporal patch: frames enter in pairs
MAX_ASPECT = 200    # beyond it qwen-vl-utils refuses the frame


@dataclass(frozen=True)
class Sampling:
    """What to take from a clip. Pixels are height * width of one frame; `total_pixels` caps the whole clip.

    pulse: neighbouring frames that are also looked at in small (`vs2.video.pulse`), at most; 0: none.
    """

    fps: float = 2.0
    min_frames: int = 4
    max_frames: int = 768
    min_pixels: int = 128 * PATCH * PATCH
    max_pixels: int = 768 * PATCH * PATCH
    total_pixels: int = int(128000 * PATCH * PATCH * 0.9)
    pulse: int = 0

    def capped(self, frames: int | None, pixels: int | None) -> "Sampling":
        """This with at most so many frames, and so many pixels of one; what is None stays as it is."""
        most = self.max_frames if frames is None else min(self.max_frames, frames)
        found = replace(self, max_frames=most, min_frames=min(self.min_frames, most))
        if pixels is None or pixels >= self.max_pixels:
            return found
        # `fit` rounds up where it enlarges, by nearly a patch a side: the least leaves room for that.
        least = self.min_pixels if pixels >= 1.5 * self.min_pixels else min(self.min_pixels, pixels // 4)
        return replace(found, max_pixels=pixels, min_pixels=least)

    def indices(self, total: int, video_fps: float) -> list[int]:
        """The frame numbers to read from `total` frames at `video_fps`; never empty, always an even count.

        One frame is shown twice, for a temporal patch holds two (the published code refuses such a clip).
        """
        if total < PAIR:
            return [0, 0]
        low = math.ceil(self.min_frames / PAIR) * PAIR
        high = math.floor(min(self.max_frames, total) / PAIR) * PAIR
        count = min(max(total / video_fps * self.fps, low), high, total)
        count = math.floor(count / PAIR) * PAIR
        # torch.linspace(0, total - 1, count).round().long() in float32, as the reference has it
        import torch
        return torch.linspace(0, total - 1, count).round().long().tolist()

    def size(self, frames: int, height: int, width: int) -> tuple[int, int]:
        """Height and width that frames of (height, width) are resized to, for a clip of `frames` frames."""
        most = max(min(self.max_pixels, self.total_pixels / frames * PAIR), int(self.min_pixels * 1.05))
        return fit(height, width, self.min_pixels, most)


def fit(height: int, width: int, least: float, most: float) -> tuple[int, int]:
    """The nearest multiples of 28 with least <= pixels <= most and the aspect ratio kept as well as may be."""
    if max(height, width) / min(height, width) > MAX_ASPECT:
        raise ValueError(f"aspect ratio above {MAX_ASPECT}")
    h, w = (max(PATCH, round(side / PATCH) * PATCH) for side in (height, width))
    if h * w > most:
        shrink = math.sqrt(height * width / most)
        h, w = (max(PATCH, math.floor(side / shrink / PATCH) * PATCH) for side in (height, width))
    elif h * w < least:
        grow = math.sqrt(least / (height * width))
        h, w = (math.ceil(side * grow / PATCH) * PATCH for side in (height, width))
    return h, w

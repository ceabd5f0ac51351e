"""What a clip does from one frame to the next, in small: grey thumbnails and pieces of neighbouring frames.

A judge sees few frames of a clip, far apart. That the light flickers, that pictures are lost, stand still or jump shows
only between neighbours; a thumbnail of each, and four small pieces at the judge's size, tell it at little cost.
Nothing here imports torch.
"""
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

SIDE = 32           # pixels, of a thumbnail and of a piece
PIECES = 4          # in the middle of each quarter of a picture
BYTES = (1 + PIECES) * SIDE * SIDE      # of one frame


@dataclass(frozen=True, eq=False)
class Pulse:
    """numbers: of the frames in the clip, rising. small: uint8 [n, 1 + PIECES, SIDE, SIDE], grey: thumbnails, then
    pieces."""

    numbers: tuple[int, ...]
    small: np.ndarray

    @property
    def follows(self) -> np.ndarray:
        """bool [n - 1]: whether each frame but the first comes right after the one before it."""
        return np.diff(np.array(self.numbers, int)) == 1


def chosen(total: int, indices: Sequence[int], most: int) -> list[int]:
    """The frames of a clip of `total`, `most` of them: all, or as long a run from each of `indices` on."""
    if total <= most:
        return list(range(total))
    starts = sorted(set(indices))
    length = max(2, most // len(starts))
    return sorted({number for start in starts
                   for number in range(min(start, total - length), min(start, total - length) + length)})


def small(grey: np.ndarray) -> np.ndarray:
    """uint8 [1 + PIECES, SIDE, SIDE] of a grey picture [h, w] at the judge's size; what is too small is stretched."""
    from PIL import Image  # only who makes one needs it, which is the process that reads the file

    height, width = grey.shape
    if min(height, width) < 2 * SIDE:
        scale = 2 * SIDE / min(height, width)
        grey = np.asarray(Image.fromarray(grey).resize((max(2 * SIDE, round(width * scale)),
                                                        max(2 * SIDE, round(height * scale)))))
        height, width = grey.shape
    thumb = np.asarray(Image.fromarray(grey).resize((SIDE, SIDE), Image.Resampling.BOX))
    found = [thumb]
    for down in (1, 3):
        for right in (1, 3):
            top, left = height * down // 4 - SIDE // 2, width * right // 4 - SIDE // 2
            found.append(grey[top:top + SIDE, left:left + SIDE])
    return np.stack(found)


def grey(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """uint8 [height, width] of RGB of any size."""
    from PIL import Image

    found = Image.fromarray(picture).convert("L")
    return np.asarray(found if found.size == (width, height) else
                      found.resize((width, height), Image.Resampling.BICUBIC))


def of(frames: Iterable[np.ndarray], numbers: Sequence[int], height: int, width: int) -> Pulse:
    """Of RGB pictures uint8 [h, w, 3], their numbers in the clip, and the size that the judge sees."""
    return Pulse(tuple(numbers), np.stack([small(grey(frame, height, width)) for frame in frames]))

"""The pictures that a judge of footage is shown of a clip: each frame whole, and pieces of some at the clip's own size.

Whole frames tell what is shown and how it moves. Fine noise, an encoder's blocks and a slight blur are gone once a
frame is made small, so two pairs of neighbouring frames are also shown as cut-outs that are not.
"""
import numpy as np
import torch

from vs2.video.resize import resize

SIDE = 224          # pixels, of every picture
FRAMES = 8          # that are shown whole
CUT = (2, 4)        # the first frames of the pairs that are cut from: in the middle, and where most detail is


def views(frames: np.ndarray) -> np.ndarray:
    """uint8 [12, 224, 224, 3] of frames uint8 [n, h, w, 3], n even: 8 whole ones, then two pairs of pieces.

    Whole frames lose their shape; pieces have it. A clip of fewer frames shows some twice.
    """
    frames = frames[np.linspace(0, len(frames) - 1, FRAMES).round().astype(int)]
    height, width = min(SIDE, frames.shape[1]), min(SIDE, frames.shape[2])
    down, right = frames.shape[1] - height, frames.shape[2] - width
    places = [(0, 0), (0, right), (down, 0), (down, right)]

    def detail(place: tuple[int, int]) -> float:
        return float(frames[CUT[1], place[0]:place[0] + height, place[1]:place[1] + width].mean(-1).std())

    pieces = []
    for first, (top, left) in zip(CUT, ((down // 2, right // 2), max(places, key=detail)), strict=True):
        pieces.append(frames[first:first + 2, top:top + height, left:left + width])
    return np.concatenate([_square(part) for part in (frames, *pieces)])


def _square(frames: np.ndarray) -> np.ndarray:
    if frames.shape[1:3] == (SIDE, SIDE):
        return frames
    pictures = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2)
    made = resize(pictures, (SIDE, SIDE))
    return made.permute(0, 2, 3, 1).contiguous().numpy()

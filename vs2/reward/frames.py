"""What a trainer holds of a clip -> frames uint8 [n, height, width, 3]: tensors, arrays, lists of pictures."""
from collections.abc import Sequence
from typing import Any

import numpy as np

from vs2.errors import BadInput

SLACK = 0.05    # that numbers may lie outside of 0 to 1: decoders overshoot a little; another range lies far outside


def frames_of(video: Any, name: str = "the clip") -> np.ndarray:
    """uint8 [n, height, width, 3] of one clip; a list of PIL pictures, or a tensor or an array of numbers.

    Numbers are [n, 3, height, width] or [n, height, width, 3]; whole ones are uint8, others go from 0 to 1 and are
    rounded as Flow-GRPO rounds them. Raises BadInput for anything else, numbers of another range among it.
    """
    if isinstance(video, Sequence) and not isinstance(video, str | bytes):
        video = _stacked(video, name)
    if hasattr(video, "detach"):        # a tensor; NumPy has no bfloat16
        video = video.detach().cpu()
        video = (video.float() if video.is_floating_point() else video).numpy()
    if not isinstance(video, np.ndarray):
        raise BadInput(f"{name} is a {type(video).__name__}: give a path, a tensor or an array of [n, 3, height, "
                       "width], or a list of pictures.")
    if video.ndim != 4 or 3 not in (video.shape[1], video.shape[-1]) or not video.size:
        raise BadInput(f"{name} has the shape {list(video.shape)}: give [n, 3, height, width] or [n, height, "
                       "width, 3].")
    if video.shape[1] == 3:
        video = video.transpose(0, 2, 3, 1)
    return np.ascontiguousarray(_bytes(video, name))


def _stacked(pictures: Sequence, name: str) -> np.ndarray:
    """A list of pictures of one size as [n, height, width, 3]; of tensors or arrays as they are, stacked."""
    made = []
    for picture in pictures:
        if hasattr(picture, "convert"):
            picture = picture.convert("RGB")
        elif hasattr(picture, "detach"):
            picture = picture.detach().cpu()
            picture = picture.float().numpy() if picture.is_floating_point() else picture.numpy()
        made.append(np.asarray(picture))
    shapes = {picture.shape for picture in made}
    if len(shapes) != 1 or made[0].ndim != 3:
        raise BadInput(f"{name} is a list of {len(made)} things that are no pictures of one size: give pictures of one "
                       "size.")
    return np.stack(made)


def _bytes(video: np.ndarray, name: str) -> np.ndarray:
    if video.dtype == np.uint8:
        return video
    if not np.issubdtype(video.dtype, np.floating):
        raise BadInput(f"{name} is of {video.dtype}: give uint8 from 0 to 255, or floats from 0 to 1.")
    least, most = float(video.min()), float(video.max())
    if not (least >= -SLACK and most <= 1 + SLACK):     # also where one of them is no number
        raise BadInput(f"{name} has numbers from {least:.3g} to {most:.3g}: floats must go from 0 to 1.")
    return np.rint(video * 255).clip(0, 255).astype(np.uint8)

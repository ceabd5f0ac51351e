"""Frames that are in memory already -> `Clip`: the same frames at the same size as from a lossless file of them.

    clip = clip_of(frames, 16.0, judge.card.sampling)       # frames: uint8 [n, height, width, 3]

For generators, whose clips need not go through an encoder to be judged.
"""
import numpy as np

from vs2.errors import BadInput
from vs2.video import pulse
from vs2.video.kind import NUMBERED
from vs2.video.rate import check_fps
from vs2.video.reader import Clip, Limits, Metadata
from vs2.video.resize import resizer
from vs2.video.sampling import Sampling


def clip_of(frames: np.ndarray, fps: float, sampling: Sampling = Sampling(), *, name: str = "frames",
            limits: Limits = Limits()) -> Clip:
    """The frames that `sampling` asks for of a clip that is uint8 [n, height, width, 3] RGB, shown at `fps` a second.

    Its record says what that of a folder of such pictures says. Raises BadInput, one sentence, for what is none.
    """
    fps = check_fps(fps)
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3 or not frames.size:
        raise BadInput(f"{name} is {frames.dtype} {list(frames.shape)}: give uint8 frames of [n, height, width, 3].")
    total, height, width = frames.shape[:3]
    if max(height, width) > limits.max_side:
        raise BadInput(f"{name} is {width} x {height} pixels, more than the limit of {limits.max_side} a side: scale "
                       "it down.")
    if total > limits.max_pictures or total / fps > limits.max_seconds:
        raise BadInput(f"{name} has {total} frames, {total / fps:.0f} s, more than the limit of {limits.max_pictures} "
                       f"and {limits.max_seconds:g} s: cut out the part to judge.")
    indices = sampling.indices(total, fps)
    try:
        target = sampling.size(len(indices), height, width)
    except ValueError as error:
        raise BadInput(f"{name} is {width} x {height} pixels, too narrow a strip to judge: crop it or pad "
                       "it.") from error
    resize = resizer()
    small = {index: resize(frames[index], target) for index in sorted(set(indices))}
    facts = Metadata(name=name, width=width, height=height, fps=fps, total_frames=total, duration=total / fps, codec="",
                     rotation=0, backend="memory", indices=tuple(indices), bytes=frames.nbytes, container=NUMBERED)
    warnings = (f"{name} has a single frame, shown to the judge twice: nothing moves in it.",) if total == 1 else ()
    beats = pulse.chosen(total, indices, sampling.pulse) if sampling.pulse else []
    felt = pulse.of((frames[number] for number in beats), beats, *target) if beats else None
    return Clip(np.stack([small[index] for index in indices]), tuple(index / fps for index in indices), facts, warnings,
                felt)

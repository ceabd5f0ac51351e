"""Fewer frames, or smaller ones, than a checkpoint's own reader takes: a cheaper look, and what it leaves out.

A judge that takes minutes takes fewer with a budget of frames or pixels. What it then sees is not what the checkpoint
was trained on and measured with, so the clip says what that would have been.
"""
from dataclasses import replace

import numpy as np

from vs2.video.reader import Clip
from vs2.video.sampling import PAIR, Sampling, fit

PUBLISHED = ("The judge saw {frames} frames of {width} x {height}, as asked; "
             "the published reader would have seen {count} frames of {wide} x {high}.")
OWN = ("The judge saw {frames} frames of {width} x {height}, as asked; "
       "by this judge's own limits it would have seen {count} frames of {wide} x {high}.")


def whole(clip: Clip, sampling: Sampling) -> tuple[int, int, int]:
    """How many frames, and of what height and width, `sampling` takes of the file that the clip is from."""
    facts = clip.metadata
    count = len(sampling.indices(facts.total_frames, facts.fps))
    return (count, *sampling.size(count, facts.height, facts.width))


def capped(clip: Clip, sampling: Sampling, frames: int | None, pixels: int | None) -> Clip:
    """The clip within the caps, with a warning of what `sampling`, the checkpoint's own, takes where that is more.

    frames: at most so many, picked evenly; pixels: of one frame at most so many. A clip that was read within them
    (`Sampling.capped`) stays as it is but for the warning.
    """
    if frames is None and pixels is None:
        return clip
    count, height, width = clip.frames.shape[:3]
    most = max(PAIR, (frames or count) // PAIR * PAIR)
    if count > most:
        kept = np.linspace(0, count - 1, most).round().astype(int)
        clip = replace(clip, frames=clip.frames[kept], times=tuple(clip.times[number] for number in kept))
    if pixels is not None and height * width > pixels:
        clip = resized(clip, *fit(height, width, 1, pixels))
    full, (count, height, width) = whole(clip, sampling), clip.frames.shape[:3]
    if (count, height, width) == full:
        return clip
    form = PUBLISHED if sampling == Sampling() else OWN
    said = form.format(frames=count, width=width, height=height, count=full[0], wide=full[2], high=full[1])
    return replace(clip, warnings=(*clip.warnings, *[said] * (said not in clip.warnings)))


def fps_seen(clip: Clip, sampling: Sampling, frames: int | None) -> float:
    """How many frames a second of the clip's time a judge is told that it sees: fewer where `frames` capped them."""
    if frames is None:
        return sampling.fps
    return sampling.fps * min(1.0, len(clip.frames) / whole(clip, sampling)[0])


def resized(clip: Clip, height: int, width: int) -> Clip:
    """The clip with its frames at that size, bicubic and antialiased as they were read."""
    import torch

    from vs2.video.resize import resize

    frames = torch.tensor(clip.frames).permute(0, 3, 1, 2)  # [n, colours, h, w]
    frames = resize(frames, (height, width))
    return replace(clip, frames=frames.permute(0, 2, 3, 1).contiguous().numpy())

"""How fast numbered pictures follow one another: whoever gives a folder or a zip of them says it, for they do not.

    fps = rates(["a.mp4", "frames/"], 16.0)     # [None, 16.0]
"""
import math
import os
import stat
from collections.abc import Sequence
from numbers import Real
from pathlib import Path

from vs2.errors import BadInput
from vs2.texts import path_text
from vs2.video import kind

RATES = 0.1, 240.0   # pictures a second that may be said


def check_fps(fps) -> float:
    """A rate for numbered pictures. Raises BadInput for what is none."""
    number = isinstance(fps, Real) and not isinstance(fps, bool) and math.isfinite(fps)
    if not number or not RATES[0] <= fps <= RATES[1]:
        raise BadInput(f"fps is {fps!r:.60}: it must be a number from {RATES[0]:g} to {RATES[1]:g}.")
    return float(fps)


def is_pictures(path: str | Path) -> bool:
    """Whether there is a folder or a zip at `path`: what `fps` is for. False where there is nothing."""
    try:
        place = path_text(path)
        if os.path.isdir(place):
            return True
        if not stat.S_ISREG(os.stat(place).st_mode):
            return False
        with open(place, "rb") as file:
            return kind.kind(file.read(kind.START)) == "zip"
    except (OSError, ValueError):
        return False


def rates(videos: Sequence[str | Path], fps: float | None) -> list[float | None]:
    """`fps` for each of the videos that is pictures, None for the others. Raises BadInput where all are others."""
    found = [fps if is_pictures(video) else None for video in videos]
    if fps is not None and found.count(None) == len(found):
        raise BadInput(f"fps is given and none of the {len(found)} videos is a folder or a zip of pictures: leave it "
                       "out, for a video has its own frame rate.")
    return found

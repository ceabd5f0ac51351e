"""Stills of the frames that a judge saw: few of them, evenly spread, as small JPEGs; and their share of a report."""
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from vs2.errors import Problem
from vs2.evaluation import Evaluation
from vs2.report.model import Still
from vs2.video import Clip, Limits, read
from vs2.video.sampling import PATCH, Sampling

MOST = 12           # of one clip
MOST_IN_ALL = 96    # of a report: each weighs 5 to 25 kB
SIDE = (384, 216)   # pixels: the most that a still is wide, and high
QUALITY = 82
LONG = 240          # frames above which a clip is read at a small size, for all of them lie in memory at once
SMALL = 64 * PATCH * PATCH


def share(clips: int) -> int:
    """How many stills each of so many clips has: the more clips, the fewer, 2 at least."""
    return max(2, min(MOST, MOST_IN_ALL // max(clips, 1)))


def of_clip(clip: Clip, most: int = MOST) -> tuple[Still, ...]:
    """`most` of the frames that the judge saw, the first and the last among them."""
    count = len(clip.frames)
    chosen = np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int)) if count else ()
    return tuple(_still(int(n) + 1, clip.frames[n], float(clip.times[n])) for n in chosen)


def of_file(path: str | Path | None, evaluation: Evaluation | None, most: int = MOST,
            look: Callable[..., Clip] = read, limits: Limits | None = None) -> tuple[Still, ...]:
    """The same, read again from the clip's file; none where there is none any more, or where it cannot be read.

    Frames are taken by number as the judge took them, so they are those that it saw. look: `vs2.video.read`, or
    what stands for it on a page.
    """
    count = len(evaluation.frame_times) if evaluation else 0
    if path is None or evaluation is None or not count:
        return ()
    pixels = {"max_pixels": SMALL, "min_pixels": PATCH * PATCH} if count > LONG else {}
    try:
        clip = look(path, Sampling(min_frames=count, max_frames=count, **pixels),
                    **({"fps": evaluation.given_fps} if evaluation.given_fps is not None else {}))
    except (Problem, OSError):      # a report is worth having without the pictures, and says that it has none
        return ()
    return of_clip(clip, most)


def _still(number: int, frame: np.ndarray, seconds: float) -> Still:
    image = Image.fromarray(frame)
    image.thumbnail(SIDE, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY, optimize=True)
    return Still(number, seconds, out.getvalue(), *image.size)


def weight(stills: Sequence[Still]) -> int:
    """Bytes of the stills as a report holds them, in base 64."""
    return sum(4 * -(-len(still.jpeg) // 3) for still in stills)

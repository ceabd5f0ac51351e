"""What coding and scaling leave: h264 at a starving bit rate, JPEG, a detour over a small size, few colours."""
import io
from fractions import Fraction

import numpy as np
from PIL import Image

from vs2.scenes.film import SAME

BITS = (0.02, 0.008, 0.003)         # a pixel of a frame
QUALITY = (22, 10, 4)               # of JPEG, at the clip's own size
SMALLER = (2, 4, 8)                 # times
LEVELS = (16, 8, 5)                 # of each channel
HEAD = 100                          # bits more for each frame, whose bare head takes as many
RATE = 25                           # frames a second that h264's rate is reckoned with


def starved(frames: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """As h264 gives them back that had `BITS` for each pixel of each frame, and half a second's as its buffer."""
    import av

    height, width = frames.shape[1:3]
    even = np.pad(frames, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    rate = str(int((BITS[k] * height * width + HEAD) * RATE))
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream("libx264", rate=Fraction(RATE))
        stream.height, stream.width = even.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.options = {"b": rate, "maxrate": rate, "bufsize": str(int(rate) // 2), "preset": "veryfast", **SAME}
        for picture in even:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        container.mux(stream.encode())
    file.seek(0)
    with av.open(file) as container:
        found = [frame.to_ndarray(format="rgb24")[:height, :width] for frame in container.decode(video=0)]
    return np.stack(found)


def jpeg(frames: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Each frame as a JPEG of `QUALITY` gives it back, its blocks of 8 pixels (colour of 16) at the clip's own size."""
    spoiled = []
    for picture in frames:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=QUALITY[k])
        spoiled.append(np.asarray(Image.open(file)))
    return np.stack(spoiled)


def rescaled(frames: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Made `SMALLER` times smaller (Lanczos) and as large as before (bicubic)."""
    height, width = frames.shape[1:3]
    small = max(1, width // SMALLER[k]), max(1, height // SMALLER[k])
    return np.stack([np.asarray(Image.fromarray(picture).resize(small, Image.Resampling.LANCZOS)
                                .resize((width, height), Image.Resampling.BICUBIC)) for picture in frames])


def banded(frames: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Every channel in `LEVELS` steps from 0 to 255, nothing dithered, so that slow gradients become bands."""
    most = LEVELS[k] - 1
    steps = np.round(np.round(np.arange(256) / 255 * most) / most * 255).astype(np.uint8)
    return steps[frames]

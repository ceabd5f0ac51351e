"""Writes a scene as a video file that browsers play: h264 in mp4; and gives pictures the traces of such a file."""
import io
from fractions import Fraction
from pathlib import Path

import numpy as np

from vs2.scenes import draw, world

# One thread: with several, x264's bytes depend on how many there are, and now and then on their timing.
# cpu-independent: its macroblock tree in AVX-512 otherwise gives other bytes now and then, whatever is set.
SAME = {"threads": "1", "x264-params": "cpu-independent=1"}     # options that make equal frames equal bytes


def write(scene: world.Scene, path: Path) -> Path:
    """The scene at `path`. High quality, so that the faults in it are those put in on purpose."""
    return write_frames(draw.frames(scene), path, scene.staging.fps)


def write_frames(frames: np.ndarray, path: Path, fps: float, crf: int = 14) -> Path:
    """uint8 frames [n, h, w, 3] as h264 (yuv420p, of that constant rate factor) at `path`; h and w must be even."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1000))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": str(crf), "preset": "veryfast", **SAME}
        for picture in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        container.mux(stream.encode())
    return Path(path)


def coded(frames: np.ndarray, quantiser: int) -> np.ndarray:
    """uint8 [n, h, w, 3], h and w even: as h264 gives them back, each coded by itself, so that none depends on others.

    quantiser: h264's, 0 to 51; traces of it are seen from about 28 on.
    """
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.options = {"qp": str(quantiser), "g": "1", "preset": "veryfast", **SAME}
        for picture in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        container.mux(stream.encode())
    file.seek(0)
    with av.open(file) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])

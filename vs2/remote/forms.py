"""How the frames of a clip travel: a form for each kind of server, and what is exact in it.

FRAMES (vLLM): each frame as a PNG, all in one `data:video/jpeg;base64`, which vLLM opens by what they are. Beside it go
their rate and count, and that nothing is to be sampled or resized: the model then sees what it sees here.
PRESET (vLLM): the same without that, for a server that was started with those settings and takes none from a request.
FILE (SGLang): one lossless video of nothing but these frames, at the rate at which they were taken. SGLang samples by
itself, two frames a second: of such a file all, where the judge's own rate is that too.
IMAGES (all others): each frame as a picture of its own. They have other positions than a video's frames, and no times.
"""
import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from PIL import Image

FRAMES, PRESET, FILE, IMAGES = "frames", "preset", "file", "images"
SIZE = {"shortest_edge": 3136, "longest_edge": 12845056}    # pixels of a frame: none that a judge is shown is outside


@dataclass(frozen=True)
class Form:
    """One of the forms. own: whether fields that only vLLM and SGLang know may stand in a request."""

    kind: str
    own: bool

    def content(self, frames: np.ndarray, fps: float) -> list[dict]:
        """The parts of a message: frames uint8 [n, h, w, 3], taken at `fps` a second."""
        if self.kind == IMAGES:
            return [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}}
                    for picture in map(png, frames)]
        address = (f"data:video/mp4;base64,{base64.b64encode(lossless(frames, fps)).decode()}" if self.kind == FILE
                   else "data:video/jpeg;base64," + ",".join(map(png, frames)))
        return [{"type": "video_url", "video_url": {"url": address}}]

    def fields(self, count: int, fps: float) -> dict:
        """What stands beside the messages.

        The rate told is that of the frames sent, of which there are `count`, so that a pair of them lasts as long as
        the judge was taught, whatever the clip's own rate is.
        """
        if self.kind != FRAMES:
            return {}
        return {"media_io_kwargs": {"video": {"num_frames": -1, "fps": fps, "frames_indices": list(range(count)),
                                              "total_num_frames": count}},
                "mm_processor_kwargs": {"do_sample_frames": False, "size": SIZE}}

    def tokens(self, shape: Sequence[int], merged: int = 28) -> int:
        """How many tokens the frames [n, h, w, 3] are."""
        count, height, width = shape[:3]
        each = (height // merged) * (width // merged)
        return count * (each + 2) if self.kind == IMAGES else -(-count // 2) * each     # marks around each picture


def png(frame: np.ndarray) -> str:
    """A frame uint8 [h, w, 3] as a PNG in base64."""
    out = io.BytesIO()
    Image.fromarray(frame).save(out, "PNG", compress_level=1)
    return base64.b64encode(out.getvalue()).decode()


def lossless(frames: np.ndarray, fps: float) -> bytes:
    """An MP4 of frames uint8 [n, h, w, 3] that decodes to the same bytes: H.264 of RGB, without quantisation."""
    import av

    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as file:
        stream = file.add_stream("libx264rgb", rate=Fraction(fps).limit_denominator(1000),
                                 options={"qp": "0", "preset": "veryfast"})
        stream.height, stream.width, stream.pix_fmt = *frames.shape[1:3], "rgb24"
        for frame in frames:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        file.mux(stream.encode())
    return out.getvalue()

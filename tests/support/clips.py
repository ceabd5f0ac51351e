"""Makes small test clips with PyAV and numpy: every codec and container that the reader has to know.

    moving_square(tmp_path / "a.mp4", codec="libx264", frames=12, fps=8, size=(96, 64), colour=(220, 30, 30))

Each clip shows a square of one colour that moves from left to right over a grey gradient, so frames differ,
the order of frames shows in `centre_x`, and colour order (RGB or BGR) shows in the square's pixels.
"""
import struct
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RED = (220, 30, 30)
SIDE = 0.4  # the square's side as a fraction of the frame's height


def picture(index: int, frames: int, size=(96, 64), colour=RED) -> np.ndarray:
    """Frame `index` of `frames`: uint8 [height, width, 3] RGB; size is (width, height)."""
    width, height = size
    image = np.empty((height, width, 3), np.uint8)
    image[:] = np.linspace(90, 160, height).astype(np.uint8)[:, None, None]
    side = max(2, round(height * SIDE))
    left = round((width - side) * index / max(1, frames - 1))
    top = (height - side) // 2
    image[top:top + side, left:left + side] = colour
    return image


def centre_x(image: np.ndarray) -> float:
    """Where the coloured square is across the picture, 0 at the left to 1 at the right."""
    colourful = image.max(-1).astype(int) - image.min(-1) > 60
    return float(np.nonzero(colourful)[1].mean() / image.shape[1])


def moving_square(path, codec="libx264", frames=12, fps=8, size=(96, 64), colour=RED, rotation=0, audio=False,
                  pixels="yuv420p", times=None, container=None, options=None, muxer=None) -> Path:
    """A clip at `path` (its suffix names the container, unless `container` does). Returns the path.

    size: (width, height) as stored. rotation: degrees that a player must turn it clockwise (mp4, mov).
    times: presentation time of each frame in seconds, for a variable frame rate. options: the codec's;
    muxer: the container's.
    """
    path = Path(path)
    if codec == "gif":
        pixels = "rgb8"
    images = [picture(index, frames, size, colour) for index in range(frames)]
    return write(path, images, codec, fps, pixels, rotation, audio, times, container, options, muxer)


def write(path, images, codec="libx264", fps=8, pixels="yuv420p", rotation=0, audio=False, times=None,
          container=None, options=None, muxer=None) -> Path:
    """The pictures (uint8 [height, width, 3]) as a video file.

    In a thread of its own: SVT-AV1, run by root, makes the thread that opens it SCHED_FIFO at priority 99, and every
    process started from there inherits that: a Chromium so started starves the whole machine.
    """
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(_write, path, images, codec, fps, pixels, rotation, audio, times, container, options,
                            muxer).result()


def _write(path, images, codec, fps, pixels, rotation, audio, times, container, options, muxer) -> Path:
    height, width = images[0].shape[:2]
    with av.open(str(path), "w", format=container, options=dict(muxer or {})) as output:
        stream = output.add_stream(codec, rate=Fraction(fps).limit_denominator(1001))
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        stream.thread_count = 1
        quiet = {"libx265": {"x265-params": "log-level=error:pools=1", "preset": "ultrafast"},
                 "libsvtav1": {"preset": "11", "svtav1-params": "lp=1"}}.get(codec, {})
        stream.options = quiet | (options or {})
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        sound = output.add_stream("aac" if path.suffix in (".mp4", ".mov", ".mkv") else "libopus", rate=48000,
                                  layout="mono") if audio else None
        for index, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = round(times[index] * 1000), Fraction(1, 1000)
            else:
                frame.pts, frame.time_base = index, 1 / Fraction(fps).limit_denominator(1001)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
        if sound is not None:
            output.mux(_tone(sound, len(images) / float(fps)))
    if rotation:
        turn(path, rotation, width, height)
    return Path(path)


def turn(path, degrees: int, width: int, height: int) -> None:
    """Writes "turn me clockwise" into the track header of an mp4 or mov of one track (ISO 14496-12, tkhd)."""
    data = bytearray(Path(path).read_bytes())
    start = data.index(b"tkhd") + 44
    a, b, c, d, x, y = {90: (0, 1, -1, 0, height, 0), 180: (-1, 0, 0, -1, width, height),
                        270: (0, -1, 1, 0, 0, width)}[degrees]
    one = 1 << 16
    data[start:start + 36] = struct.pack(">9i", a * one, b * one, 0, c * one, d * one, 0, x * one, y * one, 1 << 30)
    Path(path).write_bytes(data)


def sound_only(path, seconds=0.5) -> Path:
    """A file with sound and no picture."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("aac", rate=48000, layout="mono")
        output.mux(_tone(stream, seconds))
    return Path(path)


def _tone(stream, seconds: float) -> list:
    wave = np.sin(np.arange(int(48000 * seconds)) * 0.06).astype(np.float32)[None]
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(wave), format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
    return stream.encode(frame) + stream.encode(None)


def promise_more(path, extra=40, size=4000) -> Path:
    """Makes an mp4 of one track without B-frames, its index after its data, promise `extra` frames it has not.

    The sizes, durations and chunk of the new frames are written as a real muxer would (ISO 14496-12: stsz, stts,
    stsc); they lie beyond the end of the file.
    """
    path = Path(path)
    data = bytearray(path.read_bytes())
    boxes = {name: data.index(name) - 4 for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsz")}
    for name, offset in ((b"stts", 12), (b"stsc", 16)):  # the first entry's count, the first chunk's frames
        _add(data, data.index(name) + offset, extra)
    _add(data, data.index(b"stsz") + 12, extra)
    end = boxes[b"stsz"] + struct.unpack_from(">I", data, boxes[b"stsz"])[0]
    data[end:end] = struct.pack(">I", size) * extra
    for start in boxes.values():
        _add(data, start, 4 * extra)
    path.write_bytes(data)
    return path


def _add(data: bytearray, offset: int, number: int) -> None:
    struct.pack_into(">I", data, offset, struct.unpack_from(">I", data, offset)[0] + number)

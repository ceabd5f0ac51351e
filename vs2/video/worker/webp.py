"""Animated WebP in the worker: FFmpeg has no decoder for it, Pillow (libwebp) has.

    found = probe(path, max_seconds, max_side)
    for seconds, make in pictures(path, found, max_side):
        make()                           # uint8 RGB [height, width, 3]
"""
import struct
from collections.abc import Iterator

import numpy as np
from PIL import Image
from PIL.WebPImagePlugin import WebPImageFile

from vs2.video.worker.colour import on_white
from vs2.video.worker.display import Display
from vs2.video.worker.open import Refused, check_side
from vs2.video.worker.probe import Probe

CONTAINER = "webp"
SHORTEST, INSTEAD = 10, 100    # ms: browsers show a frame of 10 ms or less for 100 ms, as one of a GIF
Image.MAX_IMAGE_PIXELS = None  # sides are checked here, before anything is decoded


def is_webp(path: str) -> bool:
    with open(path, "rb") as file:
        start = file.read(12)
    return start[:4] == b"RIFF" and start[8:12] == b"WEBP"


def probe(path: str, max_seconds: float, max_side: int) -> Probe:
    """Reads the canvas and the frames' durations from the chunks (RFC 9649). Raises Refused."""
    width = height = 0
    lengths, delays = [], []
    for name, body in _chunks(path):
        if name == b"VP8X" and len(body) >= 10:
            width, height = (1 + int.from_bytes(body[at:at + 3], "little") for at in (4, 7))
            check_side(width, height, max_side)
        elif name == b"ANMF" and len(body) >= 16:
            delays.append(int.from_bytes(body[12:15], "little"))
    if not width:
        raise Refused("damaged")
    if not delays:
        raise Refused("nothing")
    lengths = [(INSTEAD if delay <= SHORTEST else delay) / 1000 for delay in delays]
    ends = np.cumsum(lengths)
    if ends[-1] > max_seconds:
        raise Refused("long", seconds=float(ends[-1]))
    times = (0.0, *(float(end) for end in ends[:-1]))
    duration = float(ends[-1])
    return Probe(CONTAINER, "webp", "rgba", "", width, height, Display(), "", 0, len(times), times,
                 len(times) / duration, len(times) / duration, duration, duration)


def pictures(path: str, found: Probe, max_side: int) -> Iterator:
    """(seconds since the first, function that makes the picture) of every frame, whole as it is shown."""
    with _opened(path) as image:
        for number, time in enumerate(found.times):
            try:
                image.seek(number)
                image.load()
            except MemoryError:
                raise
            except (EOFError, OSError, ValueError):  # broken off here
                return
            yield time, lambda: on_white(np.asarray(image.convert("RGBA")))


def _opened(path: str) -> WebPImageFile:
    try:
        return WebPImageFile(path)
    except MemoryError:
        raise
    except (OSError, ValueError, SyntaxError) as error:
        raise Refused("damaged", detail=str(error)[:300]) from error


def _chunks(path: str) -> Iterator[tuple[bytes, bytes]]:
    """(name, first 16 bytes) of every chunk, as far as the file goes."""
    with open(path, "rb") as file:
        file.seek(12)
        while len(head := file.read(8)) == 8:
            name, length = struct.unpack("<4sI", head)
            place = file.tell()
            yield name, file.read(min(length, 16))
            file.seek(place + length + length % 2)

"""Makes clips whose every frame carries its number, so that what a reader shows can be checked frame by frame.

    path = numbered(tmp_path / "a.mp4", frames=72)
    shown(read(path))                     # the numbers of the frames that the judge sees

A grey slope, a red disc that moves to the right, and the number in binary along the top edge: eight squares, each two
units wide and two high, a unit being max(2, shorter side // 16) pixels; square k is white where bit k is set.
"""
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.support.clips import write

SIZE = (320, 240)  # (width, height)


def unit(width: int, height: int) -> int:
    return max(2, min(width, height) // 16)


def picture(number: int, frames: int, size=SIZE, stretch: float = 1.0) -> np.ndarray:
    """uint8 RGB [height, width, 3]. stretch: the disc's height over its width as stored."""
    width, height = size
    image = np.empty((height, width, 3), np.uint8)
    image[:] = np.linspace(60, 180, width).astype(np.uint8)[None, :, None]
    across, down = np.arange(width)[None, :], np.arange(height)[:, None]
    radius = height / 6
    centre = width * (0.2 + 0.6 * number / max(1, frames - 1))
    image[((across - centre) * stretch) ** 2 + (down - height * 0.6) ** 2 < radius**2] = (220, 30, 30)
    u = unit(width, height)
    for bit in range(8):
        image[:2 * u, 2 * u * bit:2 * u * (bit + 1)] = 255 if number >> bit & 1 else 0
    return image


def number(image: np.ndarray, size=SIZE) -> int:
    """The number in a picture of stored `size` that was resized since."""
    width, height = size
    u = unit(width, height)
    found = 0
    for bit in range(8):
        rows = [round(part * u / height * image.shape[0]) for part in (0.6, 1.4)]
        columns = [round((2 * bit + part) * u / width * image.shape[1]) for part in (0.6, 1.4)]
        found |= (image[rows[0]:rows[1], columns[0]:columns[1]].mean() > 128) << bit
    return int(found)


def shown(clip, size=SIZE) -> list[int]:
    """The numbers of a Clip's frames."""
    return [number(frame, size) for frame in clip.frames]


def numbered(path, codec="libx264", frames=72, fps=24, size=SIZE, **more) -> Path:
    """A numbered clip; `more` as tests.support.clips.write takes it."""
    return write(Path(path), [picture(index, frames, size) for index in range(frames)], codec, fps, **more)


def remux(source, target, keep=lambda index, packet: True, container=None, shift=0.0, change=None, **muxer) -> Path:
    """Copies the packets of a clip's picture, those that `keep`(index, packet) wants, without decoding them.

    shift: seconds added to all times. change(packet) may alter one.
    """
    with av.open(str(source)) as old, av.open(str(target), "w", format=container, options=muxer) as new:
        stream = old.streams.video[0]
        copied = new.add_stream_from_template(stream)
        for index, packet in enumerate(old.demux(stream)):
            if packet.size == 0 or not keep(index, packet):
                continue
            for name in ("pts", "dts"):
                if getattr(packet, name) is not None:
                    setattr(packet, name, getattr(packet, name) + round(shift / packet.time_base))
            if change:
                change(packet)
            packet.stream = copied
            new.mux(packet)
    return Path(target)


def edit(path, edits: list[tuple[float, float | None]]) -> Path:
    """Gives an mp4 or mov of one track, its index behind its data, an edit list (ISO 14496-12, 8.6.6).

    edits: (seconds shown, second of the media where it starts, None for nothing shown meanwhile). Media time is counted
    from the first packet's decoding time, as the box counts it.
    """
    path = Path(path)
    data = bytearray(path.read_bytes())
    if b"edts" in data:
        data[data.index(b"edts"):data.index(b"edts") + 4] = b"free"
    scales = {}
    for name in (b"mvhd", b"mdhd"):
        place = data.index(name) + 4
        scales[name] = struct.unpack_from(">I", data, place + (20 if data[place] == 1 else 12))[0]
    entries = b"".join(struct.pack(">iiHH", round(length * scales[b"mvhd"]),
                                   -1 if start is None else round(start * scales[b"mdhd"]), 1, 0)
                       for length, start in edits)
    elst = struct.pack(">I4sII", 16 + len(entries), b"elst", 0, len(edits)) + entries
    box = struct.pack(">I4s", 8 + len(elst), b"edts") + elst
    moov, trak, tkhd = (data.index(name) - 4 for name in (b"moov", b"trak", b"tkhd"))
    assert moov > data.index(b"mdat"), "the data would move"
    after = tkhd + struct.unpack_from(">I", data, tkhd)[0]
    data[after:after] = box
    for place in (moov, trak):
        struct.pack_into(">I", data, place, struct.unpack_from(">I", data, place)[0] + len(box))
    path.write_bytes(data)
    return path


def decode_order(path) -> list[int]:
    """The presentation rank of each packet, in the file's order."""
    with av.open(str(path)) as file:
        stamps = [packet.pts for packet in file.demux(video=0) if packet.size]
    return np.argsort(np.argsort(stamps)).tolist()


FRAME = Fraction(1, 24)


def avi(path, packets: list[tuple[bytes, bool]], fourcc: bytes, fps=24, size=SIZE) -> Path:
    """An AVI of the packets (data, is keyframe), as they are: empty ones too, which show the last frame longer."""
    def chunk(name: bytes, body: bytes) -> bytes:
        return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    width, height = size
    movi, index = b"movi", b""
    for data, key in packets:
        index += struct.pack("<4sIII", b"00dc", 16 if key else 0, len(movi), len(data))
        movi += chunk(b"00dc", data)
    head = struct.pack("<14I", 1000000 // fps, 0, 0, 0x10, len(packets), 0, 1, 0, width, height, 0, 0, 0, 0)
    stream = struct.pack("<4s4sIHHIIIIIIIIHHHH", b"vids", fourcc, 0, 0, 0, 0, 1, fps, 0, len(packets), 0, 2**32 - 1, 0,
                         0, 0, width, height)
    shape = struct.pack("<IiiHH4sIIIII", 40, width, height, 1, 24, fourcc, width * height * 3, 0, 0, 0, 0)
    lists = chunk(b"LIST", b"hdrl" + chunk(b"avih", head)
                  + chunk(b"LIST", b"strl" + chunk(b"strh", stream) + chunk(b"strf", shape)))
    Path(path).write_bytes(chunk(b"RIFF", b"AVI " + lists + chunk(b"LIST", movi) + chunk(b"idx1", index)))
    return Path(path)


def elementary(path) -> list[tuple[bytes, bool]]:
    """The packets of a clip's picture: (data, is keyframe)."""
    with av.open(str(path)) as file:
        return [(bytes(packet), packet.is_keyframe) for packet in file.demux(video=0) if packet.size]

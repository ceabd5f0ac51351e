"""The packets of a stream as they pass: which frames are shown, when, and whether decord would find them.

    seen = Seen(codec_context)
    for packet in packets(container, stream):
        seen.add(packet)
    seen.times(), seen.others("avi")

What counts as a frame is what a player shows: not what an edit list hides, and nothing before the first keyframe.
"""
import re

import numpy as np

from vs2.video.worker.edits import Placed

STREAMS = ("mpegts", "mpeg", "mpegvideo")
# Two frames in a packet of an AVI, said in a note of its encoder (FFmpeg's mpeg4videodec.c looks for the same).
PACKED = re.compile(rb"DivX\d+(b|Build)\d+p")


class Seen:
    """The packets of a stream as they pass, and what they tell."""

    def __init__(self, context):
        self.codec, self.extradata = context.name, bytes(context.extradata or b"")
        self.shown, self.raw = [], []      # seconds of the frames to be shown; (pts, is keyframe) of all packets
        self.placed = []                   # where the packets of frames to be shown are in the file
        self.order = []                    # (seconds, is keyframe) of the frames to be shown, as they lie in the file
        self.count = self.skip = self.hidden = 0
        self.start = self.end = 0.0        # seconds, of the frames to be shown
        self.key = None                    # pts of the first keyframe
        self.sound_keys = True             # every keyframe can be decoded without what came before it

    def add(self, packet) -> None:
        if packet.size == 0:
            return
        self.count += 1
        if self.count == 1 and self.codec == "mpeg4" and PACKED.search(self.extradata + bytes(packet)):
            self.sound_keys = False
        self.raw.append((packet.pts, packet.is_keyframe))
        stamp = packet.pts if packet.pts is not None else packet.dts
        if self.key is None and packet.is_keyframe:
            # What was noted before it was no frame to be shown; nothing but keyframes begins a picture.
            self.key, self.skip = stamp, self.count - 1
            self.shown, self.placed, self.order = [], [], []
        if packet.is_keyframe and self.codec == "h264" and self.sound_keys:
            self.sound_keys = has_idr(bytes(packet), self.extradata)
        if packet.is_discard:
            self.hidden += 1
            return
        if stamp is None or (self.codec == "h264" and self.skip and self.key is not None and stamp < self.key):
            return
        time = float(stamp * packet.time_base)
        end = time + float((packet.duration or 0) * packet.time_base)
        self.start = min(self.start, time) if self.shown else time
        self.end = max(self.end, end) if self.shown else end
        self.shown.append(time)
        self.order.append((time, packet.is_keyframe))
        if packet.pts is not None:
            self.placed.append(Placed(packet.pos, packet.pts, time))

    @property
    def length(self) -> float:
        """Seconds from the first frame to the end of the last."""
        return self.end - self.start

    def times(self) -> tuple[float, ...]:
        return tuple(sorted(self.shown))

    def begins(self) -> int | None:
        return self.key if self.codec == "h264" and self.skip else None

    def others(self, container: str) -> tuple[str, ...]:
        """What keeps decord from showing frame i as frame i.

        It numbers frames by the order of their times and finds them by seeking to a keyframe, whose number it
        takes from the order in the file: right only where both orders agree at each keyframe, where each time is
        there once, where what follows a keyframe never needs what was before it, and where a seek to the time at
        which a keyframe is shown arrives there (measured: not where an index knows decoding times only, or nothing).
        """
        found = []
        if self.skip:
            found.append("start")
        if self.hidden:
            found.append("edit")
        stamps = [pts for pts, _ in self.raw]
        if None in stamps or len(set(stamps)) < len(stamps):
            found.append("times")
        elif self.raw:
            ranks = np.empty(len(stamps), int)
            ranks[np.argsort(stamps, kind="stable")] = np.arange(len(stamps))
            keys = [index for index, (_, key) in enumerate(self.raw) if key]
            if not self.sound_keys or any(ranks[index] != index for index in keys):
                found.append("order")
            elif container == "asf" or (container == "avi" and self.codec in ("h264", "hevc")) or \
                    (container in STREAMS and (ranks != np.arange(len(ranks))).any()):
                found.append("index")
        return tuple(found)


def has_idr(data: bytes, extradata: bytes) -> bool:
    """Whether an h264 packet holds an IDR picture: after it nothing refers to what came before it."""
    if extradata[:1] == b"\1" and len(extradata) > 4:  # avcC (ISO 14496-15): each unit is preceded by its length
        size, place = (extradata[4] & 3) + 1, 0
        while place + size < len(data):
            if data[place + size] & 31 == 5:
                return True
            place += size + int.from_bytes(data[place:place + size], "big")
        return False
    place = data.find(b"\0\0\1")
    while 0 <= place < len(data) - 3:
        if data[place + 3] & 31 in (1, 5):  # a slice: the rest of the picture is of the same kind
            return data[place + 3] & 31 == 5
        place = data.find(b"\0\0\1", place + 3)
    return False

"""Packets that need not be decoded: nobody asked for their pictures, and no picture that was asked for leans on them.

    left = spare.Spare(found, {0, 12, 24}, extradata)
    left.out(packet)      # whether it may be left out

Two kinds: what follows the last picture that was asked for between two keyframes, and pictures of h264 that nothing
refers to (ITU-T H.264, 7.4.1: nal_ref_idc is 0). Which frame is which is known from their times, which `probe` has seen
be unique, and keyframes from which everything after them can be decoded; where that does not hold, nothing is left out.
"""
import av

from vs2.video.worker.probe import MOV, Probe

CONTAINERS = (MOV, "matroska,webm")     # each packet has its time
HARMLESS = frozenset({1, 6, 9, 12})     # kinds of h264's units: a slice, notes, a delimiter, filling


def sound(found: Probe) -> bool:
    """Whether packets of that file may be left out at all."""
    plain = not (found.runs or found.skip or set(found.others) - {"rate"}) and found.begins is None
    return plain and found.container in CONTAINERS and len(found.order) == len(set(found.times))


class Spare:
    """What of a file that is `sound` may be left out where the frames `asked`, by their numbers, are wanted."""

    def __init__(self, found: Probe, asked: set[int], extradata: bytes):
        self.numbers = {time: number for number, time in enumerate(found.times)}    # of frames, by their seconds
        self._asked = asked
        self._tails: set[int] = set()       # the frames behind the last one asked for, between two keyframes
        behind = True
        for time, key in reversed(found.order):
            number = self.numbers[time]
            behind = behind and number not in asked
            if behind:
                self._tails.add(number)
            behind = behind or key          # what is before a keyframe is of another group
        # Of a unit's length, in bytes (ISO 14496-15), where that is how h264 lies in the file.
        self._length = (extradata[4] & 3) + 1 if found.codec == "h264" and extradata[:1] == b"\1" else 0

    def number(self, one: "av.Packet | av.VideoFrame") -> int | None:
        """Which frame a packet or a picture is, by its time; None for one that was not seen before."""
        if one.pts is None or one.time_base is None:
            return None
        return self.numbers.get(float(one.pts * one.time_base))

    def out(self, packet: av.Packet) -> bool:
        number = self.number(packet)
        if number is None or number in self._asked:
            return False
        return number in self._tails or bool(self._length and unreferred(bytes(packet), self._length))


def unreferred(data: bytes, length: int) -> bool:
    """Whether a packet of h264 holds a picture that nothing refers to, and nothing that others need."""
    place, slices = 0, 0
    while place + length < len(data):
        unit = data[place + length]
        if unit & 31 not in HARMLESS or (unit & 31 == 1 and unit >> 5 & 3):
            return False
        slices += unit & 31 == 1
        place += length + int.from_bytes(data[place:place + length], "big")
    return slices > 0

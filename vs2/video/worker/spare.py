"""Packets that need not be decoded: nobody asked for their pictures, and no picture that was asked for leans on them.

    left = spare.Spare(found, {0, 12, 24}, extradata)
    left.out(packet)      # whether it may be left out

Two kinds, of h264: what follows the last picture that was asked for between two keyframes, and pictures that nothing
refers to (ITU-T H.264, 7.4.1: nal_ref_idc is 0). Which frame is which is known from their times, which `probe` has seen
be unique, and keyframes are those that hold an IDR picture, whatever the file calls them. Where that does not hold, and
for other codecs, nothing is left out; nor is a packet that holds anything but such pictures.
"""
import av

from vs2.video.worker.probe import MOV, Probe

CONTAINERS = (MOV, "matroska,webm")     # each packet has its time
SLICE, IDR = 1, 5
PICTURES = frozenset({SLICE, IDR, 6, 9, 12})    # kinds of h264's units: slices, notes, a delimiter, filling


def sound(found: Probe) -> bool:
    """Whether packets of that file may be left out at all."""
    plain = not (found.runs or found.skip or set(found.others) - {"rate"}) and found.begins is None
    unique = len(found.order) == len(set(found.times))
    told = hasattr(av.Packet, "has_sidedata")   # older versions do not tell what a packet brings beside its picture
    return told and found.codec == "h264" and found.container in CONTAINERS and plain and unique


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
        # Of a unit's length, in bytes (ISO 14496-15), where that is how it lies in the file.
        self._length = (extradata[4] & 3) + 1 if extradata[:1] == b"\1" and len(extradata) > 4 else 0

    def number(self, one: "av.Packet | av.VideoFrame") -> int | None:
        """Which frame a packet or a picture is, by its time; None for one that was not seen before."""
        if one.pts is None or one.time_base is None:
            return None
        return self.numbers.get(float(one.pts * one.time_base))

    def out(self, packet: av.Packet) -> bool:
        number = self.number(packet)
        if not self._length or number is None or number in self._asked:
            return False
        # Beside its picture a packet may bring something for those after it.
        if packet.is_corrupt or packet.has_sidedata("new_extradata") or packet.has_sidedata("param_change"):
            return False
        held = units(bytes(packet), self._length)
        if not held or not {kind for kind, _ in held} <= PICTURES:
            return False
        return number in self._tails or not any(kind == IDR or kind == SLICE and referred for kind, referred in held)


def units(data: bytes, length: int) -> list[tuple[int, bool]]:
    """Of each unit in a packet of h264: its kind, and whether others refer to it; none where they do not fill it, or no
    slice is among them. length: bytes in which a unit's length is written."""
    place, found = 0, []
    while place + length < len(data):
        found.append((data[place + length] & 31, bool(data[place + length] >> 5 & 3)))
        place += length + int.from_bytes(data[place:place + length], "big")
    return found if place == len(data) and {kind for kind, _ in found} & {SLICE, IDR} else []

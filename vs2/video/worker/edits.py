"""Edit lists whose parts begin where decoding cannot: behind a keyframe that needs what came before it.

FFmpeg decodes an edit list from the last keyframe before each part. Where groups of pictures are open, or refreshed bit
by bit without keyframes, the part's first frames are then missing or broken. So the file is decoded from its start
without the list, and the frames that the list shows are taken from that.
"""
from typing import NamedTuple

IGNORED = {"ignore_editlist": "1"}  # an option of FFmpeg's mov demuxer


class Placed(NamedTuple):
    """A packet: where it is in the file, and when its frame is shown."""

    pos: int
    pts: int
    seconds: float


# Frames that one decoding from the start gives in order: {pts without the edit list: seconds with it}.
Run = dict[int, float]


def runs(every: list[Placed], shown: list[Placed]) -> tuple[Run, ...]:
    """The frames of `shown`, in their order, as runs through `every`, the same file's packets without edit lists.

    A list that shows a part twice, or an earlier one later, needs a run for each.
    """
    plain = {packet.pos: packet.pts for packet in every}
    found: list[Run] = []
    last = None
    for packet in sorted(shown, key=lambda one: one.pts):
        pts = plain.get(packet.pos)
        if pts is None:
            continue
        if last is None or pts <= last:
            found.append({})
        found[-1][pts] = packet.seconds
        last = pts
    return tuple(found)

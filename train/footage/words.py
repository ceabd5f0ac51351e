"""What is said of footage: what spoils it, in which frames, how strongly, how sure that is; and what is not judged.

As in a scene's rationale (vs2/scenes/words.py) the kind comes before its degree, and evidence before the verdict.
"""
from dataclasses import dataclass

from vs2 import rubric
from vs2.scenes.words import DEGREES, sections

EVENTS = {"shuffling": "frames are out of order", "cutting": "another shot breaks in",
          "tearing": "a part jumps to another place", "wobbling": "the picture swims"}
SURE = ("perhaps", "probably", "surely")
QUALITY = ("poor", "weak", "fair", "good", "very good")
MOTION = ("hardly moves", "moves slowly", "moves", "moves much")
NOT_READ = "not judged, for of footage no prompt is read."


@dataclass(frozen=True)
class Fault:
    """kind: of train/footage/faults.py. strength: 1 to 4. first, last: frames from 1. sure: 0 to 2."""

    kind: str
    strength: int
    first: int
    last: int
    sure: int = 2


@dataclass(frozen=True)
class Seen:
    """What a reply says of one clip. motion: 0 to 3. levels: the quality of picture and of motion, 0 to 4. scores: 1 to
    5, visual and physical. whole: how sure it is that there is no fault, 0 to 2, visual and physical."""

    motion: int
    levels: tuple[int, int]
    scores: tuple[int, int]
    visual: Fault | None = None
    physical: Fault | None = None
    whole: tuple[int, int] = (2, 2)


def _when(fault: Fault, frames: int) -> str:
    if (fault.first, fault.last) == (1, frames):
        return "in all frames"
    return f"in frames {fault.first} to {fault.last}" if fault.last > fault.first else f"in frame {fault.first}"


def rationale(seen: Seen, frames: int = 8) -> str:
    """The whole rationale, under the headings of the three dimensions."""
    opening = f"Footage: it {MOTION[seen.motion]}."
    said = []
    for fault, names, level, whole, noun in ((seen.visual, {}, seen.levels[0], seen.whole[0], "Picture"),
                                             (seen.physical, EVENTS, seen.levels[1], seen.whole[1], "Motion")):
        found = (f"no fault, {SURE[whole]}." if fault is None else
                 f"{names.get(fault.kind, fault.kind)}, {DEGREES[fault.strength - 1]}, {_when(fault, frames)}, "
                 f"{SURE[fault.sure]}.")
        said.append(f"{found} {noun} otherwise: {QUALITY[level]}.")
    return sections(opening, said[0], NOT_READ, said[1])


def reply(seen: Seen) -> str:
    """The whole reply. Alignment gets the middle score, which is never shown."""
    return rubric.reply(rationale(seen), (seen.scores[0], 3, seen.scores[1]))

"""What a loader gives: a suite's clips with people's scores, its pairs with their preferences, what was left out."""
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

FIRST, SECOND, SAME = 1, -1, 0      # which clip of a pair people prefer


@dataclass(frozen=True)
class Clip:
    """One clip. id: tells it from the others of the suite, and is the same on every machine.

    human: people's scores by the suite's own names. path: the file; None where it is missing, and `problem` says so.
    alias: what the authors' result files call it. url: where it lies on the Hub, if the suite says so. other: columns
    that results keep (generator, category).
    """

    id: str
    prompt: str
    human: dict[str, float] = field(default_factory=dict)
    path: Path | None = None
    problem: str = ""
    alias: str = ""
    url: str = ""
    other: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pair:
    """Two clips, by their ids, and for each of the suite's questions which one people prefer: 1, -1 or 0."""

    first: str
    second: str
    prompt: str
    preferred: dict[str, int]


@dataclass
class Suite:
    """A suite as it was loaded. left_out: why rows of its files are in no figure -> how many."""

    name: str
    clips: dict[str, Clip] = field(default_factory=dict)
    pairs: list[Pair] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, clip: Clip) -> bool:
        """Takes a clip in; one that is there already stays, and False says that it came twice."""
        return self.clips.setdefault(clip.id, clip) is clip

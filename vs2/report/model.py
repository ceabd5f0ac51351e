"""What a report tells, before it is a file: clips with their scores, stills and words; a decision, groups, a ranking.

A `Report` holds no path and no open file: whoever makes one has read the stills, so that it can be written anywhere.
"""
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from vs2.batch.groups import Leaderboard
from vs2.candidates import Decision, Rule, comparable
from vs2.evaluation import Evaluation

EVALUATION, COMPARISON, BEST_OF, BATCH, DUEL = KINDS = ("evaluation", "comparison", "best-of", "batch", "duel")


def now() -> datetime:
    """The time that a report says it was made at."""
    return datetime.now(timezone.utc)


@dataclass(frozen=True)
class Still:
    """A picture of a frame that the judge saw. number: of the frame, from 1; seconds: its time. jpeg: the file.

    width, height: pixels of the picture.
    """

    number: int
    seconds: float
    jpeg: bytes
    width: int
    height: int


@dataclass(frozen=True)
class Item:
    """One clip. evaluation: None where there is none, `error` then says why ("" of a row that was not begun).

    stills: of the frames that the judge saw, in their order; none where the clip was not at hand. knows: what the
    judge's card says that it knows, "" where that is not known. evaluated: when, None where that was not kept. number:
    what the report calls it, from 1. columns: what else the table says of a row.
    """

    number: int
    video: str
    prompt: str
    evaluation: Evaluation | None = None
    error: str = ""
    stills: tuple[Still, ...] = ()
    knows: str = ""
    evaluated: datetime | None = None
    columns: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Ranked:
    """One of those that were compared by votes. strength: Bradley-Terry's, in logits; low, high: its interval, None
    where there is none. wins, losses, ties: votes. rate: wins and half the ties, of all its votes, 0 to 1; None
    without votes."""

    name: str
    strength: float | None
    low: float | None
    high: float | None
    wins: int
    losses: int
    ties: int
    rate: float | None


@dataclass(frozen=True)
class Agreement:
    """How far a judge orders pairs as people do. pairs: how many both of them ordered. accuracy: the share of them that
    the judge orders alike; with_ties: of all pairs, people's ties counted as ties; None where that is not known."""

    judge: str
    pairs: int
    accuracy: float | None
    with_ties: float | None = None
    knows: str = ""


@dataclass(frozen=True)
class Ranking:
    """A ranking by people's votes, best first. dimension: its key, "" for which is better on the whole.

    votes: all of them; ties, both_bad: how many said so. voters: people, None where nobody counted them. level: of the
    intervals. notes: sentences.
    """

    ranked: tuple[Ranked, ...]
    votes: int
    ties: int
    both_bad: int
    voters: int | None = None
    dimension: str = ""
    level: float = 0.95
    agreements: tuple[Agreement, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """One report. kind: of `KINDS`. decision, rule: of a comparison, in which candidate n is `items[n]`.

    boards: the groups of a batch. rankings: of a duel, one a dimension. whole: the numbers of the items that are told
    whole, with stills and words; None for all. which: how those were chosen, in words. notes: sentences that stand
    before the clips. version: of the program; made: when.
    """

    kind: str
    items: tuple[Item, ...] = ()
    decision: Decision | None = None
    rule: Rule | None = None
    boards: tuple[Leaderboard, ...] = ()
    rankings: tuple[Ranking, ...] = ()
    whole: frozenset[int] | None = None
    which: str = ""
    notes: tuple[str, ...] = ()
    made: datetime = field(default_factory=now)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"there is no report of {self.kind!r}")

    @property
    def keys(self) -> tuple[str, ...]:
        """The dimensions in which its clips are compared."""
        return comparable(item.evaluation for item in self.items if item.evaluation)

    @property
    def told(self) -> tuple[Item, ...]:
        """The items with all that is known of them."""
        return tuple(item for item in self.items if self.whole is None or item.number in self.whole)

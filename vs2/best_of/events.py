"""What a Best-of-N run says while it goes on. `Run.events` yields these, the last one is `Done`."""
from dataclasses import dataclass

from vs2.best_of.cost import Estimate
from vs2.best_of.outcome import Entry, Outcome
from vs2.candidates import Decision
from vs2.errors import Failure, Problem
from vs2.evaluation import Evaluation


@dataclass(frozen=True)
class Estimated:
    """What is still to come, in time and cost: first of all events, and again after each clip and judgement."""

    estimate: Estimate


@dataclass(frozen=True)
class Making:
    """How far the clip of a candidate is. fraction: 0 to 1, None where that is not known. stage: for people."""

    number: int
    fraction: float | None
    stage: str


@dataclass(frozen=True)
class Noticed:
    """What a generator remarks, one sentence."""

    number: int
    text: str


@dataclass(frozen=True)
class Made:
    """A candidate has its clip. kept: of an earlier run in this folder."""

    entry: Entry
    kept: bool = False


@dataclass(frozen=True)
class Judging:
    """An event of the judge (`vs2.events`: Reading, FramesRead, Thought, Retry, Scored) in one of the passes."""

    number: int
    stage: str
    event: object


@dataclass(frozen=True)
class Judged:
    """A candidate was judged in the pass `stage`: FAST, FULL or AGAIN. kept: in an earlier run in this folder."""

    entry: Entry
    stage: str
    evaluation: Evaluation
    kept: bool = False


@dataclass(frozen=True)
class Lost:
    """A candidate has no clip, or a judgement failed. `problem.__cause__` is what nobody foresaw, for a log."""

    number: int
    problem: Problem

    @classmethod
    def of(cls, number: int, error: Exception, verb: str) -> "Lost":
        """A Problem as it is; anything else as a Failure that names its kind alone. verb: "made" or "judged"."""
        if isinstance(error, Problem):
            return cls(number, error)
        problem = Failure(f"Candidate {number + 1} could not be {verb}: an unexpected {type(error).__name__} ended it.")
        problem.__cause__ = error
        return cls(number, problem)


@dataclass(frozen=True)
class Ranked:
    """Where things stand after a judgement; `entries` are all candidates begun so far, by number."""

    decision: Decision
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Done:
    """The end."""

    outcome: Outcome


Event = Estimated | Making | Noticed | Made | Judging | Judged | Lost | Ranked | Done

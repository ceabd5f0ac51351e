"""What a judgement says while it runs. A stream yields these in order and ends in an `Evaluation`."""
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from vs2.errors import Problem
from vs2.estimate import Estimate
from vs2.evaluation import Evaluation, Score
from vs2.options import Given
from vs2.video import Clip

if TYPE_CHECKING:
    from typing_extensions import Unpack  # from typing, it needs Python 3.11


@dataclass(frozen=True)
class Reading:
    """The file is being read."""

    video: str


@dataclass(frozen=True)
class FramesRead:
    """The frames that the judge will see, with their times."""

    clip: Clip


@dataclass(frozen=True)
class Estimated:
    """How long this judgement will take: said after `FramesRead`, by a judge that takes its time."""

    estimate: Estimate


@dataclass(frozen=True)
class Progressed:
    """How far a stage before the first word is, at least every two seconds where it is long.

    stage: `vs2.estimate.TOWER` or `PREFILL`. done, of: in patches of the frames, or tokens of the prompt.
    """

    stage: str
    done: int
    of: int


@dataclass(frozen=True)
class Thought:
    """The next piece of the rationale, as it is made (of the first reply, where several are sampled).

    scores: dimension -> digit, of those that the answer has given by now; none where several replies are mixed.
    """

    text: str
    tokens: int  # written so far, all replies together
    scores: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Retry:
    """What was said so far is void: the judge starts again, for the reason given (memory, say)."""

    reason: str


@dataclass(frozen=True)
class Scored:
    """The scores, before the record around them is complete."""

    scores: dict[str, Score]


Event = Reading | FramesRead | Estimated | Progressed | Thought | Retry | Scored | Evaluation


class AnyJudge(Protocol):
    """Who judges: a `vs2.judge.Judge`, or what stands for one."""

    @property
    def name(self) -> str:
        """What the record calls it."""

    def stream(self, source: str | Path, prompt: str, /, *, stop: Callable[[], bool],
               **options: "Unpack[Given]") -> Iterator[Event]:
        """As `vs2.judge.Judge.stream`."""


@runtime_checkable
class ManyJudge(Protocol):
    """A judge of several files at once, as `vs2.judge.Judge` is."""

    def score_many(self, sources: Sequence[str | Path], prompts: Sequence[str], /) -> Sequence[Evaluation | Problem]:
        """Without thinking, each file's Evaluation or the Problem in its place."""

"""What a judgement says while it runs. A stream yields these in order and ends in an `Evaluation`."""
from dataclasses import dataclass

from vs2.evaluation import Evaluation, Score
from vs2.video import Clip


@dataclass(frozen=True)
class Reading:
    """The file is being read."""

    video: str


@dataclass(frozen=True)
class FramesRead:
    """The frames that the judge will see, with their times."""

    clip: Clip


@dataclass(frozen=True)
class Thought:
    """The next piece of the rationale, as it is made (of the first reply, where several are sampled)."""

    text: str
    tokens: int  # written so far, all replies together


@dataclass(frozen=True)
class Retry:
    """What was said so far is void: the judge starts again, for the reason given (memory, say)."""

    reason: str


@dataclass(frozen=True)
class Scored:
    """The scores, before the record around them is complete."""

    scores: dict[str, Score]


Event = Reading | FramesRead | Thought | Retry | Scored | Evaluation

"""How long a judgement will take, said before it begins, and how long it still takes while it runs. No torch here.

`vs2.model.pace` measures what this machine needs for the pieces; here they are put together and counted down.
"""
import time
from collections.abc import Callable
from dataclasses import dataclass

TOWER, PREFILL = "tower", "prefill"     # the stages before the first word: frames to features, features and prompt
WORTH_SAYING = 10.0     # seconds: a shorter judgement is over before one has read how long it takes
TYPICAL = 400           # tokens of a rationale, until this judge has written some: assumed
TRUSTED = 0.1           # share of a stage after which its own speed says more than the estimate


@dataclass(frozen=True)
class Estimate:
    """Seconds that the parts of one judgement take.

    read: the file. tower: frames to features. prefill: features and prompt through the language model, once for all
    replies. token: one more token of each of the `rows` replies. tokens: how many a reply has, as far as can be known:
    what replies had before, at most `most`, the budget.
    """

    read: float = 0.0
    tower: float = 0.0
    prefill: float = 0.0
    token: float = 0.0
    tokens: int = 0
    most: int = 0
    rows: int = 1

    @property
    def writing(self) -> float:
        """Seconds for the reply."""
        return self.token * self.tokens

    @property
    def total(self) -> float:
        """Seconds for all of it."""
        return self.read + self.tower + self.prefill + self.writing

    @property
    def longest(self) -> float:
        """Seconds for all of it, if the budget is spent."""
        return self.read + self.tower + self.prefill + self.token * max(self.tokens, self.most)

    @property
    def slow(self) -> bool:
        """Whether it is worth saying."""
        return self.total >= WORTH_SAYING


class Countdown:
    """Follows the events of one judgement; `left` is how many seconds it still takes. clock: seconds, for tests."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self.estimate: Estimate | None = None
        self.stage, self.done, self.of = "", 0, 0
        self._begun = 0.0                                   # when the stage began
        self._first: tuple[float, float] | None = None      # tokens of each reply so far, and when
        self._last: tuple[float, float] = (0, 0.0)

    def take(self, event) -> None:
        """One event of the judge (`vs2.events`)."""
        from vs2 import events

        now = self._clock()
        if isinstance(event, events.Estimated):
            self.estimate, self.stage, self.done, self.of, self._first = event.estimate, "", 0, 0, None
            self._begun = now
        elif isinstance(event, events.Progressed):
            if event.stage != self.stage:
                self._begun = now
            self.stage, self.done, self.of = event.stage, event.done, event.of
        elif isinstance(event, events.Thought):
            self.stage, self._last = "", (event.tokens / (self.estimate.rows if self.estimate else 1), now)
            self._first = self._first or self._last
        elif isinstance(event, events.Retry):
            self.estimate, self._first = None, None

    @property
    def share(self) -> float | None:
        """How much of the stage that runs is done, 0 to 1; None while no stage runs that says it."""
        return self.done / self.of if self.stage and self.of else None

    @property
    def left(self) -> float | None:
        """Seconds that are left; None where that is not known, as of a reply that is longer than replies are."""
        if self.estimate is None or not self.estimate.slow:
            return None
        now, plan = self._clock(), self.estimate
        if self._first is not None:
            return self._writing(now, plan)
        later = {TOWER: plan.prefill, PREFILL: 0.0}.get(self.stage, plan.prefill) + plan.writing
        spent = now - self._begun
        planned = {TOWER: plan.tower, PREFILL: plan.prefill}.get(self.stage, plan.tower)
        share = self.share or 0.0
        rest = spent * (1 - share) / share if share >= TRUSTED else max(0.0, planned - spent)
        return rest + later

    def _writing(self, now: float, plan: Estimate) -> float | None:
        assert self._first is not None
        written, since = self._last[0] - self._first[0], self._last[1] - self._first[1]
        each = since / written if written >= 8 and since > 0 else plan.token
        rest = plan.tokens - self._last[0]
        return rest * each if rest > 0 else None


def rounded(seconds: float) -> tuple[int, bool]:
    """Seconds as people say them: (5 s steps below a minute, False), or (minutes, True)."""
    if seconds < 55:
        return max(5, 5 * round(seconds / 5)), False
    return max(1, round(seconds / 60)), True

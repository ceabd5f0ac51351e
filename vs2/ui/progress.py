"""What is known of a judgement while it runs, and the status line that says it."""
from vs2 import events
from vs2.best_of import cost
from vs2.estimate import PREFILL, Countdown, rounded
from vs2.evaluation import Evaluation, Score
from vs2.ui import loan, parts, text
from vs2.ui.host import Run
from vs2.ui.judgement import clock
from vs2.ui.said import worded
from vs2.video import Clip


def about(seconds: float) -> str:
    """A time to come, as roughly as it is known."""
    count, minutes = rounded(seconds)
    return (text.ABOUT_MINUTES if minutes else text.ABOUT_SECONDS).format(count=count)


class Progress:
    """Takes a run's events one by one; `line` is the status line now."""

    def __init__(self, run: Run):
        self.run, self.elapsed = run, clock()
        self.stage = text.READING if run.host.has(run.request.judge) else text.LOADING
        self.said, self.tokens = "", 0
        self.notes: list[str] = []
        self.clip: Clip | None = None
        self.scores: dict[str, Score] | None = None
        self.evaluation: Evaluation | None = None
        self._thinking: float | None = None
        self.countdown = Countdown()

    def take(self, event) -> None:
        """One event of the judge."""
        self.countdown.take(event)
        if isinstance(event, events.Reading):
            self.stage = text.READING
        elif isinstance(event, events.FramesRead):
            self.stage, self.clip = text.LOOKING if self.run.request.think else text.SCORING, event.clip
        elif isinstance(event, loan.Borrowing):
            self.stage = text.BORROWING.format(time=worded(cost.duration(event.seconds)))
        elif isinstance(event, loan.Borrowed):
            self.stage = text.LOOKING if self.run.request.think else text.SCORING
        elif isinstance(event, events.Estimated):
            if event.estimate.slow:
                self.stage = text.LOOKING_LONG.format(time=about(event.estimate.total))
        elif isinstance(event, events.Progressed):
            if event.stage == PREFILL:
                self.stage = text.PREFILLING
        elif isinstance(event, events.Thought):
            self._thinking = self.elapsed() if self._thinking is None else self._thinking
            self.stage, self.said, self.tokens = text.THINKING, self.said + event.text, event.tokens
            if len(event.scores) != len(self.scores or {}):
                self.scores = {key: Score(value) for key, value in event.scores.items()} or None
        elif isinstance(event, events.Retry):
            self.said, self.tokens, self._thinking, self.scores = "", 0, None, None
            self.notes.append(worded(event.reason))
        elif isinstance(event, events.Scored):
            self.stage, self.scores = text.SCORING, event.scores
        elif isinstance(event, Evaluation):
            self.evaluation = event

    @property
    def times(self) -> tuple[float, ...]:
        """The times of the frames that the judge sees, in seconds; none before the clip is read."""
        return () if self.clip is None else tuple(map(float, self.clip.times))

    def line(self) -> str:
        """The status line now."""
        detail = [parts.duration(self.elapsed())]
        if self.tokens:
            detail.insert(0, text.TOKENS.format(tokens=self.tokens))
            spent = 0.0 if self._thinking is None else self.elapsed() - self._thinking
            if spent > 0.5 and self.stage == text.THINKING:
                detail.insert(1, text.RATE.format(rate=round(self.tokens / spent)))
        if (share := self.countdown.share) is not None:
            detail.insert(0, text.PERCENT.format(percent=round(100 * share)))
        if (left := self.countdown.left) is not None:
            detail.append(text.LEFT.format(time=about(left)))
        stage = self.stage
        if ahead := self.run.ahead():
            stage = text.WAITING_ONE if ahead == 1 else text.WAITING.format(ahead=ahead)
        return parts.status(stage, tuple(detail), "busy")

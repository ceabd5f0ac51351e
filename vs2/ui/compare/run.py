"""A comparison while it runs: the page's queue, and the same for a script."""
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from vs2 import candidates
from vs2.candidates import Failed
from vs2.errors import BadInput, Problem
from vs2.evaluation import Evaluation
from vs2.options import Options
from vs2.rubric import check_prompt
from vs2.ui.compare.board import MOST
from vs2.ui.compare.parts import Row
from vs2.ui.host import Host, Run
from vs2.ui.judgement import Request, clock
from vs2.ui.progress import Progress, about
from vs2.ui.text import compare as text
from vs2.video.rate import rates

PAUSE = 0.4  # seconds between updates of the page: with six players on it, each costs a browser more than elsewhere
LEAST = 2


@dataclass(frozen=True)
class Made:
    """A judgement of this session: what was asked, what came of it, and the id it is stored under, "" without one."""

    asked: Request
    candidate: candidates.Candidate
    kept: str = ""


@dataclass
class Queue:
    """A comparison that runs: what is left to judge, by row, what ranks them, None for nothing, the judgement."""

    rows: list[Row]
    left: dict[int, Request]
    rule: candidates.Rule | None = candidates.MEAN
    run: Run | None = None
    stopped: bool = False
    left_for_others: bool = False       # evaluations that were opened: nothing more of it is shown
    elapsed: Callable[[], float] = field(default_factory=clock)

    def stop(self) -> None:
        """Ends the judgement that is on, and lets none begin after it."""
        self.stopped = True
        if self.run is not None:
            self.run.stop()


def whole(progress: Progress, more: int) -> str:
    """How long a slow judge still takes for all, where `more` come after this one; "" where that is not known."""
    plan, left = progress.countdown.estimate, progress.countdown.left
    if plan is None or left is None or not more:
        return ""
    return text.QUEUE_TIME.format(time=about(left + more * plan.total))


def comparison(host: Host, videos: list[tuple[str, str]], rule: candidates.Rule,
               fps: float | None = None, **options) -> Iterator[dict | None]:
    """The record of a comparison of (file, prompt) after many None, at one of which a caller that has gone is noticed.

    fps: of the files that are zips of pictures. options: those of `vs2.options.Options`. Raises BadInput for a bad
    rule or option.
    """
    candidates.check_rule(rule)
    Options(**options)
    speeds = rates([video for video, _ in videos], fps)
    run: Run | None = None
    found: list[candidates.Candidate] = []
    told = time.monotonic()
    try:
        for (video, prompt), rate in zip(videos, speeds, strict=True):
            run = Run(Request(video, prompt, fps=rate, **options), host)
            name = Path(video).name
            candidate: candidates.Candidate = Failed(name, prompt, text.NOT_YET)
            try:
                for event in run.events(PAUSE):
                    if isinstance(event, Evaluation):
                        candidate = replace(event, video=name)
                    elif time.monotonic() - told >= 1:
                        told = time.monotonic()
                        yield None
            except Problem as problem:
                candidate = Failed(name, prompt, str(problem))
            found.append(candidate)
        yield candidates.record(found, candidates.decide(found, rule))
    finally:
        if run:
            run.stop()


def paired(videos: list[str] | None, prompt: str, prompts: list | None) -> list[tuple[str, str]]:
    """Each video with its prompt. Raises BadInput where they are too few or too many, or do not match."""
    videos = videos or []
    if not LEAST <= len(videos) <= MOST:
        raise BadInput(text.RANGE.format(count=len(videos), most=MOST))
    if prompts is not None and not isinstance(prompts, list):
        raise BadInput(text.NO_LIST)
    if prompts and len(prompts) != len(videos):
        raise BadInput(text.COUNTS.format(videos=len(videos), prompts=len(prompts)))
    return [(video, check_prompt(asked)) for video, asked in
            zip(videos, prompts or [prompt or ""] * len(videos), strict=True)]

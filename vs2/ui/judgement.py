"""One judgement as a visitor asks for it: by a judge of this process, or on a GPU that ZeroGPU lends."""
import queue
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vs2 import video
from vs2.errors import Problem
from vs2.events import FramesRead, Reading
from vs2.options import Given, Options
from vs2.rubric import check_prompt
from vs2.settings import zero_gpu
from vs2.ui import loan

if TYPE_CHECKING:
    from vs2.judging import Judging

# The loaded judges, by what the page calls them; "" is the app's own. ZeroGPU forks this process for each call, so
# they cannot travel as an argument.
judges: dict[str, "Judging"] = {}


@dataclass(frozen=True)
class Request:
    """What one visitor asks of a judge. `video` is a path on this machine, `judge` one of `Host.names` ("": the app's).

    visitor: whose it is, for the fair share of the line; "" shares with nobody.
    fps: pictures a second, where the video is a zip of them.
    """

    video: str
    prompt: str
    think: bool = True
    budget: int = 1024
    samples: int = 1
    seed: int = 0
    visitor: str = ""
    judge: str = ""
    fps: float | None = None
    frames: int | None = None
    pixels: int | None = None

    @property
    def options(self) -> Given:
        """As `vs2.options.Options` takes them; a cap only where there is one."""
        found: Given = {"think": self.think, "budget": self.budget, "samples": self.samples, "seed": self.seed}
        if self.frames is not None:
            found["frames"] = self.frames
        if self.pixels is not None:
            found["pixels"] = self.pixels
        return found


def seconds_needed(request: Request, *_) -> int:
    """How long ZeroGPU is asked to lend a GPU for; takes what `judged` takes."""
    return loan.asked(request.think, request.budget, request.samples)


def check_loan(request: Request) -> None:
    """Raises BadInput for what no GPU is borrowed for: options out of range, or more time than ZeroGPU lends.

    Anywhere else nothing is too long.
    """
    if zero_gpu() and here(request):
        Options(**request.options)
        loan.check(request.think, request.budget, request.samples)


def unlent(request: Request, stop: str, clip: video.Clip | None = None, read: float = 0.0) -> Iterator:
    """The judge's events, and last the Problem that ended them, if one did.

    `stop` is a file: once it is gone the judge stops, even in the process that ZeroGPU forked. There `clip` is what
    `_borrowed` has read, in `read` seconds, and its frames are told of before.
    """
    flag = Path(stop)
    options = request.options
    try:
        if clip is None:
            read_and_judge = judges[request.judge].stream
            if request.fps is not None:     # of pictures; a video says it itself
                read_and_judge = partial(read_and_judge, fps=request.fps)
            yield from read_and_judge(request.video, request.prompt, stop=lambda: not flag.exists(), **options)
            return
        yield loan.Borrowed()
        if not flag.exists():
            return
        for event in judges[request.judge].stream_clip(clip, request.prompt, name=request.video, read=read,
                                                       stop=lambda: not flag.exists(), **options):
            if not (isinstance(event, FramesRead) and event.clip is clip):     # no need to send the frames back
                yield event
    except Problem as problem:  # raised in the fork it would lose its class and its sentence on the way
        yield problem


judged = loan.gpu(seconds_needed)(unlent)     # the same, where need be on a GPU that is lent for it


def _borrowed(request: Request, stop: str) -> Iterator:
    """As `judged`, on ZeroGPU: what can be found out without a GPU comes before one is asked for."""
    check_prompt(request.prompt)
    yield Reading(request.video)
    reading, elapsed = clock(), clock()
    sampling = judges[request.judge].card.sampling.capped(request.frames, request.pixels)
    clip = video.read(request.video, sampling, fps=request.fps)
    read = reading()
    yield FramesRead(clip)
    yield loan.Borrowing(loan.cost(request.think, request.budget, request.samples))
    watch = loan.Stopwatch(request, elapsed)
    for event in judged(request, stop, clip, read):
        watch.take(event)
        yield event


def begun(request: Request, stop: str) -> Iterator:
    """The events of a judgement; `stop` as `judged` has it."""
    if not here(request):
        return unlent(request, stop)
    return (_borrowed if zero_gpu() else judged)(request, stop)


def here(request: Request) -> bool:
    """Whether its judge computes in this process, and so needs a GPU; one on a server needs none."""
    return getattr(judges.get(request.judge), "at_once", 1) == 1


def following(put: queue.Queue, stopped: Callable[[], bool], patience: float) -> Iterator:
    """What a thread puts into a queue, as ("event", it); None where nothing came within `patience` seconds.

    Ends at ("end", None) or when `stopped()`; raises what comes as ("error", it).
    """
    while not stopped():
        try:
            kind, value = put.get(timeout=patience)
        except queue.Empty:
            yield None
            continue
        if kind == "end":
            return
        if kind == "error":
            raise value
        yield value


def clock() -> Callable[[], float]:
    """Seconds since now."""
    started = time.monotonic()
    return lambda: time.monotonic() - started

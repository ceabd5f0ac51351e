"""A GPU that ZeroGPU lends: for how long it is asked for, what that costs a visitor, and giving up the wait for one."""
import html
import math
import os
import re
import statistics
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import gradio as gr
from gradio.context import LocalContext

from vs2.best_of.cost import duration
from vs2.errors import BadInput, Failure, Problem
from vs2.events import Retry, Scored, Thought
from vs2.options import Options
from vs2.settings import zero_gpu
from vs2.ui import text
from vs2.ui.said import worded
from vs2.ui.wiring import QUIET, blocks

MOST_SECONDS = 120  # of a GPU at a time; an unknown visitor's whole day is as long
# Assumed until this Space has measured its own: nobody has timed the 7B on a lent GPU.
START = 20          # seconds for a new fork, for moving 16 GB of weights to its GPU, and for the prefill
RATE = 25           # tokens a second, on the GPU whose `duration_factor` is 1
MORE = 0.15         # share of a token's time that each further rationale adds to it
DIRECT = 2          # seconds for scores without a rationale
MARGIN = 1.25       # over a measured rate: a longer clip is slower, and a run that overstays its loan is killed
LEAST_TOKENS = 32   # fewer say nothing about a rate
FEW, KEPT = 3, 20   # measured rates that are needed, and that are kept: their median counts


@dataclass(frozen=True)
class Borrowing:
    """A GPU has been asked for. seconds: the most that it may be used, which the visitor's quota has to have."""

    seconds: int


@dataclass(frozen=True)
class Borrowed:
    """The GPU is there: the judge begins."""


def gpu(seconds: Callable[..., int]):
    """`spaces.GPU`: on a ZeroGPU Space the function runs where a GPU is lent to it; anywhere else it stays as it is."""
    try:
        import spaces
    except (ImportError, RuntimeError):     # it asks for the user's home, which a container's user lacks
        return lambda function: function
    if zero_gpu():
        _fork_in_turn()
    return spaces.GPU(duration=seconds)


_forking: Callable[[], int] | None = None    # os.fork, once the threads wait for each other


def _fork_in_turn() -> None:
    """Makes the forks of this process's threads wait for each other, from now on.

    filelock, from 4.3 on, raises in a fork while another thread forks. Two visitors' loans that begin at the same
    time would so lose one of them, and its GPU would stay lent, for `spaces` gives it back only after the fork.
    """
    global _forking
    if os.fork is _forking:
        return
    fork, lock = os.fork, threading.Lock()

    def in_turn() -> int:
        with lock:      # in the child it is this very thread that goes on, and lets go of its copy
            return fork()

    os.fork = _forking = in_turn


def factor() -> float:
    """Seconds that ZeroGPU takes for one that is asked of it: more than 1 where half a GPU is slower than an H200's."""
    if not zero_gpu():
        return 1.0
    try:
        from spaces.zero.client import get_duration_seconds
    except ImportError:     # other versions of the package know of no factor
        return 1.0
    return float(get_duration_seconds(timedelta(seconds=100), None)) / 100


class Pace:
    """How fast the judge writes where it is lent a GPU: assumed, then the median of what was measured lately."""

    def __init__(self):
        self._lock = threading.Lock()
        self._measured: deque[float] = deque(maxlen=KEPT)

    @property
    def measured(self) -> bool:
        """Whether it was measured here."""
        return len(self._measured) >= FEW

    def token(self, samples: int = 1) -> float:
        """Seconds that a token takes on this Space's GPU, one of each rationale."""
        with self._lock:
            alone = statistics.median(self._measured) * MARGIN if self.measured else factor() / RATE
        return alone * (1 + MORE * (samples - 1))

    def learn(self, tokens: int, seconds: float) -> None:
        """One rationale took so long for so many tokens after its first."""
        if tokens >= LEAST_TOKENS and seconds > 0:
            with self._lock:
                self._measured.append(seconds / tokens)


PACE = Pace()       # of this process's one judge; ZeroGPU serves one Space on one kind of GPU


class Stopwatch:
    """Follows the events of one judgement, and tells `PACE` how fast it wrote."""

    def __init__(self, request, clock: Callable[[], float]):
        self._alone = request.think and request.samples == 1
        self._clock = clock
        self._first: tuple[int, float] | None = None    # tokens so far, and when
        self._last: tuple[int, float] | None = None

    def take(self, event) -> None:
        """One event."""
        if isinstance(event, Thought):
            self._last = event.tokens, self._clock()
            self._first = self._first or self._last
        elif isinstance(event, Retry):
            self._first = None
        elif isinstance(event, Scored) and self._alone and self._first and self._last:
            PACE.learn(self._last[0] - self._first[0], self._last[1] - self._first[1])


def _needed(think: bool, budget: int, samples: int) -> float:
    """The most seconds of this Space's GPU that one judgement may take."""
    return START * factor() + (budget * PACE.token(samples) if think else DIRECT * factor())


def asked(think: bool, budget: int, samples: int) -> int:
    """What `spaces.GPU` is told of that: ZeroGPU multiplies it by the hardware's factor."""
    return min(math.ceil(_needed(think, budget, samples) / factor()), int(MOST_SECONDS / factor()))


def cost(think: bool, budget: int, samples: int) -> int:
    """The seconds that a visitor's quota has to have for it, after that."""
    return round(asked(think, budget, samples) * factor())


def check(think: bool, budget: int, samples: int) -> None:
    """Raises BadInput for what needs a GPU for longer than one is lent; off ZeroGPU nothing is too long."""
    if not zero_gpu() or (seconds := _needed(think, budget, samples)) <= MOST_SECONDS:
        return
    room = max(16, int((MOST_SECONDS - START * factor()) / PACE.token(samples)))
    advice = text.LOWER_EITHER if samples > 1 else text.LOWER_BUDGET
    raise BadInput(text.TOO_LONG.format(seconds=math.ceil(seconds), most=MOST_SECONDS,
                                        advice=advice.format(budget=room)))


def refused(error: gr.Error) -> Failure:
    """What ZeroGPU says in place of a judgement (no quota left, aborted), as one sentence without its markup."""
    said = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", str(error.message))).split()).replace(" .", ".")
    if error.title == "ZeroGPU worker error" or not said:  # the name of an exception, or two words
        return Failure(text.UNEXPECTED.format(kind=said or "ZeroGPU"))
    return Failure(said if said.endswith((".", "!", "?", ")")) else f"{said}.")


class _Stand:
    """Another object with some attributes of its own."""

    def __init__(self, other, **own):
        self._other = other
        self.__dict__.update(own)

    def __getattr__(self, name):
        return getattr(self._other, name)


class _Visitor:
    """A waiting visitor as ZeroGPU looks for one, between its looks at the line for a GPU."""

    def __init__(self, event: str, stopped: Callable[[], bool]):
        self._id, self._stopped = event, stopped

    @property
    def alive(self) -> bool:
        return not self._stopped()


def let_go_when(stopped: Callable[[], bool]) -> None:
    """In this thread's context, a run that is stopped counts as a visitor who has left.

    ZeroGPU gives up its place in the line for a GPU then, or hands the GPU back unused. It looks for the visitor in
    the queue of the app that the context names; anything else of that app stays as it is.
    """
    app, event = LocalContext.blocks.get(None), LocalContext.event_id.get(None)
    if app is not None and event is not None:
        waiting = _Stand(app._queue, active_jobs=[[_Visitor(event, stopped)]])
        LocalContext.blocks.set(_Stand(app, _queue=waiting))  # type: ignore[arg-type]  # it stands for Blocks


def note(think: gr.Checkbox, budget: gr.Slider, samples: gr.Slider | int = 1,
         each: bool = False) -> gr.HTML | None:
    """A line that says what a run may cost of a visitor's GPU time, true to the settings; only on a ZeroGPU Space.

    think, budget, samples: the page's components, or a value that does not change. each: of every video of several.
    """
    if not zero_gpu():
        return None

    def cost_of(think: bool, budget: int, samples: int) -> str:
        try:
            Options(think=bool(think), budget=int(budget), samples=int(samples))
            check(bool(think), int(budget), int(samples))
        except Problem as problem:
            return f'<p class="vs-cost">{html.escape(worded(str(problem)))}</p>'
        seconds = cost(bool(think), int(budget), int(samples))
        count = text.GPU_EACH if each else text.GPU_ONE
        return f'<p class="vs-cost">{count.format(time=worded(duration(seconds)))}</p>'

    drawn = samples if isinstance(samples, int) else samples.value
    shown = gr.HTML(cost_of(think.value, budget.value, drawn), apply_default_css=False)
    given = [think, budget, gr.State(samples) if isinstance(samples, int) else samples]
    changes = [one.change for one in given if hasattr(one, "change") and not isinstance(one, gr.State)]
    gr.on([blocks().load, *changes], cost_of, given, shown, trigger_mode="always_last", **QUIET)
    return shown

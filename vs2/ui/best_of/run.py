"""A run of Best of N behind a page: the app's judge as the run needs it, and what is known of it while it goes on."""
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gradio.processing_utils import save_file_to_cache
from gradio.utils import get_upload_folder

from vs2 import best_of, events
from vs2.best_of import Entry, Estimate, Outcome, Plan
from vs2.best_of.cost import Rates
from vs2.errors import BadInput
from vs2.evaluation import Evaluation
from vs2.generate import Generator
from vs2.options import Given, Options
from vs2.ui.best_of.left import Left
from vs2.ui.host import Host, Run
from vs2.ui.judgement import Request, clock

if TYPE_CHECKING:
    from typing_extensions import Unpack  # from typing, it needs Python 3.11


PATIENCE = 0.2  # seconds between two looks at whether anybody still waits
WAITING, MAKING, MADE, JUDGING, JUDGED, LOST, LEFT_OUT = (
    "waiting", "making", "made", "judging", "judged", "failed", "left")


class Line:
    """The app's judge for a run: each judgement takes its turn in the app's line, a visitor's share of it.

    judge: one of `Host.names`, "" for the app's own, which must be loaded.
    """

    def __init__(self, host: Host, judge: str, visitor: str):
        own = host.wait()
        assert own is not None      # it was waited for without a limit
        self.host, self.judge, self.visitor = host, judge, visitor
        self.name, self.precision = judge or own.name, "" if judge else own.precision
        self.device = host.device

    def stream(self, source: str | Path, prompt: str, /, *, stop: Callable[[], bool],
               **options: "Unpack[Given]") -> Iterator[events.Event]:
        """As `Judge.stream`, with the options that a page has."""
        asked = Options(**options)
        if replace(asked, temperature=Options.temperature, top_p=Options.top_p, published=False) != asked:
            raise BadInput("A page samples at its own temperature: leave out temperature, top_p and published.")
        run = Run(Request(str(source), prompt, asked.think, asked.budget, asked.samples, asked.seed, self.visitor,
                          self.judge, frames=asked.frames, pixels=asked.pixels), self.host)
        try:
            for event in run.events(PATIENCE):
                if stop():
                    return
                if event is not None:
                    yield event
        finally:
            run.stop()


@dataclass(frozen=True)
class Served:
    """A candidate's clip was copied to where uploads are, so that a browser may fetch it."""

    number: int
    path: str


def begin(plan: Plan, judge: Line, generator: Generator, rates: Rates | None = None,
          kept: Path | None = None) -> tuple[best_of.Run, AbstractContextManager]:
    """A run, and its folder for `follow`: a new one that goes with the run, or `kept`, which stays. It is never served:
    beside each clip lies what its generator knows of its true scores."""
    if kept is not None:
        return best_of.Run(plan, judge, kept, generator, rates), nullcontext()
    folder = tempfile.TemporaryDirectory(prefix="vs2-best-")
    try:
        return best_of.Run(plan, judge, folder.name, generator, rates), folder
    except BaseException:
        folder.cleanup()
        raise


def follow(run: best_of.Run, folder: AbstractContextManager) -> Iterator:
    """The events of a run, `Served` after each `Made`, None where none came in time. The folder is left at the end.

    Left early, it stops the run and waits for its end: nothing may still be written when the folder goes.
    """
    told = run.events(PATIENCE)
    with folder:
        try:
            for event in told:
                yield event
                if isinstance(event, best_of.Made):
                    yield Served(event.entry.number, save_file_to_cache(event.entry.path, get_upload_folder()))
        finally:
            run.stop()
            for _ in told:
                continue


@dataclass
class Seat:
    """One candidate. number: from 0. player: the copy of its clip that is served, "" before it has one.

    fast: it was judged without reasoning so far. place: in the ranking, from 1; others may share it. order: how many
    stand before it on the page. kept: its id in the history.
    """

    number: int
    seed: int
    state: str = WAITING
    fraction: float | None = None
    stage: str = ""
    player: str = ""
    evaluation: Evaluation | None = None
    fast: bool = False
    error: str = ""
    place: int | None = None
    order: int | None = None
    kept: str = ""


@dataclass
class Contest:
    """Takes a run's events one by one. judging: the number of the candidate that the judge looks at; said: so far.

    token: of its folder (`vs2.ui.shelf`), "" where that does not stay; left: what is noted beside it.
    """

    plan: Plan
    seats: dict[int, Seat] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    estimate: Estimate | None = None
    outcome: Outcome | None = None
    judging: int | None = None
    said: str = ""
    stopping: bool = False
    elapsed: Callable[[], float] = field(default_factory=clock)
    token: str = ""
    left: Left | None = None

    def seat(self, number: int) -> Seat:
        """The candidate's, made where it is new."""
        return self.seats.setdefault(number, Seat(number, self.plan.seed + number))

    @property
    def ranked(self) -> list[Seat]:
        """Best first, then those without a place by their numbers."""
        return sorted(self.seats.values(), key=lambda seat: (seat.order is None, seat.order or 0, seat.number))

    def take(self, event) -> None:
        """One event; None is none."""
        if isinstance(event, best_of.Estimated):
            self.estimate = event.estimate
        elif isinstance(event, best_of.Making):
            seat = self.seat(event.number)
            seat.state, seat.fraction, seat.stage = MAKING, event.fraction, event.stage
        elif isinstance(event, best_of.Noticed):
            self.notes += [event.text] * (event.text not in self.notes)
        elif isinstance(event, best_of.Made):
            seat = self.seat(event.entry.number)
            seat.state, seat.fraction = MADE, None
        elif isinstance(event, Served):
            self.seat(event.number).player = event.path
        elif isinstance(event, best_of.Judging):
            self._judging(event)
        elif isinstance(event, best_of.Judged):
            seat = self.seat(event.entry.number)
            seat.state, seat.evaluation, seat.fast = JUDGED, event.entry.evaluation, event.entry.full is None
            self.judging, self.said = None, ""
        elif isinstance(event, best_of.Lost):
            seat = self.seat(event.number)
            seat.state, seat.fraction = JUDGED if seat.evaluation else LOST, None
            seat.error = str(event.problem)
            if self.judging == event.number:
                self.judging, self.said = None, ""
        elif isinstance(event, best_of.Ranked):
            self._rank(event.decision)
        elif isinstance(event, best_of.Done):
            self.outcome = event.outcome
            self.close()
            self._rank(event.outcome.decision)

    def close(self) -> None:
        """Nothing goes on any more."""
        self.judging, self.said = None, ""
        for seat in self.seats.values():
            if seat.state not in (JUDGED, LOST):
                seat.state = JUDGED if seat.evaluation else LEFT_OUT
            seat.fraction = None

    def keep(self, store: Callable[[Evaluation, str], str]) -> None:
        """Puts every evaluation into the history that is not in it yet."""
        for seat in self.seats.values():
            if seat.evaluation and seat.player and not seat.kept:
                seat.kept = store(replace(seat.evaluation, video=Path(seat.player).name), seat.player)

    def _judging(self, event: best_of.Judging) -> None:
        seat = self.seat(event.number)
        if self.judging != event.number or isinstance(event.event, events.Reading | events.Retry):
            self.judging, self.said = event.number, ""
        seat.state, seat.stage = JUDGING, event.stage
        if isinstance(event.event, events.Thought):
            self.said += event.event.text

    def _rank(self, decision) -> None:
        for seat in self.seats.values():
            seat.place = seat.order = None
        for order, number in enumerate(decision.ranking):
            self.seat(number).place, self.seat(number).order = decision.place.get(number), order


def told(outcome: Outcome) -> Outcome:
    """The outcome with the bare names of the clips in place of their paths: no folder of ours."""
    def named(entry: Entry) -> Entry:
        if entry.path is None:
            return entry
        name = entry.path.name
        fast, full, again = (found and replace(found, video=name) for found in (entry.fast, entry.full, entry.again))
        return replace(entry, path=Path(name), fast=fast, full=full, again=again)

    return replace(outcome, entries=tuple(map(named, outcome.entries)))

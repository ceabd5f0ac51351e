"""The one loaded judge and those who wait for it: loading beside the page, turns, stopping, on ZeroGPU too."""
import contextvars
import os
import queue
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

from vs2 import loading
from vs2.errors import BadInput, Failure, Problem
from vs2.settings import zero_gpu
from vs2.ui import judgement, loan, text
from vs2.ui.guard import who

if TYPE_CHECKING:
    from vs2.judging import Judging

# Judgements in the line; each holds a thread. Below what the guard lets into the server (guard/events.py), so that who
# is refused is told why on the page.
MOST_WAITING = 48
MOST_EACH = 3       # of one visitor's
MOST_ADDRESS = 12   # of one address's, for a visitor can call itself anything


def _release() -> None:
    """Gives the memory of a judge that is gone back to the device; a page without any judge has no torch."""
    if "torch" in sys.modules:
        from vs2.model import gpu

        gpu.release()


def _bare(problem: Problem) -> Problem:
    """The problem without the frames that it came through: with them whoever keeps it would keep the judge."""
    problem.__cause__ = problem.__context__ = None
    return problem.with_traceback(None)


class Run:
    """One judgement on a thread of its own, so that a page can show time passing and stop at once.

    Iterate with `events(patience)`: it gives an event, or None when nothing came within `patience` seconds.
    A Problem of the judge is raised there; whatever else it raises becomes a Failure.
    """

    def __init__(self, request: judgement.Request, host: "Host"):
        self.request, self.host, self.address = request, host, who.here()
        self.stopped = self.left = False    # left: nobody wants to see more of it
        self._events: queue.Queue = queue.Queue()
        handle, path = tempfile.mkstemp(prefix="vs2-run-")
        os.close(handle)
        self._stop = Path(path)
        # ZeroGPU finds the visitor in the context, so the thread takes a copy of it.
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._work,), daemon=True, name="judgement").start()

    def stop(self) -> None:
        """Ends the judgement at its next event; the events that already came stay."""
        self.stopped = True
        self._stop.unlink(missing_ok=True)

    def ahead(self) -> int:
        """How many judgements have to end before this one begins."""
        return self.host.ahead(self)

    def events(self, patience: float = 0.1) -> Iterator:
        """The events as they come, None where none came in time; ends with the judgement or when it is stopped."""
        return judgement.following(self._events, lambda: self.stopped, patience)

    def _work(self) -> None:
        try:
            judgement.check_loan(self.request)
            if zero_gpu():
                loan.let_go_when(lambda: self.stopped)
            with self.host.turn(self):
                while not self.stopped and self.host.ready(self.request.judge, 0.2) is None:
                    continue                    # a run that is stopped meanwhile gives up its place
                if not self.stopped:
                    self.host.need(self.request.judge)
                    for event in judgement.begun(self.request, str(self._stop)):
                        if isinstance(event, Problem):
                            raise event
                        self._events.put(("event", event))
                        if self.stopped:
                            break
            self._events.put(("end", None))
        except Problem as problem:
            self._events.put(("error", _bare(problem)))
        except gr.Error as error:
            self.host.log(error)
            self._events.put(("error", loan.refused(error)))
        except Exception as error:  # the page must go on whatever breaks; the log keeps the traceback
            if self.stopped and zero_gpu() and isinstance(error, RuntimeError):     # so it says that the wait is over
                self._events.put(("end", None))
                return
            self.host.log(error)
            self._events.put(("error", Failure(text.UNEXPECTED.format(kind=type(error).__name__))))
        finally:
            self._stop.unlink(missing_ok=True)


class Host:
    """Loads the judge once, and gives it to one run at a time, in the order in which they came; one on a server to as
    many as it takes (`at_once`); on ZeroGPU, which forks the process for each run, to all of them.

    others: further judges that a visitor may choose, by the name shown; one of them is loaded when it is first asked
    for, in place of the one of them before. meanwhile: one of those, small enough to stay beside the app's own: it is
    loaded first, answers while the app's own is not there, and has a line of its own, for it answers at once.
    own_name: what the app's own is called, before it is there.
    """

    def __init__(self, load: Callable[[], "Judging"], others: dict[str, Callable[[], "Judging"]] | None = None,
                 log: Callable[[BaseException], None] = lambda error: None, meanwhile: str | None = None,
                 own_name: str = ""):
        self._load, self._others, self.log = load, dict(others or {}), log
        self.meanwhile, self.own_name = meanwhile, own_name
        self.stage: loading.Stage | None = None         # of the app's own, while it is loaded
        self._loaded = threading.Event()
        self._problem: Problem | None = None
        self._line: list[Run] = []
        self._moved = threading.Condition()

    @property
    def names(self) -> list[str]:
        """The judges that a visitor may choose beside the app's own."""
        return list(self._others)

    def start(self, background: bool = True) -> None:
        """Loads the judge; in the background the page is there at once and says that it is loading."""
        if background:
            threading.Thread(target=self._fetch, daemon=True, name="load the judge").start()
        else:
            self._fetch()

    def _fetch(self) -> None:
        judgement.judges.clear()
        try:
            if self.meanwhile:
                judgement.judges[self.meanwhile] = self._others[self.meanwhile]()
            with loading.heard(self._hear):
                judgement.judges[""] = self._load()
        except Problem as problem:
            self._problem = problem
        except Exception as error:
            self.log(error)
            self._problem = Failure(f"The model could not be loaded: {error}.")
        finally:
            self._loaded.set()

    def _hear(self, stage: loading.Stage) -> None:
        self.stage = stage

    @property
    def stands_in(self) -> "Judging | None":
        """Who answers for the app's own judge while that is not there; None where nobody does."""
        return judgement.judges.get(self.meanwhile) if self.meanwhile and not self.loaded else None

    def ready(self, name: str, timeout: float) -> "Judging | None":
        """The judge that a run needs first: the app's own, as `wait` gives it, or the one that answers meanwhile."""
        if name and name == self.meanwhile and (judge := judgement.judges.get(name)):
            return judge
        return self.wait(timeout)

    def need(self, name: str) -> None:
        """Loads the judge called `name` where it is not; to be called in a run's turn. Raises BadInput for no such."""
        if name in judgement.judges:
            return
        if name not in self._others:
            raise BadInput(text.NO_JUDGE)
        for other in [other for other in judgement.judges if other and other != self.meanwhile]:
            del judgement.judges[other]
        _release()              # before the next one looks for how much memory is free
        judgement.judges[name] = self._others[name]()

    def has(self, name: str = "") -> bool:
        """Whether that judge is ready."""
        return name in judgement.judges and (self.loaded or name == self.meanwhile)

    @property
    def own(self):
        """The app's own judge; None while it is not loaded."""
        return judgement.judges.get("") if self.loaded else None

    def slow(self, name: str = "") -> bool:
        """Whether that judge takes so long that a run of it goes on without whoever asked for it."""
        return bool(getattr(judgement.judges.get(name), "slow", False)) if self.has(name) else False

    def too_long(self, prompt: str, name: str = "") -> str:
        """What to say of a prompt longer than those that judge was measured with; "" also while it is not loaded."""
        judge = judgement.judges.get(name) if self.loaded else None
        return judge.too_long(prompt) if judge and judge.card.longest_prompt else ""

    @property
    def loaded(self) -> bool:
        """Whether loading has ended, well or not."""
        return self._loaded.is_set()

    def wait(self, timeout: float | None = None) -> "Judging | None":
        """The judge, once it is loaded; None when `timeout` seconds were not enough. Raises what loading raised."""
        if not self._loaded.wait(timeout):
            return None
        if self._problem is not None:
            raise self._problem
        return judgement.judges[""]

    def ahead(self, run: Run) -> int:
        """How many runs have to end before this one begins."""
        with self._moved:
            return len(self._before(run)) if run in self._line else 0

    def _before(self, run: Run) -> list[Run]:
        """Those in the line that `run` waits for: all before it at the one judge; on ZeroGPU, where each run borrows a
        GPU of its own, the same visitor's, for their loans count against one quota."""
        before = self._line[:self._line.index(run)]
        at_once = self._at_once(run)
        if at_once > 1:     # its runs share nothing with those of the judges of this machine
            same = [other for other in before if other.request.judge == run.request.judge]
            return same[:max(0, len(same) - at_once + 1)]
        before = [other for other in before if self._at_once(other) == 1]
        if self.meanwhile:
            before = [other for other in before
                      if (other.request.judge == self.meanwhile) == (run.request.judge == self.meanwhile)]
        if not zero_gpu():
            return before
        visitor = run.request.visitor
        return [other for other in before if visitor and other.request.visitor == visitor and not other.stopped]

    @staticmethod
    def _at_once(run: Run) -> int:
        """How many runs its judge takes at the same time: 1 while that is not loaded."""
        return getattr(judgement.judges.get(run.request.judge), "at_once", 1)

    @property
    def device(self):
        """Where the app's own judge works, a torch.device; None before it is loaded, or where it does not say.

        On ZeroGPU the model itself does not know it: only the thread that loaded it sees the imitation of CUDA.
        """
        if zero_gpu() and "" in judgement.judges:
            import torch

            return torch.device("cuda")
        return getattr(judgement.judges.get(""), "device", None)

    def turn(self, run: Run) -> "_Turn":
        """A context that waits for the run's turn and gives it up at the end. Raises Failure for too long a line."""
        return _Turn(self, run)


class _Turn:
    def __init__(self, host: Host, run: Run):
        self.host, self.run = host, run
        with host._moved:
            if len(host._line) >= MOST_WAITING:
                raise Failure(text.FULL.format(count=len(host._line)))
            visitor = run.request.visitor
            own = sum(other.request.visitor == visitor and not other.stopped for other in host._line) if visitor else 0
            if own >= MOST_EACH:
                raise Failure(text.FULL_OWN.format(count=own))
            near = sum(other.address == run.address for other in host._line) if run.address else 0
            if near >= MOST_ADDRESS:
                raise Failure(text.FULL_ADDRESS.format(count=near))
            host._line.insert(_place(host._line, run), run)

    def __enter__(self) -> None:
        with self.host._moved:
            while self.host._before(self.run) and not self.run.stopped:
                self.host._moved.wait(0.2)  # a run stopped while it waits leaves by itself

    def __exit__(self, *_) -> None:
        with self.host._moved:
            self.host._line.remove(self.run)
            self.host._moved.notify_all()


def _place(line: list[Run], run: Run) -> int:
    """Where a run joins the line: addresses take turns, so that nobody waits for all that another has asked for."""
    before = Counter(other.address for other in line)
    mine = before[run.address] if run.address else 0
    seen: Counter[str] = Counter()
    for index, other in enumerate(line):
        if run.address and index and other.address and seen[other.address] > mine:
            return index
        seen[other.address] += 1
    return len(line)

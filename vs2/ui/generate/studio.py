"""Where pages generate: work on a thread that can be stopped, one at a time for a visitor, a pipeline kept loaded."""
import contextvars
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from vs2 import generate
from vs2.errors import Failure, Problem
from vs2.ui.guard import who
from vs2.ui.judgement import following
from vs2.ui.text import generate as text

MOST_TOGETHER = 4  # visitors who generate at the same time; each keeps a core or a GPU busy
MOST_ADDRESS = 2   # of them from one address


class Work:
    """Follows an iterator on a thread of its own, so that a page can show time passing and stop at once.

    start(stop): makes the iterator; `stop()` is true once nobody waits any more. `events` gives what it gives. A
    Problem that it raises is raised there; whatever else becomes a Failure, and goes to `log`.
    """

    def __init__(self, start: Callable[[Callable[[], bool]], Iterator], log: Callable[[BaseException], None]):
        self._start, self._log = start, log
        self._events: queue.Queue = queue.Queue()
        self._ended = threading.Event()
        # ZeroGPU finds the visitor in the context, so the thread takes a copy of it.
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._follow,), daemon=True, name="generation").start()

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._ended.is_set()

    def stop(self) -> None:
        """Ends the work at its next step."""
        self._ended.set()

    def events(self, patience: float) -> Iterator:
        """What comes, None where nothing came within `patience` seconds; ends with the work or when it is stopped."""
        return following(self._events, lambda: self.stopped, patience)

    def _follow(self) -> None:
        try:
            events = self._start(lambda: self.stopped)
            for event in events:
                self._events.put(("event", event))
                if self.stopped:
                    break
            if hasattr(events, "close"):
                events.close()
            self._events.put(("end", None))
        except Problem as problem:
            self._events.put(("error", problem))
        except Exception as error:  # the page must go on whatever breaks; the log keeps the traceback
            self._log(error)
            self._events.put(("error", Failure(text.FAILED.format(kind=type(error).__name__))))


class Studio:
    """What the pages that generate share."""

    def __init__(self):
        self._busy: dict[str, str] = {}     # addresses by visitor
        self._lock, self._loading = threading.Lock(), threading.Lock()
        self._kept = None

    @contextmanager
    def place(self, visitor: str) -> Iterator[None]:
        """Room for one generation of a visitor's. Raises Failure where there is none."""
        with self._lock:
            if visitor in self._busy:
                raise Failure(text.ONE_EACH)
            if len(self._busy) >= MOST_TOGETHER:
                raise Failure(text.FULL.format(count=len(self._busy)))
            address = who.here()
            if address and list(self._busy.values()).count(address) >= MOST_ADDRESS:
                raise Failure(text.FULL_ADDRESS.format(count=MOST_ADDRESS))
            self._busy[visitor] = address
        try:
            yield
        finally:
            with self._lock:
                self._busy.pop(visitor, None)

    def load(self, name: str, token: str = "") -> generate.Generator:
        """The generator called `name`. A pipeline stays loaded for the next clip, until another one is asked for."""
        if name.startswith("provider:"):
            return generate.load(name, token=token)
        if not name.startswith("diffusers"):
            return generate.load(name)
        with self._loading:     # one at a time: two at once would each measure a memory that is still free
            before, self._kept = self._kept, None
            if before is not None and before.name == name:
                self._kept = before
                return before
            if before is not None:
                before.close()  # waits for whoever still uses it
            self._kept = generate.load(name)
            return self._kept

"""The desk at which pages look at clips: few at a time, so that the judge always finds a worker, and a core.

Looking at a clip may take minutes of a core, and pages do it for anyone who uploads one.
"""
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from vs2.errors import Failure
from vs2.ui import text
from vs2.ui.guard import who
from vs2.video.pool import for_page

AT_ONCE, EACH = 3, 2    # clips at a time, and of one address; one worker of `vs2.video.pool` is left to the judge
WAITING = 12            # those who wait
PATIENCE = 30.0         # seconds that one waits


class Desk:
    """Places, given in the order in which they were asked for, but for those whose address has its share."""

    def __init__(self, at_once: int = AT_ONCE, each: int = EACH, waiting: int = WAITING, patience: float = PATIENCE):
        self.at_once, self.each, self.waiting, self.patience = at_once, each, waiting, patience
        self._busy: Counter[str] = Counter()
        self._line: list[tuple[object, str]] = []
        self._moved = threading.Condition()

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place, when it is one's turn. Raises Failure where too many wait, or the turn does not come."""
        me, until = (object(), who.here()), time.monotonic() + self.patience
        with self._moved:
            if len(self._line) >= self.waiting:
                raise Failure(text.DESK_FULL)
            self._line.append(me)
            try:
                while self._next() is not me:
                    if (left := until - time.monotonic()) <= 0:
                        raise Failure(text.DESK_FULL)
                    self._moved.wait(left)
                self._busy[me[1]] += 1
            finally:
                self._line.remove(me)
                self._moved.notify_all()
        try:
            with for_page():
                yield
        finally:
            with self._moved:
                self._busy[me[1]] -= 1
                self._moved.notify_all()

    def _next(self) -> tuple[object, str] | None:
        """Whose turn it is."""
        if self._busy.total() >= self.at_once:
            return None
        return next((one for one in self._line if not one[1] or self._busy[one[1]] < self.each), None)


desk = Desk()   # of this process: its video workers are the process's too

"""What goes on although nobody watches: the work of a slow judge, which a visitor leaves and comes back to.

A page's function is a generator of updates, and Gradio ends it with the visitor's connection. A `Going` has it on a
thread of its own; whoever watches, from whichever window or by its link, gets what it has shown so far and then each
update. One that has ended is kept for a while, so that what came of it can still be looked at.
"""
import contextvars
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Hashable, Iterator
from typing import Any

Updates = Generator[dict, None, None]
KEPT = 3600         # seconds that one is kept after its end
MOST = 256          # that are kept


class Going:
    """Work that updates a page. facts: what a page wants to know of it, such as which clip it is about.

    id: 128 random bits, by which it is found: a link to it is a permission, as with evaluations.
    """

    def __init__(self, facts: dict[str, Any] | None = None):
        self.id, self.facts = secrets.token_urlsafe(16), dict(facts or {})
        self.ended: float | None = None         # when
        self._shown: dict[Hashable, tuple[int, Any]] = {}      # part of the page -> (number of the update, value)
        self._number, self._closing = 0, False
        self._moved = threading.Condition()

    def begin(self, work: Updates) -> None:
        """Starts it. The thread has a copy of the context, and so the visitor's language and address."""
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._pump, work), daemon=True, name="going").start()

    def close(self) -> None:
        """Ends it at its next update, as a visitor who leaves ends a page's function."""
        self._closing = True

    def _pump(self, work: Updates) -> None:
        try:
            for update in work:
                with self._moved:
                    self._number += 1
                    self._shown |= {part: (self._number, value) for part, value in update.items()}
                    self._moved.notify_all()
                if self._closing:
                    break
        finally:
            work.close()
            with self._moved:
                self.ended = time.monotonic()
                self._moved.notify_all()

    def watch(self, still: Callable[[], bool] = lambda: True, patience: float = 0.5) -> Iterator[dict]:
        """What it has shown so far, then what it shows, for as long as `still()`; ends with it."""
        seen = 0
        while still():
            with self._moved:
                if self._number == seen and self.ended is None:
                    self._moved.wait(patience)
                update = {part: value for part, (number, value) in self._shown.items() if number > seen}
                seen, over = self._number, self.ended is not None
            if update:
                yield update
            if over:
                return


def outlasting(found: "All", key: Hashable, work: Updates, visitor: str) -> Updates:
    """The same updates, of work that goes on when nobody takes them any more, and is found by the key."""
    going = Going({"visitor": visitor})
    found.put(key, going)
    going.begin(work)
    yield from going.watch()


class All:
    """Those of an app, by what they are looked for."""

    def __init__(self) -> None:
        self._found: OrderedDict[Hashable, Going] = OrderedDict()
        self._changing = threading.Lock()

    def put(self, key: Hashable, going: Going) -> None:
        """Under a key more; the one before has it no longer."""
        with self._changing:
            self._clean()
            self._found[key] = going
            self._found.move_to_end(key)
            over = [key for key, one in self._found.items() if one.ended is not None]
            for old in over[:max(0, len(self._found) - MOST)]:
                del self._found[old]

    def get(self, key: Hashable) -> Going | None:
        """The one of that key; None where there is none any more."""
        with self._changing:
            self._clean()
            return self._found.get(key)

    def running(self, key: Hashable) -> Going | None:
        """The one of that key, unless it has ended."""
        found = self.get(key)
        return found if found is not None and found.ended is None else None

    def drop(self, wanted: Callable[[Going], bool]) -> None:
        """Ends those, and forgets them."""
        with self._changing:
            for key in [key for key, one in self._found.items() if wanted(one)]:
                self._found.pop(key).close()

    def _clean(self) -> None:
        now = time.monotonic()
        for key in [key for key, one in self._found.items() if one.ended is not None and now - one.ended > KEPT]:
            del self._found[key]

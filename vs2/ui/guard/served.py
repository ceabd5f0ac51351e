"""The functions that a page's scripts call: threads of their own, and few places, for Gradio does not queue them.

On Gradio's own threads a few dozen slow calls would leave none for anything else.
"""
import asyncio
import contextvars
import functools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from vs2.errors import Failure
from vs2.ui.guard import who
from vs2.ui.said import worded

BUSY = "This app is busy with {count} other requests of this kind: try again in a minute."
BUSY_EACH = "{count} requests of this kind run for you already: try again when one of them has ended."


class Places:
    """A number of places, and the most that one address may have. at_once: places. each: of one address."""

    def __init__(self, at_once: int, each: int):
        self.at_once, self.each = at_once, each
        self._taken: Counter[str] = Counter()
        self._changing = threading.Lock()

    @contextmanager
    def one(self, address: str) -> Iterator[None]:
        """A place, at once. Raises Failure where there is none."""
        with self._changing:
            if address and self._taken[address] >= self.each:
                raise Failure(BUSY_EACH.format(count=self._taken[address]))
            if self._taken.total() >= self.at_once:
                raise Failure(BUSY.format(count=self._taken.total()))
            self._taken[address] += 1
        try:
            yield
        finally:
            with self._changing:
                self._taken[address] -= 1
                if not self._taken[address]:
                    del self._taken[address]


SLOW, QUICK = Places(24, 8), Places(48, 16)     # those that open a video, and the others
_threads = {SLOW: ThreadPoolExecutor(12, "slow calls"), QUICK: ThreadPoolExecutor(8, "calls")}


def served(places: Places) -> Callable[[Callable], Callable]:
    """Makes of a function one that Gradio awaits; it answers {"problem": sentence} where there is no place."""
    def wrap(function: Callable) -> Callable:
        @functools.wraps(function)
        async def answer(*arguments):
            try:
                with places.one(who.here()):
                    context = contextvars.copy_context()
                    work = functools.partial(context.run, function, *arguments)
                    return await asyncio.get_running_loop().run_in_executor(_threads[places], work)
            except Failure as failure:
                return {"problem": worded(str(failure))}

        return answer

    return wrap

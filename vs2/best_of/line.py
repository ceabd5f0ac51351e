"""Where the clips that are made wait for the judge."""
import queue


class Line:
    """Numbers of candidates, first in, first out; one thread puts, another takes."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[int | None] = queue.SimpleQueue()

    def put(self, number: int) -> None:
        """One more waits."""
        self._waiting.put(number)

    def end(self) -> None:
        """No more will come."""
        self._waiting.put(None)

    def take(self, most: int) -> list[int]:
        """The next one, waited for, and as many more as are there, up to `most`; empty after the last."""
        found: list[int] = []
        while len(found) < most and not (found and self._waiting.empty()):
            number = self._waiting.get()
            if number is None:
                self._waiting.put(None)     # for the next call
                break
            found.append(number)
        return found

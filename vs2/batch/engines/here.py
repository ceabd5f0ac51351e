"""Rows judged by this process's own judge."""
from collections.abc import Callable, Iterable, Iterator

from vs2.batch.engines.task import Outcome, Task, judged


class Here:
    """A judge of this process, one row after another."""

    def __init__(self, judge, options: dict):
        self._judge, self._options = judge, options

    def judge(self, tasks: Iterable[Task], stop: Callable[[], bool]) -> Iterator[tuple[int, Outcome]]:
        """The judge is asked for one row after another."""
        for task in tasks:
            if stop():
                return
            yield task.number, judged(self._judge, task, self._options)

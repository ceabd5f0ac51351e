"""Rows judged by this process's own judge."""
from collections.abc import Callable, Generator, Iterable

from vs2.batch.engines.task import Outcome, Scorer, Task, judged
from vs2.options import Given


class Here:
    """A judge of this process, one row after another."""

    def __init__(self, judge: Scorer, options: Given):
        self._judge, self._options = judge, options

    def judge(self, tasks: Iterable[Task], stop: Callable[[], bool]) -> Generator[tuple[int, Outcome], None, None]:
        """The judge is asked for one row after another."""
        for task in tasks:
            if stop():
                return
            yield task.number, judged(self._judge, task, self._options)

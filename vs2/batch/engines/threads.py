"""Rows judged by one judge that takes several at once, such as one on a server."""
import queue
import threading
from collections.abc import Callable, Generator, Iterable
from functools import partial

from vs2.batch.engines.task import TICK, Outcome, Scorer, Task, enough, judged
from vs2.options import Given


class Threads:
    """`count` threads over one judge, whose `score` takes a `stop` too, as `vs2.judging.Judging` has it.

    Closing the generator ends those that have begun at their next token.
    """

    def __init__(self, judge: Scorer, count: int, options: Given):
        enough(count)
        self._judge, self._count, self._options = judge, count, options

    def judge(self, tasks: Iterable[Task], stop: Callable[[], bool]) -> Generator[tuple[int, Outcome], None, None]:
        """In the order in which they are done."""
        left = iter(list(tasks))
        taking, ended = threading.Lock(), threading.Event()
        done: queue.Queue[tuple[int, Outcome] | None] = queue.Queue()

        def work() -> None:
            while not (ended.is_set() or stop()):
                with taking:
                    task = next(left, None)
                if task is None:
                    break
                done.put((task.number, judged(_Stoppable(self._judge, ended.is_set), task, self._options)))
            done.put(None)

        for number in range(self._count):
            threading.Thread(target=work, daemon=True, name=f"judge {number}").start()
        working = self._count
        try:
            while working:
                try:
                    outcome = done.get(timeout=TICK)
                except queue.Empty:
                    continue
                if outcome is None:
                    working -= 1
                else:
                    yield outcome
        finally:
            ended.set()


class _Stoppable:
    """A judge whose judgements end once `stop()` is true."""

    def __init__(self, judge: Scorer, stop: Callable[[], bool]):
        self._score = partial(getattr(judge, "score"), stop=stop)  # noqa: B009  # a Scorer need have no stop

    def score(self, source, prompt, /, **options):
        """As the judge's own."""
        return self._score(source, prompt, **options)

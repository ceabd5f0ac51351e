"""Many judgements: one after another with a judge of this process, or spread over several processes of one thread.

A suite gives `each` a function of a judge and one item; whether the judge is a `Judge` or `Processes` is the same
to it. On a CPU a small judge gains nothing from a second thread and everything from a second process.
"""
import functools
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from vs2.errors import BadInput, Failure


class Processes:
    """Copies of the judge `name`, one in each of `count` processes; they start with the first work. A context manager.

    Raises BadInput for a count below 1; a judge that cannot be loaded raises with the first work.
    """

    def __init__(self, name: str, count: int, precision: str = "auto"):
        if count < 1:
            raise BadInput(f"{count} processes cannot judge anything: give 1 or more.")
        self.name, self.count, self.precision = name, count, precision
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def rows(self, one, items, options: dict):
        """one(judge, item, **options) of each item, in their order. `one` must be a module's own function."""
        if self._pool is None:      # spawned: a process with torch's threads in it must not be forked
            self._pool = ProcessPoolExecutor(self.count, multiprocessing.get_context("spawn"))
        call = functools.partial(_work, self.name, self.precision, one, options)
        try:
            yield from self._pool.map(call, items)
        except BrokenProcessPool as error:
            raise Failure("A process that judges was stopped from outside, for lack of memory perhaps: try again "
                          "with fewer processes.") from error


def each(judge, one, items, progress=None, **options) -> list:
    """[one(judge, item, **options) for each item]; progress is called with (done, count) after each.

    judge: a `vs2.judge.Judge`, or `Processes`. Raises what `one` raises.
    """
    items, rows = list(items), []
    for row in stream(judge, one, items, **options):
        rows.append(row)
        if progress:
            progress(len(rows), len(items))
    return rows


def stream(judge, one, items, **options):
    """one(judge, item, **options) of each item as they come, in their order; what `each` gathers."""
    if isinstance(judge, Processes):
        yield from judge.rows(one, list(items), options)
    else:
        yield from (one(judge, item, **options) for item in items)


def _work(name: str, precision: str, one, options: dict, item):
    return one(_judge(name, precision), item, **options)


@functools.lru_cache(maxsize=1)
def _judge(name: str, precision: str):
    """The worker process's own judge."""
    import torch

    import vs2

    torch.set_num_threads(1)
    return vs2.load(name, precision)

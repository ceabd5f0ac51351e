"""The worker processes that touch untrusted files: who may have one, how many there are, who waits and how long.

`with borrow() as worker` lends a running worker; unless `worker.finish()` is called inside, it is killed, so no
worker is ever handed on in the middle of a conversation. The pool is the one piece of state this module keeps.

Two classes borrow. What is judged is work; what only a page shows (a copy for the browser) is borrowed inside
`for_page()`: it never has the last worker, goes behind work that waits, and runs at a lower priority.
"""
import atexit
import os
import threading
from contextlib import contextmanager
from contextvars import ContextVar

from vs2.errors import Failure
from vs2.video import process
from vs2.video.process import Gone, Worker

__all__ = ["Gone", "Worker", "borrow", "close", "for_page", "layers", "warm", "workers"]

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
WORKERS = max(2, min(4, CORES))        # at most so many files are read at once; the next caller waits
PAGES = WORKERS - 1                    # at most so many of them for pages
IDLE = 2                               # so many workers stay for the next call
WAITERS = {"work": 64, "page": 8}      # so many callers wait, by class; one more is told so at once
WAIT_SECONDS = {"work": 300.0, "page": 30.0}
NICENESS = {"work": 0, "page": 10}     # on Linux
BUSY = "The program is reading as many other videos as it can: try again in a minute."

_class: ContextVar[str] = ContextVar("vs2_video_class", default="work")


class _Pool:
    def __init__(self):
        self.free = threading.Condition()
        self.idle: list[Worker] = []
        self.busy: set[Worker] = set()
        self.lent = {"work": 0, "page": 0}  # lent or being started
        self.lines: dict[str, list] = {"work": [], "page": []}

    def _has_room(self, kind: str) -> bool:
        """Whether whoever is first in this class's line may have a worker. Called with the lock held."""
        if sum(self.lent.values()) >= WORKERS:
            return False
        return kind == "work" or (self.lent["page"] < PAGES and not self.lines["work"])

    def _wait(self, kind: str) -> None:
        """Stands in line, with the lock held. Raises Failure where the line is full or too slow."""
        line, place = self.lines[kind], object()
        if len(line) >= WAITERS[kind]:
            raise Failure(BUSY)
        line.append(place)
        try:
            if not self.free.wait_for(lambda: line[0] is place and self._has_room(kind), WAIT_SECONDS[kind]):
                raise Failure(BUSY)
        finally:
            line.remove(place)
            self.free.notify_all()  # whoever is first now

    def take(self, kind: str) -> Worker:
        with self.free:
            if self.lines[kind] or not self._has_room(kind):
                self._wait(kind)
            self.lent[kind] += 1
            while self.idle:
                worker = self.idle.pop()
                if worker.alive():
                    self.busy.add(worker)
                    return worker
                worker.close()
        try:
            worker = Worker()
        except BaseException:
            self._gave_up(kind)
            raise
        with self.free:
            self.busy.add(worker)
        return worker

    def _gave_up(self, kind: str) -> None:
        with self.free:
            self.lent[kind] -= 1
            self.free.notify_all()

    def give(self, worker: Worker, kind: str) -> None:
        worker.jobs += 1
        fit = worker.fit()
        with self.free:
            self.busy.discard(worker)
            keep = fit and len(self.idle) < IDLE
            if keep:
                self.idle.append(worker)
        if not keep:
            worker.close()
        self._gave_up(kind)

    def close(self) -> None:
        with self.free:
            workers = self.idle + list(self.busy)
            self.idle = []
        for worker in workers:
            worker.kill()


_pool = _Pool()


@contextmanager
def borrow():
    """Lends a worker, waiting in line for one if all are at work. Raises Failure where that would take too long, or
    where none can be started."""
    kind = _class.get()
    worker = _pool.take(kind)
    worker.finished, worker.niceness, worker.earned = False, NICENESS[kind], 0.0
    try:
        yield worker
    finally:
        _pool.give(worker, kind)


@contextmanager
def for_page():
    """What is borrowed inside, in this thread, is for a page to show: it does not hold up what is judged."""
    token = _class.set("page")
    try:
        yield
    finally:
        _class.reset(token)


def layers() -> tuple[str, ...]:
    """The names, in `vs2.video.worker.sandbox.LAYERS`, of what confines the reading of a file on this machine."""
    with borrow() as worker:
        worker.finish()
        return worker.layers


def warm() -> None:
    """Starts a worker ahead of the first call, which then need not wait for Python and the decoders to load."""
    with borrow() as worker:
        worker.finish()


def workers() -> list[Worker]:
    """The workers that run now, idle ones first."""
    with _pool.free:
        return _pool.idle + list(_pool.busy)


def close() -> None:
    """Ends every worker. The next call starts a new one."""
    _pool.close()


def _forget() -> None:
    """In a forked child: the workers, their pipes and the threads that watch them belong to the parent."""
    global _pool
    _pool = _Pool()
    process.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
atexit.register(close)

"""Rows judged by several processes of this machine.

Each is given parts of the table, as many rows as share a batch, and one part more than it judges, which it reads
meanwhile. What a process leaves when it dies is tried once more, row by row, so that the row that kills it costs the
others nothing but that.
"""
import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection, wait

from vs2.batch.engines.here import Here, part_size
from vs2.batch.engines.task import CRASHED, NO_START, TICK, Outcome, Scorer, Task, enough
from vs2.errors import Failure, Problem
from vs2.options import Given

AT_ONCE = 2     # parts that a process has: one is judged, one read


class Processes:
    """`count` processes, each with a judge that `load()` gives there. A row at which one dies twice is lost.

    load must be a module's function or a partial of one. With GPUs, each process sees one: count is at most theirs.
    """

    def __init__(self, load: Callable[[], Scorer], count: int, options: Given, gpus: int = 0):
        enough(count, gpus)
        self._load, self._count, self._options, self._gpus = load, count, options, gpus

    def judge(self, tasks: Iterable[Task], stop: Callable[[], bool]) -> Generator[tuple[int, Outcome], None, None]:
        """Raises what loading the judge raises."""
        left = _Left(list(tasks), self._count, self._options)
        crew: list[_Process] = []
        try:
            for place in range(self._count):
                if left:
                    crew.append(self._start(place))
                    left.give(crew[-1])
            while crew and not stop():
                for pipe in wait([process.pipe for process in crew], TICK):
                    place = next(place for place, process in enumerate(crew) if process.pipe is pipe)
                    process = crew[place]
                    found = process.answer()
                    lost = [] if process.alive else left.lost(process)
                    if process.alive:
                        left.give(process)      # before the consumer takes its time with the outcome
                    if not process.alive or not process.has:
                        process.end()
                        crew[place:place + 1] = [self._start(process.place)] if left else []
                        if left:
                            left.give(crew[place])
                    yield from found
                    for task in lost:
                        yield task.number, Failure(CRASHED)
        finally:
            for process in crew:
                process.end()

    def _start(self, place: int) -> "_Process":
        given = os.environ.get("CUDA_VISIBLE_DEVICES")
        gpus = given.split(",") if given else [str(number) for number in range(self._gpus)]
        threads = max(1, (os.cpu_count() or 1) // self._count)
        environment = {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(threads))}
        if self._gpus:
            environment["CUDA_VISIBLE_DEVICES"] = gpus[place]
        return _Process(place, (self._load, self._options, environment))


class _Left:
    """What no process has yet: parts of the table, and before them rows that were lost once."""

    def __init__(self, tasks: list[Task], count: int, options: Given):
        size = part_size(len(tasks), count, options)
        self._parts = deque(tasks[start:start + size] for start in range(0, len(tasks), size))
        self._again: deque[Task] = deque()
        self._tried: set[int] = set()

    def __bool__(self) -> bool:
        return bool(self._parts or self._again)

    def give(self, process: "_Process") -> None:
        """As much as it should have. A row that was lost is alone in its process: what happens is then its doing."""
        if any(task.number in self._tried for part in process.has for task in part):
            return
        if self._again:
            if not process.has:
                process.give([self._again.popleft()])
            return
        while self._parts and len(process.has) < AT_ONCE:
            process.give(self._parts.popleft())

    def lost(self, process: "_Process") -> list[Task]:
        """Takes back what a dead process had; gives what it has had for the second time."""
        tasks = [task for part in process.has for task in part]
        twice = [task for task in tasks if task.number in self._tried]
        once = [task for task in tasks if task.number not in self._tried]
        self._again.extend(once)
        self._tried.update(task.number for task in once)
        return twice


class _Process:
    """One process and the parts that it has, the older one first, without what it has answered."""

    def __init__(self, place: int, what: tuple):
        context = multiprocessing.get_context("spawn")      # one with torch's threads in it must not be forked
        self.place, self.alive, self._loaded = place, True, False
        self.has: list[list[Task]] = []
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, *what), daemon=True, name=f"judge {place}")
        self._process.start()
        theirs.close()

    def give(self, part: list[Task]) -> None:
        self.has.append(list(part))
        with contextlib.suppress(OSError):      # it is gone: its answer will say so
            self.pipe.send(part)

    def answer(self) -> list[tuple[int, Outcome]]:
        """A row's outcome; nothing where it says that its judge is loaded, or is dead. Raises what loading raised."""
        try:
            kind, said = self.pipe.recv()
        except (EOFError, OSError) as error:
            self.alive = False
            if not self._loaded:
                raise Failure(NO_START) from error
            return []
        if kind == "no judge":
            raise said
        self._loaded = True
        if kind == "loaded":
            return []
        kept = [[task for task in part if task.number != said[0]] for part in self.has]
        self.has = [part for part in kept if part]
        return [said]

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self.pipe.close()


def _serve(pipe: Connection, load: Callable[[], Scorer], options: Given, environment: dict[str, str]) -> None:
    """A worker process's life. It ends when the other end of the pipe is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)    # Ctrl+C is for the one who started it, who then ends it
    os.environ.update(environment)                  # before torch is imported
    try:
        here = Here(load(), options)
    except Problem as problem:
        pipe.send(("no judge", problem))
        return
    sending = threading.Lock()

    def work(part: list[Task]) -> None:
        try:
            for found in here.judge(part):
                with sending:
                    pipe.send(("judged", found))
        except BaseException:       # a thread that ends unseen would leave the other end waiting for ever
            os._exit(1)

    with contextlib.suppress(EOFError, OSError), ThreadPoolExecutor(AT_ONCE) as workers:
        with sending:
            pipe.send(("loaded", None))
        while True:
            workers.submit(work, pipe.recv())

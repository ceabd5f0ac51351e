"""Rows judged by several processes of this machine."""
import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Generator, Iterable
from multiprocessing.connection import Connection, wait

from vs2.batch.engines.task import CRASHED, TICK, Outcome, Scorer, Task, enough, judged
from vs2.errors import Failure, Problem
from vs2.options import Given

NO_START = ("The process that judges did not start or was stopped from outside, for lack of memory perhaps: "
            "try again with fewer workers.")


class Processes:
    """`count` processes, each with a judge that `load()` gives there. One that dies loses the row that it had.

    load must be a module's function or a partial of one. With GPUs, each process sees one: count is at most theirs.
    """

    def __init__(self, load: Callable[[], Scorer], count: int, options: Given, gpus: int = 0):
        enough(count, gpus)
        self._load, self._count, self._options, self._gpus = load, count, options, gpus

    def judge(self, tasks: Iterable[Task], stop: Callable[[], bool]) -> Generator[tuple[int, Outcome], None, None]:
        """Raises what loading the judge raises."""
        tasks = iter(tasks)
        crew: list[_Process] = []
        try:
            crew.extend(self._start(place, task) for place, task in zip(range(self._count), tasks, strict=False))
            while crew and not stop():
                for pipe in wait([process.pipe for process in crew], TICK):
                    place = next(place for place, process in enumerate(crew) if process.pipe is pipe)
                    process = crew[place]
                    if (outcome := process.answer()) is None:
                        continue
                    number, task = process.task.number, next(tasks, None)
                    if task is not None and process.alive:
                        process.give(task)      # before the consumer takes its time with the outcome
                    else:
                        process.end()
                        crew[place:place + 1] = [] if task is None else [self._start(process.place, task)]
                    yield number, outcome
        finally:
            for process in crew:
                process.end()

    def _start(self, place: int, task: Task) -> "_Process":
        given = os.environ.get("CUDA_VISIBLE_DEVICES")
        gpus = given.split(",") if given else [str(number) for number in range(self._gpus)]
        threads = max(1, (os.cpu_count() or 1) // self._count)
        environment = {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(threads))}
        if self._gpus:
            environment["CUDA_VISIBLE_DEVICES"] = gpus[place]
        return _Process(place, (self._load, self._options, environment), task)


class _Process:
    """One process and the task that it has."""

    def __init__(self, place: int, what: tuple, task: Task):
        context = multiprocessing.get_context("spawn")      # one with torch's threads in it must not be forked
        self.place, self.alive, self._loaded = place, True, False
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, *what), daemon=True, name=f"judge {place}")
        self._process.start()
        theirs.close()
        self.give(task)

    def give(self, task: Task) -> None:
        self.task = task
        with contextlib.suppress(OSError):      # it is gone: its answer will say so
            self.pipe.send(task)

    def answer(self) -> Outcome | None:
        """What it says; None for the message that its judge is loaded. Raises what loading raised."""
        try:
            kind, said = self.pipe.recv()
        except (EOFError, OSError) as error:
            self.alive = False
            if not self._loaded:
                raise Failure(NO_START) from error
            return Failure(CRASHED)
        if kind == "no judge":
            raise said
        self._loaded = True
        return said

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self.pipe.close()


def _serve(pipe: Connection, load: Callable[[], Scorer], options: Given, environment: dict[str, str]) -> None:
    """A worker process's life. It ends when the other end of the pipe is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)    # Ctrl+C is for the one who started it, who then ends it
    os.environ.update(environment)                  # before torch is imported
    try:
        judge = load()
    except Problem as problem:
        pipe.send(("no judge", problem))
        return
    with contextlib.suppress(EOFError, OSError):
        pipe.send(("loaded", None))
        while True:
            pipe.send(("judged", judged(judge, pipe.recv(), options)))

"""Who judges the rows of a table: the judge of this process, several processes, or actors of Ray.

Each has `judge(tasks, stop)`: a generator of (number, `Evaluation` or the `Problem` in its place), in the order in
which they are done. Closing it ends the work at once.
"""
import contextlib
import itertools
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

from vs2.errors import BadInput, Failure, Problem
from vs2.evaluation import Evaluation

Outcome = Evaluation | Problem
TICK = 0.2      # seconds between looks at `stop`
CRASHED = "The process that judged this row was stopped from outside, for lack of memory perhaps: try it again."
NO_START = ("The process that judges did not start or was stopped from outside, for lack of memory perhaps: "
            "try again with fewer workers.")
STARTS = 3      # times that Ray is started: it gives its own processes 30 seconds, too few on a busy machine
NO_RAY = "Ray is not installed: run `pip install -e '.[scale]'` in the project's folder, or take --engine local."


@dataclass(frozen=True)
class Task:
    """One judgement: the row's number, its file, its prompt, and the pictures a second where the file is of pictures.
    """

    number: int
    path: Path
    prompt: str
    fps: float | None = None


def judged(judge, task: Task, options: dict) -> Outcome:
    """What the judge says of it. Whatever goes wrong is this row's alone."""
    try:
        rate = {} if task.fps is None else {"fps": task.fps}
        return judge.score(task.path, task.prompt, **rate, **options)
    except Problem as problem:
        return problem
    except Exception as error:      # a long run must not end with one row that meets a defect
        return Failure(f"Judging it failed unexpectedly ({type(error).__name__}: {error}).")


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


class Processes:
    """`count` processes, each with a judge that `load()` gives there. One that dies loses the row that it had.

    load must be a module's function or a partial of one. With GPUs, each process sees one: count is at most theirs.
    """

    def __init__(self, load: Callable, count: int, options: dict, gpus: int = 0):
        enough(count, gpus)
        self._load, self._count, self._options, self._gpus = load, count, options, gpus

    def judge(self, tasks: Iterable[Task], stop: Callable[[], bool]) -> Iterator[tuple[int, Outcome]]:
        """Raises what loading the judge raises."""
        tasks, crew = iter(tasks), []
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


def _serve(pipe: Connection, load: Callable, options: dict, environment: dict) -> None:
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


def _begin(ray) -> None:
    """Starts Ray, or joins RAY_ADDRESS's cluster. Raises Failure where it does not come up."""
    for left in reversed(range(STARTS)):
        try:
            ray.init(include_dashboard=False, log_to_driver=False)
            return
        except Exception as error:      # a bare one says that its processes took more than half a minute
            ray.shutdown()
            if not left:
                raise Failure(f"Ray did not start: {(str(error) or repr(error)).splitlines()[0]}") from error


class Ray:
    """`count` actors of Ray, each with a judge that `load()` gives there; on RAY_ADDRESS's cluster, or this machine.

    Every machine of the cluster needs this package, and the clips under the same paths. Raises BadInput where Ray is
    not installed, and with the first task where the cluster has too few GPUs.
    """

    def __init__(self, load: Callable, count: int, options: dict):
        try:
            import ray
        except ImportError as error:
            raise BadInput(NO_RAY) from error
        enough(count)
        self._ray, self._load, self._count, self._options = ray, load, count, options

    def judge(self, tasks: Iterable[Task], stop: Callable[[], bool]) -> Iterator[tuple[int, Outcome]]:
        """Raises what loading the judge raises."""
        ray, tasks, busy = self._ray, iter(tasks), {}
        mine = not ray.is_initialized()
        if mine:
            _begin(ray)
        try:
            gpus = int(ray.cluster_resources().get("GPU", 0))
            enough(self._count, gpus)
            self._actor = ray.remote(num_gpus=1 if gpus else 0)(_Actor)
            for task in itertools.islice(tasks, self._count):
                self._give(busy, self._start(), task)
            while busy and not stop():
                done, _ = ray.wait(list(busy), timeout=TICK)
                for reference in done:
                    actor, task = busy.pop(reference)
                    try:
                        kind, outcome = ray.get(reference)
                        if kind == "no judge":
                            raise outcome
                    except ray.exceptions.RayError:
                        actor, outcome = None, Failure(CRASHED)
                    if (after := next(tasks, None)) is not None:
                        self._give(busy, actor or self._start(), after)
                    elif actor is not None:
                        ray.kill(actor)
                    yield task.number, outcome
        finally:
            for actor, _ in busy.values():
                ray.kill(actor)
            if mine:
                ray.shutdown()

    def _start(self):
        return self._actor.remote(self._load, self._options)

    def _give(self, busy: dict, actor, task: Task) -> None:
        busy[actor.judge.remote(task)] = actor, task


class _Actor:
    """What runs on a machine of the cluster. The judge is loaded with the first task."""

    def __init__(self, load: Callable, options: dict):
        self._load, self._options, self._judge = load, options, None

    def judge(self, task: Task) -> tuple[str, Outcome]:
        if self._judge is None:
            try:
                self._judge = self._load()
            except Problem as problem:
                return "no judge", problem
        return "judged", judged(self._judge, task, self._options)


def enough(count: int, gpus: int = 0) -> None:
    """Raises BadInput where so many workers cannot work: fewer than one, or more than one a GPU."""
    if isinstance(count, bool) or not isinstance(count, int):
        raise BadInput(f"workers is {count!r:.60}: it must be a whole number.")
    if count < 1:
        raise BadInput(f"{count} workers cannot judge anything: give 1 or more.")
    if gpus and count > gpus:
        raise BadInput(f"{count} workers need as many GPUs, and there {'is' if gpus == 1 else 'are'} {gpus}: "
                       f"give --workers {gpus} at most.")

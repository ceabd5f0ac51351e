"""Rows judged by actors of Ray, on this machine or on a cluster."""
import itertools
from collections.abc import Callable, Generator, Iterable
from typing import Any

from vs2.batch.engines.task import CRASHED, TICK, Outcome, Scorer, Task, enough, judged
from vs2.errors import BadInput, Failure, Problem
from vs2.extras import install
from vs2.options import Given

STARTS = 3      # times that Ray is started: it gives its own processes 30 seconds, too few on a busy machine


def no_ray() -> str:
    """What to do where Ray is asked for and not installed."""
    return f"Ray is not installed: {install('scale', 'ray')}, or take --engine local."


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

    def __init__(self, load: Callable[[], Scorer], count: int, options: Given):
        try:
            import ray
        except ImportError as error:
            raise BadInput(no_ray()) from error
        enough(count)
        self._ray, self._load, self._count, self._options = ray, load, count, options

    def judge(self, tasks: Iterable[Task], stop: Callable[[], bool]) -> Generator[tuple[int, Outcome], None, None]:
        """Raises what loading the judge raises."""
        ray, tasks = self._ray, iter(tasks)
        busy: dict[Any, tuple[Any, Task]] = {}      # Ray's reference to an answer -> its actor, the task
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

    def __init__(self, load: Callable[[], Scorer], options: Given):
        self._load, self._options = load, options
        self._judge: Scorer | None = None

    def judge(self, task: Task) -> tuple[str, Outcome]:
        if self._judge is None:
            try:
                self._judge = self._load()
            except Problem as problem:
                return "no judge", problem
        return "judged", judged(self._judge, task, self._options)

"""Rows judged on Ray Data, on this machine or on a cluster: parts of the table flow through a pool of actors.

A part is as many rows as a judge takes in one batch, in the table's order. Ray Data hands them out as actors become
free, takes more actors where there is room for them, up to a bound, and starts those anew that died, elsewhere if their
machine is gone. It does not try a part again here: it would try all of it, and one row that kills its process would
take its neighbours along for ever. What did not come back is handed out anew when everything else has: alone if a
worker had begun with it, and given up if it is lost alone too. A row that no worker had begun is not to blame: Ray goes
on handing parts to a machine that died until the cluster has noticed, and all of those are lost at once.
"""
import collections
import contextlib
import logging
import os
import pickle
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import Any

from vs2.batch.engines.here import Here, part_size
from vs2.batch.engines.task import CRASHED, NO_START, TICK, Outcome, Scorer, Task, enough
from vs2.errors import BadInput, Failure, Problem
from vs2.extras import install
from vs2.options import Given

STARTS = 3          # times that Ray is started: it gives its own processes 30 seconds, too few on a busy machine
DEATHS = 3          # actors in a row that may die while they start
PATIENCE = 300.0    # seconds that nothing comes, at least, before what is missing is taken for lost
SLOWER = 10         # and so many times the longest pause before it
LOST = 2            # times that a row may be lost once a worker has begun with it
BARREN = 4          # passes in a row in which nothing is begun, before the rest is given up
REST = 10.0         # seconds of waiting after such a pass: a cluster needs some to notice that a machine is gone
TRIED = 8           # rows that are tried again where not one row has come back
# What Ray does with an actor that died: starts it anew, wherever there is room, without what it had to do.
LASTING: dict[str, Any] = {"max_restarts": -1, "max_task_retries": 0}
FAULT = -1          # in place of a row's number: there is no judge
UNREACHED = "No worker of the cluster took this row, though it was handed out again and again: try it with --resume."
LATE = "The machine that judged this row did not answer for a long time, twice: try it again with --resume."


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
    """`count` actors of Ray at most and `least` at least, each with a judge that `load()` gives there; on RAY_ADDRESS's
    cluster, or this machine.

    Every machine of the cluster needs this package, and clips that are no addresses under the same paths. Raises
    BadInput where Ray is not installed, and with the first task where the cluster has too few GPUs.
    """

    def __init__(self, load: Callable[[], Scorer], count: int, options: Given, least: int | None = None):
        # At each run it would ask a Prometheus on this machine for figures, to send them to Ray's makers.
        os.environ.setdefault("RAY_DATA_USAGE_DISABLED", "1")
        try:
            import ray
            import ray.data
        except ImportError as error:
            raise BadInput(no_ray()) from error
        least = count if least is None else least
        enough(count)
        enough(least)
        if least > count:
            raise BadInput(f"{least} workers at least are more than {count} at most: give the smaller number first.")
        self._ray, self._load, self._count, self._least, self._options = ray, load, count, least, options

    def judge(self, tasks: Iterable[Task], stop: Callable[[], bool]) -> Generator[tuple[int, Outcome], None, None]:
        """Raises what loading the judge raises."""
        ray, left = self._ray, {task.number: task for task in tasks}
        whole = len(left)
        mine = not ray.is_initialized()
        if mine:
            _begin(ray)
        try:
            gpus = int(ray.cluster_resources().get("GPU", 0))
            enough(self._least, gpus)
            ledger = _Ledger.kept_here(ray)
            lost: collections.Counter[int] = collections.Counter()
            barren, first = 0, True
            while left and barren < BARREN and not stop():
                again = list(left.values())[:TRIED if not first and len(left) == whole else None]
                late = False
                with contextlib.closing(_Run(self, again, lost, gpus, ledger)) as run:
                    for number, outcome in run.outcomes(stop):
                        if left.pop(number, None) is not None:
                            yield number, outcome
                    late = run.late
                if stop():
                    return
                begun = ray.get(ledger.taken.remote())
                lost.update(task.number for task in again if task.number in begun and task.number in left)
                if len(left) == whole > 1 and all(lost[task.number] >= LOST for task in again):
                    raise Failure(NO_START)
                for number in [number for number in left if lost[number] >= LOST]:
                    del left[number]
                    yield number, Failure(LATE if late else CRASHED)
                barren, first = 0 if begun else barren + 1, False
                if left and 0 < barren < BARREN:
                    _rest(stop)
            if left and not stop():
                if len(left) == whole:
                    raise Failure(NO_START)
                for number in left:
                    yield number, Failure(UNREACHED)
        finally:
            if mine:
                ray.shutdown()


def _rest(stop: Callable[[], bool]) -> None:
    until = time.monotonic() + REST
    while time.monotonic() < until and not stop():
        time.sleep(TICK)


class _Run:
    """Tasks on their way through Ray Data, in parts, of which an actor has two: one is judged while the other is read.
    Rows that were `lost` go alone, and so do the actors' parts then. late: whether it was given up for taking too
    long."""

    def __init__(self, engine: Ray, tasks: list[Task], lost: Mapping[int, int], gpus: int, ledger):
        ray = self._ray = engine._ray
        self._ledger, self.late, self._closed = ledger, False, False
        _quiet(logging.getLogger("ray.data"))
        alone = [[task] for task in tasks if lost[task.number]]
        fresh = [task for task in tasks if not lost[task.number]]
        size = part_size(len(fresh), engine._count, engine._options)
        cut = [fresh[start:start + size] for start in range(0, len(fresh), size)]
        parts = [{"tasks": pickle.dumps(part)} for part in cut + alone]
        at_once = 1 if alone else 2
        count, least = (min(most, len(parts)) for most in (engine._count, engine._least))
        pool = ray.data.ActorPoolStrategy(
            min_size=least, max_size=count, enable_true_multi_threading=True,
            max_tasks_in_flight_per_actor=at_once, max_concurrent_calls_per_actor=at_once)
        data = ray.data.from_items(parts, override_num_blocks=len(parts))
        data.context.max_errored_blocks = -1
        data.context.max_consecutive_actor_init_deaths = DEATHS
        data.context.enable_progress_bars = False
        data.context.print_on_execution_start = False
        self._data = data.map_batches(
            _Actor, batch_size=1, batch_format="pyarrow", compute=pool,
            fn_constructor_args=(engine._load, engine._options, ledger), num_gpus=1 if gpus else 0,
            num_cpus=0 if gpus else 1, **LASTING)
        self._came: queue.Queue[Any] = queue.Queue()
        threading.Thread(target=self._pump, daemon=True, name="ray").start()

    def outcomes(self, stop: Callable[[], bool]) -> Iterator[tuple[int, Outcome]]:
        """Each as it comes; some may be missing. Raises what loading the judge raised."""
        last, pause = time.monotonic(), None
        while not stop():
            try:
                found = self._came.get(timeout=TICK)
            except queue.Empty:
                silent = time.monotonic() - last
                if pause is not None and silent > max(PATIENCE, SLOWER * pause):
                    self.late = True
                    return
                continue
            if found is None:
                return
            pause, last = max(pause or 0.0, time.monotonic() - last), time.monotonic()
            for number, outcome in found:
                if number == FAULT:
                    raise outcome
                yield number, outcome

    def _pump(self) -> None:
        """Ray Data's own loop waits without end: here, beside those who look at the clock."""
        try:
            for part in self._data.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
                self._came.put([pickle.loads(one) for one in part["found"].to_pylist()])
        except Exception as error:      # whatever Ray gave up for: what is missing is tried again
            if self._closed:            # what it was cut off from is none of its doing
                return
            logging.getLogger("vs2.batch").warning("Ray gave up a run", exc_info=error)
        self._came.put(None)

    def close(self) -> None:
        """Ends what is under way, and gives back what it held of the cluster at once: Ray lets actors go with the last
        reference to their run, which a log that keeps its tracebacks would hold through the next pass."""
        self._closed = True
        executor = getattr(self._data, "_current_executor", None)
        if executor is not None:
            executor.shutdown(force=True)
        for actor in self._ray.get(self._ledger.dismissed.remote()):
            self._ray.kill(actor)


def _quiet(log: logging.Logger) -> None:
    """Ray Data tells the terminal of each part that was lost, at length; its files keep that. Handlers that others have
    put there stay as they are."""
    for handler in log.handlers:
        if isinstance(handler, logging.StreamHandler) and type(handler).__module__.split(".")[0] == "ray":
            handler.setLevel(logging.CRITICAL)


class _Ledger:
    """Which workers there are, and the rows that they have begun with, kept where the run is: the death of no other
    machine reaches it."""

    def __init__(self):
        self._begun: set[int] = set()
        self._workers: list[Any] = []

    def enter(self, worker) -> None:
        self._workers.append(worker)

    def dismissed(self) -> list[Any]:
        """The actors that have entered since it was asked last."""
        workers, self._workers = self._workers, []
        return workers

    def begin(self, numbers: list[int]) -> None:
        self._begun.update(numbers)

    def taken(self) -> set[int]:
        """Those since it was asked last."""
        begun, self._begun = self._begun, set()
        return begun

    @classmethod
    def kept_here(cls, ray):
        """An actor of Ray on the machine that asks."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        place = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        return ray.remote(cls).options(num_cpus=0, scheduling_strategy=place).remote()


class _Actor:
    """What runs on a machine of the cluster. The judge is loaded with the first part."""

    def __init__(self, load: Callable[[], Scorer], options: Given, ledger):
        self._load, self._options, self._ledger = load, options, ledger
        self._loading = threading.Lock()
        self._here: Here | None = None
        import ray

        ledger.enter.remote(ray.get_runtime_context().current_actor)

    def __call__(self, part):
        import pyarrow

        found: list[tuple[int, Outcome]] = []
        try:
            given = [pickle.loads(tasks) for tasks in part["tasks"].to_pylist()]
            # Waited for: a row that ends this process at once must be known as begun.
            noted = self._ledger.begin.remote([task.number for tasks in given for task in tasks])
            noted.future().result()
            with self._loading:
                if self._here is None:
                    self._here = Here(self._load(), self._options)
            for tasks in given:
                found += self._here.judge(tasks)
        except Problem as problem:      # of a row it would be its outcome
            found = [(FAULT, problem)]
        return pyarrow.table({"found": pyarrow.array(map(pickle.dumps, found), pyarrow.large_binary())})

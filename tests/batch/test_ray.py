"""A table on a real cluster of two machines, on this one: what dies in the middle costs nothing but its time."""
import functools
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.batch.test_running import row, says
from tests.support.fake_judge import FakeJudge
from tests.support.patience import HANGING
from vs2 import batch
from vs2.batch import engines
from vs2.batch.engines import ray as engine
from vs2.errors import BadInput, Failure


def load(note: Path | None = None, within: bool = True) -> FakeJudge:
    """A judge that notes which process it is in, and of which machine of the cluster."""
    if note and within:
        import ray

        (note / f"{os.getpid()}-{ray.get_runtime_context().get_node_id()}").touch()
    return FakeJudge(functools.partial(slowly, note))


def slowly(note: Path | None, path: Path, prompt: str):
    if prompt == "slow":
        time.sleep(0.1)
    if prompt == "hang" and not (note / "hung").exists():
        (note / "hung").touch()
        time.sleep(HANGING)
    return says(path, prompt)


def no_judge():
    raise BadInput("There is no judge.")


@pytest.mark.parametrize("fails", [0, 2, 3])
def test_ray_that_does_not_come_up_in_time_is_started_again(fails):
    tries = []

    def init(**_):
        tries.append(1)
        if len(tries) <= fails:
            raise Exception("The current node timed out during startup.\nAnd more.")

    ray = SimpleNamespace(init=init, shutdown=lambda: None)
    if fails == 3:
        with pytest.raises(Failure, match=r"^Ray did not start: The current node timed out during startup\.$"):
            engine._begin(ray)
    else:
        engine._begin(ray)
    assert len(tries) == min(fails + 1, 3)


def test_bounds_and_ray_that_is_not_there(monkeypatch):
    with pytest.raises(BadInput, match="3 workers at least are more than 2 at most"):
        engine.Ray(load, 2, {}, 3)
    with pytest.raises(BadInput, match="changes on Ray alone"):
        list(batch.run([row(1)], load, workers=2, least=1))
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(BadInput, match=r"pip install -e '\.\[scale\]'"):
        list(batch.run([row(1)], load, engine="ray"))


def test_only_what_ray_tells_the_terminal_is_silenced():
    from ray._private.log import PlainRayHandler

    log, rays, ours = logging.Logger("a log"), PlainRayHandler(), logging.StreamHandler()
    log.addHandler(rays)
    log.addHandler(ours)
    engine._quiet(log)
    assert rays.level == logging.CRITICAL and ours.level == logging.NOTSET


def test_ray_gathers_no_figures_for_its_makers(monkeypatch):
    from ray.data._internal.usage.collector import usage_collection_disabled

    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "1")
    monkeypatch.delenv("RAY_DATA_USAGE_DISABLED", raising=False)
    assert not usage_collection_disabled()
    engine.Ray(load, 1, {})
    assert usage_collection_disabled()
    monkeypatch.setenv("RAY_DATA_USAGE_DISABLED", "0")      # somebody wants it
    engine.Ray(load, 1, {})
    assert not usage_collection_disabled()


def passes(monkeypatch, script: list[tuple[set[int], set[int]]], rows: int) -> dict[int, str | int]:
    """What each of the rows comes to where the passes over Ray begin with and bring back those of the script."""
    handed: list[list[int]] = []

    class Run:
        late = False

        def __init__(self, _engine, tasks, *_):
            handed.append([task.number for task in tasks])

        def outcomes(self, stop):
            yield from ((number, number) for number in handed[-1] if number in script[len(handed) - 1][1])

        def close(self): ...

    monkeypatch.setattr(engine, "_Run", Run)
    monkeypatch.setattr(engine, "REST", 0.0)
    ledger = SimpleNamespace(taken=SimpleNamespace(remote=lambda: script[len(handed) - 1][0]))
    monkeypatch.setattr(engine._Ledger, "kept_here", lambda ray: ledger)
    scripted = engine.Ray(load, 2, {})
    scripted._ray = SimpleNamespace(is_initialized=lambda: True, cluster_resources=dict, get=lambda one: one)
    tasks = [engines.Task(number, Path("clip.mp4"), "p") for number in range(1, rows + 1)]
    found = {number: str(outcome) if isinstance(outcome, Failure) else outcome
             for number, outcome in scripted.judge(tasks, lambda: False)}
    assert len(handed) == len(script), handed
    return found


def test_only_a_row_that_a_worker_had_begun_with_is_to_blame(monkeypatch):
    nothing = (set(), set())
    everything = {number: number for number in range(1, 21)}
    # A machine dies with all parts but what came, and the cluster takes two passes more to notice.
    assert passes(monkeypatch, [({1, 2}, {1}), nothing, nothing, (set(range(2, 21)),) * 2], 20) == everything
    # Nothing comes back at first: a few rows are tried, then all.
    assert passes(monkeypatch, [({1, 2}, set()), (set(range(1, 9)),) * 2, (set(range(9, 21)),) * 2], 20) == everything
    # Row 2 is lost in a part, and alone.
    found = passes(monkeypatch, [({1, 2}, set()), (set(range(1, 9)), set(range(1, 9)) - {2}), (set(range(9, 21)),) * 2],
                   20)
    assert found == everything | {2: engines.CRASHED}
    # The cluster is gone.
    found = passes(monkeypatch, [({1}, {1})] + [nothing] * engine.BARREN, 3)
    assert found == {1: 1, 2: engine.UNREACHED, 3: engine.UNREACHED}
    for script in ([nothing] * engine.BARREN, [({1, 2, 3}, set())] * engine.LOST):
        with pytest.raises(Failure, match="with fewer workers"):
            passes(monkeypatch, script, 3)


@pytest.fixture(scope="module")
def cluster():
    """Two machines of one processor each; the second one may be killed."""
    import ray
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    made.add_node(num_cpus=1)
    ray.init(address=made.address, log_to_driver=False)
    yield made
    ray.shutdown()
    made.shutdown()


def found_in(rows, judge=load, **more) -> dict:
    """What each row comes to, once."""
    found = [(result.row.number, result.error or result.evaluation.to_dict() | {"seconds": None})
             for result in batch.run(rows, judge, workers=2, engine="ray", **more)]
    assert len(dict(found)) == len(found), "no row twice"
    return dict(found)


def locally(rows, judge=load) -> dict:
    return {result.row.number: result.error or result.evaluation.to_dict() | {"seconds": None}
            for result in batch.run(rows, judge())}


@pytest.mark.slow
def test_rows_are_those_of_the_local_engine_and_a_poisoned_one_costs_itself(cluster, tmp_path):
    rows = [row(n, "die" if n == 5 else "bad" if n == 9 else "unread" if n == 11 else f"p {n}") for n in range(1, 41)]
    found = found_in(rows, functools.partial(load, tmp_path))
    assert found.pop(5) == engines.CRASHED
    assert found == locally([one for one in rows if one.number != 5])
    assert 3 <= len(list(tmp_path.iterdir())) <= 6, "two actors in each of two runs, and one anew for each death"

    import ray

    until = time.monotonic() + HANGING
    while time.monotonic() < until and ray.available_resources().get("CPU") != 2:
        time.sleep(0.1)
    assert ray.available_resources().get("CPU") == 2, "what it held of the cluster is given back"


@pytest.mark.slow
def test_a_judge_that_does_not_load_ends_the_run_and_a_stop_leaves_the_rest(cluster):
    with pytest.raises(BadInput, match="There is no judge"):
        found_in([row(n) for n in range(1, 5)], no_judge)
    seen = []
    for result in batch.run([row(n, "slow") for n in range(1, 200)], load, workers=1, engine="ray",
                            stop=lambda: bool(seen)):
        seen.append(result)
    assert 1 <= len(seen) < 100


@pytest.mark.slow
def test_a_row_that_does_not_come_back_is_given_to_another(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "PATIENCE", 3.0)
    monkeypatch.setattr(engine, "SLOWER", 0)
    rows = [row(n, "hang" if n == 3 else "p") for n in range(1, 9)]
    found = found_in(rows, functools.partial(load, tmp_path))
    (tmp_path / "hung").touch()
    assert found == locally(rows, functools.partial(load, tmp_path, within=False))


@pytest.mark.slow
def test_an_actor_and_a_machine_are_killed_in_the_middle(cluster, tmp_path):
    rows = [row(n, "slow") for n in range(1, 101)]
    head = cluster.head_node.node_id

    def kill():
        until = time.monotonic() + HANGING
        while time.monotonic() < until and len(list(tmp_path.iterdir())) < 2 and not ended.is_set():
            time.sleep(0.1)
        places = dict(one.name.split("-") for one in tmp_path.iterdir())
        # At once, for what both take must be lost in one pass: a row that is lost in two of them is given up.
        os.kill(int(next(pid for pid, node in places.items() if node == head)), signal.SIGKILL)
        cluster.remove_node(cluster.list_all_nodes()[-1], allow_graceful=False)

    ended = threading.Event()
    killing = threading.Thread(target=kill)
    killing.start()
    try:
        found = found_in(rows, functools.partial(load, tmp_path))
    finally:
        ended.set()
        killing.join()
    assert len(cluster.list_all_nodes()) == 1 and found == locally(rows)

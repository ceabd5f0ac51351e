"""Who gets a worker, who waits, and for how long: judgements before what pages show, and nobody without end."""
import os
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.clips import moving_square
from vs2.errors import Failure
from vs2.video import pool, read
from vs2.video.playable import playable
from vs2.video.pool import PAGES, WAITERS, WORKERS, borrow, for_page


class Waiting(threading.Thread):
    """A thread that borrows a worker, notes it in `order`, keeps it until `leave` is set."""

    def __init__(self, name, order, page):
        super().__init__(daemon=True, name=name)
        self.order, self.page, self.leave, self.problem = order, page, threading.Event(), None
        self.start()

    def run(self):
        with ExitStack() as held:
            if self.page:
                held.enter_context(for_page())
            try:
                worker = held.enter_context(borrow())
            except Failure as failure:
                self.problem = failure
                return
            self.order.append(self.name)
            self.leave.wait(60)
            worker.finish()


def until(true, seconds=60.0):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    assert true()


def waiting(kind):
    return len(pool._pool.lines[kind])


@pytest.fixture
def crowd():
    """crowd(name, page): a thread that wants a worker. All leave at the end."""
    order, people = [], []

    def come(name, page):
        people.append(Waiting(name, order, page))
        return people[-1]

    come.order = order
    yield come
    for person in people:
        person.leave.set()
    for person in people:
        person.join(60)
    assert not any(person.is_alive() for person in people)


@pytest.fixture
def full(crowd):
    """Every worker lent: to pages as many as may be, the rest to work."""
    pages = [crowd(f"page {index}", True) for index in range(PAGES)]
    until(lambda: len(crowd.order) == PAGES)
    work = [crowd(f"work {index}", False) for index in range(WORKERS - PAGES)]
    until(lambda: len(crowd.order) == WORKERS)
    return pages, work


def test_the_number_of_workers_follows_the_processors():
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    assert max(2, min(4, cores)) == WORKERS


def test_pages_never_have_the_last_worker(crowd):
    for index in range(WORKERS + 2):
        crowd(f"page {index}", True)
    until(lambda: len(crowd.order) == PAGES and waiting("page") == WORKERS + 2 - PAGES)
    crowd("judge", False)
    until(lambda: "judge" in crowd.order)
    assert len(crowd.order) == PAGES + 1


def test_work_goes_before_pages_that_came_first_and_each_in_its_order(crowd, full):
    for kind in ("page", "work"):
        for index in range(2):
            crowd(f"late {kind} {index}", kind == "page")
            until(lambda kind=kind, index=index: waiting(kind) == index + 1)
    seen = len(crowd.order)
    for person in [*full[0], *full[1]]:
        person.leave.set()
    until(lambda: len(crowd.order) >= seen + min(WORKERS, 3))
    late = crowd.order[seen:]
    assert late[:2] == ["late work 0", "late work 1"]
    assert [name for name in late if "page" in name] == ["late page 0", "late page 1"][:len(late) - 2]


@pytest.mark.parametrize("kind", ["page", "work"])
def test_a_line_is_full_at_some_point_and_says_so_at_once(crowd, full, kind, monkeypatch):
    monkeypatch.setitem(WAITERS, "work", 12)
    for index in range(WAITERS[kind]):
        crowd(f"{kind} in line {index}", kind == "page")
    until(lambda: waiting(kind) == WAITERS[kind])
    start = time.monotonic()
    one_more = crowd("one more", kind == "page")
    one_more.join(30)       # in line it would wait for good
    assert str(one_more.problem) == pool.BUSY and time.monotonic() - start < 30
    assert waiting(kind) == WAITERS[kind]


@pytest.mark.parametrize("kind", ["page", "work"])
def test_nobody_waits_without_end(crowd, full, kind, monkeypatch):
    monkeypatch.setitem(pool.WAIT_SECONDS, kind, 0.3)
    late = crowd("late", kind == "page")
    late.join(10)
    assert str(late.problem) == pool.BUSY and waiting(kind) == 0
    for person in [*full[0], *full[1]]:
        person.leave.set()
    crowd("next", kind == "page")
    until(lambda: "next" in crowd.order)


def test_a_worker_that_does_not_start_leaves_its_place(monkeypatch):
    def fail():
        raise Failure("no processes left")

    pool.close()
    with monkeypatch.context() as patch:
        patch.setattr(pool, "Worker", fail)
        for _ in range(WORKERS + 1):
            with pytest.raises(Failure, match="no processes left"), borrow():
                raise AssertionError("nothing was borrowed")
    assert pool._pool.lent == {"work": 0, "page": 0}
    pool.warm()


def test_many_copies_for_pages_do_not_keep_the_judge_from_reading(tmp_path, monkeypatch):
    """The attack: 45 requests for a copy of a long clip, at once."""
    slow = moving_square(tmp_path / "slow.mkv", frames=240, size=(1280, 720), fps=24, options={"preset": "ultrafast"})
    clip = moving_square(tmp_path / "judged.mp4")
    monkeypatch.setitem(pool.WAIT_SECONDS, "page", 3.0)
    said = []

    def ask(index):
        try:
            said.append(playable(slow, tmp_path / f"copies {index}").name)
        except Failure as failure:
            said.append(str(failure))

    pool.warm()
    threads = [threading.Thread(target=ask, args=(index,)) for index in range(45)]
    for thread in threads:
        thread.start()
    start = time.monotonic()
    for _ in range(3):
        assert len(read(clip).frames) == 4
    assert pool._pool.lent["page"] <= PAGES
    took = time.monotonic() - start
    for thread in threads:
        thread.join(120)
    assert len(said) == 45 and said.count(pool.BUSY) >= 45 - WAITERS["page"] - PAGES
    assert any(name.endswith(".mp4") for name in said)
    assert took < 60


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process serves both classes, so it keeps its priority")
@pytest.mark.parametrize("page", [True, False])
def test_what_is_for_a_page_runs_at_a_lower_priority(tmp_path, page):
    job = {"kind": "read", "path": str(moving_square(tmp_path / "a.mp4")), "max_seconds": 60, "max_side": 999,
           "memory": 4 << 30, "cpu": 9.0, "writes": 0, "decord": True, "seconds": 20.0}
    with ExitStack() as held:
        if page:
            held.enter_context(for_page())
        worker = held.enter_context(borrow())
        worker.send(job)
        worker.receive()
        stats = [entry.read_text().rsplit(")", 1)[1].split() for entry in Path("/proc").glob("[0-9]*/stat")]
        [child] = [fields for fields in stats if int(fields[1]) == worker.pid]
        assert int(child[16]) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + (10 if page else 0))

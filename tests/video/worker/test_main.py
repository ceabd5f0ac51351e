"""The process that decodes: it can be killed, stopped, starved and outlived, and the next file is still read.

These tests look into /proc, so they want Linux, as the program's own checks run on.
"""
import io
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.clips import centre_x, moving_square
from tests.support.patience import HANGING, eventually
from vs2.errors import BadInput, Failure
from vs2.video import Limits, pool, process, read
from vs2.video.worker.limits import DESCRIPTORS
from vs2.video.worker.wire import WireError, receive, send


def running(pid):
    """Whether the process exists and is not a zombie that waits for its parent."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def gone(pid):
    return eventually(lambda: not running(pid), 5.0)


@pytest.fixture
def clip(tmp_path):
    return moving_square(tmp_path / "a.mp4")


@pytest.fixture
def at_job(monkeypatch):
    """at_job(signal, times): sends the signal to the worker as it gets a job, for the first `times` jobs."""
    hit = []

    def arrange(number, times):
        plain = pool.Worker.send

        def struck(worker, message):
            if "kind" in message and len(hit) < times:
                hit.append(worker.pid)
                os.kill(worker.pid, signal.SIGSTOP)  # so that the job cannot be done before the blow falls
                plain(worker, message)
                os.kill(worker.pid, number)
                if number != signal.SIGSTOP:
                    os.kill(worker.pid, signal.SIGCONT)  # a stopped process dies of most signals only now
                return
            plain(worker, message)

        monkeypatch.setattr(pool.Worker, "send", struck)
        return hit

    return arrange


@pytest.fixture
def hostile(monkeypatch):
    """Workers that read as tests/support/hostile.py does."""
    pool.close()
    monkeypatch.setattr(process, "MODULE", "tests.support.hostile")
    yield
    pool.close()


def children(pid):
    """The processes that the process has started, from the kernel's table."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(entry.read_text().rsplit(")", 1)[1].split()[1]) == pid:
                found.append(int(entry.parent.name))
        except (FileNotFoundError, ProcessLookupError):  # it ended while we looked
            continue
    return found


@contextmanager
def begun(clip, **more):
    """The process that has looked a clip over and waits to be told which frames are wanted."""
    job = {"kind": "read", "path": str(clip), "max_seconds": 60, "max_side": 999, "memory": 4 << 30, "cpu": 9.0,
           "writes": 0, "decord": True, "seconds": 20.0}
    with pool.borrow() as worker:
        worker.send(job | more)
        assert worker.receive()[0]["kind"] == "header"
        [child] = children(worker.pid)
        yield child


def test_each_file_has_a_process_of_its_own_that_ends_with_it(clip):
    seen = []
    for _ in range(3):
        with begun(clip) as child:
            seen.append(child)
        assert gone(child)
        read(clip)
        assert children(pool.workers()[0].pid) == []
    assert len(set(seen)) == 3


def test_a_file_that_kills_its_process_leaves_the_worker_to_the_next(clip):
    pool.close()        # one that is at its hundredth job would be replaced
    read(clip)
    [before] = [worker.pid for worker in pool.workers()]
    with begun(clip) as child:
        [worker] = pool.workers()
        os.kill(child, signal.SIGSEGV)
        with pytest.raises(pool.Gone) as gone:
            worker.receive()
    assert (gone.value.by, gone.value.overran) == (signal.SIGSEGV, False)
    assert len(read(clip).frames) == 4
    assert [worker.pid for worker in pool.workers()] == [before]


def test_the_process_that_reads_dies_with_its_worker(clip):
    pool.close()
    with begun(clip) as child:
        [worker] = pool.workers()
        os.kill(child, signal.SIGSTOP)
        os.kill(worker.pid, signal.SIGKILL)
        assert gone(child)


def test_one_worker_serves_call_after_call_and_outlives_the_thread_that_started_it(clip):
    pool.close()
    thread = threading.Thread(target=read, args=(clip,))
    thread.start()
    thread.join()
    first = [worker.pid for worker in pool.workers()]
    time.sleep(0.1)
    for _ in range(3):
        read(clip)
    assert [worker.pid for worker in pool.workers()] == first and len(first) == 1


def test_a_worker_killed_between_calls_is_replaced(clip):
    read(clip)
    killed = pool.workers()[0].pid
    os.kill(killed, signal.SIGKILL)
    assert gone(killed)
    assert len(read(clip).frames) == 4
    assert killed not in [worker.pid for worker in pool.workers()]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_worker_that_dies_in_a_call_is_replaced_in_the_same_call(clip, at_job, number):
    hit = at_job(number, 1)
    read_clip = read(clip)
    assert read_clip.frames.shape[0] == 4 and read_clip.metadata.backend == "pyav"
    assert len(hit) == 1 and not running(hit[0])


@pytest.mark.parametrize("number, error, words", [
    (signal.SIGKILL, Failure, "stopped from outside"), (signal.SIGSEGV, BadInput, "makes the video decoder crash"),
    (signal.SIGXCPU, BadInput, "s of processor time"),
])
def test_a_file_on_which_every_worker_dies_is_one_sentence(clip, at_job, number, error, words):
    hit = at_job(number, 2)
    with pytest.raises(error, match=words):
        read(clip)
    hit.extend([0, 0])  # no more blows
    assert len(read(clip).frames) == 4


def test_a_stalled_decord_leaves_time_for_pyav(clip, at_job):
    hit = at_job(signal.SIGSTOP, 1)
    start = time.monotonic()
    clip_read = read(clip, limits=Limits(deadline=20.0))
    assert clip_read.metadata.backend == "pyav"
    assert time.monotonic() - start > 9.5  # half of the deadline was decord's
    assert not running(hit[0])


def test_an_overrun_is_killed_and_said(clip, at_job):
    hit = at_job(signal.SIGSTOP, 9)
    with pytest.raises(BadInput, match=r"took longer than 1 s"):
        read(clip, limits=Limits(deadline=1.0))
    assert hit and all(not running(pid) for pid in hit)
    hit.extend([0] * 9)
    assert len(read(clip).frames) == 4


@pytest.mark.parametrize("length, earned", [("8.0", 2.0), ("8.0", 0.0), ("nan", 2.0), ("-8.0", 2.0), ("1e9", 2.0),
                                            ("long", 2.0)])
def test_a_long_film_has_more_time_as_its_frames_come(tmp_path, hostile, length, earned):
    """Frames that take 4.8 s together: time for them is earned by a film of 8 s, not by what no film can be."""
    path = moving_square(tmp_path / "clip.mp4", frames=16, fps=2).rename(tmp_path / f"{length}.mp4")
    limits = Limits(deadline=3.0, earned=earned)
    if length == "8.0" and earned:
        assert len(read(path, limits=limits).frames) == 16
    else:
        with pytest.raises(BadInput, match="cannot be read" if length == "long" else "took longer than 3 s"):
            read(path, limits=limits)


def test_frames_that_nobody_asked_for_earn_nothing(tmp_path, hostile):
    path = moving_square(tmp_path / "clip.mp4", frames=16, fps=2).rename(tmp_path / "more.mp4")
    with pytest.raises(BadInput, match="cannot be read as a video"):
        read(path)


def test_one_that_stalls_after_it_earned_leaves_time_for_another(tmp_path, hostile):
    """Half of a deadline is the most that a silence of the first try takes, whatever it has earned."""
    path = moving_square(tmp_path / "clip.mp4", frames=16, fps=2).rename(tmp_path / "stalls.mp4")
    start = time.monotonic()
    found = read(path, limits=Limits(deadline=8.0, earned=5.0))
    assert len(found.frames) == 16 and time.monotonic() - start > 2.4 + 4


def test_a_deadline_too_short_for_anything(clip):
    with pytest.raises(BadInput, match="took longer than 0.0001 s"):
        read(clip, limits=Limits(deadline=0.0001))
    assert len(read(clip).frames) == 4


def test_too_little_memory_is_said_and_the_next_call_has_its_own_limit(tmp_path, clip):
    big = moving_square(tmp_path / "big.mp4", frames=4, size=(3840, 2160), options={"preset": "ultrafast"})
    small = Limits(memory=400 * 2**20)
    # FFmpeg's threads may wait for each other for ever where one of them got no memory: then the clock says it.
    with pytest.raises(BadInput, match="needs more than the 400 MB of memory|took longer than 30 s"):
        read(big, limits=small)
    assert len(read(clip, limits=small).frames) == len(read(big).frames) == 4


def test_the_limits_of_the_kernel_are_on_the_process_that_reads_for_good(clip):
    with begun(clip, memory=3 * 2**30, cpu=50.0) as child:
        facts = Path(f"/proc/{child}/limits").read_text()
    limits = {line[:25].strip(): line[25:].split()[:2] for line in facts.splitlines()[1:]}
    assert limits["Max address space"] == [str(3 * 2**30)] * 2
    soft, hard = map(int, limits["Max cpu time"])
    assert 50 <= soft < 60 and hard == soft + 1
    assert limits["Max core file size"] == limits["Max file size"] == ["0", "0"]
    assert limits["Max open files"] == [str(DESCRIPTORS)] * 2


def test_the_worker_knows_no_secret_and_never_loads_torch(clip, monkeypatch):
    pool.close()
    monkeypatch.setenv("HF_TOKEN", "hf_do_not_tell")
    with begun(clip) as child:
        assert b"hf_do_not_tell" not in Path(f"/proc/{child}/environ").read_bytes()
        assert "libtorch" not in Path(f"/proc/{child}/maps").read_text()


def test_two_readers_at_once_get_their_own_clips(tmp_path):
    paths = [moving_square(tmp_path / f"{index}.mp4", frames=10 + index, colour=colour)
             for index, colour in enumerate([(220, 30, 30), (30, 200, 40), (20, 40, 225)])]
    found, most = {}, []

    def visit(path, rounds=6):
        for _ in range(rounds):
            found.setdefault(path, []).append(read(path))
            most.append(len(pool.workers()))

    threads = [threading.Thread(target=visit, args=(path,)) for path in paths * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index, path in enumerate(paths):
        assert len(found[path]) == 12
        for clip_read in found[path]:
            assert clip_read.metadata.name == path.name and clip_read.metadata.total_frames == 10 + index
            assert (clip_read.frames == found[path][0].frames).all()
        assert centre_x(found[path][0].frames[0]) < 0.3
    assert max(most) <= pool.WORKERS
    assert len(pool.workers()) <= pool.IDLE


def test_an_exception_in_the_caller_does_not_leave_half_a_conversation(clip, monkeypatch):
    class Stopped(BaseException):
        pass

    def stop(*_):
        raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr("vs2.video.reader.resizer", lambda: stop)
        with pytest.raises(Stopped):
            read(clip)
    assert len(read(clip).frames) == 4


def test_a_busy_worker_dies_with_its_parent():
    code = ("import os, signal\nfrom vs2.video import pool as video_pool\n"
            "with video_pool.borrow() as worker:\n"
            "    os.kill(worker.pid, signal.SIGSTOP)\n"  # it cannot see its pipe close
            "    print(worker.pid, flush=True)\n    os.kill(os.getpid(), signal.SIGKILL)\n")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert gone(int(done.stdout))


ONE_JOB = ("import os, sys\nfrom vs2.video import pool as video_pool\n"
           "with video_pool.borrow() as worker:\n    worker.finish()\n")


def test_an_idle_worker_ends_when_the_program_does():
    code = ONE_JOB + "print(video_pool.workers()[0].pid)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert gone(int(done.stdout))


def test_a_forked_process_has_workers_of_its_own():
    code = ONE_JOB + ("pid = worker.pid\n"
                      "if os.fork() == 0:\n"
                      "    with video_pool.borrow() as other:\n        other.finish()\n"
                      "    os._exit(other.pid == pid or len(video_pool.workers()) != 1)\n"
                      "status = os.wait()[1]\n"
                      "with video_pool.borrow() as worker:\n    worker.finish()\n"
                      "sys.exit(status != 0 or worker.pid != pid)")
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=HANGING).returncode == 0


def test_messages_go_through_whole_and_nonsense_is_refused():
    pipe = io.BytesIO()
    send(pipe, {"kind": "frame"}, b"\x00\xff" * 10)
    pipe.seek(0)
    assert receive(pipe, 20) == ({"kind": "frame"}, b"\x00\xff" * 10)
    text = b'{"kind": "frame"}'
    for data in (b"", b"\0\0", struct.pack(">II", len(text), 21) + text + bytes(21), struct.pack(">II", 1 << 30, 0),
                 struct.pack(">II", 2, 0) + b"{]", struct.pack(">II", 2, 0) + b"[]", struct.pack(">II", 9, 0) + b"{"):
        with pytest.raises(WireError):
            receive(io.BytesIO(data), 20)

"""The parent's side of the worker processes that touch untrusted files: started, watched, killed, replaced.

`with borrow() as worker` lends a running worker; unless `worker.finish()` is called inside, it is killed, so no
worker is ever handed on in the middle of a conversation. The pool is the one piece of state this module keeps.
"""
import atexit
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from vs2.errors import Failure
from vs2.video_worker import WireError, receive, send

WORKERS = 4           # at most so many files are read at once; the next caller waits
IDLE = 2              # so many stay for the next call
JOBS_EACH = 100       # then a worker is replaced: decoders leak, and its address space breaks into pieces
START_SECONDS = 60.0  # for Python to start and import the decoders on a slow, busy machine
ROOT = Path(__file__).resolve().parents[1]


class Gone(Exception):
    """The worker died or was killed. `overran`: by our clock. `by`: the signal that ended it, or 0."""

    def __init__(self, overran: bool, by: int):
        super().__init__(f"overran={overran} signal={by}")
        self.overran, self.by = overran, by


class Worker:
    """One process and a clock that kills it. Used by one thread at a time."""

    def __init__(self):
        self.jobs = 0
        self.process = _spawn()
        self.overran = self.finished = False
        self._due: float | None = None
        self._changed = threading.Condition()
        threading.Thread(target=self._watch, name="vs2-video-clock", daemon=True).start()
        try:
            self.due(time.monotonic() + START_SECONDS)
            ready, _ = self.receive()
            self.due(None)
        except Gone as gone:
            raise Failure("The process that reads videos did not start: try again, or restart the "
                          "program when the machine is less busy.") from gone
        self.has_decord = bool(ready.get("decord"))

    @property
    def pid(self) -> int:
        return self.process.pid

    def alive(self) -> bool:
        return self.process.poll() is None

    def due(self, at: float | None) -> None:
        """The worker is killed when `time.monotonic()` passes `at`; None stops the clock."""
        with self._changed:
            self._due = at
            self._changed.notify()

    def finish(self) -> None:
        """The conversation is over and the worker is fit for the next one."""
        self.due(None)
        self.finished = True

    def _watch(self) -> None:
        while self.alive():
            with self._changed:
                left = None if self._due is None else self._due - time.monotonic()
                if left is None or left > 0:
                    self._changed.wait(left)
                    continue
                self.overran = True
            self.kill()

    def send(self, message: dict) -> None:
        """Raises Gone."""
        try:
            send(self.process.stdin, message)
        except (OSError, ValueError) as error:
            raise self._gone() from error

    def receive(self, max_payload: int = 0) -> tuple[dict, bytes]:
        """The worker's next message. Raises Gone where it died, was killed, or talks nonsense."""
        try:
            return receive(self.process.stdout, max_payload)
        except (WireError, OSError, ValueError) as error:
            raise self._gone() from error

    def _gone(self) -> Gone:
        try:
            self.process.wait(1.0)  # a process that ended by itself leaves its own signal
        except subprocess.TimeoutExpired:
            self.kill()
        return Gone(self.overran, max(0, -self.process.returncode))

    def kill(self) -> None:
        """Ends the process and everything it started; returns when it is gone."""
        if self.alive():
            if hasattr(os, "killpg"):
                try:
                    os.killpg(self.process.pid, signal.SIGKILL)  # it leads its own session and group
                except ProcessLookupError:
                    self.process.kill()
            else:
                self.process.kill()
        self.process.wait()
        with self._changed:
            self._changed.notify()

    def close(self) -> None:
        """Kills the process and closes its pipes; for the thread that uses the worker."""
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            try:
                pipe.close()
            except OSError:  # what was still to be written has nobody to read it
                continue


class _Pool:
    def __init__(self):
        self.free = threading.Condition()
        self.idle: list[Worker] = []
        self.busy: set[Worker] = set()
        self.count = 0  # lent, idle or being started

    def take(self) -> Worker:
        with self.free:
            while True:
                while self.idle:
                    worker = self.idle.pop()
                    if worker.alive():
                        self.busy.add(worker)
                        return worker
                    worker.close()
                    self.count -= 1
                if self.count < WORKERS:
                    self.count += 1
                    break
                self.free.wait()
        try:
            worker = Worker()
        except BaseException:
            self._gave_up()
            raise
        with self.free:
            self.busy.add(worker)
        return worker

    def _gave_up(self) -> None:
        with self.free:
            self.count -= 1
            self.free.notify()

    def give(self, worker: Worker) -> None:
        worker.jobs += 1
        with self.free:
            self.busy.discard(worker)
            if worker.finished and worker.alive() and worker.jobs < JOBS_EACH and len(self.idle) < IDLE:
                self.idle.append(worker)
                self.free.notify()
                return
        worker.close()
        self._gave_up()

    def close(self) -> None:
        with self.free:
            workers = self.idle + list(self.busy)
            self.idle, self.count = [], self.count - len(self.idle)
        for worker in workers:
            worker.kill()


_pool = _Pool()
_orders: queue.SimpleQueue = queue.SimpleQueue()
_spawner: threading.Thread | None = None
_spawner_lock = threading.Lock()


@contextmanager
def borrow():
    """Lends a worker, waiting for one if all are at work. Raises Failure where none can be started."""
    worker = _pool.take()
    worker.finished = False
    try:
        yield worker
    finally:
        _pool.give(worker)


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


def _spawn() -> subprocess.Popen:
    """Starts a worker process, from a thread that lives as long as this process does.

    The kernel's "die with your parent" goes by the thread that started the child: started from a request's
    thread, a worker would die as soon as that request is answered.
    """
    global _spawner
    with _spawner_lock:
        if _spawner is None:
            _spawner = threading.Thread(target=_serve_orders, args=(_orders,), name="vs2-video-spawner", daemon=True)
            _spawner.start()
    answer: Future = Future()
    _orders.put(answer)
    return answer.result()


def _serve_orders(orders) -> None:
    while True:
        answer = orders.get()
        try:
            answer.set_result(_popen())
        except OSError as error:
            answer.set_exception(Failure(f"The process that reads videos could not be started "
                                         f"({error.strerror}): close other programs and try again."))


def _popen() -> subprocess.Popen:
    # The child gets no secrets from the environment, finds the same packages, and imports nothing from
    # the folder that the program happens to be in.
    keep = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG", "LC_ALL")
    environment = {name: os.environ[name] for name in keep if name in os.environ}
    packages = [str(ROOT), *(os.path.abspath(entry) for entry in sys.path if entry)]
    environment |= {"PYTHONPATH": os.pathsep.join(packages), "OMP_NUM_THREADS": "1",
                    "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1",
                    "PYTHONUTF8": "1"}      # paths come as vs2.texts.wired makes them
    command = [sys.executable, "-m", "vs2.video_worker", str(os.getpid())]
    options = dict(cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                   stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        return subprocess.Popen(command, pipesize=1 << 20, **options)
    except PermissionError:  # a user's share of pipe memory is spent; frames then go in smaller steps
        return subprocess.Popen(command, **options)


def _forget() -> None:
    """In a forked child: the workers, their pipes and the threads that watch them belong to the parent."""
    global _pool, _orders, _spawner, _spawner_lock
    _pool, _orders, _spawner, _spawner_lock = _Pool(), queue.SimpleQueue(), None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
atexit.register(close)

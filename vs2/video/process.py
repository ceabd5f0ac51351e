"""One worker process, as its parent sees it: started, spoken to, watched by a clock, killed.

On Linux it is spoken to over a socket that is its own, and forks a child for each conversation, which has two pipes
of its own (vs2.video.worker.main). Elsewhere it serves one conversation after the other over its standard pipes.
"""
import os
import queue
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from contextlib import closing, suppress
from typing import IO

from vs2.errors import Failure
from vs2.resources import NOWHERE, for_python
from vs2.video.worker.wire import STATUS, WireError, receive, send

if sys.platform != "win32":
    import fcntl

JOBS_EACH = 100       # then a worker is replaced: without children of its own, its decoders leak
START_SECONDS = 60.0  # for Python to start and import the decoders on a slow, busy machine
END_SECONDS = 2.0     # for a child to end once its work is done
PIPE = 1 << 20        # bytes, so that a frame goes in few steps
FORKS = sys.platform == "linux"  # macOS's frameworks do not live through a fork
MODULE = "vs2.video.worker.main"

Pipes = tuple[IO[bytes], IO[bytes]]     # to the worker, and from it
_orders: queue.SimpleQueue = queue.SimpleQueue()
_spawner: threading.Thread | None = None
_spawner_lock = threading.Lock()


class Gone(Exception):
    """The worker died or was killed. `overran`: by our clock. `by`: the signal that ended it, or 0."""

    def __init__(self, overran: bool, by: int):
        super().__init__(f"overran={overran} signal={by}")
        self.overran, self.by = overran, by


class Worker:
    """One process and a clock that kills it. Used by one thread at a time.

    layers: the names, in `vs2.video.worker.sandbox.LAYERS`, of what its children are confined by.
    """

    def __init__(self):
        self.jobs, self.niceness = 0, 0
        self.earned = 0.0       # seconds that this conversation has won beyond its deadline
        self.process, self._control = spawn()
        assert self.process.stdin is not None and self.process.stdout is not None   # they are pipes
        self._stdin, self._stdout = self.process.stdin, self.process.stdout
        self._pipes: Pipes | None = None if self._control else (self._stdin, self._stdout)
        self.overran = self.finished = False
        self._due: float | None = None
        self._changed = threading.Condition()
        threading.Thread(target=self._watch, name="vs2-video-clock", daemon=True).start()
        try:
            self.due(time.monotonic() + START_SECONDS)
            ready, _ = receive(self._stdout)
            self.due(None)
        except (WireError, OSError, ValueError) as error:
            self.close()
            raise Failure("The process that reads videos did not start: try again, or restart the "
                          "program when the machine is less busy.") from error
        self.has_decord = bool(ready.get("decord"))
        self.layers = tuple(ready.get("layers", ()))

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
        """The first message of a conversation begins it, with a child of its own. Raises Gone."""
        try:
            if self._pipes is None and self._control is not None:
                self._pipes = self._begin(self._control)
            send(self._conversation()[0], message)
        except (OSError, ValueError) as error:
            raise self._gone() from error

    def receive(self, max_payload: int = 0) -> tuple[dict, bytes]:
        """The worker's next message. Raises Gone where it died, was killed, or talks nonsense."""
        try:
            return receive(self._conversation()[1], max_payload)
        except (WireError, OSError, ValueError) as error:
            raise self._gone() from error

    def _conversation(self) -> "Pipes":
        if self._pipes is None:
            raise ValueError("no conversation was begun, or it is over")
        return self._pipes

    def _begin(self, control: socket.socket) -> "Pipes":
        """New pipes to a new child: what another child left in the old ones, or still writes, reaches nobody."""
        theirs, jobs = os.pipe()
        answers, said = os.pipe()
        pipes = os.fdopen(jobs, "wb"), os.fdopen(answers, "rb")
        try:
            _widen(answers)
            socket.send_fds(control, [bytes([self.niceness])], [theirs, said])
        except OSError:
            _close(*pipes)
            raise
        finally:
            os.close(theirs)
            os.close(said)
        return pipes

    def _gone(self) -> Gone:
        ended = self._ended()
        if ended is not None:  # a child that ended by itself leaves its own signal, and a worker that is fit
            self.finish()
            return Gone(self.overran, max(0, -ended))
        try:
            self.process.wait(1.0)
        except subprocess.TimeoutExpired:
            self.kill()
        return Gone(self.overran, max(0, -self.process.returncode))

    def _ended(self) -> int | None:
        """Ends the conversation; the exit code of its child, None where it did not end or there is none."""
        if self._control is None or self._pipes is None:
            return None
        _close(*self._pipes)
        self._pipes = None
        try:
            self._control.settimeout(END_SECONDS)
            return STATUS.unpack(self._control.recv(STATUS.size))[0]
        except (OSError, struct.error):  # it goes on without its pipes, or the worker is gone
            return None

    def fit(self) -> bool:
        """Whether this worker may serve the next caller: the conversation is over, and its child is no more."""
        if not self.finished or self.overran or not self.alive() or self.jobs >= JOBS_EACH:
            return False
        return self._control is None or self._pipes is None or self._ended() is not None

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
        _close(self._stdin, self._stdout, *(self._pipes or ()), *([self._control] if self._control else []))


def spawn() -> tuple[subprocess.Popen, socket.socket | None]:
    """Starts a worker process and the socket to it, from a thread that lives as long as this process does.

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


def _popen() -> tuple[subprocess.Popen, socket.socket | None]:
    # The child gets no secrets from the environment, finds the same packages, and imports nothing from
    # the folder that the program happens to be in.
    keep = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG", "LC_ALL")
    environment = {name: os.environ[name] for name in keep if name in os.environ}
    # One arena of memory: each thread's own would reserve 64 MB of the address space that a job's limit counts.
    environment |= for_python() | {
        "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1", "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1"}      # paths come as vs2.texts.wired makes them
    command = [sys.executable, "-m", MODULE, str(os.getpid())]

    def start(*passed: int) -> "subprocess.Popen[bytes]":
        """Started with these descriptors open and known to it."""
        return subprocess.Popen([*command, *map(str, passed)], cwd=NOWHERE, env=environment, stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
                                pass_fds=passed)

    if not FORKS:
        process = start()
        if process.stdout is not None:
            _widen(process.stdout.fileno())
        return process, None
    ours, theirs = socket.socketpair()
    with closing(theirs):
        try:
            return start(theirs.fileno()), ours
        except BaseException:
            ours.close()
            raise


def _widen(pipe: int) -> None:
    """Where it cannot be widened, data goes in smaller steps."""
    if sys.platform == "linux":
        with suppress(OSError):     # a user's share of pipe memory is spent
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE)


def _close(*files) -> None:
    for file in files:
        try:
            file.close()
        except OSError:  # what was still to be written has nobody to read it
            continue


def forget() -> None:
    """In a forked child: the thread that starts processes stayed with the parent."""
    global _orders, _spawner, _spawner_lock
    _orders, _spawner, _spawner_lock = queue.SimpleQueue(), None, threading.Lock()

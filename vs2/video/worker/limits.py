"""What a process that opens an untrusted file may use: memory, time, bytes written; never longer than its parent."""
import contextlib
import ctypes
import io
import os
import signal
import sys

if sys.platform != "win32":     # which has no such limits
    import resource

NEAR = 192 << 20       # bytes: one huge frame, or the arena and the stack of a new thread
DESCRIPTORS = 256      # open at once in a child; a pipe is memory too
SPARE_SECONDS = 2.0    # the parent kills first and knows why; this clock is for when the parent is gone


def die_with(parent: int) -> None:
    """On Linux the kernel kills this process when the thread that started it ends (prctl(2))."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None, use_errno=True).prctl(set_parent_death_signal, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def limit(job: dict, forever: bool) -> None:
    """Takes the job's limits: address space, CPU seconds from now, wall seconds from now, bytes a file may get.

    forever: also for the hard limits, so that nothing in this process can lift them again.
    """
    if hasattr(signal, "setitimer"):
        # The default action of the alarm ends the process even inside C code that never returns to Python.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, max(0.001, job["seconds"]) + SPARE_SECONDS)
    if sys.platform == "win32":
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = int(used.ru_utime + used.ru_stime + job["cpu"]) + 1
    limits = {"RLIMIT_CORE": 0, "RLIMIT_AS": job["memory"], "RLIMIT_FSIZE": job["writes"], "RLIMIT_CPU": cpu}
    for name, value in (limits | {"RLIMIT_NOFILE": DESCRIPTORS} if forever else limits).items():
        kind = getattr(resource, name, None)
        if kind is None:
            continue
        hard = resource.getrlimit(kind)[1]
        soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
        most = hard
        if forever:  # at the hard limit of CPU time comes SIGKILL, which says no reason: let SIGXCPU come first
            most = soft + 1 if name == "RLIMIT_CPU" and soft == value else soft
        try:
            resource.setrlimit(kind, (soft, most))
        except (ValueError, OSError):  # macOS refuses RLIMIT_AS; its other limits still hold
            continue


class Memory:
    """This process's address space at its largest. Its account is opened before the process is confined."""

    def __init__(self):
        self._status: io.FileIO | None = None
        with contextlib.suppress(OSError):  # no such file on this platform: an error keeps its other name
            self._status = open("/proc/self/status", "rb", buffering=0)  # noqa: SIM115 (as long as the process)

    def starved(self, limit: int) -> bool:
        """Whether this process came so near its limit that a failed allocation explains what went wrong.

        FFmpeg hides "out of memory" behind other errors ("no frame!", "resource temporarily unavailable").
        """
        if self._status is None:
            return False
        text = os.pread(self._status.fileno(), 1 << 14, 0).decode("ascii", "replace")
        peak = next((int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("VmPeak:")), 0)
        return peak > 0 and limit - peak < max(NEAR, limit // 10)


def rest() -> None:
    """Stops the job's clock; the other limits stay until the next job sets its own."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)

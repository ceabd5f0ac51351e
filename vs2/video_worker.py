"""The process that touches untrusted files: `python -m vs2.video_worker`, started and killed by vs2.video_pool.

It imports numpy, PyAV and decord, never torch. It reads jobs from its standard input and answers on its
standard output, one message after the other: two big-endian 32-bit lengths, then that much JSON, then that
many raw bytes. The C libraries may print whatever they like: by then descriptor 1 leads nowhere.

Before each job it takes limits upon itself (memory, CPU time, wall time, bytes written); a platform that has
no such limit goes without, and the parent's clock still kills an overrun. The process ends with its parent:
its standard input closes, and on Linux the kernel kills it in the middle of a decoder's loop too.
"""
import ctypes
import json
import os
import signal
import struct
import sys

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None

LENGTHS = struct.Struct(">II")
MAX_MESSAGE = 1 << 20  # bytes of JSON in one message
NEAR = 192 << 20       # bytes: one huge frame, or the arena and the stack of a new thread
SPARE_SECONDS = 2.0    # the parent kills first and knows why; this clock is for when the parent is gone


class WireError(Exception):
    """The other side closed the pipe or sent what is no message."""


def send(pipe, message: dict, payload=b"") -> None:
    """Writes one message: JSON, and raw bytes (bytes or a C-contiguous uint8 array)."""
    text = json.dumps(message).encode()
    payload = memoryview(payload).cast("B") if len(payload) else b""
    pipe.write(LENGTHS.pack(len(text), len(payload)) + text)
    if len(payload):
        pipe.write(payload)
    pipe.flush()


def receive(pipe, max_payload: int = 0) -> tuple[dict, bytes]:
    """Reads one message. Raises WireError at the end of the pipe or on lengths above what may come."""
    message, payload = LENGTHS.unpack(_exactly(pipe, LENGTHS.size))
    if message > MAX_MESSAGE or payload > max_payload:
        raise WireError("a message of impossible length")
    try:
        record = json.loads(_exactly(pipe, message))
    except ValueError as error:
        raise WireError("a message that is not JSON") from error
    if not isinstance(record, dict):
        raise WireError("a message that is not an object")
    return record, _exactly(pipe, payload)


def _exactly(pipe, count: int) -> bytes:
    data = pipe.read(count) if count else b""
    if len(data) < count:
        raise WireError("the pipe was closed")
    return data


def claim_pipes():
    """The two pipes to the parent, moved away from descriptors 0 and 1, which C libraries print to."""
    jobs, answers = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    return os.fdopen(jobs, "rb"), os.fdopen(answers, "wb", buffering=1 << 16)


def die_with(parent: int) -> None:
    """On Linux the kernel kills this process when the thread that started it ends (prctl(2))."""
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None, use_errno=True).prctl(set_parent_death_signal, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def limit(job: dict) -> None:
    """Takes the job's limits: address space, CPU seconds from now, wall seconds from now, bytes a file may get."""
    if hasattr(signal, "setitimer"):
        # The default action of the alarm ends the process even inside C code that never returns to Python.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, max(0.001, job["seconds"]) + SPARE_SECONDS)
    if resource is None:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = used.ru_utime + used.ru_stime
    for name, value in (("RLIMIT_CORE", 0), ("RLIMIT_AS", job["memory"]), ("RLIMIT_FSIZE", job["writes"]),
                        ("RLIMIT_CPU", int(spent + job["cpu"]) + 1)):
        kind = getattr(resource, name, None)
        if kind is None:
            continue
        hard = resource.getrlimit(kind)[1]
        soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(kind, (soft, hard))
        except (ValueError, OSError):  # macOS refuses RLIMIT_AS; its other limits still hold
            continue


def starved(memory: int) -> bool:
    """Whether this process came so near its limit that a failed allocation explains what went wrong.

    FFmpeg hides "out of memory" behind other errors ("no frame!", "resource temporarily unavailable").
    """
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            peak = next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmPeak:"))
    except (OSError, StopIteration):
        return False  # no such file on this platform: the error keeps its other name
    return memory - peak < max(NEAR, memory // 10)


def rest() -> None:
    """Stops the job's clock; the other limits stay until the next job sets its own."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)


def main() -> None:
    """Serves jobs until the parent closes the pipe."""
    jobs, answers = claim_pipes()
    die_with(int(sys.argv[1]))
    from vs2 import video_decode, video_encode

    handlers = {"read": video_decode.read, "playable": video_encode.playable}
    send(answers, {"kind": "ready", "decord": video_decode.decord is not None})
    while True:
        try:
            job, _ = receive(jobs)
        except WireError:
            return
        limit(job)
        try:
            handlers[job["kind"]](job, lambda message, payload=b"": send(answers, message, payload),
                                  lambda: receive(jobs)[0])
        except WireError:
            return
        except MemoryError:
            send(answers, {"kind": "error", "code": "memory"})
        except video_decode.Refused as refused:
            code = "memory" if refused.code in ("damaged", "nothing") and starved(job["memory"]) else refused.code
            send(answers, {"kind": "error", "code": code, **refused.facts})
        except Exception as error:  # whatever a hostile file makes a library raise, this process answers
            send(answers, {"kind": "error", "code": "memory" if starved(job["memory"]) else "unreadable",
                           "detail": f"{type(error).__name__}: {error}"[:300]})
        finally:
            rest()


if __name__ == "__main__":
    main()

"""The process that touches untrusted files: `python -m vs2.video_worker`, started and killed by vs2.video_pool.

It imports numpy, PyAV and decord, never torch. It reads jobs from its standard input and answers on its
standard output, one message after the other: two big-endian 32-bit lengths, then that much JSON, then that
many raw bytes. The C libraries may print whatever they like: by then descriptor 1 leads nowhere.

On Linux this process itself opens no file: for each job it forks a child, which is made in milliseconds because the
decoders are loaded already, is confined to that job's file (vs2.video_sandbox) and ends with the job. What a file does
to the child is over before the next file. The job's pipes come over the socket whose descriptor is the second
argument; what became of the child goes back. Elsewhere the jobs are done here, one after the other, over the standard
pipes.

Before each job the limits are set (memory, CPU time, wall time, bytes written); a platform that has
no such limit goes without, and the parent's clock still kills an overrun. The process ends with its parent:
its pipe closes, and on Linux the kernel kills it in the middle of a decoder's loop too.
"""
import ctypes
import gc
import json
import os
import signal
import socket
import struct
import sys
from pathlib import Path

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None

LENGTHS = struct.Struct(">II")
MAX_MESSAGE = 1 << 20  # bytes of JSON in one message
NEAR = 192 << 20       # bytes: one huge frame, or the arena and the stack of a new thread
STATUS = struct.Struct(">i")  # how a child ended, as os.waitstatus_to_exitcode says it
DESCRIPTORS = 256      # open at once in a child; a pipe is memory too
SPARE_SECONDS = 2.0    # the parent kills first and knows why; this clock is for when the parent is gone


SAMPLE = Path(__file__).resolve().parents[1] / "assets" / "examples" / "good.mp4"


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


def limit(job: dict, forever: bool) -> None:
    """Takes the job's limits: address space, CPU seconds from now, wall seconds from now, bytes a file may get.

    forever: also for the hard limits, so that nothing in this process can lift them again.
    """
    if hasattr(signal, "setitimer"):
        # The default action of the alarm ends the process even inside C code that never returns to Python.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, max(0.001, job["seconds"]) + SPARE_SECONDS)
    if resource is None:
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
        try:
            self._status = open("/proc/self/status", "rb", buffering=0)  # noqa: SIM115 (as long as the process)
        except OSError:  # no such file on this platform: an error keeps its other name
            self._status = None

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


def serve(jobs, answers, handlers: dict, enter) -> bool:
    """Does the next job, after enter(job) has set its limits; False where the conversation is over."""
    from vs2 import video_decode

    try:
        job, _ = receive(jobs)
    except WireError:
        return False
    memory = Memory()
    try:
        enter(job)
        handlers[job["kind"]](job, lambda message, payload=b"": send(answers, message, payload),
                              lambda: receive(jobs)[0])
    except WireError:
        return False
    except MemoryError:
        send(answers, {"kind": "error", "code": "memory"})
    except video_decode.Refused as refused:
        short = refused.code in ("damaged", "nothing") and memory.starved(job["memory"])
        send(answers, {"kind": "error", "code": "memory" if short else refused.code, **refused.facts})
    except Exception as error:  # whatever a hostile file makes a library raise, this process answers
        send(answers, {"kind": "error", "code": "memory" if memory.starved(job["memory"]) else "unreadable",
                       "detail": f"{type(error).__name__}: {error}"[:300]})
    finally:
        rest()
    return True


def warm_up(decode) -> None:
    """Decodes a clip of the project's own, with what every child then finds in memory: tables, code, bindings."""
    if not SAMPLE.exists():  # a copy of the package alone: the first use of everything falls to each child
        return
    with decode.av.open(str(SAMPLE)) as container:
        for frame in container.decode(video=0):
            frame.to_ndarray(format="rgb24")
    if decode.decord is not None:
        decode.decord.VideoReader(str(SAMPLE))[0].asnumpy()


def raise_children(control: socket.socket, handlers: dict, confined: bool) -> None:
    """A child for each pair of pipes that comes over `control`, and how it ended; until the parent closes it."""
    gc.freeze()  # the collector would write to every page that the children share with this process
    own = os.getpid()
    while True:
        order, descriptors, _, _ = socket.recv_fds(control, 1, 2)
        if not order:
            return
        child = os.fork()
        if child == 0:
            status = 1
            try:
                control.close()  # what is said there is this process's word, not that of one who read a file
                live(descriptors, own, order[0], handlers, confined)
                status = 0
            finally:
                os._exit(status)  # never back into the loop
        for descriptor in descriptors:
            os.close(descriptor)
        control.sendall(STATUS.pack(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))


def live(pipes: list[int], parent: int, niceness: int, handlers: dict, confined: bool) -> None:
    """A child's whole life: one job, over the two pipes it was given."""
    from vs2 import video_sandbox

    def enter(job: dict) -> None:
        limit(job, forever=True)
        if confined:
            video_sandbox.confine([job["path"]], [job["out"]] if "out" in job else [])

    die_with(parent)
    os.nice(niceness)
    with os.fdopen(pipes[0], "rb") as jobs, os.fdopen(pipes[1], "wb", buffering=1 << 16) as answers:
        serve(jobs, answers, handlers, enter)


def layers_of_a_child() -> list[str]:
    """What holds in the children, from one that confines itself to nothing and says so.

    Empty where that kills it: the platform then has something that only looks like what is asked of it.
    """
    from vs2 import video_sandbox

    video_sandbox.libraries()  # found once, for all children
    source, target = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(target, json.dumps(video_sandbox.confine([], [])).encode())
        finally:
            os._exit(0)
    os.close(target)
    with os.fdopen(source, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return json.loads(said) if said else []


def main(extra: dict | None = None) -> None:
    """Serves jobs until the parent closes the pipe. extra: more kinds of job, by name."""
    jobs, answers = claim_pipes()
    die_with(int(sys.argv[1]))
    from vs2 import video_decode, video_encode

    handlers = {"read": video_decode.read, "playable": video_encode.playable} | (extra or {})
    forks = len(sys.argv) > 2
    if forks:
        warm_up(video_decode)
    layers = layers_of_a_child() if forks else []
    send(answers, {"kind": "ready", "decord": video_decode.decord is not None, "layers": layers})
    if forks:
        jobs.close()
        answers.close()
        with socket.socket(fileno=int(sys.argv[2])) as control:
            raise_children(control, handlers, bool(layers))
        return
    while serve(jobs, answers, handlers, lambda job: limit(job, forever=False)):
        continue


if __name__ == "__main__":
    main()

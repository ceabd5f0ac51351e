"""The process that touches untrusted files: `python -m vs2.video.worker.main`, started and killed by vs2.video.pool.

It imports numpy, PyAV and decord, never torch. It reads jobs from its standard input and answers on its
standard output, one message after the other: two big-endian 32-bit lengths, then that much JSON, then that
many raw bytes. The C libraries may print whatever they like: by then descriptor 1 leads nowhere.

On Linux this process itself opens no file: for each job it forks a child, which is made in milliseconds because the
decoders are loaded already, is confined to that job's file (vs2.video.worker.sandbox) and ends with the job. What a
file does to the child is over before the next file. The job's pipes come over the socket whose descriptor is the second
argument; what became of the child goes back. Elsewhere the jobs are done here, one after the other, over the standard
pipes.

Before each job the limits are set (memory, CPU time, wall time, bytes written); a platform that has
no such limit goes without, and the parent's clock still kills an overrun. The process ends with its parent:
its pipe closes, and on Linux the kernel kills it in the middle of a decoder's loop too.
"""
import gc
import json
import os
import socket
import sys

from vs2.resources import ASSETS
from vs2.video.worker.limits import Memory, die_with, limit, rest
from vs2.video.worker.wire import STATUS, WireError, claim_pipes, receive, send

SAMPLE = ASSETS / "examples" / "good.mp4"


def serve(jobs, answers, handlers: dict, enter) -> bool:
    """Does the next job, after enter(job) has set its limits; False where the conversation is over."""
    from vs2.video.worker import decode

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
    except decode.Refused as refused:
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
    from vs2.video.worker import sandbox

    def enter(job: dict) -> None:
        limit(job, forever=True)
        if confined:
            sandbox.confine([job["path"]], [job["out"]] if "out" in job else [])

    die_with(parent)
    os.nice(niceness)
    with os.fdopen(pipes[0], "rb") as jobs, os.fdopen(pipes[1], "wb", buffering=1 << 16) as answers:
        serve(jobs, answers, handlers, enter)


def layers_of_a_child() -> list[str]:
    """What holds in the children, from one that confines itself to nothing and says so.

    Empty where that kills it: the platform then has something that only looks like what is asked of it.
    """
    from vs2.video.worker import sandbox

    sandbox.libraries()  # found once, for all children
    source, target = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(target, json.dumps(sandbox.confine([], [])).encode())
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
    from vs2.video.worker import decode, encode

    handlers = {"read": decode.read, "playable": encode.playable} | (extra or {})
    forks = len(sys.argv) > 2
    if forks:
        warm_up(decode)
    layers = layers_of_a_child() if forks else []
    send(answers, {"kind": "ready", "decord": decode.decord is not None, "layers": layers})
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

"""A worker that a file has taken over, as far as what it does goes: jobs of the kind "attack", one of `ATTACKS`.

    python -m tests.support.hostile NAME '{"victim": 123, ...}'   does one without any sandbox and prints what it got

Each attack is a function of facts that the test gives it (paths, process ids, ports). It returns what it got hold of,
and raises OSError or MemoryError where it was refused.
"""
import ctypes
import fcntl
import json
import mmap
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time

from vs2.video.worker import decode, limits, main

LIBC = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    """A function of the C library; OSError with its errno where it fails."""
    given = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    ctypes.set_errno(0)
    result = getattr(LIBC, name)(*given)
    if result == -1:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")
    return result


def contents(path):
    with open(path, "rb") as file:
        return file.read(1000).decode("latin-1")


def written(path, mode):
    with open(path, mode) as file:
        file.write(b"was here")
    return path


def connected(family, kind, address):
    with socket.socket(family, kind) as attempt:
        attempt.settimeout(5)
        attempt.connect(address)
        attempt.send(b"secret")
    return "sent"


def memory_of(pid):
    """The first bytes of the stack of another process, by the call that copies between processes."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps:
        start = next(int(line.split("-")[0], 16) for line in maps if "[stack]" in line)
    return copied(pid, start)


def copied(pid, address):
    class Piece(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]

    here = ctypes.create_string_buffer(16)
    ours, theirs = Piece(ctypes.addressof(here), 16), Piece(address, 16)
    return call("process_vm_readv", pid, ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0)


def traced(pid):
    attach, detach = 16, 17
    call("ptrace", attach, pid, 0, 0)
    os.waitpid(pid, 0x40000000)  # __WALL: it is no child
    call("ptrace", detach, pid, 0, 0)
    return "attached"


def signal_by_descriptor(pid):
    """Without kill(2): the kernel sends a signal of our choice to the "owner" of a pipe that has news."""
    source, target = os.pipe()
    set_signal, set_owner = 10, 8
    fcntl.fcntl(source, set_signal, signal.SIGTERM)
    fcntl.fcntl(source, set_owner, pid)
    fcntl.fcntl(source, fcntl.F_SETFL, fcntl.fcntl(source, fcntl.F_GETFL) | os.O_ASYNC)
    os.write(target, b"news")
    return "sent"


def memory_beside(size):
    """Memory that counts for no limit of the address space: a file that has no name and lies in memory."""
    place = os.memfd_create("hidden")
    os.ftruncate(place, size)
    return os.fstat(place).st_size


def shared_memory():
    found = call("shmget", 0, 4096, 0o1600)  # IPC_PRIVATE, IPC_CREAT: it stays when the process goes
    call("shmctl", found, 0, None)
    return "had"


def a_thread():
    got = []
    thread = threading.Thread(target=got.append, args=("ran",))
    thread.start()
    thread.join()
    return got[0]


ATTACKS = {
    # What reading needs: these must go on.
    "own file": lambda facts: contents(facts["path"]),
    "own copy": lambda facts: written(facts["out"], "wb+"),
    "a thread": lambda facts: a_thread(),
    "a library": lambda facts: contents(json.__file__),
    # Looking.
    "environment": lambda facts: contents(f"/proc/{facts['victim']}/environ"),
    "program's environment": lambda facts: contents(f"/proc/{facts['program']}/environ"),
    "worker's environment": lambda facts: contents(f"/proc/{os.getppid()}/environ"),
    "command line": lambda facts: contents(f"/proc/{facts['victim']}/cmdline"),
    "passwords": lambda facts: contents("/etc/passwd"),
    "history": lambda facts: contents(facts["history"]),
    "another's upload": lambda facts: contents(facts["neighbour"]),
    "folder of uploads": lambda facts: os.listdir(os.path.dirname(facts["path"])),
    "processes": lambda facts: [name for name in os.listdir("/proc") if name.isdigit()],
    "through a link": lambda facts: contents(facts["link"]),
    # The network, and other processes by sockets.
    "tcp": lambda facts: connected(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", facts["port"])),
    "udp": lambda facts: connected(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 9)),
    "unix": lambda facts: connected(socket.AF_UNIX, socket.SOCK_STREAM, facts["socket"]),
    "abstract": lambda facts: connected(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + facts["socket"]),
    # Other programs.
    "shell": lambda facts: subprocess.run(["/bin/sh", "-c", "echo hello"], capture_output=True, check=True).stdout,
    "exec": lambda facts: os.execv("/bin/sh", ["sh", "-c", "echo '\"in its place\"'"]),
    "fork": lambda facts: os.fork() or os._exit(0),
    "own session": lambda facts: os.setsid(),
    # Other processes.
    "kill": lambda facts: os.kill(facts["victim"], signal.SIGTERM) or "sent",
    "kill the group": lambda facts: os.kill(0, signal.SIGURG) or "sent",
    "pidfd": lambda facts: os.pidfd_open(facts["victim"]) and "opened",
    "signal by descriptor": lambda facts: signal_by_descriptor(facts["victim"]),
    "ptrace": lambda facts: traced(facts["victim"]),
    "memory map": lambda facts: memory_of(facts["victim"]),
    "memory": lambda facts: copied(facts["victim"], facts["stack"]),
    "limits of others": lambda facts: resource.prlimit(facts["victim"], resource.RLIMIT_NOFILE, (9, 9)) and "set",
    "priority of others": lambda facts: os.setpriority(os.PRIO_PROCESS, facts["victim"], 19) or "set",
    "processor of others": lambda facts: os.sched_setaffinity(facts["victim"], {0}) or "set",
    "outlive": lambda facts: call("prctl", 1, 0, 0, 0, 0),
    # Files: making, changing, removing.
    "write over its file": lambda facts: written(facts["path"], "ab"),
    "write over another": lambda facts: written(facts["neighbour"], "ab"),
    "new file": lambda facts: written(facts["neighbour"] + ".new", "wb"),
    "new folder": lambda facts: os.mkdir(facts["neighbour"] + ".folder") or "made",
    "new link": lambda facts: os.symlink("/etc/passwd", facts["neighbour"] + ".link") or "made",
    "hard link": lambda facts: os.link(facts["neighbour"], facts["neighbour"] + ".hard") or "made",
    "remove": lambda facts: os.unlink(facts["neighbour"]) or "removed",
    "rename": lambda facts: os.rename(facts["neighbour"], facts["neighbour"] + ".away") or "renamed",
    "permissions": lambda facts: os.chmod(facts["neighbour"], 0o666) or "changed",
    "times": lambda facts: os.utime(facts["neighbour"], (0, 0)) or "changed",
    "cut": lambda facts: os.truncate(facts["neighbour"], 0) or "cut",
    # More than its share.
    "too much memory": lambda facts: len(mmap.mmap(-1, facts["memory"] + (1 << 20))),
    "memory beside": lambda facts: memory_beside(facts["memory"] + (1 << 20)),
    "shared memory": lambda facts: shared_memory(),
    "too many files": lambda facts: len([os.dup(0) for _ in range(limits.DESCRIPTORS)]),
    "core": lambda facts: resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, 1 << 20)) or "lifted",
    "lift its limits": lambda facts: resource.setrlimit(resource.RLIMIT_AS, (facts["memory"] + 4096, facts["memory"]
                                                                           + 4096)) or "lifted",
}


def attack(job, send, receive):
    """Answers with what was got, or why not."""
    try:
        got = ATTACKS[job["attack"]](job)
    except (OSError, MemoryError, ValueError) as error:  # ValueError: setrlimit's word for EPERM
        send({"kind": "refused", "error": f"{type(error).__name__}: {error}"})
    else:
        send({"kind": "got", "got": str(got)})


def descriptors(job, send, receive):
    """The descriptors that are open."""
    send({"kind": "done", "open": [number for number in range(1024) if _is_open(number)]})


def _is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def slow(job, send, receive):
    """Reads, a frame in 0.3 s. Its file's name says how long the film is said to be, or what else is wrong with it.

    "long": its length is no number. "more": it sends frames that nobody asked for. "stalls": at the first try it stops
    when half of them came.
    """
    what, count = os.path.basename(job["path"]).removesuffix(".mp4"), 0

    def late(message, payload=b""):
        nonlocal count
        if message["kind"] == "header":
            message["duration"] = what if what == "long" else 8.0 if what in ("more", "stalls") else float(what)
        if message["kind"] == "frame":
            count += 1
            message["index"] = message["index"] if what != "more" else f"x{count}"
            time.sleep(60 if what == "stalls" and job["decord"] and count > 8 else 0.3)
        send(message, payload)

    decode.read(job, late, receive)


def stays(job, send, receive):
    """Says that it is done, and lives on; then speaks again, as if to the next caller."""
    send({"kind": "done"})
    send({"kind": "done", "forged": True})
    time.sleep(60)


def speaks_on(job, send, receive):
    """Says more than it was asked, and ends."""
    send({"kind": "done"})
    send({"kind": "done", "forged": True})


def falls(job, send, receive):
    """Ends as memory corruption does."""
    os.abort()


if __name__ == "__main__":
    if sys.argv[1] in ATTACKS:
        print(json.dumps(str(ATTACKS[sys.argv[1]](json.loads(sys.argv[2])))))
    else:
        main.main({"attack": attack, "descriptors": descriptors, "stays": stays, "speaks_on": speaks_on,
                   "falls": falls, "read": slow})

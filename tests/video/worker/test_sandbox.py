"""What code that took the reading process over can get at: tried inside a real worker, and before that without.

Each attack first runs in a plain process, where it succeeds; then, by the same function, in a worker of the pool.
"""
import errno
import json
import os
import platform
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.support import hostile
from tests.support.clips import moving_square
from vs2 import resources
from vs2.video import pool as video_pool
from vs2.video import process, read
from vs2.video.worker import sandbox
from vs2.video.worker.seccomp import ARGUED, CLONE_THREAD, DENIED, MACHINES, program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these layers; elsewhere reading goes "
                                                                 "on without, as tests/video/worker/test_main.py sees")
ALLOWED = ("own file", "own copy", "a thread", "a library")
MEMORY = 2 << 30
# Refused to most users without a filter too, so nothing that they get shows; with one the reason is EPERM for all.
KERNEL = {"bpf": (0, 0, 0), "io_uring_setup": (1, 0), "keyctl": (0, -3, 0), "userfaultfd": (0,), "mount": (0, 0, 0),
          "unshare": (0x10000000,), "add_key": (0, 0, 0), "perf_event_open": (0, 0, 0), "reboot": (0,),
          "open_by_handle_at": (0, 0, 0), "setuid": (0,), "personality": (0xFFFFFFFF,), "socketpair": (1, 1, 0)}


@pytest.fixture
def facts(tmp_path):
    """Two visitors' uploads, a history, a program with a secret, a server: what an attack may want."""
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    (uploads / "neighbour.mp4").write_text("another's clip")
    (uploads / "copy.mp4").touch()
    (uploads / "link.mp4").symlink_to(uploads / "neighbour.mp4")
    (tmp_path / "history.sqlite").write_text("everybody's judgements")
    victim = subprocess.Popen(["/bin/sleep", "600"], env={"HF_TOKEN": "hf_do_not_tell"})
    folder = Path(os.path.relpath(tmp_path))  # an address of a Unix socket is short
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as unix, \
            socket.socket(socket.AF_UNIX) as abstract:
        address = str(tmp_path / "s") if len(str(tmp_path)) < 90 else str(folder / "s")
        unix.bind(address)
        unix.listen()
        abstract.bind("\0" + address)
        abstract.listen()
        stack = next(int(line.split("-")[0], 16) for line in Path(f"/proc/{victim.pid}/maps").read_text().splitlines()
                     if "[stack]" in line)
        yield {"path": str(moving_square(uploads / "own.mp4")), "out": str(uploads / "copy.mp4"),
               "neighbour": str(uploads / "neighbour.mp4"), "link": str(uploads / "link.mp4"),
               "history": str(tmp_path / "history.sqlite"), "victim": victim.pid, "program": os.getpid(),
               "stack": stack, "port": server.getsockname()[1], "socket": address, "memory": MEMORY}
    victim.kill()
    victim.wait()


@pytest.fixture
def pool(monkeypatch):
    """The pool, with workers that know the jobs of tests/support/hostile.py."""
    video_pool.close()
    monkeypatch.setattr(process, "MODULE", "tests.support.hostile")
    yield video_pool
    video_pool.close()


def job(facts, kind, **more):
    return facts | {"kind": kind, "memory": MEMORY, "cpu": 20.0, "writes": 1 << 20, "seconds": 20.0} | more


def answer(facts, kind, **more):
    with video_pool.borrow() as worker:
        worker.send(job(facts, kind, **more))
        message, _ = worker.receive()
        worker.finish()
        return message


def need(*layers):
    missing = set(layers) - set(video_pool.layers())
    if missing:
        pytest.skip(f"this system lacks {', '.join(sorted(missing))}, so reading goes on without")


@pytest.mark.parametrize("name", hostile.ATTACKS)
def test_without_a_sandbox_the_attack_succeeds(facts, name):
    done = subprocess.run([sys.executable, "-m", "tests.support.hostile", name, json.dumps(facts)], capture_output=True,
                          text=True, cwd=Path(__file__).resolve().parents[3], timeout=60)
    assert done.returncode == 0 and json.loads(done.stdout), done.stderr


@pytest.mark.parametrize("name", [name for name in hostile.ATTACKS if name not in ALLOWED])
def test_inside_a_worker_it_is_refused(pool, facts, name):
    need("files", "system calls")
    before = sorted((entry.name, entry.stat().st_mode, entry.stat().st_size, entry.stat().st_mtime_ns)
                    for entry in Path(facts["path"]).parent.iterdir())
    said = answer(facts, "attack", attack=name)
    assert said["kind"] == "refused", said
    assert before == sorted((entry.name, entry.stat().st_mode, entry.stat().st_size, entry.stat().st_mtime_ns)
                            for entry in Path(facts["path"]).parent.iterdir())
    os.kill(facts["victim"], 0)


@pytest.mark.parametrize("name", ALLOWED)
def test_inside_a_worker_goes_on_what_reading_needs(pool, facts, name):
    assert answer(facts, "attack", attack=name)["kind"] == "got"


def test_a_reader_that_writes_nothing_opens_nothing_for_writing(pool, facts):
    need("files", "system calls")
    del facts["out"]
    facts["out_of_job"] = facts["path"]
    assert answer(facts, "attack", attack="write over its file")["kind"] == "refused"
    assert answer(facts, "attack", attack="own file")["kind"] == "got"


def test_it_holds_no_descriptor_but_its_pipes(pool, facts):
    said = answer(facts, "descriptors")["open"]
    assert said[:3] == [0, 1, 2] and len(said) <= 7  # nowhere three times or four, two pipes, its own account


@pytest.mark.parametrize("kind", ["stays", "speaks_on"])
def test_what_it_says_after_its_time_reaches_nobody(pool, facts, kind):
    assert "forged" not in answer(facts, kind)
    started = time.monotonic()
    for _ in range(3):
        assert answer(facts, "attack", attack="a thread") == {"kind": "got", "got": "ran"}
    assert time.monotonic() - started < 30


def test_a_crash_leaves_no_core_and_the_worker(pool, facts, tmp_path):
    before = [worker.pid for worker in workers_after(facts)]
    with video_pool.borrow() as worker:
        worker.send(job(facts, "falls"))
        with pytest.raises(video_pool.Gone) as gone:
            worker.receive()
    assert gone.value.by == signal.SIGABRT
    assert [worker.pid for worker in workers_after(facts)] == before
    assert not list(tmp_path.rglob("core*")) and not list(Path(resources.HOME).glob("core*"))


def workers_after(facts):
    answer(facts, "attack", attack="a thread")
    return video_pool.workers()


CONFINED = """
import ctypes, os, sys
from vs2.video.worker import sandbox
{before}
print(*sandbox.confine({reads!r}, []), sep=",", flush=True)
{code}
"""


def confined(code, reads=(), before=""):
    text = CONFINED.format(code=code, reads=list(reads), before=before)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    first, _, rest = done.stdout.partition("\n")
    return first.split(","), rest.strip()


@pytest.mark.parametrize("name", KERNEL)
def test_doors_of_the_kernel_are_shut(name):
    need("system calls")
    number = DENIED[name][0 if platform.machine() == "x86_64" else 1]
    _, said = confined("libc = ctypes.CDLL(None, use_errno=True)\n"
                       f"print(libc.syscall({number}, *map(ctypes.c_long, {KERNEL[name]})), ctypes.get_errno())")
    assert said == f"-1 {errno.EPERM}"


def test_every_layer_has_its_meaning_and_is_named():
    layers = video_pool.layers()
    assert set(layers) <= set(sandbox.LAYERS)
    assert len(layers) == len(set(layers))
    assert "no new privileges" in layers


NO_LANDLOCK = "sandbox._landlock = lambda *_: 0\n"
NOBODY = """
sandbox.libraries()
if sandbox._capabilities(ctypes.CDLL(None)):
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE: as in a program that was started as this user
source, target = os.pipe()
child = os.fork()
if child:
    os.close(target)
    print(os.fdopen(source).read(), end="", flush=True)
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0)
os.dup2(target, 1)
"""
LOOK = """
try:
    print(len(open(f"/proc/{os.getppid()}/environ").read()))
except OSError as error:
    print(type(error).__name__)
print(len(open(KNOWN).read()))
"""


def test_without_landlock_another_process_still_cannot_be_looked_into():
    with tempfile.NamedTemporaryFile("w") as known:     # pytest's own folders are closed to other users
        known.write("x" * 7)
        known.flush()
        os.chmod(known.name, 0o644)
        look = LOOK.replace("KNOWN", repr(known.name))
        layers, said = confined(look, before=NOBODY + NO_LANDLOCK)
    assert "files" not in layers and "user namespace" in layers
    assert said.split() == ["PermissionError", "7"]
    plain = CONFINED.format(code=look, reads=[], before=NOBODY + "sandbox.confine = lambda *_: ()\n")
    done = subprocess.run([sys.executable, "-c", plain], capture_output=True, text=True, timeout=60)
    assert int(done.stdout.split()[0]) > 0  # what it would have got


def verdict(steps, machine, number, arguments):
    """What a filter says of a call: the BPF machine of seccomp, as far as these filters use it."""
    data = struct.pack("=iIQ6Q", number, MACHINES[machine], 0, *(*arguments, *[0] * (6 - len(arguments))))
    place, held = 0, 0
    while True:
        operation, true, false, value = struct.unpack_from("HBBI", steps, 8 * place)
        place += 1
        if operation == 0x06:
            return value
        if operation == 0x20:
            held = struct.unpack_from("=I", data, value)[0]
        else:
            place += true if {0x15: held == value, 0x35: held >= value, 0x45: held & value}[operation] else false


@pytest.mark.parametrize("machine, column", [("x86_64", 0), ("aarch64", 1)])
def test_the_filter_of_each_machine_says_of_each_call_what_it_should(machine, column):
    allow, refuse, unknown = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
    read_only, writing = program(machine, 77, False), program(machine, 77, True)
    numbers = {name: both[column] for name, both in (DENIED | ARGUED).items() if both[column] is not None}
    assert len(set(numbers.values())) == len(numbers)
    for name in DENIED:
        if name in numbers:
            assert verdict(read_only, machine, numbers[name], ()) == refuse, name
    create, read_write = os.O_CREAT | os.O_WRONLY, os.O_RDWR
    cases = [("clone", (CLONE_THREAD | 0x100,), allow), ("clone", (signal.SIGCHLD,), refuse), ("clone3", (0,), unknown),
             ("openat2", (0,), unknown), ("tgkill", (77, 78), allow), ("tgkill", (1, 1), refuse),
             ("prlimit64", (0,), allow), ("prlimit64", (77,), allow), ("prlimit64", (76,), refuse),
             ("prctl", (1,), refuse), ("prctl", (15,), allow), ("fcntl", (3, 8), refuse), ("fcntl", (3, 1), allow),
             ("ioctl", (0, 0x5412), refuse), ("ioctl", (0, 0x5401), allow), ("openat", (0, 0, 0), allow),
             ("openat", (0, 0, create), refuse), ("openat", (0, 0, read_write), refuse),
             ("prctl", (1 << 32 | 1,), refuse)]  # the kernel looks at the lower half alone
    for name, arguments, expected in cases:
        assert verdict(read_only, machine, numbers[name], arguments) == expected, (name, arguments)
    assert verdict(writing, machine, numbers["openat"], (0, 0, create)) == allow
    assert verdict(read_only, machine, 470, ()) == verdict(read_only, machine, 0x40000000 + 41, ()) == unknown
    other = {"x86_64": "aarch64", "aarch64": "x86_64"}[machine]
    assert verdict(read_only, other, numbers["openat"], ()) == 0x80000000  # another machine's calls: 32-bit ones, say
    # Reading, memory, threads, time: what FFmpeg, NumPy and Python do all the time.
    for number in ((0, 1, 3, 5, 8, 9, 10, 11, 12, 24, 202, 228) if column == 0 else
                   (63, 64, 57, 80, 62, 222, 226, 215, 214, 124, 98, 113)):
        assert verdict(read_only, machine, number, ()) == allow, number


def test_no_filter_for_a_machine_whose_numbers_are_not_known():
    assert program("riscv64", 77, False) == b""


@pytest.mark.parametrize("missing", ["_landlock", "_seccomp", "_drop_capabilities"])
def test_a_system_that_lacks_a_layer_reads_on_and_says_so(tmp_path, missing):
    names = {"_landlock": "files", "_seccomp": "system calls", "_drop_capabilities": "capabilities"}
    (tmp_path / "a").write_text("seen")
    layers, said = confined(f"print(open({str(tmp_path / 'a')!r}).read())", [str(tmp_path / "a")],
                            f"sandbox.{missing} = lambda *_: 0\n")
    assert names[missing] not in layers and "no new privileges" in layers and said == "seen"


def test_a_clip_is_read_through_a_link_and_with_a_name_that_is_no_utf8(tmp_path):
    path = moving_square(tmp_path / "a.mp4")
    (tmp_path / "link.mp4").symlink_to(path)
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.mp4")
    os.rename(path, odd)
    (tmp_path / "link.mp4").unlink()
    (tmp_path / "link.mp4").symlink_to(odd)
    assert len(read(tmp_path / "link.mp4").frames) == 4


def test_a_worker_without_children_of_its_own_reads_too(monkeypatch, tmp_path):
    """As on macOS and Windows."""
    video_pool.close()
    monkeypatch.setattr(process, "FORKS", False)
    path = moving_square(tmp_path / "a.mp4")
    assert [read(path).frames.shape[0] for _ in range(2)] == [4, 4]
    assert video_pool.layers() == ()
    video_pool.close()
    monkeypatch.undo()
    assert read(path).frames.shape[0] == 4

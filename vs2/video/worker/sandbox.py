"""What is taken from the process that reads one untrusted file, before it opens it: all but that file.

    held = confine(["clip.avi"], ["copy.mp4"])  # for the rest of this process; the layers that hold

Linux alone has what this needs, and not everywhere all of it: each layer that the platform lacks or refuses is left
out of the answer, and reading goes on without. Everything is a system call through ctypes, nothing is installed.
Sources: landlock(7), seccomp(2), capabilities(7), user_namespaces(7), linux/landlock.h.
"""
import ctypes
import os
import platform
import stat
import struct
import sys
import sysconfig
from functools import cache

from vs2.resources import PACKAGE
from vs2.video.worker import seccomp

# The layers, by the names that `confine` answers with, and what each one means for code that took the process over.
LAYERS = {
    "no new privileges": "programs with more rights (setuid) give none",
    "capabilities": "of root's powers it keeps only that of passing file permissions",
    "files": "it opens its one file, the copy it was told to write, and libraries; it looks into no other process",
    "signals": "it reaches no process outside by a signal or an abstract socket",
    "network": "no TCP, were a socket to be had",
    "system calls": "no socket, no new process or program, no look at or signal to others, no changed or deleted file",
    "user namespace": "in the place of \"files\": it looks into no other process",
}

# linux/landlock.h
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every machine
_RULE_PATH_BENEATH, _GIVE_VERSION = 1, 1
_WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE = 1 << 1, 1 << 2, 1 << 3, 1 << 14
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}  # handled since version
_TCP_RIGHTS, _SCOPES = 0b11, 0b11                                                        # since versions 4 and 6
_TCP_SINCE, _SCOPES_SINCE = 4, 6

_PR_SET_SECCOMP, _FILTER, _PR_SET_NO_NEW_PRIVS = 22, 2, 38
_NEW_USER_NAMESPACE = 0x10000000
_CAPABILITY_VERSION = 0x20080522
_PASS_PERMISSIONS = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH: root reads the clips of others, as before

_O_PATH = getattr(os, "O_PATH", 0)


def confine(reads: list[str], writes: list[str]) -> tuple[str, ...]:
    """Takes from this process, for good, whatever reading `reads` and writing `writes` does not need.

    reads: files, or folders with all that is in them. writes: files that exist. Missing ones are passed over.
    The process must have one thread. Returns the names in `LAYERS` of what holds.
    """
    if sys.platform != "linux":
        return ()
    held = []
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0))) == 0:
        held.append("no new privileges")
    version = _landlock(libc, reads, writes)
    if version:
        held.append("files")
        held += ["network"] * (version >= _TCP_SINCE) + ["signals"] * (version >= _SCOPES_SINCE)
    elif not _capabilities(libc) and libc.unshare(_NEW_USER_NAMESPACE) == 0:
        held.append("user namespace")
    if _drop_capabilities(libc):
        held.append("capabilities")
    if _seccomp(libc, bool(writes)):
        held.append("system calls")
    return tuple(held)


@cache
def libraries() -> tuple[str, ...]:
    """Where the code lies that may still be loaded once the process is confined: Python's, packages', the system's.

    Folders of code only; the working folder and whatever else is in sys.path may hold anything.
    """
    named = sysconfig.get_paths()
    found = [named[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")]
    found += [entry for entry in sys.path if os.path.basename(entry) in ("site-packages", "dist-packages")]
    found += [sysconfig.get_config_var("LIBDIR") or "", str(PACKAGE)]
    found += ["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache", "/dev/null", "/dev/urandom",
              "/sys/devices/system/cpu"]
    return tuple(sorted({os.path.realpath(entry) for entry in found if entry and os.path.exists(entry)}))


def _landlock(libc, reads: list[str], writes: list[str]) -> int:
    """Confines file access; the version of Landlock that does, 0 where there is none."""
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_GIVE_VERSION))
    if version < 1:
        return 0
    rights = _FILE_RIGHTS[max(known for known in _FILE_RIGHTS if known <= version)]
    rules = struct.pack("QQQ", rights, _TCP_RIGHTS if version >= _TCP_SINCE else 0,
                        _SCOPES if version >= _SCOPES_SINCE else 0)
    size = 24 if version >= _SCOPES_SINCE else 16 if version >= _TCP_SINCE else 8
    ruleset = libc.syscall(_CREATE_RULESET, rules, ctypes.c_size_t(size), ctypes.c_uint32(0))
    if ruleset < 0:
        return 0
    try:
        for path in [*reads, *libraries()]:
            _allow(libc, ruleset, path, _READ_FILE, _READ_DIR)
        for path in writes:
            _allow(libc, ruleset, path, (_READ_FILE | _WRITE_FILE | _TRUNCATE) & rights, 0)
        return version if libc.syscall(_RESTRICT_SELF, ruleset, ctypes.c_uint32(0)) == 0 else 0
    finally:
        os.close(ruleset)


def _allow(libc, ruleset: int, path: str, to_file: int, to_folder: int) -> None:
    try:
        place = os.open(path, _O_PATH | os.O_CLOEXEC)
    except (OSError, ValueError):  # not there: there is nothing to allow, and opening it will say so
        return
    try:
        rights = to_file | (to_folder if stat.S_ISDIR(os.fstat(place).st_mode) else 0)
        libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, struct.pack("=Qi", rights, place), ctypes.c_uint32(0))
    finally:
        os.close(place)


def _capabilities(libc) -> int:
    """The permitted capabilities of this process, as bits; all ones where the system does not say."""
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice, lower and upper half
    if libc.capget(struct.pack("Ii", _CAPABILITY_VERSION, 0), sets) != 0:
        return -1
    return sets[1] | sets[4] << 32


def _drop_capabilities(libc) -> bool:
    kept = _capabilities(libc) & _PASS_PERMISSIONS
    sets = (ctypes.c_uint32 * 6)(kept, kept, 0, 0, 0, 0)
    return libc.capset(struct.pack("Ii", _CAPABILITY_VERSION, 0), sets) == 0


def _seccomp(libc, writes: bool) -> bool:
    steps = seccomp.program(platform.machine(), os.getpid(), writes)
    if not steps or struct.calcsize("P") != 8:
        return False
    held = ctypes.create_string_buffer(steps, len(steps))
    header = struct.pack("HxxxxxxP", len(steps) // 8, ctypes.addressof(held))  # struct sock_fprog
    return libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_FILTER), header) == 0

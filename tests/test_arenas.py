"""A process that serves has few arenas of memory, however many threads it has."""
import os
import platform
import subprocess
import sys

import pytest

# Threads that each take memory at the same time; then what the allocator says of its arenas.
THREADS = """
import ctypes, sys, threading
from vs2 import arenas
print(arenas.few() if sys.argv[1] == "few" else None, flush=True)
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
all_there = threading.Barrier(12)
def work():
    all_there.wait()
    for _ in range(200):
        libc.malloc(2000)
    all_there.wait()
threads = [threading.Thread(target=work) for _ in range(12)]
for one in threads: one.start()
for one in threads: one.join()
libc.malloc_stats()
"""


def made(how: str, **environment) -> tuple[str, int]:
    """What `few` says, and how many arenas there are."""
    kept = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    done = subprocess.run([sys.executable, "-c", THREADS, how], capture_output=True, text=True, check=True,
                          env=kept | environment)
    return done.stdout.strip(), done.stderr.count("Arena ")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="arenas are glibc's")
def test_threads_share_two_arenas():
    assert made("many")[1] > 2
    said, count = made("few")
    assert said == "True" and count <= 2
    assert made("few", MALLOC_ARENA_MAX="8")[0] == "False", "who has set it has the last word"

"""Memory of a process that serves: glibc gives each thread an arena of its own, and what a judge leaves there is given
back to nobody. With two of them an app's memory stays what it was (perf/RESULTS.md), and nothing became slower.
"""
import ctypes
import os
import sys

ARENAS = 2
_M_ARENA_MAX = -8       # malloc.h


def few() -> bool:
    """To be called before many threads are there: whether it holds. Who set MALLOC_ARENA_MAX has the last word."""
    if sys.platform != "linux" or "MALLOC_ARENA_MAX" in os.environ:
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)      # musl has none, and no arenas
    return bool(mallopt is not None and mallopt(_M_ARENA_MAX, ARENAS))

"""A small pass on one thread: several would wait for each other longer than they compute.

A token of the built-in judge is two million products in sixty calls. Shared out over two cores each call ends in a
barrier, and where another process has one of the cores, a barrier lasts until the kernel gives it back: a reply then
took ten times as long on two threads as on one.
"""
from collections.abc import Iterator
from contextlib import contextmanager

import torch

ALONE = 2 * 10**9       # products of two numbers up to which a pass is small: a core takes about a tenth of a second
CACHED = 2 * 10**7      # weights up to which reading them is no work for several cores


@contextmanager
def for_pass(weights: int, rows: int) -> Iterator[None]:
    """Inside, torch computes on one thread if so many rows times so many weights are small work.

    For the calling thread: torch keeps the number by thread. One that computes for the first time meanwhile begins with
    one, which its small work has anyway.
    """
    threads = torch.get_num_threads()
    if threads == 1 or weights > CACHED or weights * rows > ALONE:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)

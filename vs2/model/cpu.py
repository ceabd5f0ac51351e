"""What this machine's processor is quick at: measured, for names of processors tell too little."""
import time
from functools import lru_cache

import torch

SIDE, RUNS = 768, 5     # of the products that are timed, some milliseconds each


@lru_cache(maxsize=1)
def quick_dtype() -> torch.dtype:
    """bfloat16 where the processor multiplies matrices in it at least as fast as in float32, else float32."""
    return min((torch.bfloat16, torch.float32), key=_seconds)


def _seconds(numbers: torch.dtype) -> float:
    """The quickest of a few products."""
    left, right = torch.ones(SIDE, SIDE, dtype=numbers), torch.ones(SIDE, SIDE, dtype=numbers)
    return quickest(lambda: left @ right)


def quickest(work) -> float:
    """Seconds of the quickest of a few runs, after one that does not count."""
    work()
    taken = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return min(taken)

"""What this machine's GPU can do, and what memory it has left; a machine without one answers too."""
import gc
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import torch

AMPERE = (8, 0)          # compute capability
# Of each model that is in use, what is kept for its next clip and can be made again (vs2/model/captured.py); and those
# for which it cannot be made.
kept: "WeakKeyDictionary[torch.nn.Module, list[Any]]" = WeakKeyDictionary()
refused: "WeakSet[torch.nn.Module]" = WeakSet()


def before_ampere(where: torch.device) -> bool:
    """Whether the device is a CUDA GPU older than Ampere (T4, V100 and before), which has no bfloat16 to speak of.

    PyTorch's fused attention takes float16 and float32 there, not bfloat16 (sdp_utils.cpp: flash and cuDNN want
    compute capability 8.0, `less_than_sm80_mem_efficient_dtypes` are the other two): what is left writes all scores of
    all heads to memory, 45 GB a layer for 20,000 tokens of the published judge. Nor have its tensor cores bfloat16.
    `torch.cuda.is_bf16_supported()` says yes all the same, meaning that it runs.
    """
    if where.type != "cuda":
        return False
    try:
        return torch.version.hip is None and torch.cuda.get_device_capability(where) < AMPERE
    except (RuntimeError, AssertionError):  # no driver, or a Space's GPU that is lent only later: those are new
        return False


def name(where: torch.device) -> str:
    """What its maker calls the GPU; "this GPU" where that is not told."""
    try:
        return torch.cuda.get_device_name(where)
    except (RuntimeError, AssertionError):
        return "this GPU"


def free(where: torch.device) -> int | None:
    """Bytes that weights may take on a CUDA GPU now: what the driver has, and what PyTorch keeps for later.

    None where it does not tell: a Space's lent GPU answers only while it is lent.
    """
    try:
        cached = torch.cuda.memory_reserved(where) - torch.cuda.memory_allocated(where)
        return torch.cuda.mem_get_info(where)[0] + cached
    except (RuntimeError, AssertionError):
        return None


def release() -> None:
    """Gives back what nothing holds any more: what was kept, Python's cycles, the blocks that PyTorch has cached."""
    kept.clear()
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()

"""Whether this machine has a CUDA device, without the seconds that importing torch takes where it has none."""
import sys
from pathlib import Path
from typing import NamedTuple

# What Linux shows of a driver that a CUDA device of PyTorch may stand on: NVIDIA's, also within Windows (dxg) and on a
# Jetson, which has no nvidiactl; AMD's (kfd).
DEVICES = ("nvidiactl", "nvidia0", "dxg", "kfd", "nvhost-gpu", "nvgpu", "nvmap")


class Device(NamedTuple):
    """name: what its maker calls it. memory: bytes in all."""

    name: str
    memory: int


def cuda(shown: Path = Path("/dev")) -> Device | None:
    """The CUDA device in use. PyTorch is asked only where a driver can be seen, or where it is loaded anyway.

    shown: the folder of devices, for tests. On other systems than Linux PyTorch is always asked.
    """
    if sys.platform == "linux" and "torch" not in sys.modules and not any((shown / one).exists() for one in DEVICES):
        return None
    import torch

    if not torch.cuda.is_available():
        return None
    about = torch.cuda.get_device_properties(torch.cuda.current_device())
    return Device(about.name, about.total_memory)

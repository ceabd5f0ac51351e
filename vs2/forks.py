"""torch in a process that was forked after its parent had used it (os.fork, multiprocessing's "fork").

The threads that compute stay with the parent, and the child would wait for them for ever. With one thread it computes
by itself; what was on a GPU is lost to it.
"""
import os
import sys

from vs2.errors import Failure

_user = 0       # the process that used torch last


def settle(device: str = "cpu") -> None:
    """To be called before torch computes on such a device. Raises Failure for a GPU that the parent has used."""
    global _user
    import torch

    here = os.getpid()
    if _user not in (0, here):
        # Private, and the only thing that tells a GPU's fork before it fails; ZeroGPU's own forks come before any use.
        lost = getattr(torch.cuda, "_is_in_bad_fork", None)
        if device == "cuda" and lost is not None and lost():
            raise Failure("A forked process cannot use the GPU that its parent has used: start it with the method "
                          "spawn, and load the judge there.")
        torch.set_num_threads(1)
        if "tokenizers" in sys.modules:     # it would warn, once it sees the same
            os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    _user = here

"""A ZeroGPU Space on a machine without a GPU, in a process of its own: `python -m tests.spaces.zero_space SCENARIO ...`
or `app`.

The `spaces` package is the real one: its imitation of CUDA, its packing of the weights, its forks, its client. Two
things are replaced: the scheduler's server (tests.spaces.zero_scheduler, over HTTP as the client expects it), and in a
fork what asks the CUDA driver: `spaces.zero.torch.init`, `Tensor.cuda`, `Tensor.pin_memory`, `torch.cuda.synchronize`,
and `device="cuda"` of `torch.tensor` and `torch.empty`, which all stay on the CPU. The last line printed is a JSON
object.
"""
import os
import sys
import tempfile
import time

from tests.spaces.zero_scheduler import Scheduler

# A process with 16 GB of weights takes its time to fork, and filelock from 4.3 on refuses a fork during another one.
FORKING: list[int] = []
os.register_at_fork(before=lambda: (FORKING.append(1), time.sleep(0.3)), after_in_parent=FORKING.clear,
                    after_in_child=FORKING.clear)


def _refuse(event: str, _) -> None:
    if event == "os.fork" and FORKING:
        raise RuntimeError("os.fork while another thread forks")


sys.addaudithook(_refuse)
SCHEDULER = Scheduler()
OFFLOAD = tempfile.TemporaryDirectory(prefix="vs2-zero-")     # the package's own would be shared with other processes
os.environ.update(SPACES_ZERO_GPU="true", SPACES_ZERO_DEVICE_API_URL=SCHEDULER.url, ZEROGPU_OFFLOAD_DIR=OFFLOAD.name)

import spaces  # noqa: E402, F401


def _init(uuid: str) -> None:
    """For `spaces.zero.torch.init`, in a fork, after CUDA's imitation has ended."""
    import torch

    os.environ["CUDA_VISIBLE_DEVICES"] = uuid

    def here(function):
        def call(*arguments, **options):
            if str(options.get("device", "")).startswith("cuda"):
                del options["device"]
            return function(*arguments, **options)
        return call

    from spaces.zero.torch.utils import empty_like_raw_alloc

    torch.Tensor.cuda = lambda tensor, *_, **__: tensor.clone()
    # Pinned memory begins with a page, which reading past the system's cache of files asks for.
    torch.Tensor.pin_memory = lambda tensor, *_, **__: empty_like_raw_alloc(tensor).copy_(tensor)
    torch.cuda.synchronize = lambda *_: None
    torch.tensor, torch.empty = here(torch.tensor), here(torch.empty)


spaces.zero.torch.init = _init


def main() -> None:
    import json
    import runpy

    if sys.argv[1] == "app":
        runpy.run_path("app.py", run_name="__main__")
        return
    from tests.spaces import zero_scenarios

    found = getattr(zero_scenarios, sys.argv[1])(SCHEDULER, *sys.argv[2:])
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()

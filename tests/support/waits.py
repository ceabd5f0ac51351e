"""Counts what makes a program wait for its GPU, on a machine without one."""
import torch
from torch.utils._python_dispatch import TorchDispatchMode

# What reads a number, or numbers whose count is not known, off the device; `multinomial` checks its argument so.
READS = ("aten::_local_scalar_dense", "aten::item", "aten::is_nonzero", "aten::equal", "aten::nonzero",
         "aten::multinomial")
SENDS = "aten::lift_fresh"      # a tensor from Python's numbers: on its way to the device, if there is one


class Waits(TorchDispatchMode):
    """While it is on, `reads` and `sends` get the name of each such call."""

    def __enter__(self):
        self.reads, self.sends = [], []
        self._tolist, outer = torch.Tensor.tolist, self

        def tolist(tensor):
            outer.reads.append("tolist")
            return outer._tolist(tensor)

        torch.Tensor.tolist = tolist
        return super().__enter__()

    def __exit__(self, *error):
        torch.Tensor.tolist = self._tolist
        return super().__exit__(*error)

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.name()
        if name in READS:
            self.reads.append(name)
        elif name == SENDS:
            self.sends.append(name)
        return function(*args, **(kwargs or {}))

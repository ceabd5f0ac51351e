"""The convolutions of `vs2.model.eye` as oneDNN runs them best on a CPU: each in one call with what follows it.

A convolution, its bias and the limit to 0 to 6 are one pass over memory instead of three; weights are laid out once for
the pictures that come; padding is a copy of them only where it cannot be helped. The numbers are those of `Network` but
for rounding.
"""
import platform
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from vs2.model.eye import DEVIATION, MEAN, TAPS, Block, Convolution, Network

LIMIT = [0.0, 6.0]


def takes(dtype: torch.dtype) -> bool:
    """Whether this machine and these numbers are run here."""
    return (dtype == torch.float32 and platform.machine() in ("x86_64", "AMD64")
            and torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_convolution_pointwise"))


class Fused(nn.Module):
    """Pictures [n, 3, h, w] of pixels 0 to 255 -> what each of TAPS sees, as `Network` gives it."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.stem = _Step(network.stem, limited=True)
        stages: Any = network.stages
        self.stages = [[_Residual(block) for block in stage] for stage in stages]

    def forward(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        x = ((pictures - MEAN) / DEVIATION).contiguous(memory_format=torch.channels_last)
        x, seen = self.stem(x), []
        for number, stage in enumerate(self.stages):
            for block in stage:
                x = block(x)
            if number in TAPS:
                seen.append(x)
        return seen


class _Residual:
    def __init__(self, block: Block) -> None:
        self.expand = _Step(block.expand, limited=True) if block.expand is not None else None
        self.depthwise, self.project = _Step(block.depthwise, limited=True), _Step(block.project)
        self.skips = block.skips

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        y = self.project(self.depthwise(x if self.expand is None else self.expand(x)))
        return y.add_(x) if self.skips else y


class _Step:
    """A convolution with its bias, and limited to LIMIT if asked."""

    def __init__(self, of: Convolution, limited: bool = False) -> None:
        self.kernel, self.stride, self.groups = of.kernel_size[0], of.stride[0], of.groups
        self.plain = of.weight.detach()
        self.bias = None if of.bias is None else of.bias.detach()
        self.then = ("hardtanh", LIMIT, "") if limited else ("none", [], "")
        self.laid: dict[bool, torch.Tensor] = {}    # the weights as oneDNN wants them, without and with zeros before

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        rows, columns = (max((-(-side // self.stride) - 1) * self.stride + self.kernel - side, 0)
                         for side in x.shape[-2:])
        # More to pad behind than before by one: with a row and a column of zeros before the kernel it is even. Only
        # where colours are not mixed: there it costs less than a copy of the pictures.
        zeros = bool(rows % 2 and columns % 2) and self.groups > 1
        padding = [rows // 2 + zeros, columns // 2 + zeros]
        if (rows % 2 or columns % 2) and not zeros:
            x = functional.pad(x, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
            padding = [0, 0]
        way = (padding, [self.stride] * 2, [1, 1], self.groups)
        if zeros not in self.laid:      # as suits the first pictures; any others are computed with it as well
            lay: Any = torch._C._nn.mkldnn_reorder_conv2d_weight    # its annotation lacks the pictures' shape
            weights = functional.pad(self.plain, (1, 0, 1, 0)) if zeros else self.plain
            self.laid[zeros] = lay(weights.to_mkldnn(), *way, x.shape)
        return torch.ops.mkldnn._convolution_pointwise(x, self.laid[zeros], self.bias, *way, *self.then)

"""The tensors of a checkpoint's files by name, as the modules here take them: checked, in one precision, some joined.

A file may have either of the two ways in which transformers has named them: `model.visual.` and
`model.language_model.`, or `visual.` and `model.`.
"""
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import nn


class Tensors:
    """missing: the names that were asked for and are not there in that shape."""

    def __init__(self, files: Iterable[Path], dtype: torch.dtype):
        from safetensors.torch import load_file

        self._found: dict[str, torch.Tensor] = {}
        for file in files:
            self._found |= {canonical(name): tensor for name, tensor in load_file(file).items()}
        self._asked: set[str] = set()
        self.dtype, self.missing = dtype, list[str]()

    def __call__(self, name: str, *shape: int) -> torch.Tensor:
        """The tensor of that name. One that is not there has any numbers, and its name is in `missing`."""
        self._asked.add(name)
        tensor = self._found.get(name)
        if tensor is None or tuple(tensor.shape) != shape:
            self.missing.append(name)
            return torch.empty(shape, dtype=self.dtype)
        return tensor.to(self.dtype)

    def beginning(self, start: str) -> dict[str, torch.Tensor]:
        """All tensors whose names begin so, by the rest of their names, as they are in the file."""
        names = [name for name in self._found if name.startswith(start)]
        self._asked.update(names)
        return {name[len(start):]: self._found[name] for name in names}

    def left(self) -> list[str]:
        """The names that nobody asked for."""
        return sorted(self._found.keys() - self._asked)


def canonical(name: str) -> str:
    """A tensor's name as transformers 5 has it in memory."""
    if name.startswith("visual."):
        return f"model.{name}"
    if name.startswith("model.") and not name.startswith(("model.visual.", "model.language_model.")):
        return f"model.language_model.{name[6:]}"
    return name


class Linear(nn.Module):
    """x [..., columns] -> [..., rows], the rows of several layers of the checkpoint below each other."""

    bias: torch.Tensor | None

    def __init__(self, tensors: Tensors, names: Iterable[str], columns: int, rows: Iterable[int], bias: bool):
        super().__init__()
        parts = list(zip(names, rows, strict=True))
        self.weight = fixed(torch.cat([tensors(f"{name}.weight", count, columns) for name, count in parts]))
        self.bias = fixed(torch.cat([tensors(f"{name}.bias", count) for name, count in parts])) if bias else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.linear(x, self.weight, self.bias)


class Embedding(nn.Module):
    """Tokens int64 [B, n] -> [B, n, width]."""

    def __init__(self, tensors: Tensors, name: str, count: int, width: int):
        super().__init__()
        self.weight = fixed(tensors(f"{name}.weight", count, width))

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        return nn.functional.embedding(input_ids, self.weight)


class Norm(nn.Module):
    """Root mean square normalisation of the last axis."""

    def __init__(self, tensors: Tensors, name: str, width: int, eps: float):
        super().__init__()
        self.weight, self.eps, self.shape = fixed(tensors(f"{name}.weight", width)), eps, (width,)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.dtype == torch.float32:
            return nn.functional.rms_norm(x, self.shape, self.weight, self.eps)
        # torch's own would round once, transformers rounds before the weight comes too
        return self.weight * nn.functional.rms_norm(x.float(), self.shape, None, self.eps).to(x.dtype)


def fixed(tensor: torch.Tensor) -> nn.Parameter:
    """A parameter that does not learn."""
    return nn.Parameter(tensor, requires_grad=False)

"""Means of what a run counts between two log entries, over all of its processes."""
from collections import defaultdict

import torch


class Tally:
    """Sums and how many numbers each is of. tokens: read and written since the last `take`."""

    def __init__(self):
        self._sums = defaultdict(lambda: [0.0, 0.0])
        self.tokens = 0

    def add(self, name: str, total: float, count: float = 1) -> None:
        """`count` numbers whose sum is `total`. Every process must count the same names, if only with none of them."""
        entry = self._sums[name]
        entry[0] += total
        entry[1] += count

    def take(self, accelerator) -> tuple[dict[str, float], int]:
        """({name: mean}, tokens) of all processes since the last time, without names of which there was nothing."""
        names = sorted(self._sums)
        numbers = [*(number for name in names for number in self._sums[name]), float(self.tokens)]
        summed = accelerator.reduce(torch.tensor(numbers, dtype=torch.float64, device=_wide(accelerator)), "sum")
        *pairs, tokens = summed.tolist()
        self._sums.clear()
        self.tokens = 0
        return {name: total / count for name, total, count in zip(names, pairs[::2], pairs[1::2], strict=True)
                if count}, round(tokens)


def _wide(accelerator) -> torch.device:
    """The device to reduce float64 on: the accelerator's own, but for Apple's GPUs, which have none and are alone."""
    return torch.device("cpu") if accelerator.device.type == "mps" else accelerator.device

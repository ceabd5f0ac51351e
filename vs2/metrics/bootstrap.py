"""Intervals of any metric by the percentile bootstrap over groups: all clips of a prompt are drawn together.

Clips of one prompt are no independent draws, so that an interval over clips would be too narrow (Efron and Tibshirani
1993, chapters 8 and 13).
"""
from collections.abc import Callable, Hashable, Sequence

import numpy as np

DRAWS = 1000
LEVEL = 0.95
Interval = list[float] | None     # [low, high]; None where it is not known


def share(hits, groups: Sequence[Hashable], draws: int = DRAWS, seed: int = 0) -> Interval:
    """The interval of a mean over clips. hits: n numbers or truths; groups: the group of each. None of one group."""
    numbers = np.asarray(hits, float)
    names, at = _groups(groups)
    if len(names) < 2:
        return None
    sums = np.bincount(at, numbers, len(names))
    sizes = np.bincount(at, minlength=len(names)).astype(float)
    chance, means = np.random.default_rng(seed), []
    for start in range(0, draws, 100):      # a part at a time: few megabytes whatever the size
        drawn = chance.integers(0, len(names), (min(100, draws - start), len(names)))
        means.append(sums[drawn].sum(1) / sizes[drawn].sum(1))
    return _ends(np.concatenate(means))


def intervals(measure: Callable[[np.ndarray], dict[str, float | None]], groups: Sequence[Hashable],
              draws: int = DRAWS, seed: int = 0) -> dict[str, Interval]:
    """The interval of each number that `measure` gives of the clips with the indices int [m] that it is called with.

    A number that is not defined in more than half of the draws has no interval.
    """
    names, at = _groups(groups)
    if len(names) < 2:
        return {}
    members = [np.flatnonzero(at == one) for one in range(len(names))]
    chance = np.random.default_rng(seed)
    found: dict[str, list[float]] = {}
    for _ in range(draws):
        drawn = np.concatenate([members[one] for one in chance.integers(0, len(names), len(names))])
        for name, value in measure(drawn).items():
            found.setdefault(name, [])
            if value is not None:
                found[name].append(value)
    return {name: _ends(np.array(values)) if len(values) * 2 > draws else None for name, values in found.items()}


def _groups(groups: Sequence[Hashable]) -> tuple[list[Hashable], np.ndarray]:
    names = list(dict.fromkeys(groups))
    places = {name: place for place, name in enumerate(names)}
    return names, np.array([places[name] for name in groups], int)


def _ends(drawn: np.ndarray) -> Interval:
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return [float(low), float(high)]

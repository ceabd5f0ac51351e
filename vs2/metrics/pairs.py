"""How often an order of two clips is people's: pair accuracy, without ties and with them, under each published rule.

preferred: n of 1 (the first clip), -1 (the second), 0 (people call them the same, or both bad).
ahead: n differences of the judge's scores, first less second; None where a clip has no score, which is never right.
"""
from collections.abc import Hashable, Sequence

import numpy as np

FOLDS = 2       # parts of the prompts, each of which gets the margin that is best on the others


def without_ties(preferred, ahead) -> tuple[np.ndarray, np.ndarray]:
    """(right bool [m], which int [m]): the pairs that people decided. A predicted tie is wrong."""
    liked, first = np.asarray(preferred), _filled(ahead)
    which = np.flatnonzero(liked != 0)
    return np.sign(first[which]) == liked[which], which


def with_ties(preferred, ahead, margin: float) -> np.ndarray:
    """right bool [n]: the judge says "same" where its difference is not beyond the margin, in either direction."""
    liked, first = np.asarray(preferred), _filled(ahead)
    said = np.where(np.abs(first) <= margin, 0, np.sign(first))
    return said == liked        # nan is equal to nothing


def best_margin(preferred, ahead) -> float:
    """The margin with the highest accuracy on these very pairs, the smallest where several have it.

    Tie calibration (Deutsch, Foster and Freitag, arXiv 2305.14324). Measured on the pairs it was searched on it
    flatters, the more the fewer they are. 0 where no pair was judged.
    """
    liked, first = np.asarray(preferred), _filled(ahead)
    known = ~np.isnan(first)
    liked, first = liked[known], first[known]
    if not len(first):
        return 0.0
    size = np.abs(first)
    order = np.argsort(size, kind="stable")
    # Going up, a pair turns from "decided" into "same": right if people said so, wrong if the order was right.
    turns = (liked[order] == 0).astype(int) - (np.sign(first[order]) == liked[order]) * (size[order] > 0)
    steps = np.unique(size)
    ends = np.searchsorted(size[order], steps, side="right")
    gained = np.cumsum(turns)[ends - 1]
    # A difference of exactly 0 is a tie under any margin: the start is margin 0.
    if steps[0] > 0:
        steps, gained = np.concatenate([[0.0], steps]), np.concatenate([[0], gained])
    return float(steps[int(np.argmax(gained))])


def held_out(preferred, ahead, groups: Sequence[Hashable], folds: int = FOLDS,
             seed: int = 0) -> tuple[np.ndarray, list[float]]:
    """(right bool [n], the margins): as `with_ties`, each part of the groups with the margin best on the others.

    groups: of each pair, its prompt. The parts are drawn from `seed`. Fewer groups than parts get margin 0.
    """
    names = list(dict.fromkeys(groups))
    if len(names) < folds:
        return with_ties(preferred, ahead, 0.0), [0.0]
    part = {name: place % folds for place, name in
            enumerate(names[at] for at in np.random.default_rng(seed).permutation(len(names)))}
    at = np.array([part[name] for name in groups])
    liked, first = np.asarray(preferred), _filled(ahead)
    right, margins = np.zeros(len(liked), bool), []
    for one in range(folds):
        margins.append(best_margin(liked[at != one], first[at != one]))
        right[at == one] = with_ties(liked[at == one], first[at == one], margins[-1])
    return right, margins


def _filled(ahead) -> np.ndarray:
    return np.array([np.nan if one is None else one for one in ahead], float)

"""What there is to say of each variant of footage, as numbers: from ratings, from age, from the faults put in.

Few clips are rated. A ridge regression on what the eye sees carries their ratings to the others; where a clip is not
rated, what made it (train/footage/ages.py) counts as much. A fault of known strength takes its part from that. How sure
a fault can be told is found by telling those of held-out sources.
"""
from dataclasses import dataclass

import numpy as np

from train.footage import faults
from train.footage.ages import FILMED, worth
from train.footage.table import Film
from vs2.model.footage import pooled

PENALTY = 0.6       # of the ridge, for features scaled so that their squares sum to about 1
FOLDS = 5
FURTHEST = 5.0
TAKES = (0.3, 0.55, 0.85, 1.0)      # of what is above 1 a fault of each strength takes


@dataclass(frozen=True, eq=False)
class Ridge:
    """A ridge regression in dual form. Features [n, d], targets [n, k]; several targets at once."""

    mean: np.ndarray
    scale: np.ndarray
    weight: np.ndarray      # [d, k]
    bias: np.ndarray        # [k]

    @classmethod
    def fit(cls, found: np.ndarray, wanted: np.ndarray, penalty: float = PENALTY) -> "Ridge":
        mean, scale = found.mean(0), found.std(0) + 1e-3
        placed = np.clip((found - mean) / scale, -FURTHEST, FURTHEST) / np.sqrt(found.shape[1])
        bias = wanted.mean(0)
        dual = np.linalg.solve(placed @ placed.T + penalty * np.eye(len(placed)), wanted - bias)
        return cls(mean, scale, placed.T @ dual, bias)

    def __call__(self, found: np.ndarray) -> np.ndarray:
        placed = np.clip((found - self.mean) / self.scale, -FURTHEST, FURTHEST) / np.sqrt(found.shape[1])
        return placed @ self.weight + self.bias


def folds(groups: list[str], seed: int = 0, count: int = FOLDS) -> np.ndarray:
    """Which of `count` parts each belongs to; those of one group in one part."""
    names = np.random.default_rng(seed).permutation(sorted(set(groups)))
    place = {name: number % count for number, name in enumerate(names)}
    return np.array([place[group] for group in groups])


def crossed(found: np.ndarray, wanted: np.ndarray, groups: list[str], penalty: float = PENALTY) -> np.ndarray:
    """What a regression says of each, fitted without its group."""
    parts, out = folds(groups), np.zeros_like(wanted, dtype=float)
    for part in np.unique(parts):
        out[parts == part] = Ridge.fit(found[parts != part], wanted[parts != part], penalty)(found[parts == part])
    return out


def over_time(seen: np.ndarray) -> np.ndarray:
    """[n, 3 * FEATURES] of cells [n, 6, 2, 2, FEATURES]: whole frames, pieces, and how the whole ones vary in time."""
    seen = seen.astype(np.float32)
    return np.concatenate([pooled(seen), seen[:, :4].mean((2, 3)).std(1)], 1)


def qualities(films: list[Film], clean: np.ndarray, without: set[str] = frozenset()) -> np.ndarray:
    """float [n, 2]: of the picture and of the motion of each clip as it is, 1 to 5.

    clean: what the eye sees of each, [n, d]. without: prompts whose ratings are not looked at.
    """
    rated = np.array([film.ratings is not None and film.prompt not in without for film in films])
    wanted = np.array([film.ratings for film, is_rated in zip(films, rated, strict=True) if is_rated])
    said = Ridge.fit(clean[rated], wanted)(clean)
    fitted = said[rated]
    # a ridge's answers lie too close together: those of the rated clips get the ratings' spread
    said = (said - fitted.mean(0)) / fitted.std(0) * wanted.std(0) + wanted.mean(0)
    made = np.array([worth(film.generator, film.kind) for film in films])
    from_eye = np.array([film.ratings is not None for film in films])
    said = np.where(from_eye[:, None], said, 0.5 * np.clip(said, 1, 5) + 0.5 * made[:, None])
    filmed = np.array([film.filmed for film in films])
    said[filmed] = np.maximum(said[filmed], FILMED)
    return np.clip(said, 1, 5)


def spoilt(quality: float, fault: list | None) -> float:
    """What is left of a quality, 1 to 5, with a fault [kind, strength, ...]."""
    return quality if fault is None else 1 + (quality - 1) * (1 - TAKES[fault[1] - 1])


def strengths(labels: list[dict]) -> np.ndarray:
    """float [n, kinds + 2]: how strong each kind of fault is in each variant, 0 to 4; then any visual, any physical."""
    kinds = (*faults.VISUAL, *faults.PHYSICAL)
    found = np.zeros((len(labels), len(kinds) + 2))
    for row, label in zip(found, labels, strict=True):
        for place, name in ((-2, "visual"), (-1, "physical")):
            if label[name]:
                row[kinds.index(label[name][0])] = row[place] = label[name][1]
    return found


def sureness(told: np.ndarray, labels: list[dict]) -> np.ndarray:
    """int [n, 2], 0 to 2: how sure the visual and the physical verdict of each variant can be.

    told: `strengths` as held-out regressions give them. Sure is a verdict whose fault stands out of the other kinds by
    more than two of three right verdicts do, unsure one that is missed.
    """
    kinds, out = (*faults.VISUAL, *faults.PHYSICAL), np.zeros((len(labels), 2), int)
    for column, (name, names) in enumerate((("visual", faults.VISUAL), ("physical", faults.PHYSICAL))):
        first = kinds.index(names[0])
        part, any_ = told[:, first:first + len(names)], told[:, len(kinds) + column]
        right = np.array([int(row.argmax()) == names.index(label[name][0]) if label[name] else False
                          for row, label in zip(part, labels, strict=True)])
        there = np.array([label[name] is not None for label in labels])
        margin = np.where(there, any_, -any_)
        low, high = (np.quantile(margin[there], share) for share in (0.25, 0.6)) if there.any() else (0, 0)
        still, sure = (np.quantile(-margin[~there], share) for share in (0.75, 0.4)) if (~there).any() else (0, 0)
        with_fault = np.where(right & (any_ > high), 2, np.where(right & (any_ > low), 1, 0))
        without = np.where(any_ < sure, 2, np.where(any_ < still, 1, 0))
        out[:, column] = np.where(there, with_fault, without)
    return out

"""What there is to say of each variant of footage, as numbers: from ratings, from age, from the faults put in.

Few clips are rated. A ridge regression on what the eye sees carries their ratings to the others; where a clip is not
rated, what made it (train/footage/ages.py) counts as much. A fault of known strength takes its part from that. How sure
a fault can be told is found by telling those of held-out sources.
"""
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from train.footage import faults
from train.footage.ages import worth
from train.footage.table import Film
from vs2.model.footage import pooled

PENALTY = 0.6       # of the ridge, for features scaled so that their squares sum to about 1
PULSE_PENALTY = 0.6     # of the one on pulses alone
BENT_PENALTY, WIDTH = 0.3, 0.25     # of `bent`; the width of its Gaussian, of how far two pulses are apart
NEAR = 3.0          # deviations of a number of a pulse that are told apart there
PULSE_SHARE = 0.5   # of the sum of squares, that pulses have beside what the eye sees, where faults are told
QUALITY_SHARE = 0.15    # and where quality is
GOOD, BAD = 4.0, 2.0
AGE_PENALTY = 2.0   # of the one on ages
RATED_SHARE = 0.8   # of a quality, from ratings: more agrees better with them, less with the age of generators
SPREAD = 0.8        # of that of the ratings: with more of it too many of the good ones end at 5
FILMED_COUNT = 2.0  # clips that one of a camera counts as: there are few
SOUND = 3.6, 0.94   # the quality that so many of the clips of cameras reach: from there on a score is a 4
FOLDS = 5
FURTHEST = 5.0
LIKELY, SURE = 8, 30
USUAL = 0.9         # of the clips without a fault, that say less of it than this counts as one
TAKES = (0.3, 0.55, 0.85, 1.0)      # of what is above 1 a fault of each strength takes


@dataclass(frozen=True, eq=False)
class Ridge:
    """A ridge regression in dual form. Features [n, d], targets [n, k]; several targets at once.

    gain: [d], how much each feature counts, its squares summing to 1.
    """

    mean: np.ndarray
    scale: np.ndarray
    gain: np.ndarray
    weight: np.ndarray      # [d, k]
    bias: np.ndarray        # [k]

    @classmethod
    def fit(cls, found: np.ndarray, wanted: np.ndarray, penalty: float = PENALTY,
            counts: np.ndarray | None = None, gain: np.ndarray | None = None) -> "Ridge":
        """counts: float [n], how many rows each counts as; one by default. gain: the same for all by default."""
        counts = np.ones(len(found)) if counts is None else counts / counts.mean()
        mean, scale = found.mean(0), found.std(0) + 1e-3
        gain = np.full(found.shape[1], found.shape[1] ** -0.5) if gain is None else gain
        placed = np.clip((found - mean) / scale, -FURTHEST, FURTHEST) * gain
        bias = np.average(wanted, 0, counts)
        dual = np.linalg.solve(placed @ placed.T + penalty * np.diag(1 / counts), wanted - bias)
        return cls(mean, scale, gain, placed.T @ dual, bias)

    @property
    def direction(self) -> np.ndarray:
        """[d, k]: how what is said changes with each feature."""
        return self.weight * (self.gain / self.scale)[:, None]

    def plain(self, found: np.ndarray) -> np.ndarray:
        """What is said where no feature is held to be too far from the others: linear in all of them."""
        return (found - self.mean) @ self.direction + self.bias

    def __call__(self, found: np.ndarray) -> np.ndarray:
        placed = np.clip((found - self.mean) / self.scale, -FURTHEST, FURTHEST) * self.gain
        return placed @ self.weight + self.bias


def folds(groups: list[str], seed: int = 0, count: int = FOLDS) -> np.ndarray:
    """Which of `count` parts each belongs to; those of one group in one part."""
    names = np.random.default_rng(seed).permutation(sorted(set(groups)))
    place = {name: number % count for number, name in enumerate(names)}
    return np.array([place[group] for group in groups])


def crossed(found: np.ndarray, wanted: np.ndarray, groups: list[str], penalty: float = PENALTY,
            counts: np.ndarray | None = None, gain: np.ndarray | None = None) -> np.ndarray:
    """What a regression says of each, fitted without its group."""
    parts, out = folds(groups), np.zeros_like(wanted, dtype=float)
    for part in np.unique(parts):
        other = parts != part
        fitted = Ridge.fit(found[other], wanted[other], penalty, None if counts is None else counts[other], gain)
        out[parts == part] = fitted(found[parts == part])
    return out


def bent(found: np.ndarray, pulses: np.ndarray, wanted: np.ndarray, groups: list[str], gain: np.ndarray) -> np.ndarray:
    """As `crossed`, where pulses may also count otherwise than in proportion: evenly and unevenly flickering light have
    little in common but what it is called. found: of `beside`, with its gain.

    A kernel ridge, scaled by all rows: to the product of all features comes a Gaussian of how far pulses are apart.
    """
    placed = np.clip((found - found.mean(0)) / (found.std(0) + 1e-3), -FURTHEST, FURTHEST) * gain
    beats = np.clip((pulses - pulses.mean(0)) / (pulses.std(0) + 1e-2), -NEAR, NEAR).astype(float)
    squares = (beats**2).sum(1)
    apart = (squares[:, None] + squares - 2 * beats @ beats.T).clip(0)
    alike = placed @ placed.T + np.exp(-apart / (2 * WIDTH * max(np.median(apart), 1e-6)))
    parts, out = folds(groups), np.zeros(wanted.shape)
    for part in np.unique(parts):
        rest, own = parts != part, parts == part
        usual = wanted[rest].mean(0)
        dual = np.linalg.solve(alike[np.ix_(rest, rest)] + BENT_PENALTY * np.eye(rest.sum()), wanted[rest] - usual)
        out[own] = alike[np.ix_(own, rest)] @ dual + usual
    return out


def over_time(seen: np.ndarray) -> np.ndarray:
    """[n, 3 * FEATURES] of cells [n, 6, 2, 2, FEATURES]: whole frames, pieces, and how the whole ones vary in time."""
    seen = seen.astype(np.float32)
    return np.concatenate([pooled(seen), seen[:, :4].mean((2, 3)).std(1)], 1)


def beside(found: np.ndarray, pulses: np.ndarray, share: float = PULSE_SHARE) -> tuple[np.ndarray, np.ndarray]:
    """Features [n, d] and pulses [n, COUNT] in one, and the gain of each: pulses are few, and count `share` of all."""
    gains = [np.full(part.shape[1], (much / part.shape[1]) ** 0.5)
             for part, much in ((found, 1 - share), (pulses, share))]
    return np.concatenate([found, pulses], 1), np.concatenate(gains)


@dataclass(frozen=True, eq=False)
class Qualities:
    """What can be said of the picture and of the motion of clips by who has not seen them, and by which directions.

    said: float [n, 2], to be put through `level`, of each clip as it is, fitted without its group. directions: of the
    part that a group is in (`folds`), [2 * FEATURES + COUNT, 2], fitted without that part; whole: fitted to all.
    """

    said: np.ndarray
    directions: dict[int, np.ndarray]
    whole: np.ndarray


def qualities(films: list[Film], clean: np.ndarray, without: Collection[str] = (),
              gain: np.ndarray | None = None) -> Qualities:
    """clean: what the eye sees of each, and its pulse, [n, 2 * FEATURES + COUNT]. without: groups that nothing is
    learned of. gain: of `beside`.

    Two regressions make it, each fitted without the clip's group: one on ratings, for RATED_SHARE, one on the age of
    the generators of what nobody rated, for the rest. Who learns a rating itself, which nobody can know of a new clip,
    learns to say 3 wherever it is not sure. The spread is nearly that of the ratings; the level is set by clips of
    cameras, for ratings of old generators say little of how good a good clip is (`SOUND`).
    """
    known = np.array([film.group not in without for film in films])
    rated = np.array([film.ratings is not None for film in films]) & known
    filmed = np.array([film.filmed for film in films])
    wanted = np.array([film.ratings or (0.0, 0.0) for film in films])
    made = np.array([[worth(film.generator, film.kind)] * 2 for film in films])
    counts = np.where(filmed, FILMED_COUNT, 1.0)
    parts = np.full(len(films), -1)
    parts[known] = folds([film.group for film in films if film.group not in without])

    def fitted(some: np.ndarray) -> list[Ridge]:
        by_age = some & ~rated
        return [Ridge.fit(clean[some & rated], wanted[some & rated], gain=gain),
                Ridge.fit(clean[by_age], made[by_age], AGE_PENALTY, counts[by_age], gain)]

    both = {part: fitted(known & (parts != part)) for part in np.unique(parts)}     # -1: to all, for what is not known
    said = np.zeros((2, len(films), 2))
    for part, ridges in both.items():
        for row, ridge in zip(said, ridges, strict=True):
            row[parts == part] = ridge.plain(clean[parts == part])
    both.setdefault(-1, fitted(known))
    shares = np.array([RATED_SHARE, 1 - RATED_SHARE])[:, None] / np.maximum(said[:, known].std(1), 1e-6)
    mixed = (shares[:, None] * said).sum(0)
    stretch = SPREAD * wanted[rated].std(0) / mixed[rated].std(0)
    mixed *= stretch
    sound = filmed & known if (filmed & known).any() else known
    mixed += SOUND[0] - np.quantile(mixed[sound], 1 - SOUND[1], axis=0)
    ways = {int(part): sum((ridge.direction * share for ridge, share in zip(ridges, shares * stretch, strict=True)))
            for part, ridges in both.items()}
    whole = ways.pop(-1)
    return Qualities(mixed, ways, whole)


def level(quality: np.ndarray) -> np.ndarray:
    """What is said of a quality, above 1 and below 5: beyond `GOOD` and `BAD` ever less is made of what is more.

    Cut off at 5, half of the rated clips would be the same: what cameras took is no better in what these ratings mean.
    """
    bent = np.minimum(quality, GOOD) + (5 - GOOD) * -np.expm1(-np.maximum(quality - GOOD, 0) / (5 - GOOD))
    return np.maximum(bent, BAD) - (BAD - 1) * -np.expm1(-np.maximum(BAD - bent, 0) / (BAD - 1))


def spoilt(quality: float, strength: int) -> float:
    """What is left of a quality, 1 to 5, with a fault of that strength, 1 to 4."""
    return 1 + (quality - 1) * (1 - TAKES[strength - 1])


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

    told: `strengths` as held-out regressions give them. A verdict that names a fault is sure where it stands out as
    fewer than one in SURE of the clips without one do, and out of 40 % of those with one; none is 0 where more than one
    in LIKELY without one do as well, or another kind stands out more. How far a kind stands out is counted by what is
    said of it where there is none: some are told far better than others.
    """
    kinds, out = (*faults.VISUAL, *faults.PHYSICAL), np.zeros((len(labels), 2), int)
    for column, (name, names) in enumerate((("visual", faults.VISUAL), ("physical", faults.PHYSICAL))):
        first = kinds.index(names[0])
        there = np.array([label[name] is not None for label in labels])
        part = told[:, first:first + len(names)]
        if not there.all():
            middle, high = np.quantile(part[~there], (0.5, USUAL), axis=0)
            part = (part - middle) / np.maximum(high - middle, 1e-6)
        any_ = part.max(1)
        right = np.array([int(row.argmax()) == names.index(label[name][0]) if label[name] else False
                          for row, label in zip(part, labels, strict=True)])
        with_one, clean = any_[there], any_[~there]
        if not len(with_one) or not len(clean):
            continue
        low, high = (max(np.quantile(with_one, share), np.quantile(clean, 1 - 1 / few))
                     for share, few in ((0.25, LIKELY), (0.6, SURE)))
        still, sure = np.quantile(clean, (0.75, 0.4))
        with_fault = np.where(right & (any_ > high), 2, np.where(right & (any_ > low), 1, 0))
        without = np.where(any_ < sure, 2, np.where(any_ < still, 1, 0))
        out[:, column] = np.where(there, with_fault, without)
    return out

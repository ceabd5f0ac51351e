"""What is learned of footage: of each variant the tokens that its pictures make, the reply, and the distribution of its
digits.
"""
from dataclasses import dataclass

import numpy as np
import torch

from train.footage import faults, teacher, words
from train.footage.matrix import CHANNELS, Matrix
from train.footage.table import Film
from vs2.model.eye import FEATURES, PAIRS


@dataclass(frozen=True, eq=False)
class Lessons:
    """A variant a row. seen: float32 [n, 28, CHANNELS], its tokens. said: what to say of it. soft: float32 [n, 3, 5],
    the distribution of each dimension's digit."""

    seen: torch.Tensor
    said: list[words.Seen]
    soft: torch.Tensor
    labels: list[dict]


def soft(value: float) -> np.ndarray:
    """float [5]: a quality between two scores belongs to both."""
    return np.clip(1 - np.abs(np.arange(1, 6) - np.clip(value, 1, 5)), 0, 1)


def reworded(seen: words.Seen, dice: np.random.Generator) -> tuple[words.Seen, np.ndarray]:
    """The same clip with other faults and levels said of it, and float [3, 5], the distributions of what then is to be
    scored: a score follows from the words before it, whatever was seen."""
    found: list[words.Fault | None] = []
    for kinds in (faults.VISUAL, faults.PHYSICAL):
        first, last = sorted(dice.integers(1, 9, 2).tolist())
        fault = words.Fault(str(dice.choice(kinds)), int(dice.integers(1, 5)), first, last, int(dice.integers(1, 3)))
        found.append(fault if dice.random() < 0.6 else None)
    levels = [int(level) for level in np.clip(np.array(seen.levels) + dice.integers(-1, 2, 2), 0, 4)]
    values = scored((levels[0] + 1, levels[1] + 1), found[0], found[1])
    told = words.Seen(seen.motion, (levels[0], levels[1]), (round(values[0]), round(values[1])), *found,
                      (int(dice.integers(3)), int(dice.integers(3))))
    return told, np.array([soft(values[0]), soft(3), soft(values[1])], np.float32)


def scored(levels: tuple[float, float], visual: words.Fault | None,
           physical: words.Fault | None) -> tuple[float, float]:
    """What is left of qualities, 1 to 5, of the picture and of the motion, with the faults that are told of them."""
    picture, motion = (level if fault is None else teacher.spoilt(level, fault.strength)
                       for level, fault in zip(levels, (visual, physical), strict=True))
    if visual is not None and visual.kind == "stutter" and visual.strength > 1:
        # what stands still and jumps moves as nothing does, too
        motion = min(motion, teacher.spoilt(levels[1], visual.strength - 1))
    return picture, motion


def lessons(films: list[Film], seen: np.ndarray, pulses: np.ndarray, labels: list[dict],
            without: set[str]) -> tuple[Lessons, Matrix]:
    """What is learned, and the matrix of the eye that goes with it.

    seen, pulses, labels: as `train.footage.seen.kept` gives them. without: groups (`Film.group`) that are kept for
    measuring: neither their ratings nor their pictures are learned.
    A row's tokens are made with regressions that were fitted without its group: those of its own would be surer than
    they can be of a clip that nobody has seen. A fault that these cannot tell is not named, for who has to name it
    learns to find faults in clips that have none.
    """
    index = {film.key: number for number, film in enumerate(films)}
    clean = {label["clip"]: row for row, label in enumerate(labels) if label["pass"] == 0}
    rows = [clean[film.key] for film in films]
    placed = teacher.over_time(seen[rows])
    both, gain = teacher.beside(placed[:, :2 * FEATURES], pulses[rows], teacher.QUALITY_SHARE)
    found_quality = teacher.qualities(films, both, without, gain)
    quality = teacher.level(found_quality.said)
    left_out = {film.key for film in films if film.group in without}
    taught = (*faults.VISUAL, *faults.PHYSICAL, None)       # files of before may have kinds that are not
    used = [number for number, label in enumerate(labels) if label["clip"] not in left_out and
            all((label[name] or [None])[0] in taught for name in ("visual", "physical"))]
    seen, pulses, labels = seen[used], pulses[used], [labels[number] for number in used]
    of = np.array([index[label["clip"]] for label in labels])
    groups = [films[number].group for number in of]
    found, strong = teacher.over_time(seen), teacher.strengths(labels)
    whole, gain = teacher.beside(found, pulses)
    strength = teacher.crossed(whole, strong, groups, gain=gain)
    moving = [n for n, kind in enumerate((*faults.VISUAL, *faults.PHYSICAL))
              if kind in faults.BETWEEN or kind in faults.PHYSICAL]
    strength[:, moving] = teacher.bent(whole, pulses, strong[:, moving], groups, gain)
    sure = teacher.sureness(strength, labels)
    change = placed[:, 2 * FEATURES:].mean(1)
    motion = np.searchsorted(np.quantile(change, (0.25, 0.5, 0.75)), change)
    parts = teacher.folds(groups)
    # what a variant looks like, which is all that can be said where its fault is not to be told
    now, _ = teacher.beside(found[:, :2 * FEATURES], pulses)
    other = np.stack([(row - both[number]) @ found_quality.directions[int(part)]
                      for row, number, part in zip(now, of, parts, strict=True)])
    looks = teacher.level(found_quality.said[of] + other)
    said, scores = [], np.zeros((len(labels), 2))
    for row, (label, number) in enumerate(zip(labels, of, strict=True)):
        named: list[words.Fault | None] = []
        levels = []
        for place, name in enumerate(("visual", "physical")):
            fault, certain = label[name], int(sure[row, place])
            told = fault is not None and certain > 0
            named.append(words.Fault(*fault, sure=certain) if told else None)
            level = float(quality[number][place] if told else looks[row, place])
            if fault is None:       # blocks hide how a thing moves, and make it move no better
                level = min(level, quality[number][place])
            levels.append(level)
        scores[row] = scored((levels[0], levels[1]), named[0], named[1])
        said.append(words.Seen(int(motion[number]), (round(levels[0]) - 1, round(levels[1]) - 1),
                               (round(scores[row, 0]), round(scores[row, 1])), *named,
                               (int(sure[row, 0]), int(sure[row, 1]))))
    wanted = np.concatenate([strong, scores], 1)
    matrix = Matrix.fit(seen, pulses, wanted, found_quality.whole)
    tokens = np.zeros((len(seen), 4 * PAIRS, CHANNELS), np.float32)
    for part in np.unique(parts):
        rest, own = parts != part, parts == part
        fitted = matrix.with_directions_of(seen[rest], pulses[rest], wanted[rest],
                                           found_quality.directions[int(part)])
        tokens[own] = fitted(seen[own], pulses[own])
    soft_ = np.array([[soft(visual), soft(3), soft(physical)] for visual, physical in scores], np.float32)
    return Lessons(torch.from_numpy(tokens), said, torch.from_numpy(soft_), labels), matrix

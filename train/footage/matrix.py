"""The matrices between what the eye sees, and feels, and the tokens that are read: what regressions found."""
from dataclasses import dataclass, replace

import numpy as np
import torch

from train.footage import teacher
from vs2.model.eye import FEATURES, FURTHEST, Look

CHANNELS = 64       # of a token that are of its own cell; as many have the means over the clip
SOME = 4000         # cells that deviations are measured on


@dataclass(frozen=True, eq=False)
class Map:
    """Features [..., d] -> channels [..., CHANNELS], each of mean 0 and deviation 1 over what it was fitted to."""

    centre: np.ndarray      # [d]
    spread: np.ndarray
    rows: np.ndarray        # [CHANNELS, d]
    level: np.ndarray       # [CHANNELS]
    scale: np.ndarray

    @classmethod
    def fit(cls, flat: np.ndarray, directions: np.ndarray, spread: np.ndarray) -> "Map":
        """flat: [n, d]. directions: [k, d] in units of `spread`, [d]; the main ones of what is seen follow them."""
        centre = flat.mean(0)
        placed = np.clip((flat - centre) / spread, -FURTHEST, FURTHEST)
        main = np.linalg.svd(placed - placed.mean(0), full_matrices=False)[2]
        rows = np.concatenate([directions, main])[:CHANNELS].astype(np.float32)
        if len(rows) < CHANNELS:        # a pulse has no more numbers than channels
            rows = np.concatenate([rows, np.zeros((CHANNELS - len(rows), rows.shape[1]), np.float32)])
        out = placed @ rows.T
        return cls(centre, spread, rows, out.mean(0), out.std(0) + 1e-6)

    def turned(self, directions: np.ndarray) -> "Map":
        """The same with other directions in the place of its first ones."""
        return replace(self, rows=np.concatenate([directions, self.rows[len(directions):]]).astype(np.float32))

    def __call__(self, found: np.ndarray) -> np.ndarray:
        placed = np.clip((found.astype(np.float32) - self.centre) / self.spread, -FURTHEST, FURTHEST)
        return (placed @ self.rows.T - self.level) / self.scale

    def put(self, look: Look) -> None:
        """Into that of a model."""
        with torch.no_grad():
            look.centre.copy_(torch.from_numpy(self.centre))
            look.spread.copy_(torch.from_numpy(self.spread))
            look.matrix.weight.copy_(torch.from_numpy(self.rows / self.scale[:, None]))
            look.matrix.bias.copy_(torch.from_numpy(-self.level / self.scale))


@dataclass(frozen=True, eq=False)
class Matrix:
    """Cells [n, 6, 2, 2, FEATURES] and pulses [n, COUNT] -> tokens [n, 28, CHANNELS].

    Of cells: the directions of quality and of regressions, on whole frames and on pieces, then the main directions of
    what is seen. Of pulses, which all of the last four tokens are: those of regressions, then the main ones.
    """

    look: Map
    feel: Map

    @classmethod
    def fit(cls, seen: np.ndarray, pulses: np.ndarray, wanted: np.ndarray, quality: np.ndarray) -> "Matrix":
        """wanted: [n, k], what the regressions are of. quality: [2 * FEATURES + COUNT, 2], directions of the means over
        whole frames and over pieces and of the pulse, which together say how good a clip is; they are the first.
        """
        flat = seen.reshape(-1, FEATURES)
        some = flat[np.random.default_rng(0).permutation(len(flat))[:SOME]].astype(np.float32)
        spread = some.std(0) + 1e-3
        pulses = pulses.astype(np.float32)
        beat = pulses.std(0) + 1e-2
        return cls(Map.fit(some, _directions(seen, wanted, spread, quality), spread),
                   Map.fit(pulses, _felt(pulses, wanted, beat, quality), beat))

    def with_directions_of(self, seen: np.ndarray, pulses: np.ndarray, wanted: np.ndarray,
                           quality: np.ndarray) -> "Matrix":
        """The same with the regressions of other rows."""
        return Matrix(self.look.turned(_directions(seen, wanted, self.look.spread, quality)),
                      self.feel.turned(_felt(pulses.astype(np.float32), wanted, self.feel.spread, quality)))

    def __call__(self, seen: np.ndarray, pulses: np.ndarray) -> np.ndarray:
        tokens = self.look(seen.reshape(len(seen), -1, FEATURES))
        felt = self.feel(pulses)[:, None].repeat(4, 1)
        return np.concatenate([tokens, felt], 1)

    def put(self, eye) -> None:
        """Into the eye of a model."""
        self.look.put(eye.look)
        self.feel.put(eye.feel)


def _directions(seen: np.ndarray, wanted: np.ndarray, spread: np.ndarray, quality: np.ndarray) -> np.ndarray:
    """[4 + 2 * k, FEATURES]: of quality, and of regressions on the mean over whole frames, and over pieces."""
    found = [part.T * spread for part in np.split(quality[:2 * FEATURES], 2)]
    for part in (seen[:, :4], seen[:, 4:]):
        fitted = teacher.Ridge.fit(part.astype(np.float32).mean((1, 2, 3)), wanted)
        found.append((fitted.weight / fitted.scale[:, None]).T * spread)
    return np.concatenate(found)


def _felt(pulses: np.ndarray, wanted: np.ndarray, spread: np.ndarray, quality: np.ndarray) -> np.ndarray:
    """[2 + k, COUNT]: of quality, and of regressions on pulses."""
    fitted = teacher.Ridge.fit(pulses, wanted, teacher.PULSE_PENALTY)
    return np.concatenate([quality[2 * FEATURES:].T, (fitted.weight / fitted.scale[:, None]).T]) * spread

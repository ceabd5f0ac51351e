"""The matrix between what the eye's convolutions see and the tokens that are read: what regressions found."""
from dataclasses import dataclass, replace

import numpy as np
import torch

from train.footage import teacher
from vs2.model.eye import FEATURES, FURTHEST

CHANNELS = 64       # of a token that are of its own cell; as many have the means over the clip


@dataclass(frozen=True, eq=False)
class Matrix:
    """Cells [n, 6, 2, 2, FEATURES] -> tokens [n, 24, CHANNELS]: the directions of quality and of regressions, on whole
    frames and on pieces, then the main directions of what is seen. centre, spread: of the features; each channel has
    mean 0 and deviation 1 over the cells that it was fitted to."""

    centre: np.ndarray      # [FEATURES]
    spread: np.ndarray
    rows: np.ndarray        # [CHANNELS, FEATURES]
    level: np.ndarray       # [CHANNELS]
    scale: np.ndarray

    @classmethod
    def fit(cls, seen: np.ndarray, wanted: np.ndarray, quality: np.ndarray) -> "Matrix":
        """wanted: [n, k], what the regressions are of; 2 * k channels are theirs. quality: [2 * FEATURES, 2],
        directions of the means over whole frames and over pieces, which together say how good a clip is; the first 4
        channels are its.
        """
        flat = seen.reshape(-1, FEATURES)
        some = flat[np.random.default_rng(0).permutation(len(flat))[:4000]].astype(np.float32)
        centre, spread = some.mean(0), some.std(0) + 1e-3
        placed = np.clip((some - centre) / spread, -FURTHEST, FURTHEST)
        directions = _directions(seen, wanted, spread, quality)
        main = np.linalg.svd(placed - placed.mean(0), full_matrices=False)[2]
        rows = np.concatenate([directions, main])[:CHANNELS].astype(np.float32)
        out = placed @ rows.T
        return cls(centre, spread, rows, out.mean(0), out.std(0) + 1e-6)

    def with_directions_of(self, seen: np.ndarray, wanted: np.ndarray, quality: np.ndarray) -> "Matrix":
        """The same with the regressions of other rows."""
        found = _directions(seen, wanted, self.spread, quality)
        return replace(self, rows=np.concatenate([found, self.rows[len(found):]]).astype(np.float32))

    def __call__(self, seen: np.ndarray) -> np.ndarray:
        placed = np.clip((seen.reshape(-1, FEATURES).astype(np.float32) - self.centre) / self.spread,
                         -FURTHEST, FURTHEST)
        return ((placed @ self.rows.T - self.level) / self.scale).reshape(len(seen), -1, CHANNELS)

    def put(self, eye) -> None:
        """Into the eye of a model."""
        with torch.no_grad():
            eye.centre.copy_(torch.from_numpy(self.centre))
            eye.spread.copy_(torch.from_numpy(self.spread))
            eye.look.weight.copy_(torch.from_numpy(self.rows / self.scale[:, None]))
            eye.look.bias.copy_(torch.from_numpy(-self.level / self.scale))


def _directions(seen: np.ndarray, wanted: np.ndarray, spread: np.ndarray, quality: np.ndarray) -> np.ndarray:
    """[4 + 2 * k, FEATURES]: of quality, and of regressions on the mean over whole frames, and over pieces."""
    found = [part.T * spread for part in np.split(quality, 2)]
    for part in (seen[:, :4], seen[:, 4:]):
        fitted = teacher.Ridge.fit(part.astype(np.float32).mean((1, 2, 3)), wanted)
        found.append((fitted.weight / fitted.scale[:, None]).T * spread)
    return np.concatenate(found)

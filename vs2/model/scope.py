"""Tells clips that a small judge knows nothing of, so that it does not score them.

A judge that has only seen one kind of clip gives any other a score too, and a sure one. What its own vision tower makes
of a clip tells the two apart: features of what it was taught to see lie close together, others where none of those lie.
Two measures are taken of them, and the larger one counts: how far the clip lies on the foreign side of a plane that was
fitted between known and foreign clips (logistic regression), and how much of it no known clip has (the part outside
the known ones' main directions, the reconstruction error of a principal component analysis), which depends on no
foreign clip at all. train/scope.py fits both. The size, rate and format of a file are in none of it: the judge
is fed the same few frames of the same few pixels, whatever they came from.
"""
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from vs2.errors import BadInput
from vs2.model.card import Card
from vs2.model.inputs import patches

GRID = 4            # rows and columns of the picture that features are means over
MOST = 2**20        # bytes of a detector's file
CLIP = 8.0          # standard deviations beyond which a feature says no more
# name -> shape of the tensors of its file; d: features, k: directions
SHAPES = {"mean": ("d",), "scale": ("d",), "weight": ("d",), "centre": ("d",), "basis": ("k", "d"), "bias": (1,),
          "level": (2,), "spread": (2,)}


@torch.inference_mode()
def features(visual, processor, frames: np.ndarray) -> np.ndarray:
    """What the vision tower makes of frames uint8 [n, h, w, 3], as float32 [d], d = 19 * the tower's outgoing width.

    For each of its channels: the mean over time in each of 4 x 4 parts of the picture; over the whole clip the mean,
    the standard deviation, and how much it changes from one pair of frames to the next.
    """
    pixels, grid = patches(frames, processor.video_processor, visual.config)
    first = next(visual.parameters())
    out = visual(pixels.to(first.device, visual.dtype), grid_thw=torch.tensor([grid], device=first.device))
    seen = getattr(out, "pooler_output", out)       # [pairs * rows * columns, width]
    merge = visual.config.spatial_merge_size
    seen = seen.float().reshape(grid[0], grid[1] // merge, grid[2] // merge, -1)
    parts = torch.nn.functional.adaptive_avg_pool2d(seen.mean(0).permute(2, 0, 1), GRID)
    tokens = seen.flatten(0, 2)
    change = (seen[1:] - seen[:-1]).abs().mean((0, 1, 2)) if grid[0] > 1 else torch.zeros_like(tokens[0])
    return torch.cat([parts.flatten(), tokens.mean(0), tokens.std(0), change]).cpu().numpy()


@dataclass(frozen=True, eq=False)
class Scope:
    """A fitted detector. threshold: a clip of a larger strangeness is foreign. parts: float64 arrays as in SHAPES.

    withholds: what is not judged of a foreign clip, and why (`vs2.model.card.ScopeCard`).

    mean, scale: the known clips' features; weight, bias: of the plane; centre, basis (orthonormal rows): the known
    clips' main directions; level, spread: what either measure is among known clips, so that 0 is rare there.
    """

    threshold: float
    parts: dict[str, np.ndarray]
    withholds: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path, card: Card) -> "Scope | None":
        """The detector that the card names; None where it names none. Raises BadInput for one that cannot be used."""
        if card.scope is None:
            return None
        from safetensors import SafetensorError
        from safetensors.numpy import load

        path = Path(folder) / card.scope.file
        wrong = f"{folder} has a detector of unknown clips ({path.name}, named in its vs2.json)"
        try:
            if path.stat().st_size > MOST:
                raise BadInput(f"{wrong} of more than {MOST} bytes, which none needs: take another checkpoint.")
            parts = {name: np.asarray(part, np.float64) for name, part in load(path.read_bytes()).items()}
            _check(parts)
        except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
            raise BadInput(f"{wrong} that is missing or broken: download the checkpoint again, or make the file with "
                           "`python -m train.scope`.") from error
        return cls(card.scope.threshold, parts, card.scope.withholds)

    def withheld(self, visual, processor, clip) -> dict[str, str]:
        """Which dimensions of a `vs2.video.Clip` are not to be judged, and why: none of a clip that is known."""
        return self.withholds if self.foreign(visual, processor, clip) else {}

    def foreign(self, visual, processor, clip) -> bool:
        """Whether the judge with this vision tower knows nothing of a `vs2.video.Clip`, as it would be fed to it."""
        return self.strangeness(features(visual, processor, clip.frames)) > self.threshold

    def strangeness(self, found: np.ndarray) -> float:
        """The larger of the two measures of `features` [d]. Raises BadInput where the detector is another tower's."""
        if found.shape != self.parts["mean"].shape:
            raise BadInput(f"The checkpoint's detector of unknown clips is made for {len(self.parts['mean'])} features "
                           f"and its vision tower has {len(found)}: make it again with `python -m train.scope`.")
        return float(measures(self.parts, found[None]).max())


def measures(parts: dict[str, np.ndarray], found: np.ndarray) -> np.ndarray:
    """The two measures [n, 2] of the features [n, d] of n clips: above 0 where hardly any known clip is."""
    placed = np.clip((found - parts["mean"]) / parts["scale"], -CLIP, CLIP)
    side = placed @ parts["weight"] + parts["bias"]
    off = placed - parts["centre"]
    outside = (off**2).sum(1) - ((off @ parts["basis"].T) ** 2).sum(1)
    return (np.stack([side, np.log(np.maximum(outside, 1e-9))], 1) - parts["level"]) / parts["spread"]


def _check(parts: dict[str, np.ndarray]) -> None:
    """Raises ValueError for a file that holds something else."""
    sizes: dict = {}
    if parts.keys() != SHAPES.keys():
        raise ValueError(f"its tensors are {', '.join(sorted(parts))}")
    for name, shape in SHAPES.items():
        wanted = tuple(sizes.setdefault(side, have) if isinstance(side, str) else side
                       for side, have in zip(shape, parts[name].shape, strict=True))
        if parts[name].shape != wanted or not np.isfinite(parts[name]).all():
            raise ValueError(f"{name} has the shape {parts[name].shape}, or numbers that are none")
    if not (parts["scale"] > 0).all() or not (parts["spread"] > 0).all():
        raise ValueError("scale and spread must be above 0")

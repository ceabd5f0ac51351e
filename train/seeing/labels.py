"""What there is to see in a clip, as the lessons in seeing ask for it: from the simulator, exact.

Of the whole clip, of every cell of 28 x 28 pixels, and of the first object, which carries a physical fault, in every
frame: where it is, and how far from where it should be. The places are what a fault's degree is made of; a network
that is given them tells the strength of 99 % of the faults (training log).
"""
import numpy as np
import torch

from train.data.rows import IGNORED
from vs2.scenes import other, physics, staging, words, world

CELL = 28                                                   # pixels a side that one vision token covers
OBJECT = {"colour": tuple(world.COLOURS), "shape": world.SHAPES, "role": ("main", "beside")}     # class 0 is none
EVENTS = ("none", *world.PHYSICAL_FAULTS)
PICTURE = {"background": (*world.BACKGROUNDS, words.FOREIGN), "fault": ("none", *world.VISUAL_FAULTS),
           "strength": (0, *world.STRENGTHS)}
PLACES = ("gone", *(f"{row} {column}" for row in words.ROWS for column in words.COLUMNS))
NOT_SHOWN = "none"
CLIP = {"count": world.COUNTS, "colour": tuple(world.COLOURS), "shape": world.SHAPES, "motion": world.MOTIONS,
        "beside colour": (NOT_SHOWN, *world.COLOURS), "beside shape": (NOT_SHOWN, *world.SHAPES),
        "event": EVENTS, "degree": (0, *world.STRENGTHS), "when": (0, *range(1, staging.SHOWN_FRAMES + 1)),
        **{f"path {n}": PLACES for n in range(staging.SHOWN_FRAMES // 2)}, **PICTURE}
TRACK = ("x", "y", "radius", "seen", "off x", "off y", "grown", "gone")     # of the first object in a frame


def clip_labels(scene) -> dict[str, int]:
    """A class for every head on the whole clip; IGNORED for what a clip of other things does not have."""
    fault = ("none", 0) if scene.visual is None else (scene.visual.kind, scene.visual.strength)
    said = dict(zip(("fault", "strength"), fault, strict=True))
    if isinstance(scene, other.Other):
        said |= {"background": words.FOREIGN, "event": "none", "degree": 0, "when": 0}
    else:
        known, shown = words.facts(scene), scene.shown
        wrong = scene.physical if known.when else None
        said |= {"count": shown.element("count"), "colour": shown.colour, "shape": shown.shape, "motion": shown.motion,
                 "background": shown.background, "when": known.when or 0,
                 "event": wrong.kind if wrong else "none", "degree": wrong.strength if wrong else 0,
                 **{f"path {n}": place for n, place in enumerate(known.path)},
                 **dict(zip(("beside colour", "beside shape"), shown.beside or (NOT_SHOWN, NOT_SHOWN), strict=True))}
    return {name: options.index(said[name]) if name in said else IGNORED for name, options in CLIP.items()}


def cell_labels(scene, rows: int, columns: int) -> dict[str, torch.Tensor]:
    """For each of the 4 pairs of frames and each cell (row by row): a class a head, and its place.

    A cell is labelled with the object that covers most of it, in the pair's first frame, if it covers an eighth or
    more. int64 [4 * rows * columns] for every name of OBJECT; `place` float32 [same, 6], in sides of a cell: the
    object's x and y from the cell's centre and its radius, and how much each changes to the pair's second frame, NaN
    where there is no object, or none in the second frame.
    """
    pairs = staging.SHOWN_FRAMES // 2
    found = {name: torch.zeros(pairs, rows * columns, dtype=torch.long) for name in OBJECT}
    place = torch.full((pairs, rows * columns, 6), torch.nan)
    if isinstance(scene, world.Scene):
        indices = staging.shown_indices(scene.staging.frames)
        seen = [[staging.project(pose, scene.staging, index, rows * CELL, columns * CELL) for pose in poses]
                for index, poses in zip(indices, physics.simulate(scene, indices), strict=True)]
        for pair in range(pairs):
            now, then = seen[2 * pair], seen[2 * pair + 1]
            share = np.stack([_coverage(pose, rows, columns) for pose in now])      # the first object is in front
            for cell in np.flatnonzero(share.max(0) >= 0.125).tolist():
                number = int(share[:, cell].argmax())
                role = "main" if number < scene.shown.count else "beside"
                for name, value in {"colour": now[number].colour, "shape": now[number].shape, "role": role}.items():
                    found[name][pair, cell] = OBJECT[name].index(value) + 1
                centre = np.array([cell % columns + 0.5, cell // columns + 0.5, 0.0])
                first, second = (np.array([pose.x, pose.y, pose.radius]) / CELL for pose in (now[number], then[number]))
                place[pair, cell, :3] = torch.from_numpy(first - centre)
                if then[number].visible:
                    place[pair, cell, 3:] = torch.from_numpy(second - first)
    return {name: value.flatten() for name, value in found.items()} | {"place": place.reshape(-1, 6)}


def _coverage(pose, rows: int, columns: int) -> np.ndarray:
    """float [rows * columns]: the share of each cell within the object's circle; pose in pixels."""
    if not pose.visible:
        return np.zeros(rows * columns)
    points = (np.arange(max(rows, columns) * 4) + 0.5) * CELL / 4
    y, x = points[:rows * 4, None], points[None, :columns * 4]
    inside = ((y - pose.y) ** 2 + (x - pose.x) ** 2 < (0.9 * pose.radius) ** 2) & (y < pose.cut)
    return inside.reshape(rows, 4, columns, 4).mean((1, 3)).ravel()


def track(scene) -> torch.Tensor:
    """float32 [8, 8]: of the first object in each frame what TRACK names; NaN for what a frame does not show.

    x, y: in widths and heights of the picture. radius: in its shorter side. seen: 1 or 0. The rest is by how much it
    is not what it should be: off, in units of the world; grown, a ratio less 1; gone, 1 where it is not to be seen.
    """
    found = torch.full((staging.SHOWN_FRAMES, len(TRACK)), torch.nan)
    if isinstance(scene, other.Other):
        found[:, TRACK.index("off x"):] = 0.0
        return found
    indices = staging.shown_indices(scene.staging.frames)
    height, width = scene.staging.height, scene.staging.width
    for n, (index, now, right) in enumerate(zip(indices, physics.simulate(scene, indices),
                                                physics.simulate(scene, indices, right=True), strict=True)):
        now, right = now[0], right[0]
        place = staging.project(now, scene.staging, index, height, width)
        there = now.visible and now.y - now.radius < now.cut
        within = there and 0 <= place.x < width and 0 <= place.y < height
        if within:
            found[n, :3] = torch.tensor([place.x / width, place.y / height, place.radius / min(height, width)])
        found[n, 3] = float(within)
        found[n, 4:] = torch.tensor([now.x - right.x, now.y - right.y, now.radius / right.radius - 1, 1.0 - there])
        if not there:
            found[n, 4:7] = torch.nan
    return found

"""Fits the detector of clips that a judge knows nothing of: `python -m train.scope CHECKPOINT --footage TABLE ...`

Its kind are rendered scenes (vs2/scenes), the clips for which all three of its scores were measured to be worth
something. Everything else is foreign, also the photographs and textures that it saw in training (vs2/scenes/other.py):
there its alignment and physics never vary, and its visual score was measured on spoiled copies of a clip, not on one
clip against another. The detector (vs2/model/scope.py) learns from scenes in many sizes and encodings, made clips that
are none (train/data/foreign.py), and footage. A table of footage is a CSV with the columns file and source (or
generator), the files beside it or in a folder `videos` there. The result lies beside the weights, named in vs2.json.

What is said of footage is measured on sources that were held back: in FOLDS parts by source, and once with no footage
at all among what was learned from. Of made clips, on kinds that were held back. The same arguments, the same file.
"""
import argparse
import csv
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from train.data import foreign, photos
from train.data.reencode import damaged, reencoded, seen
from train.measure import processes, put
from vs2 import video
from vs2.bench.work import Processes, each
from vs2.errors import BadInput, Problem
from vs2.model import checkpoint
from vs2.model.card import Card
from vs2.model.scope import CLIP, features, measures
from vs2.rubric import KEYS
from vs2.scenes import draw, other, world

FILE = "scope.safetensors"
FIRST, MEASURED = 5_000_000, world.HELD_OUT + 30_000_000    # seeds of the scenes to learn from, and of those to measure
DIRECTIONS, PENALTY, RARE, FOLDS = 32, 1e-3, 0.004, 5
CALIBRATED = 0.4        # share of the scenes that the threshold is set by, and nothing else learned from
NOUNS = {"visual_quality": "visual quality", "text_alignment": "alignment", "physical_consistency": "physics"}
REASON = ("{name} knows rendered scenes of simple shapes only, and this clip is none of them: it cannot judge its "
          "{noun}.")
LEARNED = ("{scenes} rendered scenes (its kind: clips for which its three scores were measured to be worth something), "
           "{made} made clips that are none, {footage} clips of footage ({sources} sources; {names})")


@dataclass(frozen=True)
class Footage:
    """A clip of footage and where it comes from."""

    path: Path
    source: str


def listed(table: Path) -> list[Footage]:
    """The clips of a table. Raises BadInput, naming what is missing."""
    try:
        with open(table, newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{table} cannot be read: give a CSV with the columns file and source.") from error
    found = []
    for row in rows:
        name, source = row.get("file"), row.get("source") or row.get("generator")
        places = [place for place in (table.parent / str(name), table.parent / "videos" / str(name)) if place.is_file()]
        if not name or not source or not places:
            raise BadInput(f"{table} needs the columns file and source (or generator), and the file itself; the row of "
                           f"{name!r} lacks one.")
        found.append(Footage(places[0], source))
    if not found:
        raise BadInput(f"{table} names no clip: there is nothing to learn from.")
    return found


def scene(judge, seed: int) -> np.ndarray:
    """The features of a scene, often in another size or encoding, as a sketch, or without a visual fault."""
    rng, made = np.random.default_rng([seed, 41]), world.sample(seed)
    if rng.random() < 0.3:      # as the sketch is asked for
        width, height = (384, 288) if rng.random() < 0.5 else (2 * int(side) for side in rng.integers(48, 300, 2))
        width, height = min(width, 3 * height), min(height, 3 * width)
        made = replace(made, staging=replace(made.staging, width=width, height=height, fps=16,
                                             seconds=float(rng.uniform(1, 10))))
    if rng.random() < 0.3:
        made = replace(made, visual=None)
    frames = draw.frames(made, judge.card.sampling.indices(made.staging.frames, made.staging.fps))
    return _of(judge, reencoded(frames, rng))


def made(judge, item: tuple[str, int]) -> np.ndarray:
    """The features of a clip that is no scene; item: its kind, or "other", and its seed."""
    kind, seed = item
    rng = np.random.default_rng([seed, 42])
    if kind == "other":
        shot = other.sample(seed)
        indices = judge.card.sampling.indices(shot.staging.frames, shot.staging.fps)
        return _of(judge, reencoded(other.frames(shot, indices, photos.photographs()), rng))
    frames = foreign.clip(kind, seed)
    return _of(judge, reencoded(damaged(frames, rng) if rng.random() < 0.4 else frames, rng))


def filmed(judge, item: tuple[int, Footage]) -> np.ndarray:
    """The features [2, d] of a clip of footage as it is, and spoiled or encoded again; item: its number and itself."""
    number, clip = item
    rng, frames = np.random.default_rng([number, 43]), video.read(clip.path, judge.card.sampling).frames
    changed = damaged(frames, rng) if rng.random() < 0.5 else reencoded(frames, rng)
    return np.stack([_of(judge, frames), _of(judge, changed)])


def _of(judge, frames: np.ndarray) -> np.ndarray:
    return features(judge.model.model.visual, judge.processor, seen(frames, judge.card.sampling))


class Learner:
    """Learns detectors of what is not like the known clips [n, d]: fits them to the first, calibrates by the others."""

    def __init__(self, known: np.ndarray):
        cut = round(len(known) * (1 - CALIBRATED))
        self._fitted, self._others = known[:cut].astype(np.float64), known[cut:]
        deviation = self._fitted.std(0)
        self._parts = {"mean": self._fitted.mean(0), "scale": deviation + 1e-3 * deviation.mean() + 1e-9}
        placed = self._placed(self._fitted)
        self._parts["centre"] = placed.mean(0)
        self._parts["basis"] = np.linalg.svd(placed - placed.mean(0), full_matrices=False)[2][:DIRECTIONS]

    def _placed(self, found: np.ndarray) -> np.ndarray:
        return np.clip((found - self._parts["mean"]) / self._parts["scale"], -CLIP, CLIP)

    def detector(self, *foreign_: np.ndarray) -> tuple[dict[str, np.ndarray], float]:
        """The parts of `vs2.model.scope.Scope`, in the numbers that the file has, and the threshold.

        foreign_: foreign clips [m, d], several such arrays; each weighs as much as another, and all of them together as
        much as the known clips.
        """
        placed = [self._placed(found) for found in (self._fitted, *foreign_)]
        shares = (0.5, *[0.5 / len(foreign_)] * len(foreign_))
        heavy = np.concatenate([np.full(len(found), share / len(found))
                                for found, share in zip(placed, shares, strict=True)])
        truth = np.concatenate([np.full(len(found), float(n > 0)) for n, found in enumerate(placed)])
        weight, bias = _plane(np.concatenate(placed), truth, heavy)
        parts = self._parts | {"weight": weight, "bias": bias, "level": np.zeros(2), "spread": np.ones(2)}
        # half the numbers of the basis are lost on nobody
        parts = {name: part.astype(np.float16 if name == "basis" else np.float32) for name, part in parts.items()}
        found = measures(parts, self._others)
        parts |= {"level": np.quantile(found, 1 - RARE / 2, axis=0).astype(np.float32),
                  "spread": found.std(0).astype(np.float32)}
        return parts, float(np.quantile(measures(parts, self._others).max(1), 1 - RARE))


def _plane(placed: np.ndarray, truth: np.ndarray, heavy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logistic regression with a square penalty: its weights [d] and bias [1]."""
    import torch

    points, wanted, weights = (torch.from_numpy(array) for array in (placed, truth, heavy))
    plane = torch.zeros(placed.shape[1] + 1, dtype=torch.float64, requires_grad=True)
    steps = torch.optim.LBFGS([plane], max_iter=60, history_size=20, line_search_fn="strong_wolfe")

    def loss():
        steps.zero_grad()
        side = points @ plane[:-1] + plane[-1]
        lost = torch.nn.functional.binary_cross_entropy_with_logits(side, wanted, weights, reduction="sum")
        lost = lost + PENALTY * (plane[:-1] ** 2).sum()
        lost.backward()
        return lost

    steps.step(loss)
    found = plane.detach().numpy()
    return found[:-1], found[-1:]


def rows(footage: np.ndarray) -> np.ndarray:
    """[n, 2, d] as [2 * n, d]."""
    return footage.reshape(-1, footage.shape[-1])


def caught(detector: tuple[dict[str, np.ndarray], float], found: np.ndarray) -> np.ndarray:
    """bool [n]: which clips of features [n, d] are foreign to it."""
    parts, threshold = detector
    return measures(parts, found).max(1) > threshold


def folds(sources: list[str]) -> np.ndarray:
    """int [n]: the part that each clip is held back in; all of a source in one, the parts of about one size."""
    sizes, at = [0] * FOLDS, {}
    for source, count in sorted(Counter(sources).items(), key=lambda item: (-item[1], item[0])):
        at[source] = int(np.argmin(sizes))
        sizes[at[source]] += count
    return np.array([at[source] for source in sources])


def held_back(learner: Learner, made_: dict[str, np.ndarray], footage: np.ndarray, sources: list[str]) -> dict:
    """Rates on what was held back: {sources: {source: [caught, clips]}, changed, without_footage, made: {kind: ...}}.

    footage: [n, 2, d], as it is and changed. changed: the spoiled and encoded copies, by the same parts.
    """
    flat, where = np.concatenate(list(made_.values())), folds(sources)
    found = np.zeros((len(footage), 2), bool)
    for part in range(FOLDS):
        out = where == part
        if out.any():
            detector = learner.detector(flat, *([rows(footage[~out])] if (~out).any() else []))
            found[out] = caught(detector, rows(footage[out])).reshape(-1, 2)
    alone = caught(learner.detector(flat), footage[:, 0])
    rates = {"sources": {source: [int(found[[s == source for s in sources], 0].sum()), count]
                         for source, count in sorted(Counter(sources).items())},
             "footage": [int(found[:, 0].sum()), len(found)], "changed": [int(found[:, 1].sum()), len(found)],
             "without_footage": [int(alone.sum()), len(alone)], "made": {}}
    for kind, own in made_.items():
        rest = np.concatenate([clips for name, clips in made_.items() if name != kind])
        detector = learner.detector(rest, rows(footage))
        rates["made"][kind] = [int(caught(detector, own).sum()), len(own)]
    return rates


def table(rates: dict) -> str:
    """The rates as Markdown tables."""
    def line(name, pair):
        return f"| {name} | {pair[0]} | {pair[1]} | {pair[0] / pair[1]:.3f} |"

    lines = ["| held-out scenes | withheld | of | share |", "|---|---|---|---|", line("all", rates["scenes"]), "",
             "| footage, its source held back | recognised | of | share |", "|---|---|---|---|",
             *(line(source, pair) for source, pair in rates["sources"].items()), line("all", rates["footage"]),
             line("all, spoiled or encoded again", rates["changed"]),
             line("all, no footage learned from", rates["without_footage"]), "",
             "| made clips, their kind held back | recognised | of | share |", "|---|---|---|---|",
             *(line(kind, pair) for kind, pair in rates["made"].items())]
    return "\n".join(lines)


def gathered(folder: Path, clips: list[Footage], options) -> tuple:
    """The features of scenes to learn from [n, d] and to measure on [m, d], of made clips by kind, of footage."""
    with Processes(str(folder), options.processes or processes()) as judge:
        def all_of(name, one, items):
            def progress(done, count):
                print(f"\r{name} {done}/{count}", end="" if done < count else "\n", file=sys.stderr, flush=True)

            return np.stack(each(judge, one, items, progress))

        return (all_of("scenes", scene, range(FIRST, FIRST + options.scenes)),
                all_of("held-out scenes", scene, range(MEASURED, MEASURED + options.held_out)),
                {kind: all_of(kind, made, [(kind, seed) for seed in range(options.made)])
                 for kind in (*foreign.KINDS, "other")},
                all_of("footage", filmed, enumerate(clips)))


def run(options) -> None:
    """What the command line asked for. Raises BadInput and Failure."""
    from safetensors.numpy import save

    if options.scenes < 50 or options.made < 4 or options.held_out < 1:
        raise BadInput("Too few clips to learn from: give --scenes 50, --made 4 and --held-out 1 or more.")
    folder = checkpoint.locate(options.model).folder
    clips = [clip for path in options.footage for clip in listed(path)]
    sources, start = [clip.source for clip in clips], time.perf_counter()
    known, measured, made_, footage = gathered(folder, clips, options)
    flat, learner = np.concatenate(list(made_.values())), Learner(known)
    parts, threshold = learner.detector(flat, rows(footage))
    rates = {"scenes": [int(caught((parts, threshold), measured).sum()), len(measured)]}
    rates |= held_back(learner, made_, footage, sources)
    print(f"{table(rates)}\n\nLearned and measured in {time.perf_counter() - start:.0f} s.")
    if not options.write:
        return
    name = options.name or Path(options.model).name
    said = {"file": FILE, "threshold": round(threshold, 4),
            "withholds": {key: REASON.format(name=name, noun=NOUNS[key]) for key in KEYS},
            "trained_on": LEARNED.format(scenes=len(known), made=len(flat), footage=len(clips),
                                         sources=len(set(sources)), names=", ".join(sorted(set(sources)))),
            "rates": rates}
    Card.of(json.loads((folder / "vs2.json").read_text(encoding="utf-8")) | {"scope": said})
    (folder / FILE).write_bytes(save(parts))
    print(f"Written: {folder / FILE}, named in {put(folder, {'scope': said})}.")


def main(argv=None) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.scope", description=__doc__.splitlines()[0])
    parser.add_argument("model", help="a checkpoint folder, or mini")
    parser.add_argument("--footage", type=Path, nargs="+", required=True, metavar="TABLE",
                        help="CSV files with the columns file and source")
    parser.add_argument("--scenes", type=int, default=2400, help="scenes to learn from (2400)")
    parser.add_argument("--held-out", type=int, default=500, help="held-out scenes to measure on (500)")
    parser.add_argument("--made", type=int, default=100, help="made clips of each kind (100)")
    parser.add_argument("--name", help="what its reasons call the judge (the folder's name)")
    parser.add_argument("--write", action="store_true", help="write the detector, and its numbers into vs2.json")
    parser.add_argument("--processes", type=int, help="judges at work at a time, of one thread each")
    try:
        run(parser.parse_args(argv))
    except Problem as problem:
        print(f"scope: {problem}", file=sys.stderr)
        return problem.status
    return 0


if __name__ == "__main__":
    sys.exit(main())

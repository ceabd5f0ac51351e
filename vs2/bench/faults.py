"""The suite `faults`: does visual quality fall when a real clip is spoiled on purpose?

The clips lie in a folder of the caller's with a `videos.csv` (columns file, prompt, others ignored; the files beside it
or in its folder `videos`). Every version of a clip, the clean one too, goes through the same decoding, scaling and
encoding, so that the fault alone differs; and each is then judged from its file, through the whole path.
"""
import csv
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vs2 import video
from vs2.bench.work import each
from vs2.errors import BadInput
from vs2.metrics import share
from vs2.scenes import film
from vs2.scenes.damage import damage
from vs2.scenes.world import Fault
from vs2.video.sampling import Sampling

TABLE = "videos.csv"
KEY = "visual_quality"
KINDS = ("blur", "noise", "blocking", "flicker")
STRONG = tuple(Fault(kind, 4) for kind in KINDS)
SECONDS, FRAMES, SIDE = 6.0, 60, 360    # a clip is cut to its first seconds and frames; pixels of its short side
FALL = 0.05                             # an expected score has fallen when it is lower by more than this


@dataclass(frozen=True)
class RealClip:
    """A video file, and what was asked of its maker. number: its row in the table, the seed of its faults."""

    number: int
    path: Path
    prompt: str


@dataclass(frozen=True)
class Beginning(Sampling):
    """Every frame of a clip's beginning, at its own size unless its short side is longer than SIDE."""

    def indices(self, total: int, video_fps: float) -> list[int]:
        return list(range(max(1, min(total, FRAMES, math.ceil(SECONDS * video_fps)))))

    def size(self, frames: int, height: int, width: int) -> tuple[int, int]:
        """Height and width, even, as h264 needs them."""
        scale = min(1.0, SIDE / min(height, width))
        high, wide = (max(2, round(side * scale / 2) * 2) for side in (height, width))
        return high, wide


def listed(folder) -> list[RealClip]:
    """The clips of `folder`/videos.csv. Raises BadInput, naming what is missing."""
    folder = Path(folder)
    try:
        with open(folder / TABLE, newline="", encoding="utf-8-sig") as file:     # as Excel writes it
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{folder / TABLE} cannot be read: give a folder with real clips and a {TABLE} "
                       "(columns file and prompt).") from error
    if not rows or not all(row.get("file") and row.get("prompt") for row in rows):
        raise BadInput(f"{folder / TABLE} needs the columns file and prompt, filled in every row.")
    clips = []
    for number, row in enumerate(rows):
        places = [place for place in (folder / row["file"], folder / "videos" / row["file"]) if place.is_file()]
        if not places:
            raise BadInput(f"{row['file']} is in {folder / TABLE} but not beside it: add the file or take out the row.")
        clips.append(RealClip(number, places[0], row["prompt"]))
    return clips


def spoiled(frames: np.ndarray, fault: Fault | None, seed: int) -> np.ndarray:
    """uint8 [n, h, w, 3]: the frames with the fault; None changes nothing."""
    return np.stack([damage(picture, fault, seed, n) for n, picture in enumerate(frames)])


def judged(judge, item, **options) -> dict:
    """The row of one clip; item: the clip and its faults. The first of `versions` is the clean one (fault None)."""
    clip, faults = item
    read, versions = video.read(clip.path, Beginning()), []
    with tempfile.TemporaryDirectory() as folder:
        for n, fault in enumerate((None, *faults)):
            path = film.write_frames(spoiled(read.frames, fault, clip.number), Path(folder) / f"{n}.mp4",
                                     read.metadata.fps)
            score = judge.score(path, clip.prompt, **options).scores[KEY]
            versions.append({"fault": fault and fault.kind, "strength": fault.strength if fault else 0,
                             "value": score.value, "expected": score.expected, "withheld": not score.judged})
    return {"file": clip.path.name, "frames": len(read.frames), "versions": versions}


def summary(rows) -> dict:
    """Of the rows of `judged`: shares of the pairs of a clip and a fault; an unread score has not fallen.

    {pairs, withheld (pairs with a score that was not judged, which no share counts), fell (by `expected`, more than
    FALL), fell_by_value, constant (the clips whose digit is the same in all versions), unread (scores), faults: {kind
    strength: {pairs, withheld, fell, fell_by_value, mean_fall}}}.
    """
    by_fault: dict[str, list[tuple[dict, dict]]] = {}
    for row in rows:
        clean, *others = row["versions"]
        for other in others:
            by_fault.setdefault(f"{other['fault']} {other['strength']}", []).append((clean, other))
    return {**_falls([pair for found in by_fault.values() for pair in found]),
            "constant": [row["file"] for row in rows if len({v["value"] for v in row["versions"]}) == 1
                         and not any(v.get("withheld") for v in row["versions"])],
            "unread": sum(version["value"] is None and not version.get("withheld")
                          for row in rows for version in row["versions"]),
            "faults": {name: _falls(found) for name, found in by_fault.items()}}


def _falls(found) -> dict:
    """found: (clean, spoiled) versions. mean_fall leaves out pairs with an unread score; None where all are."""
    counted = [pair for pair in found if not any(version.get("withheld") for version in pair)]
    falls = {name: [clean[name] - other[name] for clean, other in counted if None not in (clean[name], other[name])]
             for name in ("expected", "value")}
    mean = float(np.mean(falls["expected"])) if falls["expected"] else None
    return {"pairs": len(found), "withheld": len(found) - len(counted),
            "fell": sum(fall > FALL for fall in falls["expected"]) / len(counted) if counted else None,
            "fell_by_value": sum(fall > 0 for fall in falls["value"]) / len(counted) if counted else None,
            "mean_fall": mean}


def run(judge, folder, faults=STRONG, count: int | None = None, progress=None, **options) -> dict:
    """Judge the first `count` clips of `folder` (all), clean and spoiled: {suite, model, clips, metrics, rows}.

    faults: `vs2.scenes.world.Fault` of visual kinds. judge: a Judge, or `vs2.bench.work.Processes`. options go to
    `judge.score`. progress: called with (done, count) after each clip. Raises BadInput for a folder or a clip that
    cannot be read, and what the judge raises.
    """
    rows = each(judge, judged, [(clip, tuple(faults)) for clip in listed(folder)[:count]], progress, **options)
    return {"suite": "faults", "model": judge.name, "clips": len(rows), "metrics": summary(rows), "rows": rows}


def table(metrics: dict) -> str:
    """The summary as a Markdown table, a row a fault, and what must not be: clips that score the same throughout."""
    lines = ["| fault | pairs | not judged | visual fell (expected) | by the digit | mean fall |",
             "|---|---|---|---|---|---|"]
    for name, row in {**metrics["faults"], "all": metrics}.items():
        mean = "-" if row["mean_fall"] is None else f"{row['mean_fall']:.2f}"
        lines.append(f"| {name} | {row['pairs']} | {row['withheld']} | {share(row['fell'])} | "
                     f"{share(row['fell_by_value'])} | {mean} |")
    constant = ", ".join(metrics["constant"]) or "no clip"
    return "\n".join([*lines, "", f"The same visual digit in all versions: {constant}. "
                                  f"Unread scores: {metrics['unread']}."])

"""The suite `faults`: does a score fall when a clip is spoiled on purpose, and further the more it is spoiled?

Every version of a clip, the clean one too, goes through the same decoding, scaling and encoding, so that the fault
alone differs; and each is then judged from its file, through the whole path. The kinds of faults that training uses are
reported apart from those that it never saw (vs2/bench/spoiling): the first a judge may know by heart.
"""
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from vs2.bench import clips
from vs2.bench.clips import Beginning, Drawn, RealClip, listed
from vs2.bench.falls import summary, table
from vs2.bench.spoiling.kinds import chosen, spoil
from vs2.bench.unscoped import unscoped
from vs2.bench.work import each
from vs2.evaluation import Score
from vs2.rubric import KEYS
from vs2.scenes import film
from vs2.scenes.world import Fault

__all__ = ["STRONG", "TABLE", "Beginning", "RealClip", "judged", "listed", "run", "summary", "table"]

TABLE = clips.TABLE
STRONG = tuple(Fault(kind, 4) for kind in ("blur", "noise", "blocking", "flicker"))     # the suite of before


def judged(judge, item, **options) -> dict:
    """The row of one clip; item: the clip, its faults, and whether to ask, too, for what the judge withholds.

    {file, frames, absent: kinds that the clip has no place for, versions: [{fault, strength, place, scores: {dimension:
    {value, expected, withheld, unscoped}}}]}; the first version is the clean one (fault None). place: {first, last,
    box}, the frames and pixels that are spoiled. unscoped: {value, expected} of what is withheld.
    """
    clip, faults, beyond = item
    pictures, fps = clips.frames(clip)
    versions: list[dict] = []
    absent: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for n, fault in enumerate((None, *faults)):
            found = None if fault is None else spoil(pictures, fault, clip.number)
            if fault is not None and found is None:
                absent += [] if fault.kind in absent else [fault.kind]
                continue
            path = film.write_frames(pictures if found is None else found.frames, Path(folder) / f"{n}.mp4", fps)
            versions.append({
                "fault": fault and fault.kind, "strength": fault.strength if fault else 0,
                "place": found and {"first": found.first, "last": found.last, "box": found.box},
                "scores": _said(judge, path, clip.prompt, beyond, options)})
            path.unlink()
    return {"file": clip.path.name, "frames": len(pictures), "absent": absent, "versions": versions}


def _said(judge, path: Path, prompt: str, beyond: bool, options: dict) -> dict[str, dict]:
    """The three scores of a file; of what is withheld, with what it would have been, where that is asked."""
    scores = judge.score(path, prompt, **options).scores
    found = {key: _numbers(scores[key]) | {"withheld": not scores[key].judged} for key in KEYS}
    if beyond and any(cell["withheld"] for cell in found.values()):
        others = unscoped(judge).score(path, prompt, **options).scores
        for key in KEYS:
            if found[key]["withheld"]:
                found[key]["unscoped"] = _numbers(others[key])
    return found


def _numbers(score: Score) -> dict:
    return {"value": score.value, "expected": score.expected}


def run(judge, data: Path | str | None = None, faults: Sequence[Fault] | None = None, count: int | None = None,
        progress: Callable[[int, int], None] | None = None, beyond: bool = False, **options) -> dict:
    """Judge `count` clips, clean and spoiled: {suite, model, clips, metrics, beyond, rows}; metrics as in falls.py.

    data: a table, a folder, or None for scenes (vs2/bench/clips.py). faults: default all of vs2/bench/spoiling/kinds.py
    at all their strengths. beyond: whether to ask for what the judge withholds, too; the same figures with it stand
    under `beyond`. judge: a Judge, or `vs2.bench.work.Processes`. options go to `judge.score`. progress: called with
    (done, count) after each clip. Raises BadInput for clips that cannot be read, and what the judge raises.
    """
    asked = chosen() if faults is None else tuple(faults)
    found: Sequence[RealClip | Drawn] = clips.found(data, count)
    rows = each(judge, judged, [(clip, asked, beyond) for clip in found], progress, **options)
    return {"suite": "faults", "model": judge.name, "clips": len(rows), "metrics": summary(rows),
            "beyond": summary(rows, beyond=True) if beyond else None, "rows": rows}

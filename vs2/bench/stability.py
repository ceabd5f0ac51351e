"""The suite `stability`: how far scores move where nothing that they are about has changed.

A clip is judged, then judged again: the same file; the same pictures re-encoded, smaller, at half and twice the frame
rate, begun some frames later; the same prompt in other words, or in another language. All versions but "again" are
written by one encoder from the same decoded pictures, so that what is named alone differs.

The clips: scenes of this project, or a folder with a videos.csv (vs2/bench/clips.py). A column `rephrased` or
`translated` there holds the prompt in other words or another language; without one, the other words are mechanical, and
nothing is translated.
"""
import csv
import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vs2 import video
from vs2.bench.clips import TABLE, Beginning, listed
from vs2.bench.scenes import held_out, read
from vs2.bench.work import each
from vs2.metrics import share
from vs2.rubric import KEYS
from vs2.scenes import draw, film, words

FRAMES = 180            # most pictures of a clip that are looked at
AGAIN, REPHRASED, TRANSLATED = "judged again", "prompt rephrased", "prompt translated"
MECHANICAL = "A video of the following: {prompt}"


@dataclass(frozen=True)
class Subject:
    """A clip, its prompt, and the same prompt said otherwise. scene: its number, where it is one of this project's."""

    name: str
    prompt: str
    path: Path | None = None
    scene: int | None = None
    rephrased: str = ""
    translated: str = ""


@dataclass(frozen=True)
class Long(Beginning):
    """Every picture of a clip's beginning, up to `FRAMES`."""

    side: int = 360

    def indices(self, total: int, video_fps: float) -> list[int]:
        return list(range(max(1, min(total, FRAMES, math.ceil(6 * video_fps)))))


def _smaller(frames: np.ndarray, factor: float) -> np.ndarray:
    from PIL import Image

    high, wide = (max(28, round(side * factor / 2) * 2) for side in frames.shape[1:3])
    return np.stack([np.asarray(Image.fromarray(one).resize((wide, high), Image.Resampling.BICUBIC)) for one in frames])


# name -> (frames, rate) -> (frames, rate, constant rate factor)
VERSIONS: dict[str, Callable[[np.ndarray, float], tuple[np.ndarray, float, int]]] = {
    "re-encoded (crf 23)": lambda frames, fps: (frames, fps, 23),
    "re-encoded (crf 33)": lambda frames, fps: (frames, fps, 33),
    "rescaled to 3/4": lambda frames, fps: (_smaller(frames, 0.75), fps, 14),
    "rescaled to 1/2": lambda frames, fps: (_smaller(frames, 0.5), fps, 14),
    "half the frame rate": lambda frames, fps: (frames[::2], fps / 2, 14),
    "twice the frame rate": lambda frames, fps: (np.repeat(frames, 2, 0), fps * 2, 14),
    "begun 1 frame later": lambda frames, fps: (frames[1:] if len(frames) > 4 else frames, fps, 14),
    "begun 3 frames later": lambda frames, fps: (frames[3:] if len(frames) > 6 else frames, fps, 14),
}


def subjects(folder: Path | None, count: int | None) -> list[Subject]:
    """What is judged: of a folder, or `count` scenes (8), whose prompts have other words, too. Raises BadInput."""
    if folder is None:
        return [Subject(f"scene {scene.seed}", words.caption(scene.asked, number), scene=number,
                        rephrased=words.caption(scene.asked, number + 1))
                for number, scene in enumerate(held_out(count or 8))]
    clips = listed(folder)[:count]
    with open(Path(folder) / TABLE, newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    return [Subject(clip.path.name, clip.prompt, clip.path,
                    rephrased=(rows[clip.number].get("rephrased") or "").strip(),
                    translated=(rows[clip.number].get("translated") or "").strip()) for clip in clips]


def judged(judge, subject: Subject, **options) -> dict:
    """The row of one clip: {clip, prompt, versions: [{kind, value, expected, withheld}]}, the first the clean one."""
    if subject.path is not None:
        clip = video.read(subject.path, Long())
        frames, fps = clip.frames, clip.metadata.fps
    else:
        scene = held_out((subject.scene or 0) + 1)[-1]
        frames, fps = draw.frames(scene), scene.staging.fps
    versions = []
    with tempfile.TemporaryDirectory() as folder:
        def said(kind: str, path: Path, prompt: str, **other) -> None:
            versions.append({"kind": kind, **read(judge.score(path, prompt, **(options | other)))})

        clean = film.write_frames(frames, Path(folder) / "clean.mp4", fps)
        said("", clean, subject.prompt)
        said(AGAIN, clean, subject.prompt, seed=options.get("seed", 0) + 1)     # where replies are drawn, others are
        for number, (kind, changed) in enumerate(VERSIONS.items()):
            pictures, rate, crf = changed(frames, fps)
            said(kind, film.write_frames(pictures, Path(folder) / f"{number}.mp4", rate, crf), subject.prompt)
        said(REPHRASED, clean, subject.rephrased or MECHANICAL.format(prompt=subject.prompt))
        if subject.translated:
            said(TRANSLATED, clean, subject.translated)
    return {"clip": subject.name, "prompt": subject.prompt, "versions": versions}


def summary(rows) -> dict:
    """{clips, kinds: {kind: {clips, dimensions: {key: {pairs, withheld, unread, changed, mean, most}}}}}.

    changed: the share of pairs whose digit is another; mean, most: how far the expected score moves, in points, None
    where no pair has both. withheld: pairs of which one or both were not judged; unread: of the others, those where a
    digit could not be read. They are in no other figure.
    """
    kinds: dict[str, list[tuple[dict, dict]]] = {}
    for row in rows:
        clean, *others = row["versions"]
        for other in others:
            kinds.setdefault(other["kind"], []).append((clean, other))
    return {"clips": len(rows), "kinds": {kind: {"clips": len(pairs), "dimensions": {
        key: _moved(pairs, i) for i, key in enumerate(KEYS)}} for kind, pairs in kinds.items()}}


def _moved(pairs, i: int) -> dict:
    judged_ = [pair for pair in pairs if not any(one["withheld"][i] for one in pair)]
    read_ = [pair for pair in judged_ if None not in (pair[0]["value"][i], pair[1]["value"][i])]
    far = [abs(one["expected"][i] - other["expected"][i]) for one, other in read_
           if None not in (one["expected"][i], other["expected"][i])]
    changed = [one["value"][i] != other["value"][i] for one, other in read_]
    return {"pairs": len(read_), "withheld": len(pairs) - len(judged_), "unread": len(judged_) - len(read_),
            "changed": float(np.mean(changed)) if changed else None,
            "mean": float(np.mean(far)) if far else None, "most": float(max(far)) if far else None}


def run(judge, count: int | None = None, folder: Path | None = None, progress=None, **options) -> dict:
    """{suite, model, clips, metrics, rows}; see `summary`. count: of clips (all of a folder, else 8 scenes).

    judge: a Judge, or `vs2.bench.work.Processes`. options go to `judge.score`. progress: called with (done, count)
    after each clip. Raises BadInput for a folder or a clip that cannot be read, and what the judge raises.
    """
    rows = each(judge, judged, subjects(folder, count), progress, **options)
    return {"suite": "stability", "model": judge.name, "clips": len(rows), "metrics": summary(rows), "rows": rows}


def table(metrics: dict) -> str:
    """The summary as a Markdown table, a row a change and dimension."""
    lines = ["| change | | pairs | not judged | unread | digit changed | moves by (mean) | at most |",
             "|---|---|---|---|---|---|---|---|"]
    for kind, found in metrics["kinds"].items():
        for key, cell in found["dimensions"].items():
            mean, most = ("-" if cell[name] is None else f"{cell[name]:.2f}" for name in ("mean", "most"))
            lines.append(f"| {kind} | {key} | {cell['pairs']} | {cell['withheld']} | {cell['unread']} | "
                         f"{share(cell['changed'])} | {mean} | {most} |")
    told = f"{metrics['clips']} clips; each version against the clean one, in points of 1 to 5."
    if TRANSLATED not in metrics["kinds"]:
        told += " No prompt was translated: a column `translated` in the table holds one."
    return "\n".join([*lines, "", told])

"""Reviews as files: a table for spreadsheets, JSON, and an archive with the clips that `train/data/reviews.py` reads.

    pairs = [(evaluation id, Review), ...]                    # as Store.reviews gives them
    table(pairs); records(pairs); left_out = archive(pairs, path, clip_of)
"""
import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from vs2.batch import results
from vs2.batch.table_csv import guard
from vs2.history.review_rows import Review
from vs2.rubric import KEYS

COLUMNS = ("evaluation", "reviewer", "video", "prompt", "model",
           *(f"{key}_{what}" for key in KEYS for what in ("judge", "verdict", "corrected")),
           "wrong_passages", "note", "rationale")


NOT_JUDGED = "not judged"   # in the column of the judge's score, which is empty where it was not read


def table(reviews: Iterable[tuple[str, Review]], knows: Callable[[str], str] | None = None) -> str:
    """The reviews as CSV, one row each, in which no text is a formula. Wrong passages are quoted, one a line.

    knows: what the judge of a name knows, for a column of its own.
    """
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\r\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow([*COLUMNS, *[results.KNOWS] * bool(knows)])
    for evaluation, review in reviews:
        by_dimension = [value for key in KEYS
                        for value in (NOT_JUDGED if key in review.not_judged else review.scores[key],
                                      review.verdicts.get(key), review.corrected.get(key))]
        passages = "\n".join(review.rationale[start:end] for start, end in review.wrong_passages)
        row = [evaluation, review.reviewer, _named(review).video.name, review.prompt, review.model, *by_dimension,
               passages, review.note, review.rationale, *([knows(review.model)] if knows else [])]
        writer.writerow(["" if cell is None else guard(cell) if isinstance(cell, str) else cell for cell in row])
    return lines.getvalue()


def records(reviews: Iterable[tuple[str, Review]]) -> list[dict]:
    """The reviews as JSON values: the fields of `Review.to_json`, and `evaluation`, the id of what is reviewed."""
    return [{"evaluation": evaluation, **_named(review).to_json()} for evaluation, review in reviews]


def archive(reviews: Iterable[tuple[str, Review]], path: Path, clip_of: Callable[[str], Path | None]) -> int:
    """Writes a zip file with reviews.jsonl and, in clips/, each reviewed clip once; gives how many reviews it lacks.

    clip_of: an evaluation's id -> the file that was judged, None where it is not kept. A review of such an evaluation
    is left out: without its clip there is nothing to train on. Two evaluations of one file share it.
    """
    lines: list[str] = []
    names: dict[Path, str] = {}
    lacking = 0
    with zipfile.ZipFile(path, "w") as file:
        for evaluation, review in reviews:
            clip = clip_of(evaluation)
            if clip is None or not clip.is_file():
                lacking += 1
                continue
            if clip not in names:
                names[clip] = f"clips/{len(names) + 1:05d}{_suffix(clip)}"
                file.write(clip, names[clip], zipfile.ZIP_STORED)  # a video does not get smaller
            record = replace(review, video=Path(names[clip])).to_json()
            lines.append(json.dumps(record, ensure_ascii=False) + "\n")
        file.writestr("reviews.jsonl", "".join(lines).encode("utf-8", "replace"), zipfile.ZIP_DEFLATED)
    return lacking


def _named(review: Review) -> Review:
    """The review with its video's name alone: where a file lies on a server concerns nobody else."""
    return replace(review, video=Path(re.split(r"[/\\]", str(review.video))[-1]))


def _suffix(path: Path) -> str:
    """The ending of a file's name, where it is a plain one."""
    return path.suffix.lower() if re.fullmatch(r"\.[a-z0-9]{1,5}", path.suffix.lower()) else ""

"""Small suites in their published formats, and a judge that says what a table of scores says."""
import csv
import json
from pathlib import Path

from tests.support.fake_judge import FakeJudge


def clips(folder: Path, *names: str) -> None:
    """Files that stand for clips: nobody looks into them where the judge is scripted."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"clip")


def write_json(path: Path, rows) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


def write_csv(path: Path, rows: list[dict]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return path


def judge(scores: dict[str, tuple]) -> FakeJudge:
    """Says of a clip what stands under its file's name, without its ending."""
    return FakeJudge(lambda path, prompt: scores[path.stem])

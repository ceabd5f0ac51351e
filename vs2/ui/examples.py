"""The example clips that come with the project, as pages offer them."""
import csv
from pathlib import Path

from vs2.resources import ASSETS


def examples(folder: Path = ASSETS / "examples") -> list[dict]:
    """The rows of `examples.csv` (file, prompt, shows) with `file` as a path; none where there is no such file."""
    table = folder / "examples.csv"
    if not table.exists():
        return []
    with table.open(encoding="utf-8", newline="") as lines:
        return [{**row, "file": str(folder / Path(row["file"]).name)} for row in csv.DictReader(lines)]

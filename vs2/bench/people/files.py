"""A suite's files: tables in their published formats, and clips beside them, found within the folder only."""
import csv
import io
import json
import os
from collections.abc import Iterable
from pathlib import Path

from vs2.batch.table import decoded
from vs2.errors import BadInput
from vs2.video import display_name

MOST_BYTES = 512 * 2**20
FOLDERS = ("", "videos")        # where clips lie, from the folder that was given


def table(path: Path, needed: Iterable[str] = (), columns: Iterable[str] | None = None) -> list[dict]:
    """The rows of a .csv, .tsv, .json, .jsonl or .parquet file.

    columns: of a .parquet, those to read (default: all). Raises BadInput where it is none, or lacks one of `needed`.
    """
    shown, suffix = display_name(path), path.suffix.lower()
    try:
        if path.stat().st_size > MOST_BYTES and suffix != ".parquet":
            raise BadInput(f"{shown} is larger than {MOST_BYTES // 2**20} MB: split it.")
        rows = _parquet(path, columns) if suffix == ".parquet" else _text(path, suffix, shown)
    except OSError as error:
        raise BadInput(f"{shown} cannot be read ({error.strerror}): check the path.") from error
    if not rows:
        raise BadInput(f"{shown} has no rows.")
    known = set().union(*(row.keys() for row in rows))
    if lacking := [name for name in needed if name not in known]:
        raise BadInput(f"{shown} has no column {', '.join(lacking)}: it has {', '.join(sorted(known)[:20])}.")
    return rows


def _text(path: Path, suffix: str, shown: str) -> list[dict]:
    text = decoded(path.read_bytes(), shown)
    if suffix in (".csv", ".tsv"):
        csv.field_size_limit(max(csv.field_size_limit(), MOST_BYTES))
        try:
            mark = "\t" if suffix == ".tsv" else ","
            rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
            return [{name: value for name, value in row.items() if name is not None} for row in rows]
        except csv.Error as error:
            raise BadInput(f"{shown} is no CSV ({error}): fetch it again.") from error
    if suffix not in (".json", ".jsonl"):
        raise BadInput(f"{shown} is no table that can be read: give a .csv, .tsv, .json, .jsonl or .parquet.")
    try:
        found = [json.loads(line) for line in text.splitlines() if line.strip()] if suffix == ".jsonl" \
            else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{shown} is not JSON ({error}): fetch it again.") from error
    if isinstance(found, dict):
        held = [value for value in found.values() if isinstance(value, list)]
        found = held[0] if len(held) == 1 else [found]
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise BadInput(f"{shown} holds no list of objects.")
    return found


def _parquet(path: Path, columns: Iterable[str] | None) -> list[dict]:
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(path)
        wanted = None if columns is None else [name for name in columns if name in file.schema_arrow.names]
        return file.read(columns=wanted).to_pylist()
    except pyarrow.ArrowException as error:
        raise BadInput(f"{display_name(path)} is no Parquet file that can be read: fetch it again.") from error


class Folder:
    """The folder of a suite's files. source: where they come from, for sentences on what is missing."""

    def __init__(self, folder: Path, source: str):
        self.folder, self.source = Path(folder), source
        if not self.folder.is_dir():
            raise BadInput(f"There is no folder {display_name(folder)}: --data names the folder with the suite's files "
                           f"({source}).")
        self._root = os.path.realpath(self.folder)

    def file(self, *names: str) -> Path:
        """The first of these files that is there. Raises BadInput, saying where they come from."""
        for name in names:
            if (self.folder / name).is_file():
                return self.folder / name
        raise BadInput(f"{display_name(self.folder)} has no {names[0]}: it comes from {self.source}.")

    def files(self, pattern: str) -> list[Path]:
        """The files of a pattern, in order."""
        return sorted(path for path in self.folder.glob(pattern) if path.is_file())

    def clip(self, *names: str) -> tuple[Path | None, str]:
        """The clip of the first of these names that is there, and "", else None and why: one sentence."""
        for name in names:
            for below in FOLDERS:
                place = self.folder / below / name.replace("\\", "/")
                real = os.path.realpath(place)
                if os.path.isfile(real):
                    if os.path.commonpath([real, self._root]) != self._root:
                        return None, f"{display_name(name)} leads out of the folder."
                    return place, ""
        return None, f"{display_name(names[0])} is not in the folder: clips come from {self.source}."


def number(value: object) -> float | None:
    """A cell as a number, None where it is none."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        found = float(value)  # type: ignore[arg-type]  # what it cannot take, it raises on
    except (TypeError, ValueError, OverflowError):
        return None
    return found if abs(found) < float("inf") else None


def text(value: object) -> str:
    """A cell as a text."""
    return value.strip() if isinstance(value, str) else ""

"""What a table's judgement is kept in: a record a row, as JSON Lines or CSV, and what lets a killed run go on.

A record is an evaluation's `to_dict` with the row's number, its other columns, `error` (null where there are scores)
and `key`, which says what was judged and how. Other columns whose names are taken stand under "input ...".
"""
import contextlib
import csv
import hashlib
import io
import json
import os
from pathlib import Path

from vs2.errors import BadInput, Failure
from vs2.rubric import KEYS
from vs2.table import Row, guard, unguard
from vs2.video import display_name

FIELDS = ("row", "video", "prompt", "model", "precision", "rationale", "scores", "overall", "frames", "seconds",
          "tokens", "truncated", "warnings", "frame_times", "reply", "samples", "published", "error", "key")
PARTS = ("value", "expected", "confidence")
COLUMNS = ("video", "prompt", "model", "precision", *(f"{key}_{part}" for key in KEYS for part in PARTS), "overall",
           "rationale", "frames", "seconds", "tokens", "truncated", "warnings", "error")
PUBLISHED = tuple(f"{key}_published" for key in KEYS)    # columns only where the script's soft scores were asked for
_TAKEN = {*FIELDS, *COLUMNS, *PUBLISHED}
SUFFIXES = (".csv", ".jsonl")


def key(row: Row, how: dict) -> str:
    """What a row's result depends on, as 16 hexadecimal digits: its number, its content, and how it is judged."""
    said = json.dumps([row.number, row.video, row.prompt, row.other, how], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def record(row: Row, evaluation=None, error: str | None = None, key: str = "") -> dict:
    """The record of a row that was judged, or of one that could not be. Plain JSON values."""
    made = dict.fromkeys(FIELDS) | {"warnings": [], "frame_times": [], "samples": []}
    if evaluation is not None:
        made |= evaluation.to_dict()
    made |= {"row": row.number, "video": row.video, "prompt": row.prompt, "error": error, "key": key}
    for name, value in row.other.items():
        while name in _TAKEN or name in made:
            name = f"input {name}"
        made[name] = value
    return made


def flat(record: dict) -> dict:
    """The record as one level of columns, `COLUMNS` first; values are numbers, truths, texts or None."""
    row = {name: record.get(name) for name in COLUMNS}
    for dimension in KEYS:
        score = (record["scores"] or {}).get(dimension) or {}
        row |= {f"{dimension}_{part}": score.get(part) for part in PARTS}
    if isinstance(record.get("published"), dict):
        row |= {column: record["published"][key]["soft"] for key, column in zip(KEYS, PUBLISHED, strict=True)}
    row["seconds"] = record["seconds"] and record["seconds"]["total"]
    row["warnings"] = "\n".join(record["warnings"])
    return row | {name: value for name, value in record.items() if name not in _TAKEN}


def write(records: list[dict], path: Path) -> None:
    """The records as the file `path`, which its suffix makes CSV or JSON Lines; replaces what is there in one step.

    Raises Failure where it cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", errors="replace", newline="") as out:
            if path.suffix.lower() == ".csv":
                _write_csv(records, out)
            else:
                out.writelines(_line(record) for record in records)
        part.replace(path)
    except OSError as error:
        raise Failure(f"{display_name(path)} cannot be written ({error.strerror}): free the disk or choose another "
                      "--out, then go on with --resume.") from error


def to_csv(records: list[dict]) -> str:
    """The records as CSV. No cell starts like a formula: see `vs2.table.guard`; `read_csv` undoes that."""
    out = io.StringIO(newline="")
    _write_csv(records, out)
    return out.getvalue()


def read_csv(path: Path) -> list[dict]:
    """The rows of a CSV file that `write` wrote, as texts; an empty cell is ""."""
    with Path(path).open(encoding="utf-8-sig", newline="") as lines:
        return [{unguard(name): unguard(value) for name, value in row.items()} for row in csv.DictReader(lines)]


def _write_csv(records: list[dict], out) -> None:
    rows = [flat(record) for record in records]
    names = list(dict.fromkeys([*COLUMNS, *(name for row in rows for name in row)]))
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(map(guard, names))
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in names])


def _cell(value) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return guard(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _line(record: dict) -> str:
    return json.dumps(record, allow_nan=False) + "\n"


class Journal:
    """The records of the rows that were judged, each on the disk before the next comes; it outlives a kill.

    Opened with the key of each row: `records` has those that an earlier run left with scores, by row number. For JSON
    Lines the journal is the result's file itself, for CSV a file beside it. A context manager.
    """

    def __init__(self, out: Path, keys: dict[int, str], resume: bool):
        """Raises BadInput where there is something already and it is not to be resumed, or is of another run."""
        self.out, self.keys = out, keys
        self.path = out if out.suffix.lower() == ".jsonl" else out.with_name(f"{out.name}.journal")
        self.records: dict[int, dict] = {}
        name = display_name(out)
        there = [path for path in {out, self.path} if path.exists() and path.stat().st_size]
        if there and not resume:
            raise BadInput(f"{display_name(there[0])} is there already: go on with it with --resume, or give another "
                           "--out.")
        if there and self.path not in there:
            raise BadInput(f"{name} has no journal beside it, so it cannot be resumed: give another --out.")
        try:
            self._file = self.path.open("a+b")
        except OSError as error:
            raise BadInput(f"{name} cannot be written ({error.strerror}): give another --out.") from error
        try:
            self._lock(name)
            self._take(name)
        except BaseException:
            self._file.close()
            raise

    def _lock(self, name: str) -> None:
        try:
            import fcntl
        except ImportError:     # Windows: two runs at once are the user's to avoid
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadInput(f"Another run is writing {name}: wait for its end, or give another --out.") from error
        except OSError:         # a file system without locks
            return

    def _take(self, name: str) -> None:
        """Reads what is there. A last line that a kill cut short goes."""
        whole = 0
        self._file.seek(0)
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            whole += len(line)
            try:
                found = json.loads(line)
                row, key = found["row"], found["key"]
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise BadInput(f"{name} holds what no run of `vs2 batch` wrote, so it cannot be resumed: give another "
                               "--out.") from error
            if self.keys.get(row) != key:
                raise BadInput(f"{name} comes from another table or other options, so it cannot be resumed: give "
                               "another --out.")
            if found["error"] is None:
                self.records[row] = found
        self._file.truncate(whole)

    def add(self, record: dict) -> None:
        """Appends a record; it is on the disk when this returns. Raises Failure where it cannot be."""
        try:
            self._file.write(_line(record).encode())
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise Failure(f"{display_name(self.path)} cannot be written ({error.strerror}): free the disk, then go on "
                          "with --resume.") from error
        self.records[record["row"]] = record

    def finish(self) -> None:
        """Writes the result's file: all records, in the table's order."""
        write([self.records[row] for row in sorted(self.records)], self.out)

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_) -> None:
        with contextlib.suppress(OSError):      # what was to be kept was flushed when it came
            self._file.close()
            if self.path.stat().st_size == 0:
                self.path.unlink()

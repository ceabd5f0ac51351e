"""What a table's judgement is kept in: a record a row, and the files of them, whose endings are their formats.

A record is an evaluation's `to_dict` with the row's number, its other columns, `error` (null where there is an
evaluation) and `key`, which says what was judged and how. Other columns whose names are taken stand under "input ...".
A dimension that was not judged has no score there but a `reason`, in files of columns one of its own.
"""
import csv
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path

from vs2.batch.table import SUFFIXES, Row
from vs2.batch.table_csv import guard, unguard
from vs2.errors import BadInput, Failure
from vs2.rubric import KEYS
from vs2.video import display_name

FIELDS = ("row", "video", "prompt", "model", "precision", "rationale", "scores", "overall", "frames", "seconds",
          "tokens", "truncated", "warnings", "frame_times", "reply", "samples", "published", "given_fps", "shown",
          "looped", "options", "error", "key")
PARTS = ("value", "expected", "confidence", "reason")
COLUMNS = ("video", "prompt", "model", "precision", *(f"{key}_{part}" for key in KEYS for part in PARTS), "overall",
           "rationale", "frames", "seconds", "tokens", "truncated", "warnings", "error")
PUBLISHED = tuple(f"{key}_published" for key in KEYS)    # columns only where the script's soft scores were asked for
KNOWS = "judge_knows"   # a column only where somebody says it: see `with_knows`
_TAKEN = {*FIELDS, *COLUMNS, *PUBLISHED, KNOWS}
# The types of the columns that are no text, in Parquet; others have the type of what is in them.
_TYPES = {"overall": float, "seconds": float, "frames": int, "tokens": int, "truncated": bool,
          **dict.fromkeys(PUBLISHED, float),
          **{f"{key}_{part}": {"value": int, "reason": str}.get(part, float) for key in KEYS for part in PARTS}}


def key(row: Row, how: dict) -> str:
    """What a row's result depends on, as 16 hexadecimal digits: its number, its content, and how it is judged."""
    rate = [] if row.fps is None else [row.fps]     # nothing, so that runs from before there were pictures go on
    said = json.dumps([row.number, row.video, row.prompt, row.other, how, *rate], sort_keys=True)
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


def with_knows(records: list[dict], knows: Callable[[str], str]) -> list[dict]:
    """The records with what the judge of each knows beside its scores; `knows` says it of a judge's name."""
    return [record | ({KNOWS: knows(record["model"])} if record["model"] else {}) for record in records]


def flat(record: dict) -> dict:
    """The record as one level of columns, `COLUMNS` first; values are numbers, truths, texts or None."""
    row = {name: record.get(name) for name in COLUMNS}
    for dimension in KEYS:
        score = (record["scores"] or {}).get(dimension) or {}
        row |= {f"{dimension}_{part}": score.get(part) for part in PARTS}
    if isinstance(record.get("published"), dict):
        row |= {column: record["published"][key]["soft"] for key, column in zip(KEYS, PUBLISHED, strict=True)}
    if KNOWS in record:
        row[KNOWS] = record[KNOWS]
    row["seconds"] = record["seconds"] and record["seconds"]["total"]
    row["warnings"] = "\n".join(record["warnings"])
    return row | {name: value for name, value in record.items() if name not in _TAKEN}


def check_out(path: Path) -> None:
    """Raises BadInput for a result's file that `write` could not make for its ending."""
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput(f"--out is {display_name(path)}: its ending must be {' or '.join(SUFFIXES)}, which decides the "
                       "format.")
    if path.suffix.lower() == ".parquet":
        _parquet()


def write(records: list[dict], path: Path) -> None:
    """The records as the file `path`, in the format that its suffix names; replaces what is there in one step.

    JSON holds the records whole; CSV, tabs and Parquet hold them `flat`. Raises Failure where it cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        if path.suffix.lower() == ".parquet":
            _write_parquet(records, part)
        else:
            with part.open("w", encoding="utf-8", errors="replace", newline="") as out:
                _write_text(records, path.suffix.lower(), out)
        part.replace(path)
    except OSError as error:
        raise Failure(f"{display_name(path)} cannot be written ({error.strerror}): free the disk or choose another "
                      "--out, then go on with --resume.") from error


def to_csv(records: list[dict]) -> str:
    """The records as CSV. No cell starts like a formula: see `vs2.batch.table_csv.guard`; `read_csv` undoes that."""
    out = io.StringIO(newline="")
    _write_text(records, ".csv", out)
    return out.getvalue()


def read_csv(path: Path) -> list[dict]:
    """The rows of a .csv or .tsv file that `write` wrote, as texts; an empty cell is ""."""
    mark = "\t" if Path(path).suffix.lower() == ".tsv" else ","
    with Path(path).open(encoding="utf-8-sig", newline="") as lines:
        return [{unguard(name): unguard(value) for name, value in row.items()}
                for row in csv.DictReader(lines, delimiter=mark)]


def line(record: dict) -> str:
    """The record as a line of JSON."""
    return json.dumps(record, allow_nan=False) + "\n"


def _write_text(records: list[dict], suffix: str, out) -> None:
    if suffix == ".jsonl":
        out.writelines(map(line, records))
    elif suffix == ".json":
        out.write("[" + ",".join(f"\n{line(record).rstrip()}" for record in records) + "\n]\n")
    else:
        rows, names = _flat(records)
        writer = csv.writer(out, delimiter="\t" if suffix == ".tsv" else ",", lineterminator="\r\n")
        writer.writerow(map(guard, names))
        for row in rows:
            writer.writerow([_cell(row.get(name)) for name in names])


def _flat(records: list[dict]) -> tuple[list[dict], list[str]]:
    rows = [flat(record) for record in records]
    return rows, list(dict.fromkeys([*COLUMNS, *(name for row in rows for name in row)]))


def _cell(value) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return guard(_said(value))


def _said(value) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _parquet():
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise BadInput("Parquet needs the package pyarrow: install it with `pip install pyarrow`, or write a .csv.") \
            from error
    return pyarrow


def _write_parquet(records: list[dict], path: Path) -> None:
    pyarrow = _parquet()
    rows, names = _flat(records)
    made = {bool: pyarrow.bool_(), int: pyarrow.int64(), float: pyarrow.float64(), str: pyarrow.string()}
    arrays = []
    for name in names:
        values = [row.get(name) for row in rows]
        kind = _kind(name, values)
        if kind is str:
            values = [value if value is None else _text(_said(value)) for value in values]
        arrays.append(pyarrow.array(values, made[kind]))
    with path.open("wb") as out:        # by itself it opens no name that is not UTF-8
        pyarrow.parquet.write_table(pyarrow.table(arrays, [_text(name) for name in names]), out)


def _kind(name: str, values: list) -> type:
    """The one type that holds all of a column's values, text where there is no other."""
    there = {type(value) for value in values if value is not None}
    fits = there <= {int, float} and all(isinstance(value, float) or -2**63 <= value < 2**63
                                         for value in values if value is not None)
    if not there:
        return _TYPES.get(name, str)
    if there == {bool} or there == {int} and fits and _TYPES.get(name) is not float:
        return there.pop()
    return float if fits else str


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode()

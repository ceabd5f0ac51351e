"""A table of videos that nobody vouches for -> rows, each checked before anything is judged.

    with opened("clips.csv") as rows:                  # CSV or JSON Lines, or a zip of one with its clips
        [(row.number, row.problem) for row in rows if row.problem]

A table has the columns `video` (a path relative to the table) and `prompt`; its others pass through. Whatever is wrong
with one row is that row's `problem`, one sentence; only a table that cannot be read at all is refused.
"""
import csv
import io
import json
import math
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from vs2 import archive, video
from vs2.errors import BadInput
from vs2.rubric import check_prompt
from vs2.video import check_file, display_name

SUFFIXES = (".csv", ".jsonl")
NEEDED = ("video", "prompt")
# Where a cell starts like a formula, behind as many apostrophes as there are. Plain numbers are none.
_FORMULA = re.compile(r"'*(?:\s*[=+\-@＝＋－＠]|[\t\r\n])")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


@dataclass(frozen=True)
class Limits:
    """What a table may hold: its bytes, its rows, one clip, and a zip as a whole."""

    table_bytes: int = 256 * 2**20
    rows: int = 1_000_000
    clip: video.Limits = field(default_factory=video.Limits)
    zip: archive.Limits = field(default_factory=archive.Limits)


@dataclass(frozen=True)
class Row:
    """One row. number: from 1, in the table's order. video, prompt: as written there. other: its other columns.

    path: the file to judge. problem: why it cannot be judged, one sentence; "" where it can.
    """

    number: int
    video: str
    prompt: str
    other: dict
    path: Path | None = None
    problem: str = ""


@contextmanager
def opened(path: str | Path, limits: Limits = Limits(), within: str | Path | None = None) -> Iterator[list[Row]]:
    """The checked rows of the table or the zip at `path`.

    The clips of a zip are unpacked into a new folder in `within` (else the machine's for temporary files), which goes
    with the context. Raises BadInput where there is no table, Failure where unpacking fails.
    """
    path = Path(path)
    if path.suffix.lower() != ".zip":
        yield check(read(path, limits), beside(path), limits.clip)
        return
    with tempfile.TemporaryDirectory(prefix="vs2-batch-", dir=within, ignore_cleanup_errors=True) as folder:
        yield unpacked(path, Path(folder), limits)


def unpacked(path: str | Path, folder: Path, limits: Limits = Limits()) -> list[Row]:
    """The checked rows of a zip; the clips that they name lie in `folder` afterwards. Raises as `opened`."""
    with archive.opened(path, limits.zip) as packed:
        name = packed.table(SUFFIXES)
        found = parse(packed.read(name, limits.table_bytes), name, limits)
        return check(found, lambda clip: packed.clip(name, clip, folder, limits.clip.max_bytes), limits.clip)


def read(path: str | Path, limits: Limits = Limits()) -> list[tuple[dict, str]]:
    """What `parse` finds in a file. Raises BadInput where it cannot be read."""
    path = Path(path)
    name = display_name(path)
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput(f"{name} is no table that can be read: give a .csv, a .jsonl, or a .zip with one and its clips.")
    try:
        with path.open("rb") as file:
            data = file.read(limits.table_bytes + 1)
    except FileNotFoundError as error:
        raise BadInput(f"There is no table {name} at the path given: check the path.") from error
    except (OSError, ValueError) as error:
        raise BadInput(f"The table {name} cannot be read ({error}): check the path.") from error
    if len(data) > limits.table_bytes:
        raise BadInput(f"The table {name} is larger than {limits.table_bytes // 2**20} MB: split it.")
    return parse(data, name, limits)


def parse(data: bytes, name: str, limits: Limits = Limits()) -> list[tuple[dict, str]]:
    """(columns, problem) of each row of a table's bytes; `name` says by its suffix whether it is CSV or JSON Lines.

    Raises BadInput where the whole of it cannot be used.
    """
    shown = display_name(name)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"The table {shown} is not UTF-8 text: save it as UTF-8 (\"CSV UTF-8\" in a spreadsheet).") \
            from error
    found = _csv(text, shown) if name.lower().endswith(".csv") else _jsonl(text, shown)
    if not found:
        raise BadInput(f"The table {shown} has no rows: write one video and its prompt a row.")
    if len(found) > limits.rows:
        raise BadInput(f"The table {shown} has {len(found)} rows, more than {limits.rows}: split it.")
    return found


def check(found: list[tuple[dict, str]], find: Callable[[str], str | Path],
          clip: video.Limits = video.Limits()) -> list[Row]:
    """The rows that `parse` found, each with its file or its problem. find(video) gives the file; raises BadInput."""
    rows = []
    for number, (columns, problem) in enumerate(found, 1):
        named, prompt = (columns.get(name) for name in NEEDED)
        path = None
        try:
            if problem:
                raise BadInput(problem)
            for name, value in (("video", named), ("prompt", prompt)):
                if not isinstance(value, str) and value is not None:
                    raise BadInput(f"The row's {name} is no text: write it in quotes.")
                (value or "").encode()
            if not (named or "").strip():
                raise BadInput("The row names no video: give the path of its file.")
            check_prompt(prompt or "")
            path, _, _ = check_file(find(named.strip()), clip)
        except UnicodeEncodeError:
            problem = "The row has characters that are no text (lone surrogates): write it anew."
        except BadInput as error:
            problem = str(error)
        other = {name: value for name, value in columns.items() if name not in NEEDED}
        rows.append(Row(number, *(_text(value) for value in (named, prompt)), other, path, problem))
    return rows


def beside(table: Path) -> Callable[[str], str | Path]:
    """Finds the clips of a table of one's own: paths are relative to the table. An address stays one, to be refused."""
    folder = Path(table).absolute().parent
    return lambda clip: clip if "://" in clip else folder / clip


def guard(text: str) -> str:
    """The text as a CSV cell that no spreadsheet takes for a formula: with an apostrophe before = + - @, if need be."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def unguard(text: str) -> str:
    """The text that `guard` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _text(value) -> str:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _csv(text: str, shown: str) -> list[tuple[dict, str]]:
    found: list[tuple[dict, str]] = []
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        names = _columns(next(lines, []), shown)
        for cells in lines:
            if not cells:
                continue
            problem = "" if len(cells) <= len(names) else (
                f"The row has {len(cells)} cells for {len(names)} columns: put a text with commas in quotes.")
            cells = [unguard(cell) for cell in cells[:len(names)]]
            found.append((dict(zip(names, cells + [""] * (len(names) - len(cells)), strict=True)), problem))
    except csv.Error as error:
        raise BadInput(f"The table {shown} is no CSV at line {lines.line_num} ({error}): check its quotes.") from error
    return found


def _delimiter(text: str) -> str:
    """What stands between the columns: a comma, else what a spreadsheet writes in some countries."""
    header = text.split("\n", 1)[0].lower()
    return next((mark for mark in ",;\t" if set(NEEDED) <= {name.strip(' "\r') for name in header.split(mark)}), ",")


def _columns(header: list[str], shown: str) -> list[str]:
    names = [unguard(name).strip() or f"column {place}" for place, name in enumerate(header, 1)]
    names = [name.lower() if name.lower() in NEEDED else name for name in names]
    if lacking := [name for name in NEEDED if name not in names]:
        raise BadInput(f"The table {shown} has no column `{lacking[0]}`: its first line names `video` and `prompt`.")
    if twice := [name for name in names if names.count(name) > 1]:
        raise BadInput(f"The table {shown} has two columns {twice[0]!r}: rename one.")
    return names


def _jsonl(text: str, shown: str) -> list[tuple[dict, str]]:
    return [_object(line) for line in text.split("\n") if line.strip()]


def _object(line: str) -> tuple[dict, str]:
    def unique(pairs):
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a name stands twice in it")
        return dict(pairs)

    def number(digits: str) -> float:
        if not math.isfinite(float(digits)):
            raise ValueError(f"{digits[:20]} is no number")
        return float(digits)

    try:
        columns = json.loads(line, object_pairs_hook=unique, parse_float=number, parse_constant=number)
    except (ValueError, RecursionError) as error:
        return {}, f"The row is not JSON ({error})."
    if not isinstance(columns, dict):
        return {}, 'The row is no JSON object: write {"video": ..., "prompt": ...}.'
    return columns, ""


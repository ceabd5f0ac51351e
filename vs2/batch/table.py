"""A table of videos that nobody vouches for -> rows, each checked before anything is judged.

    with opened("clips.csv") as rows:                  # any of SUFFIXES, or a zip of one with its clips
        [(row.number, row.problem) for row in rows if row.problem]

A table has the columns `video` (a path relative to the table) and `prompt`; its others pass through. Whatever is wrong
with one row is that row's `problem`, one sentence; only a table that cannot be read at all is refused.
"""
import codecs
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from vs2 import video
from vs2.batch import archive, elsewhere, table_csv, table_json, table_parquet
from vs2.batch.table_csv import NEEDED
from vs2.errors import BadInput
from vs2.rubric import check_prompt
from vs2.texts import path_text, spelled
from vs2.video import check_file, display_name
from vs2.video.rate import check_fps, is_pictures

SUFFIXES = (".csv", ".tsv", ".jsonl", ".json", ".parquet")
NAMED = f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Limits:
    """What a table may hold: its bytes, its rows, its columns, both multiplied, one clip, and a zip as a whole."""

    table_bytes: int = 256 * 2**20
    rows: int = 1_000_000
    columns: int = 1000
    cells: int = 20_000_000
    clip: video.Limits = field(default_factory=video.Limits)
    zip: archive.Limits = field(default_factory=archive.Limits)


@dataclass(frozen=True)
class Row:
    """One row. number: from 1, in the table's order. video, prompt: as written there. other: its other columns.

    path: the file to judge. problem: why it cannot be judged, one sentence; "" where it can. fps: pictures a second,
    where the file is a folder or a zip of pictures. address: where the clip is, in place of a path, if it is to be
    fetched when its turn comes (`vs2.batch.elsewhere`).
    """

    number: int
    video: str
    prompt: str
    other: dict
    path: Path | None = None
    problem: str = ""
    fps: float | None = None
    address: str = ""


@contextmanager
def opened(path: str | Path, limits: Limits = Limits(), within: str | Path | None = None,
           fps: float | None = None, addresses: bool = False) -> Iterator[list[Row]]:
    """The checked rows of the table or the zip at `path`.

    addresses: whether a table's clips may lie elsewhere; those of a zip are in it.
    fps: of rows whose video is a folder or a zip of pictures and that have no column `fps` of their own.
    The clips of a zip are unpacked into a new folder in `within` (else the machine's for temporary files), which goes
    with the context. Raises BadInput where there is no table, Failure where unpacking fails.
    """
    path = Path(path_text(path))
    if path.suffix.lower() != ".zip":
        yield check(read(path, limits), beside(path), limits.clip, fps, addresses)
        return
    with tempfile.TemporaryDirectory(prefix="vs2-batch-", dir=within, ignore_cleanup_errors=True) as folder:
        yield unpacked(path, Path(folder), limits, fps)


def unpacked(path: str | Path, folder: Path, limits: Limits = Limits(), fps: float | None = None) -> list[Row]:
    """The checked rows of a zip; the clips that they name lie in `folder` afterwards. Raises as `opened`."""
    with archive.opened(path, limits.zip) as packed:
        name = packed.table(tables, NAMED)
        found = parse(packed.read(name, limits.table_bytes), name, limits)
        return check(found, lambda clip: packed.clip(name, clip, folder, limits.clip.max_bytes), limits.clip,
                     fps)


def tables(names: Iterable[str]) -> list[str]:
    """Those of the files' names that are tables. A .json beside a table of another kind says something of the clips."""
    found = [name for name in names if name.lower().endswith(SUFFIXES)]
    return [name for name in found if not name.lower().endswith(".json")] or found


def read(path: str | Path, limits: Limits = Limits()) -> list[tuple[dict, str]]:
    """What `parse` finds in a file. Raises BadInput where it cannot be read."""
    path = Path(path)
    name = display_name(path)
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput(f"{name} is no table that can be read: give a {NAMED}, or a .zip with one and its clips.")
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
    """(columns, problem) of each row of a table's bytes; `name` says by its suffix what they are.

    Raises BadInput where the whole of it cannot be used.
    """
    shown, suffix = display_name(name), Path(name).suffix.lower()
    if suffix == ".parquet":
        found = table_parquet.rows(data, shown, limits)
    else:
        text = decoded(data, shown)
        if suffix in (".csv", ".tsv"):
            marks = table_csv.MARKS if suffix == ".csv" else "\t" + table_csv.MARKS.replace("\t", "")
            found = table_csv.rows(text, shown, limits, marks)
        else:
            found = (table_json.rows if suffix == ".json" else table_json.lines)(text, shown, limits)
    if not found:
        raise BadInput(f"The table {shown} has no rows: write one video and its prompt a row.")
    return found


def decoded(data: bytes, shown: str) -> str:
    """The text of a table in UTF-8, or in UTF-16 that says so, as spreadsheets save it. Raises BadInput."""
    try:
        return data.decode("utf-16" if data.startswith(_UTF16) else "utf-8-sig").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise BadInput(f"The table {shown} is not UTF-8 text: save it as UTF-8 (\"CSV UTF-8\" in a spreadsheet).") \
            from error


def check(found: list[tuple[dict, str]], find: Callable[[str], str | Path],
          clip: video.Limits = video.Limits(), fps: float | None = None, addresses: bool = False) -> list[Row]:
    """The rows that `parse` found, each with its file or its problem. find(video) gives the file; raises BadInput.

    fps, addresses: as `opened`.
    """
    rows = []
    for number, (columns, problem) in enumerate(found, 1):
        named, prompt = (columns.get(name) for name in NEEDED)
        path: Path | None = None
        address = ""
        rate: float | None = None
        try:
            if problem:
                raise BadInput(problem)
            for name, value in (("video", named), ("prompt", prompt)):
                if not isinstance(value, str) and value is not None:
                    raise BadInput(f"The row's {name} is no text: write it in quotes.")
                (value or "").encode()
            written = (named or "").strip()
            if not written:
                raise BadInput("The row names no video: give the path of its file.")
            check_prompt(prompt or "")
            place = find(written)
            if addresses and isinstance(place, str) and elsewhere.is_address(place):
                elsewhere.check(place)
                address = place
            else:
                rate = _rate(columns.get("fps"), fps) if is_pictures(place) else None
                path, _, _ = check_file(place, clip, rate)
        except UnicodeEncodeError:
            problem = "The row has characters that are no text (lone surrogates): write it anew."
        except BadInput as error:
            problem = str(error)
        other = {name: value for name, value in columns.items() if name not in NEEDED}
        rows.append(Row(number, _text(named), _text(prompt), other, path, problem, rate, address))
    return rows


def beside(table: Path) -> Callable[[str], str | Path]:
    """Finds the clips of a table of one's own: paths are relative to the table, or as `local` reads them.

    An address stays one, to be refused.
    """
    folder = Path(table).absolute().parent

    def find(written: str) -> str | Path:
        written = spelled(written)
        try:
            if (folder / written).exists():     # a name may look like anything
                return folder / written
        except (OSError, ValueError):           # too long for a name, or a zero byte: `check_file` says so
            return folder / written
        place = local(written)
        return place if "://" in place else folder / place

    return find


def local(written: str) -> str:
    """A path as people write it, as one of this machine: `~/`, file:// and backslashes. Raises BadInput.

    An address of any other kind stays as it is.
    """
    if written.lower().startswith("file:"):
        try:
            place = urlsplit(written)
        except ValueError as error:
            raise BadInput(f"{display_name(written)} is no address of a file: give its path.") from error
        if place.netloc.lower() not in ("", "localhost"):
            raise BadInput(f"{display_name(written)} lies on another machine ({display_name(place.netloc)}): give the "
                           "path of a copy here.")
        path = os.fsdecode(unquote_to_bytes(written[5:].removeprefix(f"//{place.netloc}")))
        written = path[1:] if os.name == "nt" and re.match(r"/[A-Za-z]:", path) else path
    elif "://" in written:
        return written
    if os.name != "nt":
        if re.match(r"[A-Za-z]:[\\/]|\\\\", written):
            raise BadInput(f"{display_name(written)} is named by a path of Windows: give one that is relative to the "
                           "table.")
        written = written.replace("\\", "/")
    return os.path.expanduser(written) if written.startswith("~") else written


def _rate(cell, otherwise: float | None) -> float | None:
    """Pictures a second, by the row's own column `fps`, which is text in CSV. Raises BadInput."""
    if cell is None or isinstance(cell, str) and not cell.strip():
        return otherwise
    try:
        fps = float(cell) if isinstance(cell, str) else cell
    except ValueError as error:
        raise BadInput(f"The row's fps is {display_name(cell)}: it must be a number such as 24.") from error
    return check_fps(fps)


def _text(value) -> str:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""

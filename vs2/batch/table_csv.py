"""CSV of any origin -> rows, and a text as a cell of our own: what spreadsheets write is read, formulas are not run.

Commas, semicolons, tabs or bars stand between the columns; blanks beside them, blank lines and Excel's `sep=` do no
harm. All of it takes time in proportion to the text.
"""
import csv
import io
import re
from collections import Counter

from vs2.errors import BadInput

NEEDED = ("video", "prompt")
MARKS = ",;\t|"
CELL = 131_072          # most characters of a cell; what Python's csv reads unless it is told otherwise
CUT = 200               # characters that are kept of a longer one
# Where a cell starts like a formula, behind as many apostrophes as there are. Plain numbers are none.
_FORMULA = re.compile(r"'*(?:\s*[=+\-@＝＋－＠]|[\t\r\n])")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\r|\n|\Z)")
_SEP = re.compile(r"""\s*["']?sep=([^\w\s"']|\t)["']?[\s,;|]*""", re.IGNORECASE)


def guard(text: str) -> str:
    """The text as a CSV cell that no spreadsheet takes for a formula: with an apostrophe before = + - @, if need be."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def unguard(text: str) -> str:
    """The text that `guard` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def rows(text: str, shown: str, limits, marks: str = MARKS) -> list[tuple[dict, str]]:
    """(columns, problem) of each row; `shown` is the table's name for people.

    limits: a `vs2.batch.table.Limits`. marks: what may stand between the columns, the likeliest first. Raises BadInput
    for a table that cannot be used as a whole.
    """
    start, skipped, mark = _beginning(text)
    text = text[start:]
    mark = mark or _mark(text, marks)
    # It is the whole program's limit, and one long cell must not cost the rows beside it.
    csv.field_size_limit(max(csv.field_size_limit(), limits.table_bytes))
    try:
        return _rows(text, mark, shown, skipped, limits)
    except BadInput as error:
        if not isinstance(error.__cause__, csv.Error) or (tidy := _tidied(text, mark)) == text:
            raise
        return _rows(tidy, mark, shown, skipped, limits)


def _rows(text: str, mark: str, shown: str, skipped: int, limits) -> list[tuple[dict, str]]:
    found: list[tuple[dict, str]] = []
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True, skipinitialspace=True)
    try:
        names = _columns(next(lines, []), shown, limits)
        for cells in lines:
            if not any(cell and not cell.isspace() for cell in cells):
                continue
            while len(cells) > len(names) and not cells[-1].strip():
                cells.pop()
            problem = "" if len(cells) <= len(names) else (
                f"The row has {len(cells)} cells for {len(names)} columns: put a text with commas in quotes.")
            columns = dict.fromkeys(names, "") | dict(zip(names, map(unguard, cells), strict=False))
            found.append(fit(columns, problem))
            check_size(len(found), len(found) * len(names), shown, limits)
    except csv.Error as error:
        raise BadInput(f"The table {shown} is no CSV at line {skipped + lines.line_num} ({error}): check its quotes.") \
            from error
    return found


def fit(columns: dict, problem: str) -> tuple[dict, str]:
    """A row with its overlong texts cut; they are its problem, where it has no other."""
    for name, value in columns.items():
        if isinstance(value, str) and len(value) > CELL:
            columns[name] = f"{value[:CUT]}…"
            problem = problem or (f"The row's cell of {name[:40]!r} has {len(value):,} characters, more than "
                                  f"{CELL:,}: shorten it.")
    return columns, problem


def check_size(rows: int, cells: int, shown: str, limits) -> None:
    """Raises BadInput for more than a table may have; asked as it grows, so that none fills the memory first."""
    if rows > limits.rows:
        raise BadInput(f"The table {shown} has more than {limits.rows} rows: split it.")
    if cells > limits.cells:
        raise BadInput(f"The table {shown} has more than {limits.cells} cells: leave columns out, or split it.")


def check_columns(count: int, shown: str, limits) -> None:
    """Raises BadInput for more columns than a table may have."""
    if count > limits.columns:
        raise BadInput(f"The table {shown} has {count} columns, more than {limits.columns}: leave out what is not "
                       "needed.")


def named(names: list[str], shown: str) -> list[str]:
    """The columns' names, `video` and `prompt` in lower case. Raises BadInput where one lacks or stands twice."""
    names = [name.lower() if name.lower() in NEEDED else name for name in names]
    times = Counter(names)
    if lacking := [name for name in NEEDED if name not in times]:
        raise BadInput(f"The table {shown} has no column `{lacking[0]}`: its first line names `video` and `prompt`.")
    if twice := next((name for name in names if times[name] > 1), None):
        raise BadInput(f"The table {shown} has two columns {twice[:40]!r}: rename one.")
    return names


def _columns(header: list[str], shown: str, limits) -> list[str]:
    check_columns(len(header), shown, limits)
    return named([unguard(name).strip() or f"column {place}" for place, name in enumerate(header, 1)], shown)


def _beginning(text: str) -> tuple[int, int, str | None]:
    """Where the table begins: the place, the lines before it, and the mark that a line `sep=` names."""
    place = lines = 0
    mark = None
    while line := (_LINE.match(text, place) if place < len(text) else None):
        if said := _SEP.fullmatch(line[1]) if mark is None else None:
            mark = said[1]
        elif line[1].strip(' "' + MARKS):
            break
        place, lines = line.end(), lines + 1
    return place, lines, mark


def _mark(text: str, marks: str) -> str:
    """What stands between the columns: the first mark that the header can be read with."""
    first = _LINE.match(text)
    header = first[1].lower() if first else ""
    return next((mark for mark in marks if set(NEEDED) <= {name.strip(' "') for name in header.split(mark)}), marks[0])


def _tidied(text: str, mark: str) -> str:
    """The text without the blanks between a closing quote and the end of its cell, which CSV does not have."""
    blank, end = " " if mark == "\t" else "[ \t]", rf"({re.escape(mark)}|\r\n?|\n|\Z)"
    cell = re.compile(rf'( *"[^"]*(?:""[^"]*)*"){blank}*{end}|([^{re.escape(mark)}\r\n]*){end}')
    return cell.sub(r"\1\2\3\4", text)

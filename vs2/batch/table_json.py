"""JSON of any origin -> rows: JSON Lines, an array of objects, or an object that holds one. No depth, no number and no
double name in a row costs more than that row."""
import json
import math

from vs2.batch.table_csv import check_columns, check_size, fit
from vs2.errors import BadInput

DEPTH = 32          # of what a row holds
DIGITS = 300        # of a whole number; reading one takes time in the square of them
NO_OBJECT = 'The row is no JSON object: write {"video": ..., "prompt": ...}.'


class _Fault(str):
    """Stands in a parsed value for what cannot be used, and says why."""


def lines(text: str, shown: str, limits) -> list[tuple[dict, str]]:
    """(columns, problem) of each line. Raises BadInput for more rows or columns than a table may have."""
    return _gathered((_line(line) for line in text.split("\n") if line.strip()), shown, limits)


def rows(text: str, shown: str, limits) -> list[tuple[dict, str]]:
    """(columns, problem) of each row of a .json file: an array, JSON Lines, or an object with one array of objects.

    shown: the table's name for people. limits: a `vs2.batch.table.Limits`. Raises BadInput where it is none of these.
    """
    try:
        value = _parsed(text)
    except ValueError as error:
        first, _, others = text.lstrip().partition("\n")
        if others.strip() and not _line(first)[1]:
            return lines(text, shown, limits)
        raise BadInput(f"The table {shown} is not JSON ({error}): write an array of objects with video and prompt.") \
            from error
    except RecursionError as error:
        raise BadInput(f"The table {shown} is nested too deep: write an array of objects with video and prompt.") \
            from error
    if isinstance(value, dict):
        held = [rows for rows in value.values() if isinstance(rows, list)]
        held = [rows for rows in held if any(isinstance(row, dict) for row in rows)]
        value = [value] if "video" in value else held[0] if len(held) == 1 else None
    if not isinstance(value, list):
        raise BadInput(f"The table {shown} holds no rows: write an array of objects with video and prompt.")
    return _gathered(map(_row, value), shown, limits)


def _gathered(found, shown: str, limits) -> list[tuple[dict, str]]:
    kept, names, cells = [], set(), 0
    for columns, problem in found:
        kept.append(fit(columns, problem))
        cells += len(columns)
        names |= columns.keys()
        check_size(len(kept), cells, shown, limits)
        check_columns(len(names), shown, limits)
    # Written as a table, each row has a cell of every column.
    check_size(len(kept), len(kept) * len(names), shown, limits)
    return kept


def _line(line: str) -> tuple[dict, str]:
    try:
        return _row(_parsed(line))
    except (ValueError, RecursionError) as error:
        return {}, f"The row is not JSON ({error})."


def _row(value) -> tuple[dict, str]:
    if fault := _fault(value, DEPTH):
        return {}, f"The row is not JSON ({fault})."
    return (value, "") if isinstance(value, dict) else ({}, NO_OBJECT)


def _parsed(text: str):
    """The value of a JSON text, with a `_Fault` in place of what cannot be used. Raises ValueError, RecursionError."""
    return json.loads(text, object_pairs_hook=_object, parse_float=_number, parse_constant=_number, parse_int=_integer)


def _number(digits: str) -> float | _Fault:
    value = float(digits)
    return value if math.isfinite(value) else _Fault(f"{digits[:20]} is no number")


def _integer(digits: str) -> int | _Fault:
    return int(digits) if len(digits) <= DIGITS else _Fault(f"a number has more than {DIGITS} digits")


def _object(pairs: list) -> dict | _Fault:
    made = dict(pairs)
    return made if len(made) == len(pairs) else _Fault("a name stands twice in it")


def _fault(value, depth: int) -> _Fault | None:
    """The first thing in a value that cannot be used."""
    if isinstance(value, _Fault):
        return value
    if not isinstance(value, dict | list):
        return None
    if not depth:
        return _Fault(f"it is nested more than {DEPTH} deep")
    inner = value.values() if isinstance(value, dict) else value
    return next((fault for one in inner if (fault := _fault(one, depth - 1))), None)

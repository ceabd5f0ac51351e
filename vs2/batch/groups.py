"""The rows of a judged table by one of its columns: for each of its values means, intervals, and what is behind them.

    board = grouped(records, "generator")           # records of `vs2 batch`, or `read(path)` of its result
    for group in board.groups: group.name, group.cells["overall"].mean, group.cells["overall"].low

A mean is over the rows that have the score; beside it stands how many have not, and why. Its interval is a percentile
bootstrap (Efron and Tibshirani 1993, chapter 13) over prompts: clips of one prompt are no independent draws, so that
all of a prompt's clips are drawn together. Where no prompt comes twice in a group, or each group is a prompt, that is a
bootstrap over clips.
"""
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from vs2.batch import results, table_json
from vs2.batch.table import Limits, decoded
from vs2.errors import BadInput
from vs2.rubric import KEYS
from vs2.video import display_name

OVERALL = "overall"
LEVEL = 0.95        # of an interval
RESAMPLES = 4000
MANY = 4000         # draws of a group above which its interval is the normal one, which is then the same
WORST = 3           # clips that each group names
MOST_GROUPS = 200   # more is no grouping: each row a group of its own, say
PROMPT = "prompt"
_OWN = ("model", "precision", PROMPT)       # of what every record has, what may be grouped by
_MADE = {*results.FIELDS, *results.COLUMNS, *results.PUBLISHED, results.KNOWS}


@dataclass(frozen=True)
class Cell:
    """One dimension of a group. mean: of the expected scores of its `judged` rows, None where there are none.

    low, high: the interval of the mean at `LEVEL`; None where all is drawn from one prompt (or one clip).
    draws: of how many prompts or clips the interval is. withheld, unread: rows that were not judged, or not read.
    """

    mean: float | None
    low: float | None
    high: float | None
    judged: int
    withheld: int
    unread: int
    draws: int


@dataclass(frozen=True)
class Group:
    """The rows with one value of the column, "" for none. cells: by dimension and "overall".

    place: by the mean as it is shown, equal ones sharing it; None without a mean. rows: all of them. failed: without
    an evaluation, for a reason. left: not judged yet. complete: with all three scores. repeats: whether a prompt comes
    more than once, so that `draws` are prompts. worst: the numbers of the rows with the lowest overall scores, lowest
    first.
    """

    name: str
    place: int | None
    rows: int
    failed: int
    left: int
    repeats: bool
    cells: dict[str, Cell]
    worst: tuple[int, ...]

    @property
    def complete(self) -> int:
        """How many of its rows have all three scores: those of the overall mean."""
        return self.cells[OVERALL].judged

    @property
    def means(self) -> dict[str, float | None]:
        """Its mean in each dimension, None where no row has that score."""
        return {key: self.cells[key].mean for key in KEYS}


@dataclass(frozen=True)
class Leaderboard:
    """The groups of a column, the best mean overall first, those without one last. judges: whose the scores are."""

    column: str
    groups: tuple[Group, ...]
    judges: tuple[str, ...]

    @property
    def lacking(self) -> int:
        """Rows that are in no overall mean: not judged, not read, failed or left."""
        return sum(group.rows - group.complete for group in self.groups)

    @property
    def profiled(self) -> list[Group]:
        """The groups of which there is a mean to draw: nothing was judged of the others."""
        return [group for group in self.groups if any(mean is not None for mean in group.means.values())]

    def to_dict(self) -> dict:
        """Plain JSON values."""
        return {"column": self.column, "level": LEVEL, "judges": list(self.judges),
                "groups": [{**asdict(group), "worst": list(group.worst)} for group in self.groups]}


def columns(records: Sequence[Mapping]) -> list[str]:
    """By which columns the records can be grouped: a table's own first, then its prompt and its judge, if they vary."""
    own = [name for name in dict.fromkeys(name for record in records for name in record) if name not in _MADE]
    fits = [name for name in own if 0 < len({_value(record, name) for record in records} - {""}) <= MOST_GROUPS]
    return fits + [name for name in (PROMPT, "model") if 1 < len({_value(r, name) for r in records}) <= MOST_GROUPS]


def grouped(records: Sequence[Mapping], column: str, seed: int = 0) -> Leaderboard:
    """The leaderboard of a column: records as those of `vs2.batch.results.record`, in the table's order.

    seed: of the bootstrap. Raises BadInput where there is no such column, or where it has too many values.
    """
    if not records:
        raise BadInput("There are no rows to group: judge a table first.")
    column = _column(records, column)
    found: dict[str, list[tuple[int, Mapping]]] = {}
    for at, record in enumerate(records, 1):
        found.setdefault(_value(record, column), []).append((_number(record, at), record))
    if len(found) > MOST_GROUPS:
        raise BadInput(f"The column {display_name(column)} has {len(found)} values, more than {MOST_GROUPS}: group by "
                       "one that names a generator or a prompt set.")
    groups = sorted((_group(name, rows, seed, column == PROMPT) for name, rows in found.items()), key=_order)
    placed: list[Group] = []
    for at, group in enumerate(groups, 1):
        shown = _shown(group)
        same = placed and shown is not None and shown == _shown(placed[-1])
        place = None if shown is None else placed[-1].place if same else at
        placed.append(Group(**{**vars(group), "place": place}))
    judges = dict.fromkeys(str(record["model"]) for record in records if record.get("model"))
    return Leaderboard(column, tuple(placed), tuple(judges))


def bootstrap(sums: Sequence[float], counts: Sequence[int], seed: int = 0,
              resamples: int = RESAMPLES) -> tuple[float, float] | None:
    """The interval of the mean of all, at `LEVEL`: (low, high); None for fewer than two draws.

    sums, counts: of each draw (a prompt, or a clip), the sum and the number of its scores. Draws are taken with
    replacement, and the mean is sum / count of what was drawn. Above `MANY` draws it is the normal interval of that
    ratio, with the linearised variance.
    """
    total, number = np.asarray(sums, float), np.asarray(counts, float)
    draws = len(total)
    if draws < 2:
        return None
    if draws > MANY:
        mean = total.sum() / number.sum()
        error = np.sqrt(draws / (draws - 1) * ((total - mean * number) ** 2).sum()) / number.sum()
        return float(mean - 1.959964 * error), float(mean + 1.959964 * error)
    chance = np.random.default_rng(seed)
    means: list[np.ndarray] = []
    for _ in range(0, resamples, 200):      # a part at a time: few megabytes whatever the size
        drawn = chance.integers(0, draws, (min(200, resamples - 200 * len(means)), draws))
        means.append(total[drawn].sum(1) / number[drawn].sum(1))
    low, high = np.quantile(np.concatenate(means), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def read(path: str | Path) -> list[dict]:
    """The records in a result of `vs2 batch` that holds them whole: JSON, JSON Lines, or the journal beside another.

    Raises BadInput for anything else.
    """
    path = Path(path)
    name = display_name(path)
    try:
        text = decoded(path.read_bytes(), name)
    except OSError as error:
        raise BadInput(f"{name} cannot be read ({error.strerror}): check the path.") from error
    loads = table_json.rows if text.lstrip().startswith("[") else table_json.lines
    found = [row for row, problem in loads(text, name, Limits()) if not problem]
    if not found or not all("scores" in row and "video" in row for row in found):
        raise BadInput(f"{name} holds no records of vs2 batch: give its .json, its .jsonl or the .journal beside it.")
    return found


def told(board: Leaderboard) -> str:
    """The leaderboard as JSON."""
    return json.dumps(board.to_dict(), ensure_ascii=False, allow_nan=False)


def _column(records: Sequence[Mapping], column: str) -> str:
    """The name under which the records have it: a table's own column whose name was taken stands under another."""
    for name in (f"input {column}", column):
        if (name in _OWN or name not in _MADE) and any(name in record for record in records):
            return name
    known = ", ".join(columns(records)[:12]) or "none but video and prompt"
    raise BadInput(f"The table has no column {display_name(column)} to group by: it has {known}.")


def _number(record: Mapping, at: int) -> int:
    said = record.get("row")
    return said if isinstance(said, int) else at


def _value(record: Mapping, column: str) -> str:
    value = record.get(column)
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _score(record: Mapping, key: str) -> float | None:
    """A row's expected score; overall is the mean of the three, where all are there."""
    scores = record.get("scores") or {}
    found = [(scores.get(one) or {}).get("expected") for one in (KEYS if key == OVERALL else (key,))]
    numbers = [float(value) for value in found if isinstance(value, int | float) and not isinstance(value, bool)]
    return sum(numbers) / len(numbers) if len(numbers) == len(found) else None


def _withheld(record: Mapping, key: str) -> bool:
    scores = record.get("scores") or {}
    return any((scores.get(one) or {}).get("reason") is not None for one in (KEYS if key == OVERALL else (key,)))


def _group(name: str, rows: list[tuple[int, Mapping]], seed: int, alone: bool) -> Group:
    """alone: each clip is a draw of its own, for all are of one prompt."""
    judged = [record for _, record in rows if record.get("scores")]
    prompts = [str(n) if alone else _value(record, PROMPT) for n, record in enumerate(judged)]
    failed = sum(bool(record.get("error")) for _, record in rows)
    scored = sorted((score, number) for number, record in rows if (score := _score(record, OVERALL)) is not None)
    return Group(name, None, len(rows), failed, len(rows) - failed - len(judged), len(set(prompts)) < len(prompts),
                 {key: _cell(judged, prompts, key, seed) for key in (*KEYS, OVERALL)},
                 tuple(number for _, number in scored[:WORST]))


def _cell(judged: Sequence[Mapping], prompts: Iterable[str], key: str, seed: int) -> Cell:
    sums: dict[str, list[float]] = {}
    for record, prompt in zip(judged, prompts, strict=True):
        if (score := _score(record, key)) is not None:
            sums.setdefault(prompt, []).append(score)
    count = sum(map(len, sums.values()))
    withheld = sum(_score(record, key) is None and _withheld(record, key) for record in judged)
    if not count:
        return Cell(None, None, None, 0, withheld, len(judged) - withheld, 0)
    ends = bootstrap([sum(one) for one in sums.values()], [len(one) for one in sums.values()], seed)
    low, high = ends or (None, None)
    mean = sum(sum(one) for one in sums.values()) / count
    return Cell(mean, low, high, count, withheld, len(judged) - count - withheld, len(sums))


def _shown(group: Group) -> str | None:
    mean = group.cells[OVERALL].mean
    return None if mean is None else f"{mean:.2f}"


def _order(group: Group) -> tuple:
    mean = group.cells[OVERALL].mean
    return (mean is None, -(mean or 0), group.name == "", group.name.casefold(), group.name)

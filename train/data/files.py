"""Rows whose clips are video files: a torch Dataset that one bad file does not stop, and that names every row left out.

Where they come from: feedback.py (the published data), reviews.py (reviews made in the app).
"""
import csv
import io
import os
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from torch.utils.data import Dataset

from train.data.rows import Row, encode
from vs2.errors import BadInput, Failure, Problem
from vs2.model.card import Card

SKIPPED = "skipped.csv"
COLUMNS = ("source", "kind", "key", "reason")
# What can be wrong with a row: how it is written, its scores, its video is not there; and, found once the video is
# opened: it cannot be read, or gives more tokens than the run takes.
KINDS = {"form": "not of the known form", "scores": "without readable scores", "missing": "without their video",
         "unreadable": "whose video cannot be read", "long": "with too many tokens"}
OPENED = ("unreadable", "long")
IN_A_ROW = 64       # so many bad files one after another mean that the disk is gone, not that the data is bad
LETTERS_A_TOKEN = 3


@dataclass(frozen=True)
class Bad:
    """A row left out. key: the row's. kind: one of KINDS. reason: a sentence or a few words."""

    key: str
    kind: str
    reason: str


class Skipped:
    """The rows that one source leaves out, in a CSV file that several processes and sources may share.

    A line is added in a single write, by whichever process meets the bad row; a line that stands there already is not
    added again, and where two processes add it at once it is counted once.
    """

    def __init__(self, path: Path | None, source: str):
        self.path, self.source = path and Path(path), source
        self._seen: dict[Bad, None] = {}

    def start(self, found: list[Bad]) -> None:
        """Forgets what an earlier run said of this source, and notes what is known before the first video is read.

        Of the processes of one run only the first (RANK 0) touches the file here; the others add to it later.
        """
        self._seen = dict.fromkeys(found)
        if self.path is None or int(os.environ.get("RANK", "0")):
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        others = [line for line in _lines(self.path) if line[0] != self.source]
        text = "".join(map(_line, [COLUMNS, *others, *(self._columns(bad) for bad in self._seen)]))
        part = self.path.with_name(f"{self.path.name}.part")
        part.write_text(text, encoding="utf-8", newline="")
        part.replace(self.path)

    def add(self, bad: Bad) -> None:
        """One more row is left out."""
        if bad in self._seen:
            return
        self._seen[bad] = None
        if self.path is None or list(self._columns(bad)) in _lines(self.path):
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(file, _line(self._columns(bad)).encode())
        finally:
            os.close(file)

    def all(self) -> list[Bad]:
        """Every row of this source that any process left out, each once."""
        if self.path is None:
            return list(self._seen)
        said = dict.fromkeys(tuple(line[1:]) for line in _lines(self.path) if line[0] == self.source)
        return [Bad(key, kind, reason) for kind, key, reason in said]

    def _columns(self, bad: Bad) -> tuple[str, str, str, str]:
        return self.source, bad.kind, _flat(bad.key), _flat(bad.reason)


def summary(good: int, bad: list[Bad]) -> str:
    """How many rows are good and how many are left out, by kind: one line."""
    kinds = Counter(one.kind for one in {(one.kind, one.key): one for one in bad}.values())
    parts = [f"{kinds[kind]} {words}" for kind, words in KINDS.items() if kinds[kind]]
    return f"{good + sum(kinds.values())} rows: {good} good" + "".join(f", {part}" for part in parts)


class FileRows(Dataset):
    """Rows with video files. One whose file cannot be read is replaced by the next good one, and named.

    rows: the rows to learn from. bad: those left out before any video was opened. processor, config, card: the
    model's. output: the run's folder, for skipped.csv; None keeps the names in memory. source: what the rows are
    called there. Raises BadInput where no row is left.
    """

    def __init__(self, rows: list[Row], bad: list[Bad], processor, config, card: Card, output: Path | None = None,
                 source: str = "rows"):
        self.rows, self.processor, self.config, self.card = rows, processor, config, card
        self.skipped = Skipped(output and Path(output) / SKIPPED, source)
        self.skipped.start(bad)
        self._unreadable: set[int] = set()
        self._last: tuple[int, Row] | None = None
        if not rows:
            why = f" The first: {bad[0].key}: {bad[0].reason}." if bad else ""
            raise BadInput(f"{source} has no row to train on ({summary(0, bad)}).{why}")

    def __len__(self) -> int:
        return len(self.rows)

    def lengths(self) -> list[int]:
        """About how many tokens of text each row has, for grouping by length. Opens no video."""
        return [(len(row.query or self.card.query + row.prompt) + len(row.given) + len(row.reply or ""))
                // LETTERS_A_TOKEN for row in self.rows]

    def row(self, index: int) -> Row:
        """Row `index` with its frames read, or, where its video cannot be read, the next row whose video can.

        The same row always stands in, as long as the files stay what they are. `rows[index]` is the row as it was
        written, its video unopened. Raises Failure where IN_A_ROW files one after another cannot be read.
        """
        if self._last is not None and self._last[0] == index:
            return self._last[1]
        tried = 0
        for step in range(len(self.rows)):
            at = (index + step) % len(self.rows)
            if at in self._unreadable:
                continue
            found = self._read(at)
            if found is not None:
                self._last = index, found
                return found
            tried += 1
            if tried == IN_A_ROW:
                break
        raise Failure(f"{tried or len(self.rows)} videos one after another could not be read, {self.rows[at].video} "
                      "last: look whether their disk is still there, and at skipped.csv for what was wrong.")

    def _read(self, at: int) -> Row | None:
        """The row with its frames; None, with the row named, where its video cannot be read."""
        row, attempts = self.rows[at], 2
        while True:
            attempts -= 1
            try:
                return replace(row, video=row.frames(self.card))
            except BadInput as error:
                self._unreadable.add(at)
                problem: Problem = error
                break
            except Failure as error:    # the machine's fault, which may pass: the row is tried again next time
                problem = error
                if not attempts:
                    break
        self.skipped.add(Bad(row.key, "unreadable", str(problem)))
        return None

    def __getitem__(self, index: int) -> dict:
        row = self.row(index)
        if row.reply is None:
            raise BadInput(f"The row {row.key} has scores and no reply to learn: open the rows with need=\"reply\".")
        return encode(self.processor, self.config, self.card, row)

    def report(self) -> str:
        """One line for the end of a run: how many rows were good and how many were left out by any process."""
        bad = self.skipped.all()
        lost = len({one.key for one in bad if one.kind in OPENED})
        where = f"; the names are in {self.skipped.path}" if bad and self.skipped.path else ""
        return f"{self.skipped.source}: {summary(len(self.rows) - lost, bad)}{where}"


def usable(rows: list[Row], need: str) -> tuple[list[Row], list[Bad]]:
    """The rows that have what is needed, and those that have not. need: "reply" (SFT) or "scores" (GRPO)."""
    if need not in ("reply", "scores"):
        raise BadInput(f"Rows can be opened for need \"reply\" or \"scores\", not {need!r}.")
    without = [row for row in rows if getattr(row, need) is None]
    said = {"reply": "it has scores and no reply to learn", "scores": "it has no scores"}[need]
    return [row for row in rows if getattr(row, need) is not None], [Bad(row.key, "form", said) for row in without]


def unique(keys: list[str]) -> list[str]:
    """The keys, the second and later of each name with a number behind it."""
    seen: Counter = Counter()
    named = []
    for key in keys:
        seen[key] += 1
        named.append(key if seen[key] == 1 else f"{key}#{seen[key]}")
    return named


def _flat(text: str) -> str:
    return " ".join(str(text).split())


def _line(columns) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(columns)
    return text.getvalue()


def _lines(path: Path) -> list[list[str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [line for line in csv.reader(file) if len(line) == len(COLUMNS) and tuple(line) != COLUMNS]

"""A person's vote on two clips of one prompt, as it is exchanged: JSON Lines or CSV, a row a vote and dimension.

    {"prompt": "a red ball", "video_a": "one/a red ball-0.mp4", "video_b": "two/a red ball-0.mp4",
     "generator_a": "one", "generator_b": "two", "preference": "a", "dimension": "overall", "left": "b",
     "time": "2026-11-26T09:30:00+00:00"}

docs/duel.md has what each field means. `vs2 duel rank`, train/data/duels.py and the Duel page's export share it.
"""
import csv
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path

from vs2.batch.table import decoded
from vs2.batch.table_csv import guard, unguard
from vs2.errors import BadInput
from vs2.rubric import KEYS, check_prompt
from vs2.texts import path_text
from vs2.video import display_name

A, B, TIE, BAD = PREFERENCES = ("a", "b", "tie", "both_bad")
OVERALL = "overall"
DIMENSIONS = (OVERALL, *KEYS)
POINTS = {A: 1.0, B: 0.0, TIE: 0.5, BAD: 0.5}    # of video_a; video_b has the rest
MOST_BYTES = 64 * 2**20
SUFFIXES = (".jsonl", ".csv")


@dataclass(frozen=True)
class Vote:
    """One vote on one dimension. preference: "a", "b", "tie" or "both_bad". dimension: "overall" or one of the rubric.

    video_a, video_b: the clips' names, relative to wherever the clips lie. left: which of them was shown left, "a" or
    "b". time: ISO 8601, or "" where nobody noted it. Raises BadInput where this does not hold.
    """

    prompt: str
    video_a: str
    video_b: str
    generator_a: str
    generator_b: str
    preference: str
    dimension: str = OVERALL
    left: str = A
    time: str = ""

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not isinstance(value, str):
                raise BadInput(f"The vote's {name} is {value!r:.60}: it must be a text.")
        check_prompt(self.prompt)
        for name in ("video_a", "video_b", "generator_a", "generator_b"):
            if not getattr(self, name).strip():
                raise BadInput(f"The vote's {name} is empty: give it.")
        if self.generator_a == self.generator_b:
            raise BadInput(f"Both clips of the vote are by {display_name(self.generator_a)}: a duel is between two "
                           "generators.")
        for name, known in (("preference", PREFERENCES), ("dimension", DIMENSIONS), ("left", (A, B))):
            if (value := getattr(self, name)) not in known:
                raise BadInput(f"The vote's {name} is {value!r:.60}: it must be {', '.join(known[:-1])} or "
                               f"{known[-1]}.")
        if self.time and not _is_time(self.time):
            raise BadInput(f"The vote's time is {self.time!r:.60}: write it as 2026-11-26T09:30:00+00:00.")

    @property
    def points(self) -> float:
        """What generator_a gets of the one point: a tie, and two clips that are both bad, give half to each."""
        return POINTS[self.preference]

    def to_json(self) -> dict:
        """The object that a line holds."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: object) -> "Vote":
        """The vote that an object of a line describes; other fields in it are left alone. Raises BadInput."""
        if not isinstance(record, dict):
            raise BadInput("A vote must be a JSON object.")
        if lacking := [name for name in FIELDS[:6] if record.get(name) in (None, "")]:
            raise BadInput(f"The vote lacks {', '.join(lacking)}.")
        return cls(**{name: record[name] for name in FIELDS if record.get(name) not in (None, "")})


FIELDS = tuple(field.name for field in fields(Vote))


def read(path: str | Path) -> tuple[list[Vote], list[tuple[int, str]]]:
    """The votes of a .jsonl or .csv file; and of each row that is none its number and what is wrong with it.

    Rows count from 1, the header of a CSV not among them. Raises BadInput where there is no such file of text.
    """
    path = Path(path_text(path))
    shown = display_name(path)
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput(f"{shown} is no file of votes: give a {' or '.join(SUFFIXES)}, as the Duel page exports it.")
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise BadInput(f"The votes {shown} cannot be read: check the path.") from error
    if len(data) > MOST_BYTES:
        raise BadInput(f"The votes {shown} are larger than {MOST_BYTES // 2**20} MB: split the file.")
    text = decoded(data, shown)
    votes: list[Vote] = []
    wrong: list[tuple[int, str]] = []
    for number, row in enumerate(_csv_rows(text, shown) if path.suffix.lower() == ".csv" else _lines(text), 1):
        try:
            votes.append(Vote.from_json(row() if callable(row) else row))
        except BadInput as error:
            wrong.append((number, str(error)))
        except (ValueError, RecursionError):
            wrong.append((number, "The line is not JSON."))
    return votes, wrong


def to_jsonl(votes: Iterable[Vote]) -> str:
    """The votes as JSON Lines."""
    return "".join(json.dumps(vote.to_json(), ensure_ascii=False) + "\n" for vote in votes)


def to_csv(votes: Iterable[Vote]) -> str:
    """The votes as CSV, in which no text is a formula."""
    lines = io.StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerow(FIELDS)
    for vote in votes:
        writer.writerow([guard(getattr(vote, name)) for name in FIELDS])
    return lines.getvalue()


def _lines(text: str):
    return (lambda line=line: json.loads(line) for line in text.split("\n") if line.strip())


def _csv_rows(text: str, shown: str) -> list[dict]:
    try:
        lines = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise BadInput(f"The votes {shown} are no CSV ({error}): export them again.") from error
    return [{unguard(name.strip()): unguard(value) for name, value in row.items()
             if isinstance(name, str) and isinstance(value, str)} for row in lines]


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return False
    return True

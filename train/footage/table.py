"""Tables of footage: which clips there are, where each comes from, and what people said of them.

A CSV with the columns file, generator (or source), kind, source, prompt_index and the ratings static_quality and
temporal_quality, of which only file and one of source and generator must be there; the files lie beside it, or in a
folder `videos` there.
"""
import csv
from dataclasses import dataclass
from pathlib import Path

from train.footage.ages import CAMERA
from vs2.errors import BadInput

RATED = ("static_quality", "temporal_quality")      # what visual quality and physics are learned from


@dataclass(frozen=True)
class Film:
    """A clip of footage. source: whom it comes from, which is held out as one. ratings: of picture and of motion, 1 to
    5, None where nobody rated it. prompt: which clips have one prompt, "" where that is not known."""

    path: Path
    generator: str
    kind: str
    source: str
    ratings: tuple[float, float] | None = None
    prompt: str = ""

    @property
    def key(self) -> str:
        return self.path.stem

    @property
    def group(self) -> str:
        """What is held out as one: the prompt of a rated clip, the source of another."""
        return self.source if self.ratings is None else f"prompt {self.prompt}"

    @property
    def filmed(self) -> bool:
        return self.kind == CAMERA


def listed(tables: list[Path]) -> list[Film]:
    """The clips of all tables. Raises BadInput, naming what is missing."""
    found = []
    for table in map(Path, tables):
        try:
            with open(table, newline="", encoding="utf-8-sig") as file:
                rows = list(csv.DictReader(file))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise BadInput(f"{table} cannot be read: give a CSV with the columns file and source.") from error
        for row in rows:
            name, source = str(row.get("file")), row.get("source") or row.get("generator")
            places = [place for place in (table.parent / name, table.parent / "videos" / name) if place.is_file()]
            if not source or not places:
                raise BadInput(f"{table} needs the columns file and source (or generator), and the file itself; the "
                               f"row of {name!r} lacks one.")
            found.append(Film(places[0], row.get("generator") or source, row.get("kind") or "", source, _ratings(row),
                              row.get("prompt_index") or ""))
    if len({film.key for film in found}) < len(found):
        raise BadInput("Two clips of the tables have one name: rename a file, for what is learned goes by it.")
    return found


def _ratings(row: dict) -> tuple[float, float] | None:
    try:
        picture, motion = (float(row[name]) for name in RATED)
    except (KeyError, TypeError, ValueError):
        return None
    return picture, motion

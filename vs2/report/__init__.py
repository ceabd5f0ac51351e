"""Reports and share cards: what was judged, as one HTML file or one picture that needs nothing else.

    from vs2 import report
    made = report.evaluation(evaluation, "clip.mp4")
    report.write(made, "report.html")
    report.card.png(made)               # the bytes of a PNG, 1200 x 630
"""
import os
from pathlib import Path

from vs2.errors import BadInput, Failure
from vs2.report import card
from vs2.report.document import html
from vs2.report.make import batch, best_of, comparison, duel, evaluation, item
from vs2.report.model import Agreement, Item, Ranked, Ranking, Report, Still
from vs2.report.records import read
from vs2.video import display_name

__all__ = ["Agreement", "Item", "Ranked", "Ranking", "Report", "Still", "batch", "best_of", "card", "check_out",
           "comparison", "duel", "evaluation", "html", "item", "read", "write", "write_card"]

SUFFIXES = (".html", ".htm")


def check_out(path: str | Path) -> Path:
    """The path of a report to be written. Raises BadInput for one that is no HTML, or whose folder is not there."""
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise BadInput(f"The report {display_name(path)} must end in .html: give it such a name.")
    if not path.parent.is_dir():
        raise BadInput(f"There is no folder for the report {display_name(path)}: make it first.")
    return path


def write(report: Report, path: str | Path) -> None:
    """The report as the HTML file `path`, in the place of what is there, in one step. Raises BadInput or Failure."""
    path = check_out(path)
    _put(path, html(report).encode())


def write_card(report: Report, path: str | Path) -> None:
    """The share card of an evaluation or a comparison as the PNG file `path`. Raises BadInput or Failure."""
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise BadInput(f"The share card {display_name(path)} must end in .png: give it such a name.")
    data = card.png(report)
    _put(path, data)


def _put(path: Path, data: bytes) -> None:
    """The bytes as the file, in the place of what is there, in one step. Raises Failure."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise Failure(f"{display_name(path)} cannot be written ({error.strerror}): free the disk or choose another "
                      "name.") from error

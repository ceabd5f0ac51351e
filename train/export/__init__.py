"""Rows for people who train elsewhere, with what trains on them: a command, its settings, the published reward.

`python -m train.export SOURCE --to llamafactory|ms-swift|verl --out FOLDER`. The rows' forms are by their projects' own
documentation, and the settings by the published recipe (`settings.py`); train/README.md says what has read them.
"""
from pathlib import Path

from train.data.files import Bad, summary
from train.data.rows import Row
from train.export import llamafactory, swift, verl
from train.export.rows import MARKS, Export
from vs2.errors import BadInput
from vs2.model.card import Card

FORMS = {"llamafactory": llamafactory.files, "ms-swift": swift.files, "verl": verl.files}
NEEDS = {"llamafactory": ("reply",), "ms-swift": ("reply", "scores"), "verl": ("reply", "scores")}


def export(rows: list[Row], to: str, out: Path, name: str = "vs2", card: Card | None = None,
           wrapper: bool = False) -> tuple[list[Path], list[Row], list[Bad]]:
    """Writes the rows in the form of `to` below `out`: the files, the rows that are in them, and those left out.

    Left out is a row that has nothing for that form (no reply for LLaMA-Factory; neither reply nor scores for the
    others), and one whose text holds a mark such as `<video>`, which would be taken for the place of a second video.
    card: ask with its query and sample as it says, not as published. wrapper: put the text of the authors' script
    (`rows.WRAPPER`) after the questions of reinforcement learning. Raises BadInput.
    """
    if to not in FORMS:
        raise BadInput(f"Rows cannot be exported to {to!r}: give {', '.join(FORMS)}.")
    if wrapper and to == "llamafactory":
        raise BadInput("The wrapper is for rows of reinforcement learning, which LLaMA-Factory has none of: leave it "
                       "out, or export to ms-swift or verl.")
    made = Export(Path(out), name, card, wrapper)
    kept, bad = [], []
    for row in rows:
        text = made.question(row) + (row.reply or "")
        if marks := [mark for mark in MARKS if mark in text]:
            bad.append(Bad(row.key, "form", f"its text holds {marks[0]}, which stands for a second medium there"))
        elif all(getattr(row, need) is None for need in NEEDS[to]):
            bad.append(Bad(row.key, "form", f"it has no {' and no '.join(NEEDS[to])}"))
        else:
            kept.append(row)
    if not kept:
        raise BadInput(f"No row can be exported to {to} ({summary(0, bad)}).")
    made.out.mkdir(parents=True, exist_ok=True)
    return FORMS[to](kept, made), kept, bad

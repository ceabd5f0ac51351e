"""`vs2 report`: results that are there already as one HTML file or a share card; and `--report` of other commands."""
import sys
from collections.abc import Sequence
from pathlib import Path

from vs2.errors import BadInput

SUFFIX = ".png"


def add(commands) -> None:
    """Declares the command."""
    made = commands.add_parser(
        "report", help="make a report of results", description="Makes one HTML file of results that are there already, "
        "with stills, scores, rationales and what the scores are not: to be read, printed or sent, for it needs "
        "nothing else. Of several files of one evaluation each it makes a comparison. With a name that ends in .png it "
        "draws a share card.")
    made.add_argument("files", nargs="+", metavar="FILE", help="the JSON of vs2 score, compare or best-of, or what vs2 "
                      "batch wrote (.json, .jsonl, or the .journal beside another)")
    made.add_argument("--out", required=True, metavar="FILE", help="the report (.html), or the share card (.png)")
    made.add_argument("--clips", metavar="FOLDER", help="where the clips lie, for the stills (default: where the "
                      "results say, from beside them and from here)")
    add_groups(made)
    made.set_defaults(run=run)


def add_groups(command) -> None:
    """Adds the option that groups the rows of a table."""
    command.add_argument("--group-by", nargs="+", action="extend", default=[], metavar="COLUMN", help="columns of the "
                         "table (generator, say): for each of its values the mean scores with their intervals, how "
                         "many rows were judged, and the lowest")


def add_report(command) -> None:
    """Adds `--report` to a command that judges."""
    command.add_argument("--report", metavar="FILE", help="make a report of it too: one .html file with stills, scores "
                         "and words, or a share card where the name ends in .png")


def check(path: str | None) -> None:
    """Raises BadInput for a report that could not be written, before anything is judged."""
    if path is not None and Path(path).suffix.lower() != SUFFIX:
        from vs2 import report

        report.check_out(path)


def check_kind(path: str | None) -> None:
    """`check` for what has no share card."""
    if path is not None and Path(path).suffix.lower() == SUFFIX:
        raise BadInput("Only an evaluation or a comparison has a share card: let the report's name end in .html.")
    check(path)


def write(made, path: str) -> None:
    """The report as the file, and where it is. Raises BadInput or Failure."""
    from vs2 import report
    from vs2.cli.terminal import plain

    if Path(path).suffix.lower() == SUFFIX:
        report.write_card(made, path)
    else:
        report.write(made, path)
    print(plain(f"Report: {path}"), file=sys.stderr, flush=True)


def run(arguments) -> None:
    """`vs2 report`."""
    from vs2 import report

    check(arguments.out)
    if Path(arguments.out).resolve() in [Path(file).resolve() for file in arguments.files]:
        raise BadInput("--out names one of the files that are read: give the report a name of its own.")
    write(report.read(arguments.files, arguments.group_by, arguments.clips), arguments.out)


def boards(records: Sequence[dict], columns: Sequence[str]) -> list:
    """The leaderboard of each column. Raises BadInput."""
    from vs2.batch import groups

    return [groups.grouped(records, column) for column in columns]


def table(board, encoding: str | None) -> str:
    """A leaderboard as lines for a terminal: means with their intervals, and what is behind them."""
    from vs2.batch.groups import OVERALL
    from vs2.cli.terminal import plain
    from vs2.rubric import KEYS

    def cell(one) -> str:
        if one.mean is None:
            return "not judged" if one.withheld else "-"
        return f"{one.mean:.2f}" if one.low is None else f"{one.mean:.2f} [{one.low:.2f}, {one.high:.2f}]"

    heads = ["place", "group", "visual", "alignment", "physical", "overall", "judged", "not judged", "not read",
             "failed", "lowest rows"]
    lines = [heads]
    for group in board.groups:
        name = " ".join(plain(group.name).split())
        name = name if len(name) <= 40 else f"{name[:37]}..."
        whole = group.cells[OVERALL]
        lines.append([str(group.place or "-"), name or "(no value)",
                      *(cell(group.cells[key]) for key in (*KEYS, OVERALL)),
                      f"{group.complete} of {group.rows}", str(whole.withheld), str(whole.unread), str(group.failed),
                      ", ".join(map(str, group.worst)) or "-"])
    wide = [max(len(line[at]) for line in lines) for at in range(len(heads))]
    made = ["  ".join(text.ljust(width) for text, width in zip(line, wide, strict=True)).rstrip() for line in lines]
    notes = ["Means of the expected scores with 95 % bootstrap intervals, over prompts where one comes more than once "
             "in a group, else over clips."]
    if board.lacking:
        notes.append(f"{board.lacking} rows have not all three scores and are in no overall mean.")
    if len(board.judges) > 1:
        notes.append(f"The scores are of {len(board.judges)} judges, which do not share a scale.")
    said = "\n".join([f"By {' '.join(plain(board.column).split())}", "", *made, "", *notes])
    return said.encode(encoding or "ascii", "replace").decode(encoding or "ascii")

"""The groups of the Batch page as HTML: by a column of the table, means with intervals, radars, the lowest clips."""
from collections.abc import Mapping
from html import escape

from vs2.batch.groups import OVERALL, Cell, Group, Leaderboard, columns, grouped
from vs2.errors import Problem
from vs2.report import svg
from vs2.rubric import KEYS, SCALE
from vs2.ui import parts
from vs2.ui import text as shared
from vs2.ui.batch.job import Job
from vs2.ui.text import report as text

MOST_RADARS = 24
COLUMNS = (*KEYS, OVERALL)


def choices(job: Job | None) -> list[tuple[str, str]]:
    """By what the table can be grouped, for a list: (shown, column), no grouping first."""
    found = columns(job.records()) if job else []
    return [(text.BY_NONE, ""), *((name, name) for name in found)]


def html(job: Job | None) -> str:
    """The groups of the job's table by the column that it is to be grouped by; "" without one."""
    if job is None or not job.by:
        return ""
    if not job.evaluated:
        return f'<section class="vs-groups"><p class="vs-empty">{text.GROUPS_WAIT}</p></section>'
    try:
        board = grouped(job.records(), job.by)
    except Problem as problem:
        return parts.problem(str(problem))
    lines = "".join(_line(group, job.kept) for group in board.groups)
    heads = "".join(f'<th scope="col">{name}</th>' for name in
                    (text.PLACE, text.GROUP, *shared.SHORT.values(), text.OVERALL, text.JUDGED, text.LOWEST))
    title = escape(text.GROUPS.format(column=board.column))
    return (f'<section class="vs-groups" aria-label="{title}"><header><h2>{title}</h2></header>'
            f'<div class="vs-wide" tabindex="0" role="region" aria-label="{title}"><table><thead><tr>{heads}</tr>'
            f"</thead><tbody>{lines}</tbody></table></div>{_notes(board)}{_radars(board)}</section>")


def _notes(board: Leaderboard) -> str:
    said = [text.INTERVAL]
    lacking = text.LACKING_ONE if board.lacking == 1 else text.LACKING
    said += [lacking.format(count=board.lacking)] if board.lacking else []
    said += [text.JUDGES.format(count=len(board.judges))] if len(board.judges) > 1 else []
    return "".join(f'<p class="vs-left-out">{escape(one)}</p>' for one in said)


def _radars(board: Leaderboard) -> str:
    made = "".join(f"<figure>{svg.radar([(_name(one), one.means)])}"
                   f"<figcaption>{escape(_name(one))}</figcaption></figure>" for one in board.profiled[:MOST_RADARS])
    return f'<div class="vs-radars" role="group" aria-label="{text.PROFILES}">{made}</div>' if made else ""


def _name(group: Group) -> str:
    return " ".join(group.name.split())[:80] or text.NO_VALUE


def _line(group: Group, kept: Mapping[int, str]) -> str:
    cells = "".join(f"<td>{_cell(group.cells[key], group, key)}</td>" for key in COLUMNS)
    whole = group.cells[OVERALL]
    why = "".join(f'<small class="vs-unread-cell">{form.format(count=count)}</small>' for form, count in (
        (text.WITHHELD, whole.withheld), (text.UNREAD, whole.unread), (text.FAILED, group.failed),
        (text.LEFT, group.left)) if count)
    lowest = " ".join(_row(number, kept.get(number, "")) for number in group.worst) or "–"
    return (f'<tr><td>{group.place or "–"}</td><th scope="row">{escape(_name(group))}</th>{cells}'
            f"<td>{text.OF_ROWS.format(judged=group.complete, rows=group.rows)}{why}</td><td>{lowest}</td></tr>")


def _row(number: int, kept: str) -> str:
    said = text.ROW.format(number=number)
    if not kept:
        return f"<span>{said}</span>"
    return f'<a data-open href="?e={escape(kept)}" aria-label="{text.OPEN.format(number=number)}">{said}</a>'


def _cell(cell: Cell, group: Group, key: str) -> str:
    if cell.mean is None:
        lacking = shared.WITHHELD if cell.withheld else shared.UNREAD if cell.unread else "–"
        return f'<span class="vs-unread-cell">{lacking}</span>'
    ends = text.NO_INTERVAL if cell.low is None or cell.high is None else f"[{cell.low:.2f}, {cell.high:.2f}]"
    of = text.OF_ROWS.format(judged=cell.judged, rows=group.rows)
    of = "" if cell.judged == group.rows else f"<small>{of}</small>"
    figure = svg.interval(cell.mean, cell.low, cell.high, SCALE[0], SCALE[-1], 0, SCALE) if key == OVERALL else ""
    return f"<b>{cell.mean:.2f}</b><small>{ends}</small>{of}{figure}"

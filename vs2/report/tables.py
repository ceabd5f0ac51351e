"""The tables of a report as HTML: a comparison's candidates, a batch's rows and groups, a ranking by votes."""
from collections.abc import Collection, Sequence
from html import escape

from vs2.batch.groups import OVERALL, Cell, Group, Leaderboard
from vs2.evaluation import Evaluation
from vs2.report import parts, svg, words
from vs2.report.model import Item, Ranking, Report
from vs2.rubric import KEYS, SCALE

MOST_ROWS = 500     # of a batch's table
MOST_RADARS = 12    # groups that have one
COLUMNS = (*KEYS, OVERALL)


def _heads(keys: Collection[str] = KEYS) -> list[str]:
    return [*(words.SHORT[key] for key in KEYS), parts.overall_of(keys)]


def framed(label: str, head: Sequence[str], rows: Sequence[str], caption: str = "") -> str:
    """A table that scrolls by itself where it is too wide for the screen."""
    heads = "".join(f'<th scope="col">{name}</th>' for name in head)
    said = f"<caption>{caption}</caption>" if caption else ""
    return (f'<div class="wide-table" tabindex="0" role="region" aria-label="{escape(label)}"><table>{said}<thead>'
            f'<tr>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>')


def candidates(report: Report) -> str:
    """The candidates with their scores, best first, those without a place last."""
    decision = report.decision
    order = [*decision.ranking] if decision else []
    order += [n for n in range(len(report.items)) if n not in order]
    prompts = len({item.prompt for item in report.items}) > 1
    judges = len({parts.judged_by(item.evaluation) for item in report.items if item.evaluation}) > 1
    rows, keys = [], report.keys
    for n in order:
        item = report.items[n]
        place = decision.place.get(n) if decision else None
        below = f"<small>{escape(parts.flat(item.prompt, 240))}</small>" if prompts else ""
        if judges and item.evaluation:
            below += f"<small>{escape(parts.judged_by(item.evaluation))}</small>"
        name = (f'<td class="number">{place or "–"}</td><th scope="row">{svg.key(n)}'
                f'{item.number} · {escape(parts.clip_name(item.video))}{below}</th>')
        rows.append(f"<tr>{name}{_scores(item, keys)}</tr>")
    return framed(words.SCORES, [words.PLACE, words.CLIP, *_heads(keys)], rows)


def _scores(item: Item, keys: Collection[str] = KEYS) -> str:
    if item.evaluation is None:
        said = words.FAILED.format(error=parts.flat(words.worded(item.error))) if item.error else words.NOT_BEGUN
        return f'<td class="missing" colspan="{len(COLUMNS)}">{escape(said)}</td>'
    return "".join(f'<td class="number">{_cell(item.evaluation, key, keys)}</td>' for key in COLUMNS)


def _cell(evaluation: Evaluation, key: str, keys: Collection[str]) -> str:
    sure = evaluation.scores[key].confidence if key in KEYS else None
    below = "" if sure is None else f"<small>{words.CONFIDENCE.format(percent=round(sure * 100))}</small>"
    return parts.number(evaluation, key, keys) + below


def rows(items: Sequence[Item]) -> str:
    """A batch's rows, at most `MOST_ROWS`, in the table's order."""
    made = [f'<tr><td class="number">{item.number}</td><th scope="row">{escape(parts.clip_name(item.video) or "–")}'
            f"<small>{escape(parts.flat(item.prompt, 160))}</small></th>{_scores(item)}</tr>"
            for item in items[:MOST_ROWS]]
    note = "" if len(items) <= MOST_ROWS else words.ROWS_SHOWN.format(shown=MOST_ROWS, count=len(items))
    return framed(words.ROWS, ["#", words.CLIP, *_heads()], made, note)


def board(found: Leaderboard) -> str:
    """The groups of one column: means with their intervals, what is behind them, the lowest clips; then radars."""
    title = words.BY.format(column=escape(parts.flat(found.column, 80)))
    lines = [_group(group, index) for index, group in enumerate(found.groups)]
    heads = [words.PLACE, words.GROUP, *_heads(), words.BEHIND, words.WORST]
    notes = [words.INTERVAL]
    lacking = words.LACKING_ONE if found.lacking == 1 else words.LACKING
    notes += [lacking.format(count=found.lacking)] if found.lacking else []
    notes += [words.JUDGES_MIXED.format(count=len(found.judges))] if len(found.judges) > 1 else []
    radars = "".join(f"<figure>{svg.radar([(name(one), one.means)])}<figcaption>{escape(name(one))}</figcaption>"
                     "</figure>" for one in found.profiled[:MOST_RADARS])
    profiles = f'<section><h2>{words.GROUP_RADAR}</h2><div class="radars">{radars}</div></section>' if radars else ""
    return f'<section><h2>{title}</h2>{framed(title, heads, lines)}{parts.listed(notes)}</section>{profiles}'


def name(group: Group) -> str:
    """What a group is called."""
    return parts.flat(group.name, 80) or words.NO_VALUE


def _group(group: Group, index: int) -> str:
    cells = "".join(f'<td class="number">{_mean(group.cells[key], group, key)}</td>' for key in COLUMNS)
    why = [form.format(count=count) for form, count in (
        (words.PART_WITHHELD, group.cells[OVERALL].withheld), (words.PART_UNREAD, group.cells[OVERALL].unread),
        (words.PART_FAILED, group.failed), (words.PART_LEFT, group.left)) if count]
    behind = words.OF_ROWS.format(judged=group.complete, rows=group.rows)
    behind += "".join(f'<small class="missing">{one}</small>' for one in why)
    form = words.ROWS_NAMED if len(group.worst) > 1 else words.ROW
    numbers = ", ".join(map(str, group.worst))
    worst = form.format(number=numbers, numbers=numbers) if numbers else "–"
    return (f'<tr><td class="number">{group.place or "–"}</td><th scope="row">{escape(name(group))}</th>{cells}'
            f"<td>{behind}</td><td>{worst}</td></tr>")


def _mean(cell: Cell, group: Group, key: str) -> str:
    if cell.mean is None:
        return f'<span class="missing">{words.WITHHELD if cell.withheld else words.NO_SCORES}</span>'
    ends = words.NO_INTERVAL if cell.low is None or cell.high is None else f"[{cell.low:.2f}, {cell.high:.2f}]"
    of = words.OF_ROWS.format(judged=cell.judged, rows=group.rows)
    of = "" if cell.judged == group.rows else f"<small>{of}</small>"
    figure = svg.interval(cell.mean, cell.low, cell.high, SCALE[0], SCALE[-1], 0, SCALE) if key == OVERALL else ""
    return f"<b>{cell.mean:.2f}</b><small>{ends}</small>{of}{figure}"


def ranking(found: Ranking) -> str:
    """A ranking by votes, and how far judges agree with the people."""
    label = words.LABELS[found.dimension] if found.dimension in KEYS else words.ALL_DIMENSIONS
    title = words.DUEL_OF.format(dimension=label.lower() if found.dimension else label)
    ends = [end for one in found.ranked for end in (one.low, one.high, one.strength) if end is not None]
    least, most = (min(ends), max(ends)) if ends else (0.0, 0.0)
    lines = []
    for place, one in enumerate(found.ranked, 1):
        strength = "–" if one.strength is None else f"<b>{one.strength:+.2f}</b>"
        span = "" if one.low is None or one.high is None else f"<small>[{one.low:+.2f}, {one.high:+.2f}]</small>"
        figure = svg.interval(one.strength, one.low, one.high, least, most, 0, [0.0] if least < 0 < most else [])
        rate = "–" if one.rate is None else f"{one.rate:.0%}"
        lines.append(f'<tr><td class="number">{place}</td><th scope="row">{escape(parts.flat(one.name, 120))}</th>'
                     f'<td class="number">{strength}{span}{figure}</td><td class="number">{rate}</td>'
                     f'<td class="number">{one.wins}</td><td class="number">{one.losses}</td>'
                     f'<td class="number">{one.ties}</td></tr>')
    heads = [words.PLACE, words.GENERATOR, words.STRENGTH, words.WIN_RATE, words.WINS, words.LOSSES, words.TIES]
    notes = [votes(found), words.STRENGTHS.format(level=round(found.level * 100)),
             *(parts.flat(words.worded(note)) for note in found.notes)]
    return (f"<section><h2>{escape(title)}</h2>{framed(title, heads, lines)}{parts.listed(notes)}</section>"
            f"{_agreements(found)}")


def votes(found: Ranking) -> str:
    """What a ranking stands on."""
    by = words.VOTES_BY.format(voters=found.voters) if found.voters else ""
    by = words.VOTES_BY_ONE if found.voters == 1 else by
    form = words.VOTES_ONE if found.votes == 1 else words.VOTES
    return form.format(votes=found.votes, by=by, ties=found.ties, bad=found.both_bad)


def _agreements(found: Ranking) -> str:
    if not found.agreements:
        return ""
    lines = []
    for one in found.agreements:
        shares = "".join(f'<td class="number">{"–" if value is None else format(value, ".1%")}</td>'
                         for value in (one.accuracy, one.with_ties))
        lines.append(f'<tr><th scope="row">{escape(parts.judge_name(parts.flat(one.judge, 120)))}'
                     f"<small>{escape(parts.flat(words.worded(one.knows)) or words.KNOWS_NOT)}</small></th>"
                     f'<td class="number">{one.pairs}</td>{shares}</tr>')
    heads = [words.JUDGE, words.PAIRS, words.AGREES, words.AGREES_TIES]
    return f"<section><h2>{words.AGREEMENT}</h2>{framed(words.AGREEMENT, heads, lines)}</section>"

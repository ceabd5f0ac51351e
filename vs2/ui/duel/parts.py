"""The Duel page's ranking and agreement as HTML. Names come from files and are escaped here."""
from collections.abc import Iterable
from html import escape

from vs2.duels import Agreement, Ranking, Standing
from vs2.duels.ranking import CENTRE
from vs2.ui import whose
from vs2.ui.text import duel as text


def ranking(found: Ranking) -> str:
    """The standings with their intervals, what they stand on, and who met whom."""
    said = text.STANDS_ON.format(votes=found.votes, prompts=found.prompts)
    notes = [text.MODEL_SAID, *([] if found.interval else [text.NO_INTERVAL]),
             *([] if found.whole else [text.NOT_WHOLE]),
             *([text.APART.format(groups=found.groups)] if found.groups > 1 else [])]
    least, most = _range(found)
    heads = (text.PLACE, text.GENERATOR, text.RATING, text.INTERVAL, text.WIN_RATE, text.VOTES, text.WINS, text.TIES,
             text.BAD, text.LOSSES)
    rows = "".join(
        f'<tr><td>{one.place}</td><th scope="row">{escape(one.generator)}</th><td><b>{one.rating:.0f}</b></td>'
        f"<td>{_interval(one, found.interval, least, most)}</td><td>{one.win_rate:.0%}</td><td>{one.votes}</td>"
        f"<td>{one.wins}</td><td>{one.ties - one.bad}</td><td>{one.bad}</td><td>{one.losses}</td></tr>"
        for one in found.standings)
    lines = "".join(f"<p>{escape(note)}</p>" for note in notes)
    return (f'<p class="vs-counted">{escape(said)}</p>{_table(text.RANKING, heads, rows, "vs-duel-standings")}'
            f'<div class="vs-duel-notes">{lines}</div>{meetings(found)}')


def meetings(found: Ranking) -> str:
    """Who met whom, and how it went."""
    rows = "".join(
        f'<tr><th scope="row">{escape(text.VERSUS.format(first=one.first, second=one.second))}</th><td>{one.wins}</td>'
        f"<td>{one.ties}</td><td>{one.losses}</td></tr>" for one in found.meetings)
    return (f'<details class="vs-duel-meetings"><summary>{escape(text.MEETINGS)}</summary>'
            f'{_table(text.MEETINGS, text.MEETING_HEADS, rows)}</details>')


def judges(found: Iterable[Agreement]) -> str:
    """How far judges agree with the votes, a row a judge, and what each of them knows."""
    found = list(found)
    title = f"<h3>{escape(text.JUDGES)}</h3>"
    if not found:
        return f'<section class="vs-figures-of">{title}<p class="vs-empty">{escape(text.JUDGES_NONE)}</p></section>'
    hints = ((text.JUDGE, ""), (text.PAIRS, ""), (text.WITHOUT_TIES, text.WITHOUT_TIES_HINT),
             (text.WITH_TIES, text.WITH_TIES_HINT), (text.CALIBRATED, text.CALIBRATED_HINT),
             (text.UNJUDGED, text.UNJUDGED_HINT))
    heads = [f'<abbr title="{escape(hint)}" tabindex="0">{escape(name)}</abbr>' if hint else escape(name)
             for name, hint in hints]
    rows = "".join(
        f'<tr><th scope="row">{escape(whose.shown(one.judge))}</th><td>{one.pairs}</td><td>{_share(one.without_ties)}'
        f"</td><td>{_share(one.with_ties)}</td><td>{_calibrated(one)}</td><td>{one.unjudged}</td></tr>"
        for one in found)
    said = "".join(f"<p><b>{escape(name)}:</b> {escape(hint)}</p>" for name, hint in hints if hint)
    return (f'<section class="vs-figures-of">{title}{_table(text.JUDGES, heads, rows, marked=True)}'
            f'<details class="vs-duel-rules"><summary>{escape(text.WITH_TIES)}, {escape(text.WITHOUT_TIES)}</summary>'
            f"{said}</details>{whose.lines((one.judge, '') for one in found)}</section>")


def _table(label: str, heads: Iterable[str], rows: str, kind: str = "", marked: bool = False) -> str:
    """marked: the heads are HTML already."""
    head = "".join(f'<th scope="col">{name if marked else escape(name)}</th>' for name in heads)
    return (f'<div class="vs-figures-wide vs-duel-table {kind}" tabindex="0" role="region" '
            f'aria-label="{escape(label)}">'
            f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>")


def _range(found: Ranking) -> tuple[float, float]:
    """The ratings that the drawing of the intervals reaches over."""
    ends = [CENTRE, *(value for one in found.standings for value in (one.rating, one.low, one.high)
                      if value is not None)]
    return min(ends) - 20, max(ends) + 20


def _interval(one: Standing, there: bool, least: float, most: float) -> str:
    if not there:
        return text.UNDEFINED
    low, high = (None if end is None else round(end) for end in (one.low, one.high))
    if low is None or high is None:
        said = text.OPEN_BOTH if low is high else (
            text.OPEN_LOW.format(high=high) if low is None else text.OPEN_HIGH.format(low=low))
    else:
        said = text.BETWEEN.format(low=low, high=high)

    def at(value: float) -> float:
        return 100 * (value - least) / (most - least)

    start = 0.0 if one.low is None else at(one.low)
    end = 100.0 if one.high is None else at(one.high)
    kind = f'{" vs-open-low" if one.low is None else ""}{" vs-open-high" if one.high is None else ""}'
    return (f'<div class="vs-duel-interval"><span class="vs-duel-track{kind}" aria-hidden="true">'
            f'<i style="left:{start:.1f}%;width:{end - start:.1f}%"></i><b style="left:{at(one.rating):.1f}%"></b>'
            f"</span><span>{escape(said)}</span></div>")


def _share(value: float | None) -> str:
    return text.UNDEFINED if value is None else f"{value:.0%}"


def _calibrated(one: Agreement) -> str:
    if one.calibrated is None or one.threshold is None:
        return text.UNDEFINED
    return escape(text.CALIBRATED_AT.format(accuracy=_share(one.calibrated), threshold=one.threshold))

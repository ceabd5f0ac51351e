"""A report as one HTML file that needs no other: light and dark, on paper, on a phone, without a script.

Its policy (Content-Security-Policy) lets in nothing but pictures that stand in it and its one stylesheet, by that
one's hash: were there a hole in the escaping, nothing could run, load or send anything.
"""
import base64
import hashlib
from functools import cache
from html import escape

from vs2 import __version__
from vs2.report import parts, svg, tables, words
from vs2.report.model import BATCH, BEST_OF, COMPARISON, DUEL, EVALUATION, Item, Report
from vs2.resources import ASSETS


@cache
def stylesheet() -> str:
    """The stylesheet, as it stands in every report."""
    return (ASSETS / "report" / "report.css").read_text(encoding="utf-8")


def policy() -> str:
    """What a report may load: its own stylesheet, and pictures that stand in it."""
    digest = base64.b64encode(hashlib.sha256(stylesheet().encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def html(report: Report) -> str:
    """The whole file as text, to be written as UTF-8."""
    kind = words.KINDS[report.kind]
    body = {EVALUATION: _evaluation, COMPARISON: _comparison, BEST_OF: _comparison, BATCH: _batch,
            DUEL: _duel}[report.kind](report)
    made = words.MADE.format(when=parts.when(report.made), version=__version__)
    title = parts.flat(_title(report), 120)
    full = f"{title} · {words.TITLE.format(kind=kind)}" if title else words.TITLE.format(kind=kind)
    page = (f'<!doctype html>\n<html lang="{words.TAG}"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{escape(policy())}">'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" '
            'content="no-referrer"><meta name="color-scheme" content="light dark">'
            f'<meta name="generator" content="vs2 {escape(__version__)}"><title>{escape(full)}</title>'
            f'<style>{stylesheet()}</style></head><body><main><p class="top"><b>{words.TITLE.format(kind=kind)}</b>'
            f"<span>{escape(made)}</span></p>{body}{_caveat(report)}</main></body></html>\n")
    return page.encode("utf-8", "replace").decode()


def _title(report: Report) -> str:
    prompts = list(dict.fromkeys(item.prompt for item in report.items if item.prompt.strip()))
    return prompts[0] if len(prompts) == 1 else ""


def _lead(report: Report, below: str, beside: str = "") -> str:
    """The prompt where there is one for all, else what kind of report it is, as its heading."""
    title = _title(report)
    above = f'<p class="prompt-label">{words.PROMPT}</p>' if title else ""
    heading = escape(parts.flat(title, 4200) or words.KINDS[report.kind])
    return f'<header class="lead"><div>{above}<h1>{heading}</h1><p class="file">{below}</p></div>{beside}</header>'


def _evaluation(report: Report) -> str:
    item = report.items[0]
    if item.evaluation is None:
        return _lead(report, escape(parts.clip_name(item.video))) + _failed(item)
    by = f"{escape(parts.clip_name(item.video))} · {escape(parts.judged_by(item.evaluation))}"
    return (_lead(report, by, parts.overall(item.evaluation)) + parts.listed(report.notes) + parts.scores(item)
            + parts.stills(item) + parts.rationale(item.evaluation)
            + parts.facts((*parts.seeing(item), *parts.judging(item)), parts.notes(item.evaluation)))


def _failed(item: Item) -> str:
    error = parts.flat(words.worded(item.error))
    return f'<section class="notice"><p>{escape(words.FAILED.format(error=error))}</p></section>'


def _comparison(report: Report) -> str:
    names = " · ".join(escape(parts.clip_name(item.video)) for item in report.items)
    series = [(parts.clip_name(item.video), svg.values(item.evaluation.scores) if item.evaluation else None)
              for item in report.items]
    legend = "".join(f"<li>{svg.key(n)}<span>{item.number} · {escape(parts.clip_name(item.video))}</span></li>"
                     for n, item in enumerate(report.items) if item.evaluation)
    reasons = _reasons(report.items)
    whole = "".join(_clip(report, item) for item in report.told)
    return (f"{_lead(report, names)}{_verdict(report)}{parts.listed(report.notes)}{_side_by_side(report)}"
            f'<section class="pair"><h2>{words.SCORES}</h2>{tables.candidates(report)}<div>{svg.radar(series)}'
            f'<ul class="legend">{legend}</ul></div></section>{reasons}{whole}{_asked(report)}')


def _asked(report: Report) -> str:
    """What all clips have in common of whose their scores are and how they were asked; "" where they have not."""
    found = {parts.judging(item) for item in report.told if item.evaluation}
    rule = ((words.RULE, parts.ruled(report.rule), False),) if report.rule else ()
    return parts.facts((*found.pop(), *rule)) if len(found) == 1 else ""


def _verdict(report: Report) -> str:
    decision = report.decision
    if decision is None:
        return ""
    best = report.items[decision.winner] if decision.winner is not None else None
    said = words.TIE if decision.tie else words.NO_WINNER
    if best is not None:
        said = words.WINNER.format(name=f"{best.number} · {parts.clip_name(best.video)}")
    rule = f'<p class="small">{escape(words.RULE)}: {escape(parts.ruled(report.rule))}</p>' if report.rule else ""
    return (f'<section{" class=winner" * (best is not None)}><h2>{escape(said)}</h2>'
            f"<p>{escape(words.worded(decision.reason))}</p>{rule}</section>")


def _side_by_side(report: Report) -> str:
    """One still of each candidate, the middle one."""
    shown = [(item, item.stills[len(item.stills) // 2]) for item in report.items if item.stills]
    if len(shown) < 2:
        return ""
    made = "".join(f"<li><figure>{parts.picture(still)}<figcaption>{item.number} · "
                   f"{escape(parts.clip_name(item.video))}</figcaption></figure></li>" for item, still in shown)
    return f'<section><h2>{words.CLIPS}</h2><ol class="stills{parts.columns(len(shown))}">{made}</ol></section>'


def _reasons(items) -> str:
    """Why what was not judged was not, each reason once with the clips that it holds for."""
    found: dict[str, list[str]] = {}
    for item in items:
        for score in item.evaluation.scores.values() if item.evaluation else ():
            if score.reason is not None:
                numbers = found.setdefault(parts.flat(words.worded(score.reason)), [])
                numbers += [str(item.number)] * (str(item.number) not in numbers)
    lines = "".join(f"<li><b>{', '.join(numbers[:20])}{'…' * (len(numbers) > 20)}</b> {escape(reason)}</li>"
                    for reason, numbers in found.items())
    return f'<section class="notice"><h2>{words.WITHHELD_TITLE}</h2><ul>{lines}</ul></section>' if lines else ""


def _clip(report: Report, item: Item) -> str:
    """One clip, told whole, on a page of its own in print."""
    number = words.ROW if report.kind == BATCH else words.CANDIDATE
    head = (f'<header><h2><span>{number.format(number=item.number)}</span> {escape(parts.clip_name(item.video))}</h2>'
            "</header>")
    if item.evaluation is None:
        return f'<article class="clip">{head}{_failed(item)}</article>' if item.error else ""
    known = (*(((words.PROMPT, item.prompt, True),) if not _title(report) else ()), *parts.seeing(item),
             *(() if _asked(report) else parts.judging(item)))
    return (f'<article class="clip">{head}{parts.scores(item)}{parts.stills(item)}{parts.rationale(item.evaluation)}'
            f"{parts.facts(known, parts.notes(item.evaluation), words.FACTS)}</article>")


def _batch(report: Report) -> str:
    items = report.items
    judged = [item for item in items if item.evaluation is not None]
    complete = sum(item.evaluation.overall is not None for item in judged if item.evaluation)
    failed = sum(bool(item.error) for item in items)
    said = ", ".join(form.format(count=count) for form, count in (
        (words.COUNT_COMPLETE, complete), (words.COUNT_PART, len(judged) - complete), (words.PART_FAILED, failed),
        (words.PART_LEFT, len(items) - len(judged) - failed)) if count)
    counts = (words.COUNTS_ONE if len(items) == 1 else words.COUNTS).format(rows=len(items), said=said)
    boards = "".join(map(tables.board, report.boards))
    told = report.told
    which = words.WHOLE_SHOWN.format(shown=len(told), count=len(judged), which=report.which) \
        if report.whole is not None and told else ""
    return (f"{_lead(report, escape(counts))}{parts.listed(report.notes)}{boards}<section><h2>{words.ROWS}</h2>"
            f'{tables.rows(items)}</section>{_reasons(items)}{_judges(judged)}{parts.listed([which] if which else [])}'
            f'{"".join(_clip(report, item) for item in told)}')


def _judges(judged) -> str:
    """Every judge of a table with what it knows, and how it was asked where that is the same for all."""
    asked = {parts.judging(item) for item in judged}
    if len(asked) == 1:
        return parts.facts(asked.pop())
    whose = dict.fromkeys(parts.judging(item)[0] for item in judged)
    return parts.facts(whose, title=words.JUDGE) if whose else ""


def _duel(report: Report) -> str:
    below = tables.votes(report.rankings[0]) if report.rankings else ""
    clips = "".join(_clip(report, item) for item in report.told)
    return (f"{_lead(report, escape(below))}{parts.listed(report.notes)}"
            f'{"".join(map(tables.ranking, report.rankings))}{_side_by_side(report)}{clips}')


def _caveat(report: Report) -> str:
    said = [*words.CAVEATS] if report.kind != DUEL else [words.CAVEAT_VOTES, *words.CAVEATS[1:3]]
    if any(item.evaluation and item.evaluation.withheld for item in report.items):
        said.append(words.CAVEAT_WITHHELD)
    lines = "".join(f"<li>{escape(one)}</li>" for one in said)
    return f'<section class="caveat"><h2>{words.CAVEAT}</h2><ul>{lines}</ul></section>'

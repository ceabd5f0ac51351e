"""The Benchmarks page: what the authors published, apart from it what this project measured, and what it all means.

What was measured is read from cards: that of the judge that runs, or that of the built-in one. A card may come from
anyone, so that a figure that is no number, or a suite that is not there, is left out.
"""
from dataclasses import dataclass
from functools import partial
from html import escape

import gradio as gr

from vs2 import published
from vs2.bench.people import everything
from vs2.errors import Problem
from vs2.model import checkpoint
from vs2.plots import bench
from vs2.rubric import DIMENSIONS
from vs2.ui import rated
from vs2.ui import text as shared
from vs2.ui.article import Cell, Group, code, paragraph, section, table, terms
from vs2.ui.figures import number, percent, plain
from vs2.ui.host import Host
from vs2.ui.said import worded
from vs2.ui.site import Site
from vs2.ui.text import benchmarks as text
from vs2.ui.whose import mini_card, shown

BALANCED = 125          # scenes: so many hold each combination of the three scores once (vs2/bench/scenes.py)
BLIND_EXACT, BLIND_WITHIN_ONE = 1 / 5, 3 / 5  # what always saying 3 reaches where the five scores are equally frequent


@dataclass(frozen=True)
class Measured:
    """A judge's name and its card's `metrics`. running: the judge that runs here, where it has none of its own."""

    judge: str
    metrics: dict
    running: str = ""

    def suite(self, name: str) -> dict:
        """What the card says of a suite or a dimension; {} where it says nothing."""
        found = self.metrics.get(name)
        return found if isinstance(found, dict) else {}

    @property
    def clips(self) -> int:
        """How many scenes were judged; 0 where the suite `scenes` was not measured."""
        clips = number(self.metrics.get("clips")) if self.metrics.get("suite") == "scenes" else None
        return int(clips or 0)

    @property
    def balanced(self) -> bool:
        """Whether the five scores are equally frequent among the scenes in each dimension."""
        return self.clips > 0 and self.clips % BALANCED == 0

    @property
    def exact(self) -> list[tuple[str, float]]:
        """(dimension's label, percent exact) of the scenes."""
        if not self.clips:
            return []
        shares = ((shared.LABELS[d.key], number(self.suite(d.key).get("exact"))) for d in DIMENSIONS)
        return [(label, 100 * share) for label, share in shares if share is not None]


def running(host: Host):
    """The judge that runs, None while it is loaded or where that failed."""
    try:
        return host.wait(0)
    except Problem:
        return None


def measured(host: Host) -> Measured:
    """What is known of the judge that runs, else of the built-in one."""
    judge, mini = running(host), mini_card()
    if judge is not None and judge.card.metrics:
        return Measured(shown(judge.name), judge.card.metrics)
    others = shown(judge.name) if judge is not None and judge.name != checkpoint.MINI else ""
    return Measured(checkpoint.MINI, mini.metrics if mini else {}, others)


def theirs() -> str:
    """The table of published figures."""
    return table(text.THEIRS_CAPTION, (text.FIGURE, text.VALUE, text.SOURCE),
                 [Group("", [_published(figure) for figure in published.FIGURES])], "vs-doc-beside")


def ours(found: Measured) -> str:
    """The table of measured ones."""
    return table(text.OURS_CAPTION.format(judge=found.judge), (text.FIGURE, text.VALUE, text.SOURCE), [_here(found)],
                 "vs-doc-beside")


def _named(figure: published.Figure) -> str:
    return text.OF_JUDGE.format(judge=worded(figure.judge), metric=worded(figure.metric))


def _published(figure: published.Figure) -> tuple:
    said = f"+{figure.value:g} %" if figure.gain else f"{figure.value:.2f} %"
    value = text.ABOUT.format(value=said) if figure.about else said
    return (Cell(_named(figure), worded(figure.data)), Cell(value, number=True),
            Cell(worded(figure.source.name), url=figure.source.url))


def _here(found: Measured) -> Group:
    source = text.CARD.format(judge=found.judge)
    rows: list[tuple[Cell | str, ...]] = [
        (text.EXACT_OF.format(dimension=label), Cell(percent(share / 100), number=True), source)
        for label, share in found.exact]
    best = found.suite("best-of")
    if (uplift := number(best.get("uplift"))) is not None:
        size, contests = (plain(number(best.get(name)), ".0f") for name in ("size", "contests"))
        rows.append((Cell(text.GAIN_OF.format(size=size), text.GAIN_ON.format(contests=contests, size=size)),
                     Cell(f"{uplift:+.1f} %", number=True), source))
    if not rows:
        return Group(text.NOTHING, [(Cell(text.NOTHING_HINT.format(judge=found.judge)), Cell("–", number=True), "–")])
    if not found.clips:
        return Group(text.MEASURED_SHORT.format(judge=found.judge), rows)
    return Group(text.MEASURED.format(judge=found.judge, data=text.HELD_OUT.format(clips=found.clips)), rows)


def their_chart():
    """The published shares of people's clips as a Plotly figure."""
    others = [(_named(figure), figure.value) for figure in published.FIGURES if not figure.gain]
    return bench.shares([bench.Bars(text.THEIR_AXIS, others, 2, bench.PUBLISHED)])


def our_chart(found: Measured):
    """The measured shares of rendered scenes as a figure of its own: a percent of one is no percent of the other."""
    if not found.exact:
        return bench.shares([])
    said = (text.BLIND_LINE.format(value=f"{100 * BLIND_EXACT:.0f} %"), 100 * BLIND_EXACT)
    bars = [(text.EXACT_OF.format(dimension=label), share) for label, share in found.exact]
    return bench.shares([bench.Bars(text.OUR_AXIS.format(judge=found.judge, clips=found.clips), bars,
                                    blind=said if found.balanced else None)])


def full(found: Measured) -> str:
    """The section with all metrics of the scenes; "" where they were not measured."""
    if not found.clips:
        return ""
    rows: list[tuple[Cell | str, ...]] = [(shared.SHORT[d.key], *_metrics(found.suite(d.key))) for d in DIMENSIONS]
    if found.balanced:
        rows.append((text.ALWAYS_3, *_metrics({"exact": BLIND_EXACT, "within_one": BLIND_WITHIN_ONE})))
    caption = text.FULL_CAPTION.format(judge=found.judge, clips=found.clips)
    mode = text.MODES.get(str(found.metrics.get("mode")), text.MODES["think"])
    weights = found.metrics.get("weights")
    return section(
        "benchmarks-full", text.FULL,
        paragraph(f"{caption}."),
        table(caption, (text.DIMENSION, *text.METRICS.values()), [Group("", rows)], "vs-doc-metrics"),
        paragraph(text.FULL_NOTE.format(mode=mode), "vs-doc-note"),
        paragraph(text.WEIGHTS.format(weights=weights), "vs-doc-note") if isinstance(weights, str) else "")


def _metrics(values: dict) -> list[Cell]:
    said = [percent(number(values.get(name))) for name in ("exact", "within_one")]
    said += [plain(number(values.get(name)), ".2f") for name in ("pearson", "spearman")]
    return [Cell(one, number=True) for one in said]


def checks(found: Measured) -> str:
    """The section of the suites that ask for an order of clips only."""
    faults = found.suite("faults")
    asked = [*(_groups(faults) or [_faults(faults)]), _prompts(found.suite("prompts")), _best(found.suite("best-of"))]
    rows = [row for row in asked if row]
    caption = text.CHECKS_CAPTION.format(judge=found.judge)
    body = (table(caption, (text.CHECK, text.RESULT), [Group("", rows)], "vs-doc-checks") if rows
            else paragraph(text.NO_CHECKS))
    return section("benchmarks-checks", text.CHECKS, body)


def _shares(values: dict, *names: str) -> list[str] | None:
    found = [number(values.get(name)) for name in names]
    return None if None in found else [percent(share) for share in found]


def _faults(values: dict) -> tuple | None:
    if (found := _shares(values, "fell", "fell_by_value")) is None:
        return None
    same = len(values["constant"]) if isinstance(values.get("constant"), list) else 0
    under = text.FAULTS_CONSTANT_ONE if same == 1 else text.FAULTS_CONSTANT.format(count=same) if same else ""
    pairs = plain(number(values.get("pairs")), ".0f")
    return (Cell(text.FAULTS, text.FAULTS_ON.format(pairs=pairs)),
            Cell(text.FAULTS_RESULT.format(fell=found[0], by_value=found[1]), under))


def _groups(values: dict) -> list[tuple | None]:
    """A row for each group of kinds of faults; none of a card from before they were told apart."""
    groups, rows = values.get("groups"), list[tuple | None]()
    for name, question in text.FAULTS_OF.items():
        group = groups.get(name) if isinstance(groups, dict) else None
        if not isinstance(group, dict) or (found := _shares(group, "fell", "same")) is None:
            continue
        steps = monotone if isinstance(monotone := group.get("monotone"), dict) else {}
        lower = _shares(steps, "lower", "same")
        count = plain(number(steps.get("steps")), ".0f")
        pairs, withheld = (plain(number(group.get(one)), ".0f") for one in ("pairs", "withheld"))
        rows.append((Cell(question, text.FAULTS_OF_ON.format(pairs=pairs, withheld=withheld)),
                     Cell(text.FAULTS_OF_RESULT.format(fell=found[0], same=found[1]), text.FAULTS_OF_STEPS.format(
                         lower=lower[0], steps=count, same=lower[1]) if lower else "")))
    return rows


def _prompts(values: dict) -> tuple | None:
    if (found := _shares(values, "higher", "higher_by_value")) is None:
        return None
    ties = number(values.get("ties"))
    pairs = plain(number(values.get("pairs")), ".0f")
    return (Cell(text.PROMPTS, text.PROMPTS_ON.format(pairs=pairs)),
            Cell(text.PROMPTS_RESULT.format(higher=found[0], by_value=found[1]),
                 text.PROMPTS_TIES.format(ties=percent(ties)) if ties else ""))


def _best(values: dict) -> tuple | None:
    if (uplift := number(values.get("uplift"))) is None:
        return None
    numbers = {name: plain(number(values.get(name)), ".2f") for name in ("picked", "random", "best")}
    size, contests = (plain(number(values.get(name)), ".0f") for name in ("size", "contests"))
    edges = said if isinstance(said := values.get("interval"), list) else []
    low, high = map(number, edges) if len(edges) == 2 else (None, None)
    interval = ("" if low is None or high is None else
                text.BEST_INTERVAL.format(low=f"{low:+.1f} %", high=f"{high:+.1f} %"))
    gained = ", ".join(part for part in (f"{uplift:+.1f} %", interval) if part)
    return (Cell(text.BEST.format(size=size), text.BEST_ON.format(contests=contests, size=size)),
            Cell(gained, text.BEST_RESULT.format(**numbers)))


def rest() -> str:
    """The sections that no measurement changes."""
    facts = [(worded(fact.name), worded(fact.value), Cell(worded(fact.source.name), url=fact.source.url))
             for fact in published.FACTS]
    return (section("benchmarks-meaning", text.MEANING, terms(text.MEANINGS))
            + section("benchmarks-work", text.WORK,
                      table(text.WORK_CAPTION, (text.FACT, text.SAYS, text.SOURCE), [Group("", facts)], "vs-doc-facts"),
                      paragraph(text.WORK_NOTE, "vs-doc-note"))
            + section("benchmarks-measure", text.MEASURE, paragraph(text.MEASURE_NOTE),
                      code(text.COMMAND, text.MEASURE)))


class BenchmarksPage:
    """The page's components; what was measured is read again whenever the page is opened."""

    NAME = "benchmarks"

    def __init__(self, site: Site, address: gr.HTML):
        self.site = site
        html = partial(gr.HTML, apply_default_css=False)
        table_now, chart_now, full_now, rated_now = self.open({})
        html(paragraph(text.INTRO, "vs-doc-lead"))
        html(self._head("theirs", text.THEIRS, text.THEIRS_NOTE))
        with gr.Row(elem_classes="vs-doc-row", equal_height=False):
            with gr.Column(scale=7, min_width=280):
                html(theirs(), elem_id="benchmarks-theirs")
            with gr.Column(scale=5, min_width=280):
                gr.Plot(their_chart(), show_label=False, container=False, elem_id="benchmarks-their-chart")
                html(paragraph(text.THEIR_CHART, "vs-doc-note"))
        self.rated = html(rated_now, elem_id="benchmarks-rated")
        html(self._head("ours", text.OURS, text.OURS_NOTE))
        with gr.Row(elem_classes="vs-doc-row", equal_height=False):
            with gr.Column(scale=7, min_width=280):
                self.table = html(table_now, elem_id="benchmarks-ours")
            with gr.Column(scale=5, min_width=280):
                self.chart = gr.Plot(chart_now, show_label=False, container=False, elem_id="benchmarks-our-chart")
                html(paragraph(text.OUR_CHART, "vs-doc-note"))
        self.full = html(full_now, elem_id="benchmarks-measured")
        html(rest())
        self.opens = [self.table, self.chart, self.full, self.rated]

    @staticmethod
    def _head(name: str, title: str, note: str) -> str:
        return f'<h2 class="vs-doc-title" id="benchmarks-{name}-title">{escape(title)}</h2>{paragraph(note)}'

    def open(self, address: dict) -> list:
        """Values for `opens`: the judge may have been loaded since the page was made."""
        found = measured(self.site.host)
        note = paragraph(text.OTHER_JUDGE.format(judge=found.running), "vs-doc-note") if found.running else ""
        return [ours(found) + note, our_chart(found), full(found) + checks(found),
                rated.section_of(everything.read(self.site.settings.home))]

"""What `vs2 bench all` measured on suites that people rated, as a part of the Benchmarks page.

The report is a file that anyone may have written: what is no number, and a suite that is none, is left out.
"""
from collections.abc import Mapping

from vs2.bench.people.mapping import OVERALL
from vs2.bench.people.preferences import HELD_OUT, PLAIN
from vs2.ui import text as shared
from vs2.ui.article import Cell, Group, paragraph, section, table
from vs2.ui.figures import number, percent, plain
from vs2.ui.text import benchmarks as text


def section_of(report: dict | None) -> str:
    """The section; "" where there is no report, or nothing in it."""
    suites = [one for one in (report or {}).get("suites", ()) if isinstance(one.get("suite"), str)]
    scores = [Group(_named(one), rows) for one in suites if (rows := _scores(one))]
    pairs = [Group(_named(one), rows) for one in suites if (rows := _pairs(one))]
    if report is None or not scores and not pairs:
        return ""
    said = text.RATED_NOTE.format(judge=_text(report.get("model")), made=_text(report.get("made"))[:10])
    parts = [paragraph(said)]
    if scores:
        parts.append(table(text.RATED_SCORES, (text.DIMENSION, text.RATED_CLIPS, text.RATED_WITHHELD,
                                               *text.METRICS.values(), text.RATED_WITHIN), scores, "vs-doc-metrics",
                           wide=True))
    if pairs:
        parts.append(table(text.RATED_PAIRS, (text.DIMENSION, text.RATED_COUNT, text.RATED_PLAIN, text.RATED_TIES),
                           pairs, "vs-doc-metrics", wide=True))
    return section("benchmarks-rated-suites", text.RATED, *parts, paragraph(text.RATED_FOOT, "vs-doc-note"))


def _scores(suite: dict) -> list[tuple[Cell | str, ...]]:
    rows: list[tuple[Cell | str, ...]] = []
    for name, cell in _mapping(suite.get("metrics")).items():
        cell = _mapping(cell)
        if number(cell.get("clips")) is None:
            continue
        known, within = _mapping(cell.get("intervals")), _mapping(cell.get("within_prompt"))
        rows.append((_dimension(name), *(_count(cell.get(one)) for one in ("clips", "withheld")),
                     *(_share(cell.get(one), known.get(one)) for one in ("exact", "within_one")),
                     *(_correlation(cell.get(one), known.get(one)) for one in ("pearson", "spearman")),
                     _share(within.get("accuracy"), within.get("interval"))))
    return rows


def _pairs(suite: dict) -> list[tuple[Cell | str, ...]]:
    rows: list[tuple[Cell | str, ...]] = []
    for name, cell in _mapping(suite.get("pairs")).items():
        cell = _mapping(cell)
        if number(cell.get("pairs")) is None:
            continue
        rules = [_mapping(_mapping(cell.get("rules")).get(rule)) for rule in (PLAIN, HELD_OUT)]
        rows.append((_dimension(name), _count(cell.get("pairs")),
                     *(_share(rule.get("accuracy"), rule.get("interval")) for rule in rules)))
    return rows


def _named(suite: dict) -> str:
    return text.RATED_SUITE.format(suite=_text(suite.get("suite")), judge=_text(suite.get("model")))


def _dimension(name: object) -> str:
    known = {**shared.SHORT, OVERALL: shared.OVERALL}
    return known.get(str(name), str(name).replace("_", " ")[:60])


def _count(value: object) -> Cell:
    return Cell(plain(number(value), ".0f"), number=True)


def _share(value: object, interval: object) -> Cell:
    return _cell(percent(number(value)), [percent(end) for end in _ends(interval)])


def _correlation(value: object, interval: object) -> Cell:
    return _cell(plain(number(value), ".2f"), [plain(end, ".2f") for end in _ends(interval)])


def _cell(said: str, ends: list[str]) -> Cell:
    """A figure, and under it the interval that is known of it."""
    return Cell(said, text.RATED_BETWEEN.format(low=ends[0], high=ends[1]) if ends else "", number=True)


def _ends(interval: object) -> list[float]:
    ends = [number(end) for end in interval] if isinstance(interval, list) else []
    known = [end for end in ends if end is not None]
    return known if len(known) == len(ends) == 2 else []


def _mapping(value: object) -> Mapping:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value[:200] if isinstance(value, str) else ""

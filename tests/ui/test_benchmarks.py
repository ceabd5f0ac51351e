"""Benchmarks and About without a browser: the card's own numbers, nothing of others' as ours, and what is escaped."""
import ast
import inspect
import json
import re
from html import unescape
from types import SimpleNamespace

import gradio as gr
import pytest

from vs2 import published
from vs2.bench.scenes import held_out
from vs2.cli import main
from vs2.errors import Failure
from vs2.model.card import Card
from vs2.model.checkpoint import ASSETS
from vs2.rubric import DIMENSIONS, KEYS, SCALE
from vs2.settings import Settings
from vs2.ui import about, article, benchmarks
from vs2.ui import text as shared
from vs2.ui.benchmarks import Measured
from vs2.ui.evaluate.page import EvaluatePage
from vs2.ui.site import Site
from vs2.ui.text import about as about_text
from vs2.ui.text import benchmarks as text

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
SUITES = {
    "suite": "scenes", "clips": 500, "weights": "0123456789abcdef", "mode": "think",
    **{key: {"exact": exact, "within_one": 0.9123, "pearson": 0.8171, "spearman": None}
       for key, exact in zip(KEYS, (0.4321, 0.5432, 0.6543), strict=True)},
    "faults": {"pairs": 56, "fell": 0.7518, "fell_by_value": 0.4107, "constant": ["a.mp4", EVIL]},
    "prompts": {"pairs": 100, "higher": 0.8314, "higher_by_value": 0.7091, "ties": 0.0512},
    "best-of": {"contests": 50, "size": 5, "picked": 3.4139, "random": 3.0017, "best": 3.9321, "uplift": 13.7321,
                "interval": [9.1234, 18.0321]},
}


def site(judge=None, problem=None, **settings) -> Site:
    """A site whose judge is loaded (or None: not yet, or failed with the problem)."""
    def wait(timeout=None):
        if problem:
            raise problem
        return judge

    return Site(SimpleNamespace(wait=wait), None, Settings(**settings))


def judge(name="mini", **card) -> SimpleNamespace:
    return SimpleNamespace(name=name, precision="fp32", card=Card(**card))


def page(kind, made: Site):
    with gr.Blocks():
        return kind(made, gr.HTML())


def words(html: str) -> str:
    """What is read of a piece of a page."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def rows(html: str) -> list[list[str]]:
    """The cells of the tables' rows."""
    return [[words(cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)]
            for row in re.findall(r"<tr.*?</tr>", html, re.DOTALL)]


def mini() -> dict:
    """The built-in judge's metrics, read apart from the code under test."""
    return json.loads((ASSETS / "mini" / "vs2.json").read_text(encoding="utf-8")).get("metrics", {})


def test_the_page_shows_the_numbers_of_the_built_in_judges_card():
    table, chart, full, _ = page(benchmarks.BenchmarksPage, site(judge(metrics=mini()))).open({})
    metrics = mini()
    if metrics.get("suite") != "scenes":
        assert text.NOTHING in words(table) and "benchmarks-full" not in full
        return
    assert f"{metrics['clips']} rendered scenes" in words(full) and f"{metrics['clips']} held-out" in words(table)
    for dimension in DIMENSIONS:
        measured = metrics[dimension.key]
        exact = f"{100 * measured['exact']:.1f} %"
        assert [text.EXACT_OF.format(dimension=dimension.label), exact, "card of mini"] in rows(table)
        said = [f"{100 * measured[name]:.1f} %" for name in ("exact", "within_one")]
        said += ["–" if measured[name] is None else f"{measured[name]:.2f}" for name in ("pearson", "spearman")]
        assert [shared.SHORT[dimension.key], *said] in rows(full)
    assert list(chart.data[0].x) == pytest.approx([100 * metrics[key]["exact"] for key in KEYS])


def test_every_suite_of_a_card_is_shown():
    found = Measured("mini", SUITES)
    said = words(benchmarks.full(found) + benchmarks.checks(found))
    for number in ("43.2 %", "91.2 %", "0.82 –", "75.2 % of the pairs", "41.1 % by the digit", "2 of the clips got",
                   "83.1 % of the pairs", "70.9 % by the digit", "5.1 % are ties", "56 pairs", "100 pairs",
                   "+13.7 %, 95 % interval +9.1 % to +18.0 %", "3.41", "3.00", "3.93", "0123456789abcdef"):
        assert number in said, number
    here = rows(benchmarks.ours(found))[-1]
    assert here[0].startswith("Best of 5: gain over a random pick") and here[1:] == ["+13.7 %", "card of mini"]


def test_published_figures_stand_apart_with_their_sources():
    theirs, ours = benchmarks.theirs(), benchmarks.ours(Measured("mini", SUITES))
    assert "Measured here: mini" in words(ours) and "mini" not in theirs and "Published" not in words(ours)
    for figure in published.FIGURES:
        row, = (row for row in re.findall(r"<tr>.*?</tr>", theirs) if figure.metric in unescape(row)
                and f">{figure.judge}:" in row)
        assert f'href="{figure.source.url}"' in row and f"{figure.value:g}" in row
    assert "href" not in ours and len(rows(theirs)) == len(published.FIGURES) + 1


def test_no_axis_has_both_people_s_clips_and_rendered_scenes():
    people, scenes = benchmarks.their_chart(), benchmarks.our_chart(Measured("mini", SUITES))
    others = [figure.value for figure in published.FIGURES if not figure.gain]
    assert [list(bars.x) for bars in people.data] == [others]
    assert [list(bars.x) for bars in scenes.data] == [pytest.approx([43.21, 54.32, 65.43])]
    said = [" ".join(note.text for note in figure.layout.annotations) for figure in (people, scenes)]
    assert "clips that people judged" in said[0] and "mini" not in said[0] and "rendered" not in said[0]
    assert "mini on 500 rendered scenes" in said[1].replace("<br>", " ") and "VideoScore2" not in said[1]
    with gr.Blocks() as blocks:
        made = benchmarks.BenchmarksPage(site(judge(metrics=SUITES)), gr.HTML())
    charts = [one for one in blocks.blocks.values() if isinstance(one, gr.Plot)]
    assert [len(json.loads(one.value["plot"])["data"]) for one in charts] == [1, 1] and made.chart is charts[1]


BROKEN = [{}, {"suite": "scenes"}, {"suite": "scenes", "clips": 250}, {"faults": [], "prompts": 7, "best-of": "x"},
          {"suite": "scenes", "clips": float("nan"), "visual_quality": None},
          {"suite": "scenes", "clips": 10, "visual_quality": {"exact": "0.9", "pearson": float("inf")}},
          {"suite": 3, "clips": True, "weights": 7, "mode": ["x"], "best-of": {"uplift": 1.0, "interval": [1, "x"]}},
          {"faults": {"groups": {"trained": 3, "held-out": {"fell": "x"}, "events": {"fell": 1, "same": 0},
                                 EVIL: {}}}},
          {"faults": {"groups": [1]}},
          {"faults": {"fell": 0.5}, "prompts": {"higher": None, "higher_by_value": 1}, "best-of": {"uplift": None}}]


@pytest.mark.parametrize("metrics", BROKEN)
def test_a_card_with_less_or_with_nonsense_still_gives_a_page(metrics):
    table, chart, rest, _ = page(benchmarks.BenchmarksPage, site(judge("other", metrics=metrics))).open({})
    assert ("Measured here: other" in words(table)) == bool(metrics) or text.NOTHING in words(table)
    assert len(chart.data) in (0, 1)
    for nonsense in ("nan", "inf", "None", "0.9 ", "True"):
        assert nonsense not in words(table + rest).split()
    assert rest.count("<section") == rest.count("</section>")


def test_kinds_that_training_uses_and_kinds_held_out_are_two_questions():
    def group(fell, lower):
        return {"pairs": 84, "withheld": 4, "fell": fell, "same": 0.0512,
                "monotone": {"steps": 240, "lower": lower, "same": 0.25}}

    told = SUITES["faults"] | {"groups": {"trained": group(0.9123, 0.8123), "held-out": group(0.6123, None)}}
    rest = words(page(benchmarks.BenchmarksPage, site(judge("other", metrics=SUITES | {"faults": told}))).open({})[2])
    assert text.FAULTS_OF["trained"] in rest and text.FAULTS_OF["held-out"] in rest and text.FAULTS not in rest
    assert text.FAULTS_OF["events"] not in rest, "was not measured"
    assert "91.2 % of the pairs" in rest and "61.2 % of the pairs" in rest and "4 of them were not judged" in rest
    assert "lower in 81.2 % of 240 pairs of strengths" in rest and rest.count("pairs of strengths") == 1
    before = words(page(benchmarks.BenchmarksPage, site(judge("other", metrics=SUITES))).open({})[2])
    assert text.FAULTS in before, "a card from before has one row"


def test_a_judge_without_measurements_is_not_given_those_of_another():
    table, *_ = page(benchmarks.BenchmarksPage, site(judge("TIGER-Lab/VideoScore2"))).open({})
    assert "TIGER-Lab/VideoScore2, has not been measured by this project" in words(table)
    assert "Measured here: TIGER" not in table
    table, *_ = page(benchmarks.BenchmarksPage, site(judge("some/folder", metrics=SUITES))).open({})
    assert "Measured here: some/folder" in table and "has not been measured" not in table and "mini" not in table


@pytest.mark.parametrize("made", [site(), site(problem=Failure("It could not be loaded."))], ids=["loading", "failed"])
def test_both_pages_open_while_no_judge_is_there(made):
    table, *_ = page(benchmarks.BenchmarksPage, made).open({"page": EVIL})
    known, = page(about.AboutPage, made).open({})
    assert "Measured here: mini" in words(table) and about_text.LOADING in known
    assert Card.read(ASSETS / "mini").knows.split(".")[0] in words(known)


def test_the_pages_give_as_many_values_as_they_open():
    for kind in (benchmarks.BenchmarksPage, about.AboutPage):
        made = page(kind, site(judge()))
        assert len(made.opens) == len(made.open({"visitor": "x", "page": kind.NAME, "e": ["x"]}))


def test_what_a_card_says_is_text_and_nothing_else():
    hostile = {**SUITES, "weights": EVIL, "mode": EVIL}
    made = site(judge(EVIL, metrics=hostile, knows=EVIL, trained_on=EVIL))
    table, chart, rest, _ = page(benchmarks.BenchmarksPage, made).open({})
    known, = page(about.AboutPage, made).open({})
    for html in (table, rest, known):
        assert "<script" not in html and "<img" not in html and "&lt;script" in html
    assert not any("<script" in note.text for note in chart.layout.annotations)


def test_tables_are_tables_and_escape_every_part():
    evil = article.Cell(EVIL, EVIL, url="javascript:alert(1)", number=True)
    shown = article.table(EVIL, (EVIL, EVIL), [article.Group(EVIL, [(evil, evil)])])
    shown += article.section("name", EVIL, article.code(EVIL, EVIL), article.terms([(EVIL, EVIL)]),
                             article.listing([EVIL]), article.link(EVIL, 'https://a.b/"onload=x'))
    assert "<script" not in shown and "<img" not in shown and "href" not in shown
    assert shown.count('scope="col"') == 2 and shown.count('scope="row"') == 1 and shown.count('scope="rowgroup"') == 1
    assert "<caption" in shown
    assert article.prose("`a<b`") == "<code>a&lt;b</code>"


def test_always_saying_3_reaches_what_the_page_says():
    scores = [scene.scores for scene in held_out(benchmarks.BALANCED)]
    for at in range(len(KEYS)):
        true = [score[at] for score in scores]
        assert sum(score == 3 for score in true) / len(true) == benchmarks.BLIND_EXACT
        assert sum(abs(score - 3) <= 1 for score in true) / len(true) == benchmarks.BLIND_WITHIN_ONE
    balanced, other = Measured("mini", SUITES), Measured("mini", {**SUITES, "clips": 130})
    assert text.ALWAYS_3 in benchmarks.full(balanced) and text.ALWAYS_3 not in benchmarks.full(other)
    assert benchmarks.our_chart(balanced).layout.shapes and not benchmarks.our_chart(other).layout.shapes


def test_the_worked_example_is_what_the_scores_compute():
    alone, mixed, evaluation = about.example()
    assert alone.confidence is None and mixed.confidence == pytest.approx(max(mixed.distribution))
    shown = words(about.numbers())
    terms, total, sure = re.search(r"expected ([\d.×+ ]+) = ([\d.]+), confidence (\d+) %", shown).groups()
    assert total == f"{mixed.expected:.2f}" and sure == f"{100 * mixed.confidence:.0f}"
    by_hand = sum(int(score) * float(p) for score, p in (term.split(" × ") for term in terms.split(" + ")))
    assert f"{by_hand:.2f}" == total, "what a reader adds up is what is said"
    expected = [float(f"{evaluation.scores[key].expected:.2f}") for key in KEYS]
    assert f"overall is {sum(expected) / 3:.2f}." in shown and f"{sum(expected) / 3:.2f}" == f"{evaluation.overall:.2f}"
    for distribution in (*about.EXAMPLE, about.ALIGNMENT, about.PHYSICAL):
        assert sum(distribution) == pytest.approx(1)


def test_every_score_and_dimension_is_explained():
    shown = rows(about.scores())
    steps = {row[0]: row[1:] for row in shown if row[0] in map(str, SCALE)}
    assert len(steps) == len(SCALE) and steps["5"] == ["nothing spoils it", "all as asked", "nothing impossible"]
    assert steps["4"][0].endswith("strength 1") and steps["1"][0].endswith("strength 4")
    assert steps["2"][1] == "3 elements differ"
    for dimension in DIMENSIONS:
        assert any(row[0] == f"{dimension.label} {dimension.asks}" for row in shown)


def test_who_sees_what_follows_the_settings():
    assert "knows your secret id" in about.privacy(Settings())
    assert "shared history" in about.privacy(Settings(shared_history=True))
    assert "knows your secret id" not in about.privacy(Settings(shared_history=True))
    assert about_text.STORED[0][1].startswith("in this browser") and "data-open" in about.privacy(Settings())


def test_the_code_on_the_page_is_code_that_runs():
    call = next(node for node in ast.walk(ast.parse(about_text.CLIENT_CODE)) if isinstance(node, ast.Call)
                and getattr(node.func, "attr", "") == "predict")
    given = {keyword.arg for keyword in call.keywords} - {"api_name"}
    assert {"video", "prompt"} <= given <= set(inspect.signature(EvaluatePage.evaluate).parameters)
    ast.parse(about_text.PYTHON_CODE)
    for line in about_text.TERMINAL_CODE.splitlines():
        arguments = [part.strip('"') for part in re.findall(r'"[^"]*"|\S+', re.split(r" [>#] ", line)[0])]
        assert arguments[0] == "vs2" and main.parser().parse_args(arguments[1:]).video == "clip.mp4"
    assert re.search(r"python -m train\.measure FOLDER --suite all --write", text.COMMAND)

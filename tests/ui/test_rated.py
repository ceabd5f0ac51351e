"""What people rated, on the Benchmarks page: the report's numbers with their intervals, nonsense left out."""
import json

import pytest

from tests.support.rated import clips, judge, write_csv
from tests.ui.test_benchmarks import EVIL, page, rows, site, words
from vs2.bench.people import everything
from vs2.ui import benchmarks, rated
from vs2.ui.text import benchmarks as text


def test_the_page_shows_the_report_that_was_made_last(tmp_path):
    scored = write_csv(tmp_path / "data" / "table.csv", [
        {"video": f"{n}.mp4", "prompt": f"p{n % 4}", "text_alignment": n % 5 + 1} for n in range(8)])
    clips(scored.parent, *(f"{n}.mp4" for n in range(8)))
    fake = judge({str(n): (3, n % 5 + 1, 3) if n else (3, "Foreign.", 3) for n in range(8)})
    everything.judged(fake, scored.parent, tmp_path / everything.FOLDER, draws=50, look=False)
    made = page(benchmarks.BenchmarksPage, site(home=tmp_path))
    shown = made.open({})[-1]
    day = json.loads((tmp_path / "bench" / "report.json").read_text())["made"][:10]
    assert f"judged by fake on {day}" in words(shown)
    head, group, row = rows(shown)[:3]
    assert head[1:3] == [text.RATED_CLIPS, text.RATED_WITHHELD] and group == ["table, judged by fake"]
    assert row[0] == "Alignment" or row[0].startswith("Text")
    assert row[1:3] == ["8", "1"] and row[3].startswith("87.5 % ") and " to " in row[3] and row[5].startswith("1.00")
    assert page(benchmarks.BenchmarksPage, site(home=tmp_path / "nowhere")).open({})[-1] == ""


@pytest.mark.parametrize("suite", [
    {}, {"suite": 3}, {"suite": "x", "metrics": 7, "pairs": [1]},
    {"suite": "x", "metrics": {"a": 1, "b": {"clips": "9"}}}, {"suite": "x", "pairs": {"overall": {"pairs": None}}}])
def test_what_is_no_figure_is_left_out(suite):
    assert rated.section_of({"suites": [suite]}) == ""


def test_what_a_report_says_is_text_and_nothing_else():
    cell = {"clips": 3, "withheld": True, "exact": float("nan"), "pearson": EVIL, "intervals": {"exact": [1, EVIL]},
            "within_prompt": [EVIL]}
    pair = {"pairs": 3, "rules": {"without ties": {"accuracy": 0.5, "interval": [0.25, 0.75]}, EVIL: EVIL}}
    shown = rated.section_of({"model": EVIL, "made": EVIL, "suites": [
        {"suite": EVIL, "model": EVIL, "metrics": {EVIL: cell}, "pairs": {EVIL: pair}}]})
    assert "<script" not in shown and "<img" not in shown and "nan" not in words(shown).split()
    assert "50.0 % 25.0 % to 75.0 %" in words(shown)
    assert shown.count('class="vs-doc-wide" tabindex="0"') == 2, "what scrolls sideways is reached by the keyboard"
    whole = rated.section_of({"model": "x", "made": "", "suites": [{"suite": "x", "pairs": {"overall": pair}}]})
    assert "Overall 3 50.0 %" in words(whole)

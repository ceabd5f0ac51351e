"""Not judged, in part, in whole, and not read: what every page, copy and file says in the place of a score."""
import base64
import csv
import io
import json
import re
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest

from tests.support.withholding import FOREIGN, SAID, UNSURE, Withholding, evaluation, scores
from tests.ui.test_pages import ANN, merged, run_page, site_of
from vs2 import candidates, plots
from vs2.batch import Result
from vs2.batch.table import Row as TableRow
from vs2.errors import BadInput
from vs2.rubric import KEYS
from vs2.ui import judgement, language, parts, text, withheld
from vs2.ui.batch import parts as batch
from vs2.ui.batch.job import Job
from vs2.ui.batch.parts import Filter
from vs2.ui.compare import parts as compare
from vs2.ui.compare.parts import Row
from vs2.ui.evaluate.page import EvaluatePage
from vs2.ui.history import row
from vs2.ui.rationale import rationale
from vs2.ui.text import batch as batch_text

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
NONE, PART, MIXED = (FOREIGN,) * 3, (4, FOREIGN, FOREIGN), (UNSURE, FOREIGN, FOREIGN)
UNREAD, WHOLE = (4, None, 2), (4, 5, 2)


@pytest.fixture(autouse=True)
def nobody_loaded(monkeypatch):
    """Judges that other tests have loaded are not there."""
    monkeypatch.setattr(judgement, "judges", {})


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def cards(html: str) -> list[str]:
    return [words(card) for card in re.findall(r"<article.*?</article>", html)]


# ---- the cards

def test_a_card_says_not_judged_and_why_in_words():
    shown = parts.scores(scores(*PART))
    visual, alignment, physical = cards(shown)
    assert "4 /5" in visual and text.WITHHELD not in visual and "High confidence" in visual
    for card in (alignment, physical):
        assert text.WITHHELD in card and FOREIGN in card and text.UNREAD not in card
        assert not re.search(r"\d/5|confidence|expected", card)
    assert f"{text.OVERALL} {text.WITHHELD}" in words(shown) and "vs-not-judged" not in shown
    assert shown.count('data-value=""') == 2 and shown.count("vs-bars") == 1


@pytest.mark.parametrize(("given", "said"), [(NONE, [FOREIGN]), (MIXED, [
    f"Visual quality: not judged. {UNSURE}", f"Text alignment, Physical consistency: not judged. {FOREIGN}"])])
def test_where_nothing_was_judged_the_reason_is_said_once_above_the_cards(given, said):
    shown = parts.scores(scores(*given))
    above, below = shown.split('<div class="vs-cards">')
    assert [words(line) for line in re.findall(r"<p>(.*?)</p>", above)] == [*said, text.WAY]
    assert words(shown).count(FOREIGN) == 1 and f"<h3>{text.WITHHELD_TITLE}</h3>" in above
    assert 'href="?show=about#about-published"' in above
    assert [text.WITHHELD in card and "/5" not in card for card in cards(below)] == [True] * 3


def test_a_score_that_was_not_read_is_another_thing():
    shown = parts.scores(scores(*UNREAD))
    assert text.UNREAD in cards(shown)[1] and text.WITHHELD not in words(shown)
    assert not withheld.mark(scores(*UNREAD)) and not withheld.sentences(scores(*UNREAD))


def test_a_reason_is_text_and_nothing_else_and_not_endless():
    long = "word " * 5000
    for given in ((EVIL,) * 3, (4, EVIL, EVIL), (long,) * 3, (4, long, EVIL)):
        made = evaluation(*given, model=EVIL, rationale=EVIL)
        rows = [Row("a", "a.mp4", "p", made, "k" * 22), Row("b", "b.mp4", "p", evaluation(*WHOLE))]
        for shown in (parts.scores(made.scores), parts.actions(made, "k" * 22),
                      rationale(EVIL, scores=made.scores), compare.table(rows, candidates.decide([made, made])),
                      compare.rationales(rows), batch.table(job_of(given), Filter()),
                      row(SimpleNamespace(evaluation=made, created=0, id="k" * 22), True)):
            assert "<script" not in shown and "<img" not in shown
        assert len(parts.scores(made.scores)) < 6000


# ---- the rationale, the radar, what is copied and saved

def test_the_words_of_a_judge_that_does_not_know_are_marked_in_place():
    shown = rationale(SAID, scores=scores(*NONE))
    assert shown.index(text.UNKNOWING) < shown.index("It starts.") and shown.count(text.UNKNOWING) == 1
    assert words(shown).count(text.WITHHELD) == 3
    for given, marked in ((PART, 2), (UNREAD, 0), (WHOLE, 0)):
        shown = rationale(SAID, scores=scores(*given))
        assert text.UNKNOWING not in shown and words(shown).count(text.WITHHELD) == marked
    assert text.UNKNOWING not in rationale("", scores=scores(*NONE)), "there are no words"


def test_the_radar_says_which_axes_were_not_judged():
    figure = plots.radar([evaluation(*PART)])
    assert list(figure.data[0].r) == [4, None, None, 4]
    said = [axis.strip("<br> ") for axis in figure.data[-1].text]
    assert said == ["Visual quality", "Alignment<br>not judged", "Physical<br>not judged"]
    for one in ([evaluation(*UNREAD)], [evaluation(*PART), evaluation(*WHOLE)], [None], []):
        assert "not judged" not in "".join(plots.radar(one).data[-1].text)


@pytest.mark.parametrize(("given", "said"), [
    (NONE, [f"{label}: not judged" for label in ("Visual quality", "Text-to-video alignment",
                                                "Physical and common-sense consistency")] + [FOREIGN, text.UNKNOWING]),
    (PART, ["Visual quality: 4 (expected 4.00)", "Text-to-video alignment: not judged",
            f"Text alignment, Physical consistency: not judged. {FOREIGN}"]),
    (UNREAD, ["Text-to-video alignment: not read", "Physical and common-sense consistency: 2 (expected 2.00)"])])
def test_what_is_copied_says_whose_it_is_and_what_was_not_judged(given, said):
    lines = parts.spoken(evaluation(*given)).splitlines()
    assert set(said) <= set(lines) and lines[2].startswith("Judge: mini, fp32. A very small judge")
    assert lines.index("It starts.") > max(map(lines.index, said))
    assert (text.UNKNOWING in lines) == (given is NONE)


def test_the_json_has_the_reasons_and_what_the_judge_knows():
    made = evaluation(*PART)
    data = re.search(r'base64,([^"]+)"', parts.actions(made))[1]
    record = json.loads(base64.b64decode(data))
    assert record["scores"][KEYS[1]]["value"] is None and record["scores"][KEYS[1]]["reason"] == FOREIGN
    assert record["overall"] is None and record["judge_knows"].startswith("A very small judge")
    assert type(made).from_dict(record) == made, "and is the same evaluation again"


# ---- Evaluate and its history

@pytest.fixture
def uploaded(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    path = tmp_path / "abc" / "clip.mp4"
    path.parent.mkdir()
    path.write_bytes(b"video")
    return {"path": str(path), "name": "my clip.mp4"}


@pytest.mark.parametrize(("prompt", "sure"), [("none x", False), ("part x", True), ("unread x", True),
                                              ("whole x", True)])
def test_how_sure_is_not_offered_for_what_was_not_judged(uploaded, tmp_path, prompt, sure):
    with gr.Blocks():
        page = EvaluatePage(site_of(Withholding(), tmp_path / "home"), gr.HTML())
    shown = merged(page, run_page(page, uploaded, prompt, visitor=ANN))
    assert shown["sure"]["visible"] is sure
    assert ("vs-not-judged" in shown["scores"]) == (not sure)
    assert "mini, fp32" in re.sub("<[^>]*>", "", shown["judged"]) and "A very small judge" in shown["judged"]
    opened = dict(zip(page.opens, page.open({"visitor": ANN, "e": [stored_id(page)]}), strict=True))
    assert opened[page.scores] == shown["scores"] and opened[page.judged] == shown["judged"]
    assert opened[page.rationale] == shown["rationale"] and not opened[page.sure]["visible"]


def stored_id(page) -> str:
    return page.site.store.find(None)[0].id


def test_the_history_says_whose_each_is_and_what_was_not_judged(tmp_path):
    site = site_of(Withholding(), tmp_path)
    for given, model in ((NONE, "mini"), (PART, "mini"), (UNREAD, "/data/judges/mine"),
                         (WHOLE, "TIGER-Lab/VideoScore2")):
        site.store.add(evaluation(*given, model=model), ANN, None)
    with gr.Blocks():
        page = EvaluatePage(site, gr.HTML())
    shown = page.history.listing({"visitor": ANN})
    lines = [words(line) for line in re.findall(r"<li>.*?</li>", shown)]
    assert ["not judged" in line and "2 not judged" not in line for line in lines] == [False, False, False, True]
    assert "4 – –" in lines[2] and "2 not judged" in lines[2] and "1 not read" in lines[1]
    assert "TIGER-Lab/VideoScore2, fp32" in lines[0] and "mine, fp32" in lines[1] and "/data" not in shown
    legend = words(shown.split("vs-judges", 1)[1])
    assert legend.count("A very small judge") == 1 and "AI-generated videos of all kinds" in legend
    assert f"Judge: mine {text.WAY} {text.KNOWS_NOT}" in legend
    path = page.history.save({"visitor": ANN})
    kept = [json.loads(line)["evaluation"] for line in Path(path).read_text(encoding="utf-8").splitlines()]
    assert [one.get("judge_knows", "")[:6] for one in kept] == ["AI-gen", "", "A very", "A very"]


# ---- Compare

def compared(*given) -> list[Row]:
    return [Row(str(n), f"{n}.mp4", "p", one if not isinstance(one, tuple) else evaluation(*one), "k" * 22)
            for n, one in enumerate(given, 1)]


def test_compare_shows_not_judged_gives_it_no_place_and_the_reason_once():
    rows = compared(NONE, PART, UNREAD, WHOLE, NONE)
    decision = candidates.decide(compare.compared(rows))
    shown = compare.table(rows, decision)
    table = [[words(cell) for cell in re.findall(r"<t[dh].*?</t[dh]>", line)][2:6]
             for line in re.findall(r"<tr data-state.*?</tr>", shown)]
    assert table[0] == ["not judged"] * 4 and table[1] == ["4.00", "not judged", "not judged", "not judged"]
    assert table[2][1] == table[2][3] == "not read" and table[3][3].startswith("3.67")
    places = re.findall(r'data-of="place" data-worth="(\d*)"', shown)
    assert places == ["", "", "", "1", ""], "nobody has a place for want of scores"
    assert decision.winner == 3 and "candidate 1 has no place" in words(compare.verdict(decision, rows))
    assert compare.legend(1, rows[0]) == "1 1.mp4 (not judged)" and compare.legend(2, rows[1]) == "2 2.mp4"
    why = [words(line) for line in re.findall(r"<li>(.*?)</li>", shown)]
    assert why == [f"1 5 {FOREIGN}", f"2 Text alignment, Physical consistency: not judged. {FOREIGN}"]
    assert "A very small judge" in shown and shown.count("vs-way") == 1
    assert [one["said"] for one in compare.states(rows, decision)] == [
        "not judged", "not judged", "not read", "3.67", "not judged"]


def test_compare_names_no_winner_where_nothing_was_judged():
    rows = compared(NONE, NONE)
    decision = candidates.decide(compare.compared(rows))
    assert decision.winner is None and not decision.tied
    assert 'data-worth="1"' not in re.sub(r'data-of="number" data-worth="\d"', "", compare.table(rows, decision))
    by_visual = candidates.decide(compare.compared(compared(PART, NONE)), KEYS[0])
    shown = compare.table(compared(PART, NONE), by_visual, KEYS[0])
    assert by_visual.winner == 0 and re.findall(r'data-of="place" data-worth="(\d*)"', shown) == ["1", ""]


def test_compare_goes_by_what_was_judged_where_the_rest_was_judged_of_none():
    rows = compared((4, FOREIGN, 2), (5, FOREIGN, 4), (None, FOREIGN, 5), NONE)
    decision = candidates.decide(compare.compared(rows))
    shown = compare.table(rows, decision)
    assert re.findall(r'data-of="place" data-worth="(\d*)"', shown) == ["2", "1", "", ""]
    whole = [words(cell) for cell in re.findall(r'<td data-of="overall".*?</td>', shown)]
    assert [one.split("\u2212")[0].split()[0] for one in whole[:2]] == ["3.00", "4.50"]
    assert whole[2:] == ["not read", "not judged"] and "Overall (2 of 3 scores)" in words(shown)
    assert "text alignment was judged of none and is left out" in words(compare.verdict(decision, rows))
    assert [one["said"] for one in compare.states(rows, decision)] == [
        "3.00 (2 of 3 scores)", "4.50 (2 of 3 scores)", "not read", "not judged"]
    with language.speaking("zh"):
        assert "文本对齐均未评，不参与比较。" in words(compare.verdict(decision, rows))
        assert "总分（3 项中的 2 项）" in words(compare.table(rows, decision))


def test_compare_marks_the_words_and_its_file_says_whose_they_are():
    rows = compared(NONE, PART)
    shown = compare.rationales(rows)
    assert shown.count(text.UNKNOWING) == len(KEYS) + 1, "in each panel of the one, and in none of the other's"
    assert words(shown).count("not judged") == 5
    data = re.search(r'base64,([^"]+)"', compare.actions(rows, candidates.decide(compare.compared(rows))))[1]
    record = json.loads(base64.b64decode(data))
    assert [one["judge_knows"][:6] for one in record["candidates"]] == ["A very"] * 2
    assert record["candidates"][0]["scores"][KEYS[0]]["reason"] == FOREIGN


# ---- Batch

def job_of(*given) -> Job:
    """A job that has these results, without its files."""
    job = Job.__new__(Job)
    job.rows = [TableRow(n, f"{n}.mp4", "p", {"judge_knows": "mine"}) for n in range(1, len(given) + 1)]
    job.results = {row.number: Result(row, None, BadInput("It is broken.")) if one is None else
                   Result(row, evaluation(*one)) for row, one in zip(job.rows, given, strict=True)}
    job.kept = {}
    return job


def test_batch_shows_filters_and_counts_what_was_not_judged():
    job = job_of(NONE, PART, UNREAD, WHOLE, None)
    shown = batch.table(job, Filter())
    lines = [words(line) for line in re.findall(r"<tr data-state.*?</tr>", shown)]
    assert lines[0].count("not judged") == 4 and lines[1].count("not judged") == 3 and "4.00" in lines[1]
    assert [words(line) for line in re.findall(r"<li>(.*?)</li>", shown)] == [
        f"Row 1 {FOREIGN}", f"Row 2 Text alignment, Physical consistency: not judged. {FOREIGN}"]
    assert "not read" in lines[2] and "not judged" not in lines[2] + lines[3]
    assert "A very small judge" in shown.split("</table>")[1]
    takes = {show: [n for n, result in job.results.items() if Filter.of({"show": show}).takes(result.row, result)]
             for show in batch_text.SHOWS}
    assert takes == {"all": [1, 2, 3, 4, 5], "scored": [2, 3, 4], "withheld": [1, 2], "failed": [5], "open": []}
    assert len(job.scored) == 3 and len(job.evaluated) == 4
    assert not Filter.of({"visual_quality_from": "2"}).takes(job.rows[0], job.results[1])


def test_a_reason_that_holds_for_many_rows_is_said_once():
    shown = batch.table(job_of(*[NONE] * 14), Filter())
    assert [words(line) for line in re.findall(r"<li>(.*?)</li>", shown)] == [
        f"Rows 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 2 more {FOREIGN}"]
    assert "Rows 1, 2 " in words(batch.table(job_of(NONE, NONE), Filter()))


def test_what_batch_does_not_draw_is_counted():
    made = [one.evaluation for one in job_of(NONE, PART, UNREAD, WHOLE).evaluated]
    assert words(batch.uncounted(made)) == "Scores in no bar: 6 (5 not judged, 1 could not be read)."
    assert words(batch.undrawn(made, *KEYS[:2])) == "Clips that are no point: 3 (2 not judged, 1 could not be read)."
    assert words(batch.undrawn(made, "overall", KEYS[0])) == words(batch.undrawn(made, *KEYS[:2]))
    assert batch.undrawn(made[3:], *KEYS[:2]) == batch.uncounted([]) == batch.undrawn([], *KEYS[:2]) == ""


def test_the_files_of_batch_say_whose_the_scores_are_and_keep_a_row_s_own_columns():
    from vs2.batch import results

    records = job_of(NONE, WHOLE, None).records()
    assert [one.get("judge_knows", "")[:6] for one in records] == ["A very", "A very", ""]
    rows = list(csv.DictReader(io.StringIO(results.to_csv(records))))
    assert [one["judge_knows"][:6] for one in rows] == ["A very", "A very", ""]
    assert [one["input judge_knows"] for one in rows] == ["mine"] * 3
    assert rows[0]["visual_quality_value"] == "" and rows[0]["overall"] == ""

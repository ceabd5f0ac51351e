"""Reviews of what a judge did not judge: nothing to agree with, nothing counted as agreement, said in every file."""
import csv
import io
import json
import re
import zipfile
from pathlib import Path

import gradio as gr
import pytest

from tests.support.withholding import FOREIGN, UNSURE, evaluation
from tests.ui.test_pages import ANN, Scripted, site_of
from train.data.reviews import rows_of
from vs2.errors import BadInput
from vs2.history import agreement, review_rows
from vs2.rubric import KEYS
from vs2.ui import text as shared
from vs2.ui.review import data
from vs2.ui.review.page import ReviewPage
from vs2.ui.text import review as text

VISUAL, ALIGNMENT, PHYSICAL = KEYS
NONE, PART, MIXED, UNREAD = (FOREIGN,) * 3, (4, FOREIGN, FOREIGN), (UNSURE, FOREIGN, FOREIGN), (4, None, 2)
EVIL = '"><script>alert(1)</script>'
ADDRESS = {"visitor": ANN}


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    (tmp_path / "uploads").mkdir()
    with gr.Blocks():
        made = ReviewPage(site_of(Scripted(), tmp_path / "home"), gr.HTML())
    yield made
    made.site.store.close()


def keep(page, *given, **more) -> str:
    return page.site.store.add(evaluation(*given, **more), ANN, None)


def say(page, id, verdicts, reviewer="ann", **more) -> dict:
    return page.save({"id": id, "reviewer": reviewer, "verdicts": verdicts, "corrected": {}, "wrong_passages": [],
                      "note": ""} | more, None)


def test_the_list_and_the_desk_say_what_was_not_judged(page):
    ids = [keep(page, *given) for given in (NONE, PART, MIXED, UNREAD)]
    listed = {item["id"]: item for item in page.find({"address": ADDRESS}, None)["items"]}
    assert [listed[id]["withheld"] for id in ids] == ["not judged", "2 not judged", "not judged", "1 not read"]
    assert listed[ids[3]]["lacking"][1] == "not read" and listed[ids[1]]["lacking"][1] == "not judged"
    shown = [page.show({"id": id}, None) for id in ids]
    assert [one["nothing"] for one in shown] == [[FOREIGN], [], [
        f"Visual quality: not judged. {UNSURE}", f"Text alignment, Physical consistency: not judged. {FOREIGN}"], []]
    assert shown[1]["not_judged"] == {ALIGNMENT: FOREIGN, PHYSICAL: FOREIGN} and shown[3]["not_judged"] == {}
    assert "It knows little &lt;i&gt;things&lt;/i&gt;" in shown[0]["whose"] \
        and "mini, fp32" in re.sub("<[^>]*>", "", shown[0]["whose"])


def test_nobody_can_agree_or_disagree_with_what_was_not_judged(page):
    part, none = keep(page, *PART), keep(page, *NONE)
    for verdicts in ({VISUAL: "agree", ALIGNMENT: "agree"}, {VISUAL: "agree", ALIGNMENT: "disagree"},
                     dict.fromkeys(KEYS, "agree")):
        with pytest.raises(BadInput, match="did not judge text-to-video alignment, so there is nothing to agree"):
            say(page, part, verdicts)
    with pytest.raises(BadInput, match="must be given by dimension: visual_quality"):
        say(page, part, {})
    stored = say(page, part, {VISUAL: "agree"}, corrected={ALIGNMENT: 2})["review"]
    assert stored["verdicts"] == {VISUAL: "agree"} and stored["corrected"] == {ALIGNMENT: 2}
    assert say(page, none, {}, note="A cat, not a ball.")["review"]["verdicts"] == {}
    assert page.show({"id": part, "reviewer": "ann"}, None)["review"] == stored
    with pytest.raises(BadInput, match="from 1 to 5"):
        say(page, none, {}, corrected={ALIGNMENT: 9})


def test_agreement_leaves_it_out_and_counts_it(page):
    for given, verdicts, corrected in (((4, 5, 2), dict.fromkeys(KEYS, "agree"), {}),
                                       (PART, {VISUAL: "agree"}, {ALIGNMENT: 2}), (NONE, {}, {VISUAL: 1}),
                                       (UNREAD, dict.fromkeys(KEYS, "agree") | {ALIGNMENT: "disagree"}, {})):
        say(page, keep(page, *given), verdicts, corrected=corrected)
    found = agreement.with_judge(page.seen_reviews(ADDRESS))
    assert [(found[key].n, found[key].withheld, found[key].unscored) for key in KEYS] == [
        (3, 1, 0), (1, 2, 1), (2, 2, 0)]
    assert found[VISUAL].exact == 1 and sum(map(sum, found[VISUAL].matrix)) == 3
    shown = data.figures("x", found)
    assert shared.WITHHELD in shown and "<td>1</td></tr>" in shown and text.WITHHELD_HINT in shown
    assert shared.WITHHELD not in data.figures("x", agreement.with_judge([]))


def test_reviewers_agree_among_themselves_on_what_the_judge_left_out(page):
    none = keep(page, *NONE)
    for name, score in (("ann", 2), ("ben", 3)):
        say(page, none, {}, name, corrected={ALIGNMENT: score})
    found = agreement.between_reviewers(page.seen_reviews(ADDRESS))
    assert found[ALIGNMENT].n == 1 and found[ALIGNMENT].within_one == 1 and found[VISUAL].n == 0


def test_the_exports_say_it(page, tmp_path):
    say(page, keep(page, *PART), {VISUAL: "agree"}, corrected={ALIGNMENT: 2})
    say(page, keep(page, *UNREAD), dict.fromkeys(KEYS, "agree") | {ALIGNMENT: "disagree"})
    reviews = page.seen_reviews(ADDRESS)
    table = data.export(reviews, "csv", page.site.store)["path"]
    unread, part = csv.DictReader(io.StringIO(Path(table).read_text(encoding="utf-8")))
    assert (part[f"{ALIGNMENT}_judge"], part[f"{ALIGNMENT}_verdict"], part[f"{ALIGNMENT}_corrected"]) == (
        "not judged", "", "2")
    assert unread[f"{ALIGNMENT}_judge"] == "" and unread[f"{VISUAL}_judge"] == "4"
    assert part["judge_knows"] == "It knows little <i>things</i>."
    unread, part = json.loads(Path(data.export(reviews, "json", page.site.store)["path"]).read_text(encoding="utf-8"))
    assert part["not_judged"] == {ALIGNMENT: FOREIGN, PHYSICAL: FOREIGN} and part["verdicts"] == {VISUAL: "agree"}
    assert "not_judged" not in unread and part["judge_knows"] == "It knows little <i>things</i>."


def test_what_it_exports_is_read_for_training_and_is_no_agreed_rationale(page, tmp_path):
    clip = tmp_path / "a.mp4"
    clip.write_bytes(b"clip")
    for given, verdicts in ((NONE, {}), ((4, 5, 2), dict.fromkeys(KEYS, "agree"))):
        id = page.site.store.add(evaluation(*given, prompt=f"p{given[0]}"), ANN, clip)
        say(page, id, verdicts, corrected={} if verdicts else dict(zip(KEYS, (3, 2, 1), strict=True)))
    path = data.export(page.seen_reviews(ADDRESS), "training", page.site.store)["path"]
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "out")
    read, wrong = review_rows.read(tmp_path / "out" / "reviews.jsonl")
    assert wrong == [] and {review.undisputed for review in read} == {True, False}
    rows, bad = rows_of(read)
    assert bad == [] and sorted((row.scores, row.reply is None) for row in rows) == [((3, 2, 1), True),
                                                                                    ((4, 5, 2), False)]


@pytest.mark.parametrize(("record", "said"), [
    ({"not_judged": {ALIGNMENT: 3}}, "a reason for each"), ({"not_judged": {"x": "y"}}, "by dimension"),
    ({"not_judged": {VISUAL: "y"}}, "nothing to agree"), ({"not_judged": []}, "by dimension"),
    ({"not_judged": {VISUAL: "y"}, "verdicts": {ALIGNMENT: "agree", PHYSICAL: "agree"}}, "its score must be null")])
def test_a_line_that_says_something_else_is_refused(record, said):
    whole = {"video": "a.mp4", "prompt": "p", "model": "m", "rationale": "", "reviewer": "ann",
             "scores": dict.fromkeys(KEYS, 3), "verdicts": dict.fromkeys(KEYS, "agree")}
    with pytest.raises(BadInput, match=said):
        review_rows.Review.from_json(whole | record)


def test_a_reason_is_text_and_nothing_else(page):
    shown = page.show({"id": keep(page, EVIL, EVIL, EVIL, model=EVIL)}, None)
    assert "<script" not in shown["whose"] and shown["nothing"] == [EVIL], "its script writes text"
    from vs2.ui.review import layout

    assert 'innerHTML = shown.whose' in layout.script() and "innerHTML = shown.nothing" not in layout.script()

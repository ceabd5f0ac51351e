"""The Duel page without a browser: what it takes, tells and keeps to itself; hostile names; judging; deleting."""
import csv
import html
import io
import json
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest

from tests.duels.test_judges import evaluation
from tests.support import apart
from tests.support.clips import moving_square
from tests.ui.test_pages import HOSTILE, Scripted, site_of
from vs2.batch import results
from vs2.batch.table import Row
from vs2.duels import read
from vs2.errors import Failure
from vs2.ui.duel.page import DuelPage
from vs2.ui.history import History
from vs2.ui.text import duel as text

ANN, BOB = {"visitor": "a" * 32}, {"visitor": "b" * 32}
GENERATORS = ("quokka-2", "zebra-9")


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Makes a page over a store of its own."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    (tmp_path / "uploads").mkdir()
    stores = []

    def make(judge=None, **settings) -> DuelPage:
        site = site_of(judge or Scripted(), tmp_path / "home", **settings)
        stores.append(site.store)
        with gr.Blocks():
            return DuelPage(site, gr.HTML())

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def page(made):
    return made()


def uploads(folder, names=("a ball", "a box"), generators=GENERATORS) -> list[dict]:
    """Clips of two generators where uploads are, as the browser names them."""
    found = []
    for number, (name, generator) in enumerate((n, g) for n in names for g in generators):
        path = folder / "uploads" / f"{number}" / "x.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        moving_square(path, frames=4, size=(64, 48), colour=(40 * number, 200, 60))
        found.append({"path": str(path), "name": f"{generator}/{name}-0.mp4"})
    return found


@pytest.fixture
def begun(page, tmp_path):
    """A duel that Ann has started: her address and its id, as her browser sends them."""
    answer = page.start({"address": ANN, "files": uploads(tmp_path), "name": "Mine"})
    return {"address": ANN, "id": answer["duel"]["id"]}


def test_what_names_tell_is_said_before_it_starts(page, tmp_path):
    files = uploads(tmp_path)
    told = page.look({"files": files})
    assert told["said"] == "2 generators, 2 prompts, 4 clips: 2 pairs to vote on." and told["left_out_count"] == 0
    assert told["names"] == "quokka-2, zebra-9"
    one = page.look({"files": [*files, {**files[0], "name": "loose.mp4"}]})
    assert one["left_out_count"] == 1 and "does not tell its generator" in one["left_out"][0]


def test_nothing_tells_who_made_what_until_it_is_asked_for(page, begun):
    answers = [page.show(begun)]
    for choice in ("left", "both_bad"):
        answers.append(page.pair(begun))
        pair = answers[-1]["pair"]
        for side in ("left", "right"):
            assert Path(pair[side]).is_file() and Path(pair[side]).name == "clip.mp4"
        answers.append(page.vote({**begun, "after": pair["after"], "choices": {"overall": choice}}))
    answers += [page.pair(begun), page.undo(begun), page.again(begun)]
    said = json.dumps(answers)
    assert not any(name in said for name in GENERATORS) and "-0.mp4" not in said
    assert answers[5]["pair"] is None
    shown = page.rank(begun)["html"]
    assert all(name in shown for name in GENERATORS)


def test_a_vote_goes_to_the_clip_on_that_side(page, begun):
    shown = page.duels.get(ANN["visitor"], begun["id"]).next
    pair = page.pair(begun)["pair"]
    digests = [page.site.store.clip(clip.digest).read_bytes() for clip in shown.sides]
    assert [Path(pair[side]).read_bytes() for side in ("left", "right")] == digests
    page.vote({**begun, "after": 0, "choices": {"overall": "right"}})
    vote, = page.duels.get(ANN["visitor"], begun["id"]).votes
    winner = vote.generator_a if vote.preference == "a" else vote.generator_b
    assert winner == shown.sides[1].generator


def test_a_clip_that_breaks_is_left_out_and_said_without_its_name(page, tmp_path):
    files = uploads(tmp_path)
    whole = Path(files[0]["path"]).read_bytes()
    Path(files[0]["path"]).write_bytes(whole[:40] + b"\0" * (len(whole) - 40))     # looks like a video, and is none
    duel = page.start({"address": ANN, "files": files})["duel"]
    assert duel["total"] == 2
    asked, shown = {"address": ANN, "id": duel["id"]}, []
    while (answer := page.pair(asked))["pair"]:
        shown.append(answer["pair"])
        page.vote({**asked, "after": answer["pair"]["after"], "choices": {"overall": "tie"}})
    assert len(shown) == 1 and answer["duel"]["total"] == 1
    line, = answer["duel"]["broken"]
    assert line.startswith("A clip of “a ball” cannot be shown") and not any(name in line for name in GENERATORS)


def test_a_clip_that_is_not_kept_any_more_is_said(page, begun):
    shown = page.duels.get(ANN["visitor"], begun["id"]).next
    page.site.store.clip(shown.sides[0].digest).unlink()
    answer = page.pair(begun)
    assert text.NO_CLIP in answer["duel"]["broken"][0] and answer["pair"]["prompt"] != shown.pair.a.prompt


def test_a_machine_that_is_busy_breaks_no_clip(page, begun, monkeypatch):
    def busy(*_):
        raise Failure("Many videos are being looked at.")

    monkeypatch.setattr("vs2.ui.duel.data.player.look", busy)
    with pytest.raises(Failure):
        page.pair(begun)
    monkeypatch.undo()
    assert page.pair(begun)["duel"]["broken"] == []


def test_bad_inputs_are_one_sentence_each(page, tmp_path, begun):
    files = uploads(tmp_path)
    served = {function.__name__: function for function in page.desk.server_fns}
    assert set(served) == {f"duel_{name}" for name in ("open", "look", "start", "pair", "vote", "undo", "again", "rank",
                                                       "bring", "export", "delete", "restore")}
    for name, function in served.items():
        for nonsense in (None, [], "x", {}, {"id": 7, "address": 7, "files": 7, "layout": {}, "choices": 3},
                         {**begun, "address": BOB, "choices": {}, "after": 0},
                         {**begun, "id": "x" * 22, "choices": {}, "after": 0, "kind": "csv"}):
            answer = apart.run(function(nonsense))
            if "problem" not in answer:
                harmless = ({"duels": [], "undo": None, "duel": None}, {"deleted": 0}, {"restored": 0},
                            page.show({"address": ANN}))
                assert name in ("duel_open", "duel_delete", "duel_restore") and answer in harmless, (name, nonsense)
            else:
                assert answer["problem"].endswith(".") and "\n" not in answer["problem"], (name, nonsense)
    for wrong, said in (({"files": files[:1]}, "one clip"), ({"files": files[::2]}, "by one generator"),
                        ({"files": [files[0], files[3]]}, "No prompt has clips by two"), ({"files": []}, "no clip"),
                        ({"files": files, "layout": "x"}, "choose folders"),
                        ({"files": [{"path": "/etc/passwd", "name": "one/a.mp4"}]}, "no longer on the server"),
                        ({"files": files * 150}, "at most 401")):
        assert said in apart.run(served["duel_look"](wrong))["problem"]
    for choices in ({"overall": "best"}, {"beauty": "left"}, "left", None, {"overall": ["left"]}):
        assert "problem" in apart.run(served["duel_vote"]({**begun, "after": 0, "choices": choices}))
    assert not page.duels.get(ANN["visitor"], begun["id"]).ballots
    assert apart.run(served["duel_start"]({"files": files, "address": {}}))["problem"] == text.NO_VISITOR


def test_hostile_names_are_text(page, tmp_path):
    files = uploads(tmp_path, names=(HOSTILE.replace("/", "|")[:90],), generators=("<b onclick=x>1</b>"[:12], "<i>"))
    duel = page.start({"address": ANN, "files": files, "name": "<img src=x>" * 20})["duel"]
    asked = {"address": ANN, "id": duel["id"]}
    page.vote({**asked, "after": 0, "choices": {"overall": "left"}})
    shown = page.rank(asked)["html"]
    assert "<i>" not in shown and "<b onclick" not in shown and "&lt;i&gt;" in shown
    assert len(duel["name"]) == 80


def test_votes_are_exported_as_rows_and_read_again(page, begun, tmp_path):
    for after, choice in enumerate(("left", "tie")):
        page.vote({**begun, "after": after, "choices": {"overall": choice}})
    duel = page.duels.get(ANN["visitor"], begun["id"])
    for kind in ("jsonl", "csv"):
        made = page.export({**begun, "kind": kind})
        assert read(made["path"]) == (duel.votes, []) and made["said"] == "Exported: 2 rows, with the names."
        assert made["path"] in page.desk.temp_files
    ranking = json.loads(Path(page.export({**begun, "kind": "ranking"})["path"]).read_text())
    assert len(ranking["overall"]["standings"]) == 2
    told = page.export({**begun, "kind": "report"})
    assert told["name"] == "vs2-duel-report.html"
    assert "2 votes; ties: 1, both bad: 0." in Path(told["path"]).read_text(encoding="utf-8")


def test_judging_makes_the_agreement_and_is_kept_in_the_history(page, begun):
    page.vote({**begun, "after": 0, "choices": {"overall": "left"}})
    assert text.JUDGES_NONE in page.rank(begun)["html"]
    updates = list(page.judge({"duel": begun["id"]}, ANN))
    assert "4 clips judged" in updates[-1][page.status] and updates[-1][page.desk]["duel"] == begun["id"]
    assert page.site.store.count(ANN["visitor"]) == 4
    shown = page.rank(begun)["html"]
    assert "<td>1</td><td>50%</td><td>0%</td>" in shown and "not judged yet" in shown
    last = list(page.judge({"duel": begun["id"]}, ANN))[-1]
    assert text.NOTHING_TO_JUDGE in html.unescape(last[page.status])
    kept = page.site.store.find(ANN["visitor"])
    assert {one.evaluation.prompt for one in kept} == {"a ball", "a box"} and "/" not in kept[0].evaluation.video


def test_judging_says_what_failed_and_is_a_visitors_own(made, tmp_path):
    page = made(Scripted(problem=Failure("The device is gone.")))
    duel = page.start({"address": ANN, "files": uploads(tmp_path)})["duel"]
    last = list(page.judge({"duel": duel["id"]}, ANN))[-1]
    assert "0 of 4 clips judged; the last problem: The device is gone." in last[page.status]
    assert "another visitor" in list(page.judge({"duel": duel["id"]}, BOB))[-1][page.status]
    assert "another visitor" in list(page.judge(None, ANN))[-1][page.status]


def test_a_table_of_results_brings_a_judges_scores(page, begun, tmp_path):
    page.vote({**begun, "after": 0, "choices": {"overall": "left"}})
    clips = page.duels.get(ANN["visitor"], begun["id"]).clips
    rows = [results.record(Row(n, clip.name, clip.prompt, {}), evaluation(clip.name, clip.prompt, value))
            for n, (clip, value) in enumerate(zip(clips, (1, 1, 5, 5), strict=True), 1)]
    path = tmp_path / "uploads" / "scores.csv"
    results.write(rows, path)
    brought = page.bring({**begun, "file": {"path": str(path), "name": "my scores.csv"}})
    assert brought["said"] == "Scores of mini: 4 of these clips."
    assert "<td>1</td><td>0%</td>" in (shown := page.rank(begun)["html"]) or "<td>1</td><td>100%</td>" in shown
    lines = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    path.write_text("\n".join(",".join(line[:4]).replace("a ball", "x").replace("a box", "x") for line in lines))
    served = {function.__name__: function for function in page.desk.server_fns}
    answer = apart.run(served["duel_bring"]({**begun, "file": {"path": str(path), "name": "s.csv"}}))
    assert answer["problem"] == text.BROUGHT_NONE


def test_two_visitors_at_once_do_not_see_each_other(page, begun, tmp_path):
    other = {"address": BOB, "id": page.start({"address": BOB, "files": uploads(tmp_path)})["duel"]["id"]}
    page.vote({**begun, "after": 0, "choices": {"overall": "left"}})
    assert page.show(other)["duel"]["seen"] == 0 and len(page.show(other)["duels"]) == 1
    assert page.show({**begun, "address": BOB})["duel"] is None


def test_delete_all_of_mine_asks_for_duels_and_takes_them(page, begun):
    with gr.Blocks():
        history = History(page.site, gr.HTML())
    visible, question = history.ask(ANN)
    assert visible["visible"] and "Your duels (1) and their votes" in question
    history.wipe(ANN)
    assert page.show({"address": ANN})["duels"] == [] and not history.ask(ANN)[0]["visible"]
    assert "1 deleted" in history.listing(ANN)
    history.undo(ANN)
    assert page.show(begun)["duel"]["id"] == begun["id"] and "deleted" not in history.listing(ANN)


def test_a_duel_that_was_deleted_comes_back_for_its_visitor(page, begun):
    page.vote({**begun, "after": 0, "choices": {"overall": "left"}})
    assert page.show(begun)["undo"] is None and page.delete({**begun, "address": BOB})["deleted"] == 0
    assert page.delete(begun)["deleted"] == 1
    shown = page.show(begun)
    assert shown["duel"] is None and shown["duels"] == [] and page.show({"address": BOB})["undo"] is None
    assert "Duels deleted: 1." in shown["undo"]["said"] and 590 < shown["undo"]["seconds"] <= 600
    assert page.restore({"address": BOB})["restored"] == 0 and page.restore(begun)["restored"] == 1
    assert page.show(begun)["duel"]["seen"] == 1 and page.show(begun)["undo"] is None


def test_a_server_that_starts_again_goes_on(page, made, begun):
    page.vote({**begun, "after": 0, "choices": {"overall": "left"}})
    before = page.pair(begun)
    page.site.store.close()
    again = made()
    after = again.pair(begun)
    assert after == before


def test_stopping_keeps_what_is_judged(page, begun):
    run = page.judge({"duel": begun["id"]}, ANN)
    for update in run:
        if "Clip 2 of 4" in str(update.get(page.status, "")):
            page.stop(ANN)
    assert "Stopped: 1 of 4 clips judged" in update[page.status]
    assert SimpleNamespace(**page.judging._running) == SimpleNamespace()

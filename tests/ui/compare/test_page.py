"""The Compare page without a browser: the queue, what is kept, the table, the verdict, the endpoint."""
import base64
import json
import re
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.clips import moving_square
from tests.support.patience import HANGING
from tests.ui.test_pages import ANN, BEN, Scripted, eventually, merged, site_of
from vs2 import candidates, events
from vs2.errors import BadInput, Failure
from vs2.evaluation import Evaluation, Score, Seconds
from vs2.rubric import KEYS
from vs2.ui import text as shared
from vs2.ui.compare import board, kept
from vs2.ui.compare.page import ComparePage
from vs2.ui.ranking import wrong
from vs2.ui.text import compare as text

SAID = "It starts.\nVisual quality: sharp at 0.5 s.\nText alignment: as asked.\nPhysical consistency: it falls up."


def digits(scores) -> dict:
    return {key: Score() if digit is None else Score.of(digit, [float(s == digit) for s in range(1, 6)], False)
            for key, digit in zip(KEYS, scores, strict=True)}


def evaluation(*scores, video="a.mp4", prompt="p", model="mini", rationale=SAID) -> Evaluation:
    return Evaluation(video, prompt, model, "fp32", rationale, digits(scores), 8, Seconds(1, 2, 3), 12,
                      frame_times=(0.0, 0.5, 1.0))


class ByName(Scripted):
    """Scores a file by its name, 432.mp4 for example; refuses bad.mp4; counts what it is asked."""

    def __init__(self, go=None):
        super().__init__(words=(SAID,))
        self.hold, self.asked = go, []

    def stream(self, path, prompt, think=True, budget=1024, samples=1, seed=0, stop=lambda: False):
        name = str(path).rsplit("/", 1)[-1].removesuffix(".mp4")
        self.asked.append((name, prompt))
        try:
            yield events.Reading(path)
            if name == "bad":
                raise BadInput("bad.mp4 is damaged.")
            yield events.Thought(SAID, 12)
            if self.hold and name == "hold":
                self.hold.wait(HANGING)
                if stop():
                    return
            yield evaluation(*(map(int, name) if name.isdigit() else (3, 3, 3)), video=path, prompt=prompt)
        finally:
            self.closed += 1


@pytest.fixture
def page_of(tmp_path_factory):
    import gradio as gr

    def make(judge, **settings) -> ComparePage:
        with gr.Blocks():
            return ComparePage(site_of(judge, tmp_path_factory.mktemp("home"), **settings), gr.HTML())
    return make


@pytest.fixture
def uploads(tmp_path, monkeypatch):
    """Makes the board's value for uploaded files of these names."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))

    def make(*names, **more) -> dict:
        items = []
        for number, name in enumerate(names):
            path = tmp_path / f"u{number}" / f"{name}.mp4"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"video")
            items.append({"key": f"c{number}", "name": path.name, "path": str(path), "prompt": ""} | more)
        return {"items": items}
    return make


def run(page, value, prompt="a ball", made=None, session="s", visitor="", rule="mean", think=True, judge="",
        weights=(1, 1, 1)):
    return page.stream(value, prompt, think, 64, 1, 0, judge, made or {}, {"visitor": visitor}, rule, *weights,
                       SimpleNamespace(session_hash=session))


def show(page, value, prompt, made, rule="mean", weights=(1, 1, 1), session="s"):
    return page.show(value, prompt, made, rule, *weights, SimpleNamespace(session_hash=session))


def record(shown: dict) -> dict:
    return json.loads(base64.b64decode(re.search(r'base64,([^"]+)"', shown["actions"])[1]))


def cells(table: str, key: str) -> list[str]:
    return re.findall(rf'data-of="{key}" data-worth="([^"]*)"', table)


def test_candidates_are_judged_in_turn_and_each_result_is_shown_as_it_comes(page_of, uploads):
    judge = ByName()
    page = page_of(judge)
    updates = list(run(page, uploads("432", "434", "111")))
    tables = [update[page.table] for update in updates if page.table in update]
    assert [table.count('data-state="done"') for table in tables][0] == 0
    assert {1, 2, 3} <= {table.count('data-state="done"') for table in tables}
    assert tables[0].count(text.WAITING) == 3 and any(text.JUDGING in table for table in tables)
    assert any("Candidate 2 of 3: 434.mp4" in update.get(page.status, "") for update in updates)
    assert all(text.VERDICT_EMPTY in update[page.verdict] for update in updates[:-1] if page.verdict in update)
    shown = merged(page, updates)
    assert "Candidate 2 wins" in shown["verdict"]
    assert "better physical consistency (4.0 against 2.0)" in shown["verdict"]
    assert [name for name, _ in judge.asked] == ["432", "434", "111"]
    assert shown["go"]["interactive"] and not shown["halt"]["interactive"] and "Compared in" in shown["status"]
    assert shown["told"]["busy"] is False
    assert [one["state"] for one in shown["told"]["states"]] == ["done", "winner", "done"]
    assert [trace.name for trace in shown["radar"].data[:-1]] == ["1 432.mp4", "2 434.mp4", "3 111.mp4"]


def test_one_bad_file_of_three_does_not_lose_the_others(page_of, uploads):
    page = page_of(ByName())
    shown = merged(page, list(run(page, uploads("432", "bad", "434"))))
    assert "Not judged: bad.mp4 is damaged." in shown["table"] and "Candidate 3 wins" in shown["verdict"]
    assert shown["told"]["states"][1] == {"key": "c1", "said": text.NOT_JUDGED, "state": "failed",
                                          "problem": "bad.mp4 is damaged."}
    written = record(shown)
    assert written["ranking"] == [2, 0] and written["candidates"][1]["error"] == "bad.mp4 is damaged."
    assert written.keys() >= {"candidates", "ranking", "tie", "reason"} and written["tie"] is False
    # A file that the upload refused keeps its place as well.
    value = uploads("432", "434")
    value["items"].insert(1, {"key": "x", "name": "text.mp4", "problem": "text.mp4 holds text."})
    shown = merged(page, list(run(page, value)))
    assert "Not judged: text.mp4 holds text." in shown["table"] and record(shown)["ranking"] == [2, 0]
    shown = merged(page, list(run(page, uploads("bad", "bad"))))
    assert text.NONE_JUDGED in shown["status"] and text.VERDICT_EMPTY in shown["verdict"]


def test_each_candidate_may_have_its_own_prompt(page_of, uploads):
    judge = ByName()
    value = uploads("432", "434")
    value["items"][1]["prompt"] = " a cube "
    page = page_of(judge)
    shown = merged(page, list(run(page, value)))
    assert [prompt for _, prompt in judge.asked] == ["a ball", " a cube "] and "a cube" in shown["table"]
    for item in value["items"]:
        item["prompt"] = "own"
    assert "wins" in merged(page, list(run(page, value, prompt="")))["verdict"]


@pytest.mark.parametrize(("names", "prompt", "said"), [
    ([], "p", text.TOO_FEW), (["432"], "p", text.TOO_FEW), (["432", "434"], " ", text.NO_PROMPT),
    (["432", "434"], "p" * 5000, "5000 characters")])
def test_what_cannot_start_is_said_in_a_sentence(page_of, uploads, names, prompt, said):
    judge = ByName()
    page = page_of(judge)
    updates = list(run(page, uploads(*names), prompt))
    assert len(updates) == 1 and updates[0].keys() == {page.notice} and said in updates[0][page.notice]
    assert not judge.asked


def test_files_that_were_not_uploaded_and_uploads_on_their_way_do_not_start(page_of, uploads, tmp_path):
    page = page_of(ByName())
    value = uploads("432", "434")
    for path, said in (("/etc/passwd", shared.UNKNOWN_FILE), (f"{tmp_path}/../x.mp4", shared.UNKNOWN_FILE),
                       ("", text.STILL_SENDING)):
        value["items"][1]["path"] = path
        assert said in list(run(page, value))[0][page.notice]
    for nonsense in (None, 7, "x", {"items": 3}, {"items": [None, 4]}):
        assert text.TOO_FEW in list(run(page, nonsense))[0][page.notice]
    assert len(board.items({"items": [{}] * 9})) == board.MOST


def test_what_was_judged_is_not_judged_again_unless_something_changed(page_of, uploads):
    judge = ByName()
    page = page_of(judge)
    value = uploads("432", "434", "111")
    two = {"items": value["items"][:2]}
    made = merged(page, list(run(page, two)))["made"]
    assert len(judge.asked) == 2 and len(made) == 2
    shown = merged(page, list(run(page, value, made=made)))
    assert len(judge.asked) == 3 and shown["table"].count('data-state="done"') == 3
    assert text.KEPT in merged(page, list(run(page, value, made=shown["made"])))["status"]
    merged(page, list(run(page, value, made=shown["made"], prompt="another")))
    assert len(judge.asked) == 6
    # Another rule, or a candidate less, is shown from what is known.
    now = dict(zip(page._results(), show(page, two, "a ball", made, "text_alignment"), strict=True))
    assert text.TIE in now[page.verdict] and len(judge.asked) == 6


def test_weights_rank_and_bad_ones_are_said(page_of, uploads):
    page, value = page_of(ByName()), uploads("144", "511")
    shown = merged(page, list(run(page, value, rule="weights", weights=(3, 0, 1))))
    assert "Candidate 2 wins" in shown["verdict"]
    made = shown["made"]
    for weights, winner in (((1, 1, 1), 1), ((5, 1, 0), 2)):
        values = show(page, value, "a ball", made, "weights", weights)
        assert f"Candidate {winner} wins" in values[1] and not wrong("weights", *weights)
    for weights, said in (((0, 0, 0), "Every weight is 0"), ((-1, 1, 1), "weight of visual quality is -1"),
                          ((1, None, 1), "weight of text-to-video alignment is missing"),
                          ((1, 1, float("nan")), "weight of physical and common-sense consistency is nan")):
        values = show(page, value, "a ball", made, "weights", weights)
        assert said in wrong("weights", *weights) and "wins" not in values[1], "nothing stands in for it"
        assert said in merged(page, list(run(page, value, rule="weights", weights=weights)))["notice"]


def test_another_rule_during_a_run_ranks_what_it_ends_with(page_of, uploads):
    go = threading.Event()
    page, value = page_of(ByName(go)), uploads("144", "511", "hold")
    stream, shown = run(page, value), {}
    for update in stream:
        shown |= update
        if "Candidate 3 of 3" in update.get(page.status, ""):
            break
    values = show(page, value, "a ball", {}, "visual_quality")
    assert all("value" not in one and one.get("__type__") == "update" for one in values), "a run shows by itself"
    go.set()
    for update in stream:
        shown |= update
    assert "Candidate 2 wins" in shown[page.verdict]


def test_what_runs_shows_nothing_once_another_is_opened(page_of, uploads):
    go = threading.Event()
    page = page_of(ByName(go))
    stream = run(page, uploads("432", "hold"))
    for update in stream:
        if "Candidate 2 of 2" in update.get(page.status, ""):
            break
    page.leave(SimpleNamespace(session_hash="another"))
    page.leave(SimpleNamespace(session_hash="s"))
    assert not [update for update in stream if page.verdict in update and "vs-chip" in str(update)]
    assert not page._under_way


def test_stop_keeps_the_finished(page_of, uploads):
    go = threading.Event()
    judge = ByName(go)
    page = page_of(judge)
    updates = []
    stream = run(page, uploads("432", "434", "hold", "111"))
    for update in stream:
        updates.append(update)
        if "Candidate 3 of 4" in update.get(page.status, "") and page.live in update and update[page.live]:
            page.stop(SimpleNamespace(session_hash="another"))
            page.stop(SimpleNamespace(session_hash="s"))
            break
    updates += list(stream)
    shown = merged(page, updates)
    assert "Stopped after" in shown["status"] and shown["table"].count('data-state="done"') == 2
    assert "Candidate 2 wins" in shown["verdict"] and shown["table"].count(text.NOT_YET) == 2
    assert "candidate 3 was not judged; candidate 4 was not judged." in shown["verdict"]
    assert shown["go"]["interactive"] and not shown["told"]["busy"] and len(shown["made"]) == 2
    go.set()
    assert eventually(lambda: judge.closed == 3) and len(judge.asked) == 3


def test_a_visitor_who_leaves_stops_the_queue(page_of, uploads):
    go = threading.Event()
    judge = ByName(go)
    page = page_of(judge)
    stream = run(page, uploads("hold", "434"))
    for update in stream:
        if update.get(page.live):
            break
    stream.close()
    go.set()
    assert eventually(lambda: judge.closed == 1) and len(judge.asked) == 1 and not page._under_way


def test_results_are_kept_and_a_link_opens_them_without_judging(page_of, uploads, tmp_path):
    judge = ByName()
    page = page_of(judge)
    value = uploads("432", "434")
    for item in value["items"]:
        moving_square(item["path"], frames=6)
    shown = merged(page, list(run(page, value, visitor=ANN)))
    ids = re.search(r'data-link="\?show=compare&amp;e=([^"&]+)&amp;rule=mean"', shown["actions"])[1].split(",")
    assert len(ids) == 2 and all(f'href="?e={one}"' in shown["table"] for one in ids)
    said, notice, prompt, *ruled = page.open({"visitor": BEN, "page": "compare", "e": ids, "rule": f"{KEYS[0]}=2"})
    assert prompt == "a ball" and ruled == ["weights", 2, 0, 0] and notice == "", "prompt and rule come with the link"
    assert said["alone"] and [item["id"] for item in said["items"]] == ids and said["items"][0]["fps"] == 8
    stored = {"items": [{**item, "key": f"k{n}"} for n, item in enumerate(said["items"])]}
    values = dict(zip(page._results(), show(page, stored, "", {}), strict=True))
    assert "Candidate 2 wins" in values[page.verdict] and len(judge.asked) == 2
    assert text.KEPT in merged(page, list(run(page, stored, prompt="")))["status"]
    # Judged again where that is asked for, with another prompt.
    stored["items"][0] |= {"again": True, "prompt": "another"}
    shown = merged(page, list(run(page, stored, prompt="")))
    assert [prompt for _, prompt in judge.asked[2:]] == ["another"] and "another" in shown["table"]
    one, *_ = page.open({"page": "compare", "e": ids[:1]})
    assert not one["alone"] and len(one["items"]) == 1
    gone, *_ = page.open({"page": "compare", "e": ["x" * 22]})
    assert gone["items"] == [] and gone["problem"] == shared.NOT_KNOWN
    page.site.store.delete(ANN)
    assert shared.NOT_KNOWN in show(page, {"items": stored["items"][1:]}, "", {})[2]


def test_a_page_comes_back_as_it_was_left(page_of, uploads):
    """The board, the scores and what they were asked with, from what the browser kept; nothing is judged again."""
    judge = ByName()
    page, visit = page_of(judge), SimpleNamespace(session_hash="another")
    value = uploads("432", "434")
    for item in value["items"]:
        moving_square(item["path"], frames=6)
    shown = merged(page, list(run(page, value, visitor=ANN, rule="worst")))
    told = {one["key"]: one for one in shown["told"]["states"]}
    items = [{**item, **{name: told[item["key"]][name] for name in ("kept", "asked")}} for item in value["items"]]
    draft = {"items": items, "prompt": "a ball", "rule": "worst", "budget": 64, "think": True, "running": ["run"],
             "visual_quality": "many", "samples": 99}
    update = kept.restored(page, {"visitor": ANN}, draft, visit)
    again = update[page.board.opened]["items"]
    assert [item["key"] for item in again] == [item["key"] for item in items] and all(one["path"] for one in again)
    assert update[page.prompt]["value"] == "a ball" and update[page.ranking.rule]["value"] == "worst"
    assert page.ranking.weights[0] not in update and page.samples not in update, "no value that the field has not"
    assert "data-press" in update[page.notice] and len(judge.asked) == 2
    value = {"items": again}
    values = dict(zip(page._results(), show(page, value, "a ball", update[page.made], "worst"), strict=True))
    assert values[page.verdict] == shown["verdict"] and "Candidate 2 wins" in shown["verdict"]
    assert text.KEPT in merged(page, list(run(page, value, made=update[page.made], visitor=ANN, session="another")))[
        "status"], "it is not judged again"
    # An upload that is gone is taken from the history where it was judged, and else said to be gone.
    gone = [{**items[0], "path": "/nowhere.mp4"}, {**items[1], "path": "/etc/passwd", "kept": "x" * 22}]
    one, other = kept.restored(page, {"visitor": ANN}, {"items": gone}, visit)[page.board.opened]["items"]
    assert one["id"] == items[0]["kept"] and one["path"] and other["problem"] == shared.UNKNOWN_FILE
    for nonsense in (None, [], "x", {"items": 7}, {"items": [7, None, {"kept": 3}]}):
        kept.restored(page, {"visitor": ANN}, nonsense, visit)


def test_the_history_lists_ones_own(page_of, uploads):
    page = page_of(ByName())
    merged(page, list(run(page, uploads("432", "434"), visitor=ANN)))
    rows = page.board.past({"visitor": ANN})["rows"]
    assert [row["name"] for row in rows] == ["434.mp4", "432.mp4"] and rows[0]["overall"] == "3.67"
    assert page.board.past({"visitor": BEN}) == {"rows": []}
    for nobody in ({"visitor": ""}, None, "x"):
        assert page.board.past(nobody) == {"problem": text.PAST_NONE}


def test_an_upload_is_looked_at(page_of, uploads):
    page = page_of(ByName())
    value = uploads("a")["items"][0]
    refused = page.board.prepare(value)
    assert refused.keys() == {"problem"} and refused["problem"].startswith("a.mp4")
    moving_square(value["path"], frames=12, fps=12)
    assert page.board.prepare(value) == {"path": value["path"], "fps": 12, "rate": None, "player": ""}
    for nonsense in (None, {}, {"path": "/etc/passwd"}, "x"):
        assert page.board.prepare(nonsense).keys() == {"problem"}


def test_what_breaks_in_one_candidate_leaves_the_others(page_of, uploads, monkeypatch):
    page, logged = page_of(ByName()), []
    page.host.log = logged.append
    monkeypatch.setattr(page.site.store, "add", lambda *_: (_ for _ in ()).throw(Failure("The disk is full.")))
    shown = merged(page, list(run(page, uploads("432", "434"), visitor=ANN)))
    assert "Candidate 2 wins" in shown["verdict"] and "data-link" not in shown["actions"]
    monkeypatch.setattr(candidates, "decide", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):  # the page's own fault is Gradio's to report
        list(run(page, uploads("432", "434")))
    assert not page._under_way


def answer(call) -> dict:
    return [value for value in call if value is not None][-1]


def test_the_endpoint_gives_the_commands_json(page_of, uploads):
    import gradio as gr

    page = page_of(ByName())
    paths = [item["path"] for item in uploads("432", "bad", "434")["items"]]
    said = answer(page.compare(paths, "a ball", None, True, 64, 1, 0, "mean"))
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    assert said["ranking"] == [2, 0] and said["winner"] == 2 and said["tie"] is False
    assert said["candidates"][0]["video"] == "432.mp4" and said["candidates"][1]["error"] == "bad.mp4 is damaged."
    said = answer(page.compare(paths[::2], "", ["a ball", "a cube"], True, 64, 1, 0, "text_alignment"))
    assert said["tie"] and [one["prompt"] for one in said["candidates"]] == ["a ball", "a cube"]
    for arguments, sentence in (((paths[:1], "p", None), "1 videos were given"), ((None, "p", None), "0 videos"),
                                ((paths * 3, "p", None), "9 videos"), ((paths, "", None), "prompt is empty"),
                                ((paths, "p", ["a"]), "3 videos and 1 prompts")):
        with pytest.raises(gr.Error, match=sentence):
            list(page.compare(*arguments, True, 64, 1, 0, "mean"))
    with pytest.raises(gr.Error, match="no rule"):
        list(page.compare(paths, "p", None, True, 64, 1, 0, "median"))


def test_the_endpoint_says_of_a_judgement_that_ends_without_scores_that_there_is_none(page_of, uploads):
    class Silent(ByName):
        def stream(self, path, prompt, **options):
            scored = super().stream(path, prompt, **options)
            return (event for event in scored if Path(path).stem == "434" or not isinstance(event, Evaluation))

    said = answer(page_of(Silent()).compare([item["path"] for item in uploads("432", "434")["items"]], "p", None, True,
                                            64, 1, 0, "mean"))
    assert said["candidates"][0] == {"video": "432.mp4", "prompt": "p", "error": text.NOT_YET}
    assert said["ranking"] == [1] and said["winner"] == 1


def test_a_script_that_leaves_stops_the_judge(page_of, uploads):
    go = threading.Event()
    judge = ByName(go)
    call = page_of(judge).compare([item["path"] for item in uploads("hold", "434")["items"]], "p", None, True, 64, 1, 0,
                               "mean")
    assert next(call) is None
    call.close()
    go.set()
    assert eventually(lambda: judge.closed == 1) and len(judge.asked) == 1


def test_a_slow_judge_says_the_whole_time_and_goes_on_after_a_reload(page_of, uploads):
    from tests.ui.test_going import Slow
    from vs2.ui.compare import kept

    page, visitor = page_of(slow := Slow()), "0" * 32
    value = uploads("432", "434", "111")
    stream, status = run(page, value, visitor=visitor), ""
    while "for all" not in status:
        status = next(stream).get(page.status, status)
    assert re.search("about [89] min left for all", status)
    stream.close()      # the page is loaded again
    visit, address = SimpleNamespace(session_hash="reloaded"), {"visitor": visitor}
    back = kept.restored(page, address, {"items": value["items"], "running": [kept.RUN]}, visit)
    assert text.RUN_LOST not in str(back.get(page.notice))
    watching = page.follow(address, visit)
    shown = next(watching)
    assert eventually(lambda: page._under_way)
    slow.go.set()
    for update in watching:
        shown |= update
    assert 'data-state="done"' in shown[page.status] and shown[page.table].count('data-state="done"') == 3
    assert len(shown[page.made]) == 3 and not page._under_way

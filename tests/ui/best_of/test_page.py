"""The Best of N page without a browser: candidates as they come, the winner, stopping, what is kept, the endpoint."""
import base64
import csv
import io
import json
import re
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support import withholding
from tests.support.clips import moving_square
from tests.ui.compare.test_page import evaluation
from tests.ui.test_pages import ANN, HOSTILE, Scripted, eventually, merged, site_of
from vs2 import best_of, events
from vs2.best_of.stopping import GAIN
from vs2.errors import BadInput, Failure
from vs2.generate import Generated, Notice, Progress, Record
from vs2.options import Options
from vs2.rubric import KEYS
from vs2.ui import sent
from vs2.ui.best_of import parts
from vs2.ui.best_of.page import KEEP, BestOfPage
from vs2.ui.best_of.run import LEFT_OUT, LOST, Contest, Line
from vs2.ui.generate.studio import Studio
from vs2.ui.text import best_of as text
from vs2.ui.text import generate as making

SECRET = "hf_neverTellThisToAnyone"
SAID = "Visual quality: sharp.\nText alignment: as asked.\nPhysical consistency: it falls."


class BySeed(Scripted):
    """Gives a candidate the scores of its seed in `scores`, else 333; waits for `go` at the seed `hold`."""

    def __init__(self, scores=None, go=None, hold=None):
        super().__init__(words=(SAID,))
        self.given, self.hold_on, self.hold, self.asked = scores or {}, go, hold, []

    def stream(self, path, prompt, think=True, budget=1024, samples=1, seed=0, stop=lambda: False):
        clip = int(Path(path).stem.split("-")[-1])
        self.asked.append((clip, think, samples))
        try:
            yield events.Reading(path)
            yield events.Thought(SAID, 12)
            while clip == self.hold and not self.hold_on.wait(0.02):
                if stop():
                    return
            if isinstance(problem := self.given.get(clip), Exception):
                raise problem
            if isinstance(problem, tuple):
                yield withholding.evaluation(*problem, video=path, prompt=prompt, rationale=SAID)
            else:
                yield evaluation(*map(int, problem or "333"), video=path, prompt=prompt)
        finally:
            self.closed += 1


class Films:
    """Makes clips; `fails` are seeds that do not come, with what is raised."""

    name = "sketch"

    def __init__(self, fails=None):
        from vs2.generate.sketch import Sketch

        self.fails, self.limits, self.folders = fails or {}, Sketch.limits, set()

    def stream(self, prompt, *, seed=0, seconds=None, size=None, folder=None, stop=lambda: False):
        self.folders.add(Path(folder))
        yield Progress(0.5, "Drawing: frame 1 of 2")
        yield Notice(f"Not understood: {HOSTILE}")
        if seed in self.fails:
            raise self.fails[seed]
        path = moving_square(Path(folder) / f"sketch-{seed}.mp4", frames=6 + seed % 5)
        record = Record("sketch", prompt, seed, 96, 64, 6, 8.0, _digest(path), "2026-01-01T00:00:00+00:00", 0.1,
                        details={"shown": "box"}, truth=dict.fromkeys(KEYS, 2))
        path.with_suffix(".json").write_text(json.dumps(record.to_dict()))
        yield Generated(path, record)


def _digest(path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def page_of(tmp_path, tmp_path_factory, monkeypatch):
    import gradio as gr

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))

    def make(judge=None, films=None) -> BestOfPage:
        with gr.Blocks():
            page = BestOfPage(site_of(judge or BySeed(), tmp_path_factory.mktemp("home")), gr.HTML())
        monkeypatch.setattr(page.studio, "load", lambda name, token="": films or Films())
        return page
    return make


def run(page, prompt="a ball", count=3, name="sketch", model="", token="", seed=0, rule="mean", weights=(1, 1, 1),
        fast=False, early=False, ties=False, think=True, session="s", visitor="", judge=""):
    return page.stream(prompt, name, model, token, count, seed, None, rule, *weights, fast, early, ties, think, 64,
                       judge, {"visitor": visitor}, SimpleNamespace(session_hash=session))


def states(shown: dict) -> dict:
    """What the grid shows: candidate -> (state, place), in the order of the grid."""
    return {item["number"]: (item["state"], item["place"]) for item in shown["grid"]["items"]}


def saved(shown: dict, kind: str) -> str:
    return base64.b64decode(re.search(rf'data:{kind};base64,([^"]+)"', shown["actions"])[1]).decode()


def test_candidates_are_ranked_as_they_come_and_the_best_is_taken(page_of):
    judge = BySeed({0: "323", 1: "545", 2: "222"}, threading.Event(), hold=1)
    page = page_of(judge)
    updates = []
    for update in run(page):
        updates.append(update)
        if page.grid in update and (now := states({"grid": update[page.grid]})).get(2, ("",))[0] == "judging":
            assert now[1] == ("judged", "1st") and now[2][1] == ""  # seen before the end
            judge.hold_on.set()
    assert judge.hold_on.is_set()
    shown = merged(page, updates)
    assert states(shown) == {2: ("judged", "1st"), 1: ("judged", "2nd"), 3: ("judged", "3rd")}
    assert "Candidate 2 wins over candidate 1, the next best" in shown["verdict"] and "seed 1" in shown["verdict"]
    assert "Runner-up: candidate 1 (seed 0), 2.67." in shown["verdict"]
    # 4.67 against the mean of 2.67, 4.67 and 2.00.
    assert "+1.56 points over a random pick of these 3." in shown["verdict"]
    assert [item["winner"] for item in shown["grid"]["items"]] == [True, False, False]
    first = shown["grid"]["items"][0]
    assert first["overall"] == "4.67" and first["scores"] == dict(zip(KEYS, ("5.00", "4.00", "5.00"), strict=True))
    assert Path(first["player"]).read_bytes() and shown["save"]["value"] == first["player"] and shown["save"]["visible"]
    assert "Done in" in shown["status"] and "3 clips, 3 judgements" in shown["status"]
    assert not shown["halt"]["interactive"] and not page._under_way
    verdicts = [update[page.verdict] for update in updates if page.verdict in update]
    assert all(text.VERDICT_EMPTY in said for said in verdicts[:-1])
    assert [asked[0] for asked in judge.asked] == [0, 1, 2]


def test_the_table_and_the_record(page_of):
    page = page_of(BySeed({0: "323", 1: "545", 2: BadInput("The clip is <b>damaged</b>.")}))
    shown = merged(page, run(page, visitor=ANN))
    record = json.loads(saved(shown, "application/json"))
    assert record["prompt"] == "a ball" and record["ranking"] == [1, 0] and record["winner"] == 1
    assert [one["seed"] for one in record["candidates"]] == [0, 1, 2]
    assert record["candidates"][1]["file"] == record["candidates"][1]["evaluation"]["video"] == "sketch-1.mp4"
    assert record["candidates"][2]["evaluation"] is None and "damaged" in record["candidates"][2]["error"]
    rows = list(csv.DictReader(io.StringIO(saved(shown, "text/csv"))))
    assert [row["candidate"] for row in rows] == ["2", "1", "3"] and rows[0]["place"] == "1"
    # Every judged one is in the history, and the best are opened beside each other.
    assert page.site.store.count(ANN) == 2
    ids = re.search(r'\?show=compare&amp;e=([^"&]+)&amp;rule=mean"', shown["actions"])[1].split(",")
    assert [page.site.store.get(one).evaluation.overall for one in ids] == pytest.approx([14 / 3, 8 / 3])
    assert page.site.store.clip(page.site.store.get(ids[0]).clip)
    assert shown["grid"]["items"][0]["links"][0]["to"] == f"?e={ids[0]}"


def test_what_was_not_judged_has_no_place_and_is_counted(page_of):
    none, part = (withholding.FOREIGN,) * 3, (5, withholding.FOREIGN, withholding.FOREIGN)
    page = page_of(BySeed({0: none, 1: "434", 2: "222", 3: part, 4: (4, None, 2)}))
    shown = merged(page, run(page, count=5))
    items = {item["number"]: item for item in shown["grid"]["items"]}
    places = [(n, items[n]["place"]) for n in items]
    assert places == [(2, "1st"), (3, "2nd"), (5, ""), (1, ""), (4, "")], "unread before withheld"
    assert items[1]["overall"] == "not judged" and set(items[1]["scores"].values()) == {"not judged"}
    assert items[1]["note"] == withholding.FOREIGN and items[4]["scores"][KEYS[0]] == "5.00"
    assert items[4]["overall"] == "not judged" and items[5]["overall"] == "not read"
    # 3.67 against the mean of 3.67 and 2.00.
    assert "+0.83 points over a random pick of these 2. Left out of that, for want of scores: 3." in shown["verdict"]
    assert "candidate 1 has no place, for its visual quality" in shown["verdict"]
    assert "A very small" not in shown["judged"] and "It knows little" in shown["judged"]
    rows = list(csv.DictReader(io.StringIO(saved(shown, "text/csv"))))
    assert [(row["candidate"], row["place"]) for row in rows] == [("2", "1"), ("3", "2"), ("5", ""), ("1", ""),
                                                                ("4", "")]
    assert {row["judge_knows"] for row in rows} == {"It knows little <i>things</i>."}
    record = json.loads(saved(shown, "application/json"))
    assert record["candidates"][0]["evaluation"]["scores"][KEYS[0]]["reason"] == withholding.FOREIGN
    assert record["candidates"][0]["evaluation"]["judge_knows"] == "It knows little <i>things</i>."


def test_what_was_judged_of_none_is_left_out_and_each_number_says_so(page_of):
    far = withholding.FOREIGN
    page = page_of(BySeed({0: (3, far, 3), 1: (5, far, 4), 2: (far,) * 3}))
    shown = merged(page, run(page))
    assert [(item["number"], item["place"], item["overall"]) for item in shown["grid"]["items"]] == [
        (2, "1st", "4.50"), (1, "2nd", "3.00"), (3, "", "not judged")]
    assert [item["note"].endswith("Ranked by 2 of 3 scores.") for item in shown["grid"]["items"]] == [True, True, False]
    assert "text alignment was judged of none and is left out" in shown["verdict"]
    assert "Runner-up: candidate 1 (seed 0), 3.00 (2 of 3 scores)." in shown["verdict"]
    assert "+0.75 points over a random pick of these 2. Left out of that, for want of scores: 1." in shown["verdict"]


def test_there_is_no_winner_where_nothing_was_judged(page_of):
    page = page_of(BySeed(dict.fromkeys(range(2), (withholding.FOREIGN,) * 3)))
    shown = merged(page, run(page, count=2, ties=True))
    assert text.NO_WINNER in shown["verdict"] and not shown["save"]["visible"] and "points over" not in shown["verdict"]
    assert all(item["place"] == "" and not item["winner"] for item in shown["grid"]["items"])


def test_true_scores_and_folders_of_ours_stay_untold(page_of, tmp_path):
    films, judge = Films(), BySeed({0: "545"})
    page = page_of(judge, films)
    updates = list(run(page, count=2, visitor=ANN))
    shown = merged(page, updates)
    # The contest that has ended stays on the server.
    everything = repr([[value for part, value in update.items() if part is not page.ended] for update in updates])
    everything += saved(shown, "application/json") + saved(shown, "text/csv")
    assert "truth" not in everything and "'shown'" not in everything and "vs2-best-" not in everything
    assert {path.suffix for path in (tmp_path / "uploads").rglob("*") if path.is_file()} == {".mp4"}
    # The folder stays for a day, so that a reload finds what was made: below VS2_HOME, which is never served.
    folder, = films.folders
    assert folder.is_relative_to(page.site.settings.home) and folder.exists()
    for forget in page.site.forgetting:
        forget(ANN, 5.25)
    assert not folder.exists() and not page.shelf.find(folder.name.split(".")[1]), "and goes with all of a visitor's"
    for when in (5.0, 5.25):
        assert not folder.exists()
        for back in page.site.returning:
            back(ANN, when)
    assert folder.exists() and page.shelf.find(folder.name.split(".")[1]), "and comes back with it"
    page.shelf.discard(ANN, 5.25)
    for purge in page.site.store.purging:
        purge(5.0)
    page.shelf.restore("b" * 32, 5.25)
    assert not folder.exists() and list(page.shelf.away.iterdir()), "nobody else brings it back"
    for purge in page.site.store.purging:
        purge(5.25)
    assert not list(page.shelf.away.iterdir()), "until it is gone for good"


def test_what_others_wrote_is_text(page_of):
    page = page_of(BySeed({0: "545", 1: Failure(HOSTILE)}), Films({2: BadInput(HOSTILE)}))
    updates = list(run(page, prompt=HOSTILE))
    for update in updates:
        for component, value in update.items():
            # The grid's script writes text, and nothing else; the contest that has ended stays on the server.
            if component not in (page.grid, page.ended):
                assert "<script" not in str(value) and "<img" not in str(value)
    assert "textContent" in parts.script() and "innerHTML" not in parts.script()
    assert "&lt;script&gt;" in merged(page, updates)["notes"]


def test_a_failed_candidate_says_why_in_its_place_and_costs_no_other(page_of):
    page, logged = page_of(BySeed({0: "323", 3: "434"}), Films({1: BadInput("The prompt was refused."),
                                                               2: ZeroDivisionError("secret detail")})), []
    page.host.log = logged.append
    shown = merged(page, run(page, count=4))
    items = {item["number"]: item for item in shown["grid"]["items"]}
    assert items[2]["state"] == LOST and items[2]["note"] == "The prompt was refused." and not items[2]["player"]
    assert items[3]["state"] == LOST and "ZeroDivisionError" in items[3]["note"] and "secret" not in items[3]["note"]
    assert any("secret" in str(error) for error in logged)
    assert list(items) == [4, 1, 2, 3] and "Candidate 4 wins" in shown["verdict"]
    page = page_of(BySeed(), Films(dict.fromkeys(range(4), BadInput("No."))))
    shown = merged(page, run(page))
    assert text.NOTHING in shown["status"] and text.NO_WINNER in shown["verdict"] and not shown["save"]["visible"]


def test_stop_keeps_what_is_finished(page_of):
    judge = BySeed({0: "323", 1: "434"}, threading.Event(), hold=2)
    page = page_of(judge)
    updates, stream = [], run(page, count=5, visitor=ANN)
    for update in stream:
        updates.append(update)
        if "2 judged" in update.get(page.status, "") and len(judge.asked) == 3:
            page.stop(SimpleNamespace(session_hash="another"))
            page.stop(SimpleNamespace(session_hash="s"))
            break
    updates += list(stream)
    shown = merged(page, updates)
    assert "Stopped after" in shown["status"] and "Candidate 2 wins" in shown["verdict"]
    found = states(shown)
    assert found[2] == ("judged", "1st") and found[1] == ("judged", "2nd") and found[3][0] == LEFT_OUT
    assert page.site.store.count(ANN) == 2 and shown["save"]["visible"] and len(judge.asked) == 3
    assert eventually(lambda: judge.closed == 3)


def test_what_was_made_before_a_stop_is_judged_after_it(page_of):
    go = threading.Event()
    judge, films = BySeed({0: "323", 1: "434", 2: "555"}, go, hold=1), Films()
    page = page_of(judge, films)
    updates, stream = [], run(page, count=3, visitor=ANN)
    for update in stream:
        updates.append(update)
        if "3 of 3 generated, 1 judged" in update.get(page.status, "") and len(judge.asked) == 2:
            page.stop(SimpleNamespace(session_hash="s"))
    shown = merged(page, updates)
    assert shown["rest"]["visible"] and shown["rest"]["value"] == text.REST.format(count=2)
    assert all(item["player"] for item in shown["grid"]["items"]), "the clips stay"
    # A reload finds all of it, in another session, and so does a server that was started again: from the disk.
    draft = {"run": shown["grid"]["run"], "running": ["run"], "prompt": "a ball", "count": 3}
    update, = page.restore({"visitor": ANN}, draft)
    assert "data-press" in update[page.notice] and text.RUN_LOST.format(count=3) in update[page.notice]
    assert [(item["number"], bool(item["player"])) for item in update[page.grid]["items"]] == [
        (item["number"], True) for item in shown["grid"]["items"]]
    assert update[page.rest] == shown["rest"] and update[page.prompt]["value"] == "a ball"
    assert update[page.verdict] == shown["verdict"] and page.site.store.count(ANN) == 1, "nothing is stored twice"
    go.set()
    visit = SimpleNamespace(session_hash="another")
    ended = merged(page, page.judge_rest(shown["grid"], {"visitor": ANN}, visit))
    assert "Candidate 3 wins" in ended["verdict"] and not ended["rest"]["visible"]
    assert [clip for clip, *_ in judge.asked] == [0, 1, 1, 2] and len(films.folders) == 1, "nothing is made again"
    assert page.site.store.count(ANN) == 3
    for nothing in (None, {}, {"run": "x" * 22}, {"run": "../../etc"}, shown["grid"]):
        said = merged(page, page.judge_rest(nothing, {"visitor": ANN}, visit))["notice"]
        assert text.NOTHING_LEFT in said
    for nonsense in (None, 7, {"run": 7}, {"run": "x" * 22, "count": 99}):
        assert list(page.restore({"visitor": ANN}, nonsense))


def test_a_visitor_who_leaves_stops_it_and_keeps_what_was_judged(page_of):
    judge, films = BySeed({0: "323"}, threading.Event(), hold=1), Films()
    page = page_of(judge, films)
    stream = run(page, visitor=ANN)
    for update in stream:
        if "1 judged" in update.get(page.status, "") and len(judge.asked) == 2:
            break
    stream.close()
    assert eventually(lambda: judge.closed == 2 and not page._under_way)
    assert page.site.store.count(ANN) == 1 and not page._under_way
    assert "Done in" in merged(page, run(page, count=2, seed=7, visitor=ANN))["status"]  # the place is free again


def test_rules(page_of):
    scores = {0: "511", 1: "333", 2: "155"}
    for rule, weights, winner in (("mean", (1, 1, 1), 3), ("worst", (1, 1, 1), 2), ("visual_quality", (1, 1, 1), 1),
                                  ("weights", (5, 1, 0), 1), ("weights", (1, 0, 9), 3)):
        page = page_of(BySeed(scores))
        assert f"Candidate {winner} wins" in merged(page, run(page, rule=rule, weights=weights))["verdict"]


def test_the_fast_first_pass_and_the_tie(page_of):
    judge = BySeed({0: "111", 1: "222", 2: "333", 3: "444", 4: "554"})
    page = page_of(judge)
    updates = list(run(page, count=5, fast=True))
    assert [asked[:2] for asked in judge.asked] == [*((n, False) for n in range(5)), (4, True), (3, True), (2, True)]
    shown = merged(page, updates)
    notes = {item["number"]: item["note"] for item in shown["grid"]["items"]}
    assert notes == {5: "", 4: "", 3: "", 2: text.AT_A_GLANCE, 1: text.AT_A_GLANCE}
    judge = BySeed()
    page = page_of(judge)
    shown = merged(page, run(page, count=2, ties=True))
    assert judge.asked[2:] == [(0, True, 4), (1, True, 4)] and text.TIE in shown["verdict"]
    assert "is taken, the first of them" in shown["verdict"] and shown["save"]["visible"]


def test_it_stops_early_when_more_promise_little(page_of):
    judge = BySeed(dict.fromkeys(range(16), "555"))
    page = page_of(judge)
    shown = merged(page, run(page, count=16, early=True))
    assert len(judge.asked) < 16 and "more of them are expected" in shown["status"] and "Done in" in shown["status"]


@pytest.mark.parametrize(("arguments", "said"), [
    ({"prompt": " "}, "prompt is empty"), ({"prompt": "p" * 5000}, "5000 characters"), ({"count": 1}, "N is 1"),
    ({"count": 17}, "N is 17"), ({"count": None}, "N is 0"), ({"seed": -1}, "seed is -1"),
    ({"rule": "median"}, "no rule"), ({"rule": "weights", "weights": (0, 0, 0)}, "Every weight is 0"),
    ({"rule": "weights", "weights": (1, None, 1)}, "weight of text-to-video alignment is missing"),
    ({"rule": "weights", "weights": (-1, 1, 1)}, "0 or more"), ({"name": "elsewhere"}, making.NO_GENERATOR),
    ({"name": "provider:fal-ai/"}, "No token was given"), ({"fast": True, "think": False}, text.FAST_THINKS)])
def test_what_cannot_start_is_said_in_a_sentence(page_of, arguments, said):
    judge = BySeed()
    page = page_of(judge)
    updates = list(run(page, **arguments))
    shown = merged(page, updates)
    assert said in shown["notice"] and "grid" not in shown and not judge.asked and not page._under_way


def test_what_breaks_leaves_what_is_finished(page_of, monkeypatch):
    page, logged = page_of(BySeed({0: "434"})), []
    page.host.log = logged.append
    monkeypatch.setattr(Contest, "keep", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):  # the page's own fault is Gradio's to report
        list(run(page))
    assert not page._under_way
    monkeypatch.undo()
    page = page_of(BySeed({0: "434"}))
    page.host.log = logged.append
    monkeypatch.setattr("vs2.ui.best_of.run.save_file_to_cache", lambda *_: (_ for _ in ()).throw(OSError("full")))
    shown = merged(page, run(page))
    assert "OSError" in shown["notice"] and text.FAILED in shown["status"] and not shown["halt"]["interactive"]


def test_what_it_takes_is_said_before_the_start(page_of):
    page = page_of()

    def price(count=4, generator="sketch", fast=False, ties=False, think=True):
        return list(page.price(generator, count, 0, None, "mean", 1, 1, 1, fast, False, ties, think, 64, ""))[-1]

    assert "4 clips to make, 4 judgements: about" in price() and "a rough guess" in price()
    assert "16 clips to make" in price(16) and f"{8 + KEEP} judgements" in price(8, fast=True)
    assert "the provider charges for 4 clips" in price(generator="provider:fal-ai/")
    assert text.FAST_THINKS in price(fast=True, think=False) and "N is 99" in price(99)
    list(run(page, count=2))
    assert "a rough guess" not in price(), "a run like it has been measured"
    assert "a rough guess" in price(fast=True) and "a rough guess" in price(think=False)


def test_the_cost_is_counted_on_the_way(page_of):
    page = page_of(BySeed({}, threading.Event(), hold=1))
    stream, seen = run(page), ""
    for update in stream:
        seen = update.get(page.status, seen)
        if "1 judged" in seen and "Still to come" in seen:
            break
    assert re.search(r"\d of 3 generated, 1 judged", seen) and "judgements: about" in seen
    stream.close()


def test_a_line_takes_its_turn_and_stops(page_of):
    judge = BySeed({}, threading.Event(), hold=5)
    line = Line(page_of(judge).host, "", "ann")
    assert (line.name, line.precision, line.device) == ("mini", "fp32", None)
    stop = threading.Event()
    stream = line.stream("clip-5.mp4", "p", think=True, budget=8, samples=1, seed=0, stop=stop.is_set)
    assert isinstance(next(stream), events.Reading)
    threading.Timer(0.3, stop.set).start()
    assert not [event for event in stream if isinstance(event, best_of.Done)]
    assert eventually(lambda: judge.closed == 1)


def test_one_run_for_a_visitor_on_all_pages(page_of):
    page = page_of(BySeed({}, threading.Event(), hold=0))
    stream = run(page, visitor=ANN)
    next(stream)
    assert making.ONE_EACH in merged(page, run(page, session="t", visitor=ANN))["notice"]
    stream.close()
    assert isinstance(page.studio, Studio)


def test_the_token_is_used_and_forgotten(page_of, monkeypatch, caplog, tmp_path):
    page, taken = page_of(), []
    monkeypatch.setattr(page.studio, "load", lambda name, token="": taken.append((name, token)) or Films())
    updates = list(run(page, count=2, name="provider:fal-ai/", model="a/b", token=f" {SECRET}", visitor=ANN))
    assert taken == [("provider:fal-ai/a/b", SECRET)] and "Done in" in merged(page, updates)["status"]
    assert SECRET not in repr([list(update.values()) for update in updates]) + caplog.text
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]


def call(page, prompt="a ball", count=2, generator="sketch", token="", **more):
    return page.best_of(prompt, count, generator, token, **more)


def test_the_endpoint_gives_one_record(page_of):
    import gradio as gr

    judge = BySeed({4: "323", 5: "545"})
    page = page_of(judge)
    said = [value for value in call(page, seed=4) if value is not None]
    assert len(said) == 1 and json.loads(json.dumps(said[0], allow_nan=False)) == said[0]
    said, = said
    assert said["prompt"] == "a ball" and said["ranking"] == [1, 0] and said["winner"] == 1
    assert [one["seed"] for one in said["candidates"]] == [4, 5]
    assert said["candidates"][0]["evaluation"]["video"] == "sketch-4.mp4" and "vs2-best-" not in json.dumps(said)
    file = said["candidates"][1]["file"]
    assert file.startswith(sent.SERVED) and Path(file.removeprefix(sent.SERVED)).read_bytes()
    assert list(call(page, rule="visual_quality=1", think=False))[-1]["rule"] == {"visual_quality": 1}
    for arguments, sentence in (({"count": 40}, "N is 40"), ({"prompt": ""}, "prompt is empty"),
                                ({"generator": "diffusers:/etc"}, "no such generator"),
                                ({"generator": "provider:fal-ai/a/b"}, "No token"), ({"rule": "median"}, "no rule")):
        with pytest.raises(gr.Error, match=sentence):
            list(call(page, **arguments))


def test_a_script_that_leaves_stops_it(page_of):
    judge = BySeed({}, threading.Event(), hold=0)
    stream = call(page_of(judge))
    while not judge.asked:
        next(stream)
    stream.close()
    assert eventually(lambda: judge.closed == 1)


def test_the_plan_is_what_the_page_asks_for():
    plan = BestOfPage.plan("p", "sketch", 8, 3, 2.0, "worst", True, True, True, True, 32)
    assert plan == best_of.Plan("p", 8, seed=3, seconds=2.0, rule="worst", judging=Options(budget=32), keep=KEEP,
                                replies=4, gain=GAIN)
    assert BestOfPage.plan("p", "sketch", KEEP, 0, None, "mean", True, False, False, True, 32).keep == 0

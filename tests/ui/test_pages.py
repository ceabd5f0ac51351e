"""The pages without a browser: what is escaped, what is refused, stopping."""
import base64
import json
import re
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from gradio.blocks import Block

from tests.support.clips import moving_square
from tests.support.patience import HANGING, eventually
from vs2 import events
from vs2.errors import BadInput, Failure
from vs2.evaluation import Evaluation, Score, Seconds
from vs2.history.store import Store
from vs2.model.card import Card
from vs2.rubric import KEYS
from vs2.settings import Settings
from vs2.ui import app, host, player, text
from vs2.ui.evaluate.page import EvaluatePage
from vs2.ui.examples import examples
from vs2.ui.site import Site
from vs2.video import Clip

HOSTILE = ('<script>alert(1)</script><img src=x onerror=alert(2)> ${alert(3)} {{alert(4)}} [a](javascript:alert(5)) '
           '![i](http://example.invalid/i.png) $$\\frac{1}{2}$$ </div>`"\'\nVisual quality: <b>5</b>')
SCORES = {key: Score.of(value, [float(s == value) for s in range(1, 6)], False)
          for key, value in zip(KEYS, (4, 5, 2), strict=True)}


def clip(frames=8) -> Clip:
    return Clip(np.zeros((frames, 36, 64, 3), np.uint8), tuple(n / 2 for n in range(frames)), None)


class Scripted:
    """A judge that says what it is told to, and waits for `go` before each word after the first."""

    name, precision, card = "mini", "fp32", Card(knows="It knows little <i>things</i>.")

    def __init__(self, words=("One ", "two ", "three."), problem=None, go=None):
        self.words, self.problem, self.go = words, problem, go
        self.said, self.closed, self.together, self.most = 0, 0, 0, 0

    def stream(self, path, prompt, think=True, budget=1024, samples=1, seed=0, stop=lambda: False):
        self.together += 1
        self.most = max(self.most, self.together)
        try:
            yield events.Reading(path)
            if self.problem:
                raise self.problem
            yield events.FramesRead(clip())
            for number, word in enumerate(self.words, 1):
                if stop():
                    return
                if number > 1 and self.go:
                    self.go.wait(HANGING)
                self.said += 1
                yield events.Thought(word, number)
                time.sleep(0.02)
            yield events.Scored(SCORES)
            yield Evaluation(path, prompt, "mini", "fp32", "".join(self.words), SCORES, 8, Seconds(1, 2, 3), 3)
        finally:
            self.together -= 1
            self.closed += 1


def hosted(judge, others=None) -> host.Host:
    made = host.Host(lambda: judge, others)
    made.start(background=False)
    return made


def close(blocks) -> None:
    """Closes served pages. Gradio sets an asyncio event from this thread and fails where a client leaves just then."""
    try:
        blocks.close()
    except RuntimeError:
        blocks.close()


def site_of(judge, home, others=None, **settings) -> Site:
    """A site with that judge, and others to choose, whose store is in the folder `home`."""
    return Site(hosted(judge, others), Store(home), Settings(home=home, **settings))


@pytest.fixture
def page_of(tmp_path_factory):
    import gradio as gr

    def make(judge, **settings) -> EvaluatePage:
        with gr.Blocks():
            return EvaluatePage(site_of(judge, tmp_path_factory.mktemp("home"), **settings), gr.HTML())
    return make


@pytest.fixture
def uploaded(tmp_path, monkeypatch):
    """A file where uploads go, as the video box's value names it."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    path = tmp_path / "abc" / "clip.mp4"
    path.parent.mkdir()
    path.write_bytes(b"video")
    return {"path": str(path), "name": "my clip.mp4"}


def run_page(page, video, prompt="a prompt", session="s", think=True, visitor="", judge=""):
    visit = SimpleNamespace(session_hash=session)
    return page.stream(video, prompt, think, 64, 1, 0, judge, {"visitor": visitor}, visit)


def merged(page, updates) -> dict:
    """What each component shows after all updates, by attribute name."""
    names = {component: name for name, component in vars(page).items() if isinstance(component, Block)}
    last = {}
    for update in updates:
        last.update({names[component]: value for component, value in update.items()})
    return last


def test_a_box_takes_only_files_that_were_uploaded(uploaded, tmp_path):
    assert player.given(uploaded) == (uploaded["path"], "my clip.mp4")
    outside = tmp_path.parent / "secret.mp4"
    outside.write_bytes(b"x")
    for path in (str(outside), f"{tmp_path}/abc/../../secret.mp4", "/etc/passwd", f"{tmp_path}/gone.mp4"):
        with pytest.raises(BadInput):
            player.given({"path": path, "name": "x"})
    for path in (f"{tmp_path}/a\0.mp4", f"{tmp_path}/{'a' * 5000}.mp4", ["a"], "\ud800.mp4"):
        with pytest.raises(BadInput, match="no longer on the server"):
            player.given({"path": path})
    for nothing in (None, {}, {"path": ""}, "text", 7, ["a"]):
        with pytest.raises(BadInput, match="Add a video"):
            player.given(nothing)


def test_only_reading_refuses_a_clip(uploaded, monkeypatch):
    box = SimpleNamespace(temp_files=set())

    def full(path, folder, **options):
        raise Failure("The copy for the browser cannot be written: free some disk space.")

    monkeypatch.setattr("vs2.video.playable.playable", full)
    refused = player.prepare({**uploaded, "turn": 3}, box)
    assert "clip.mp4" in refused["problem"] and "disk" not in refused["problem"] and refused["turn"] == 3
    moving_square(uploaded["path"], frames=6)
    kept = player.prepare({**uploaded, "turn": 3}, box)
    assert kept == {"path": uploaded["path"], "name": "my clip.mp4", "turn": 3, "fps": None, "checked": True}
    assert player.prepare("nonsense", box) == {"problem": text.NO_VIDEO, "turn": None}
    assert "problem" not in player.prepare(None, box)  # emptied meanwhile: it stays as it is


def test_the_page_streams_then_scores(page_of, uploaded):
    page = page_of(Scripted())
    updates = list(run_page(page, uploaded))
    first = merged(page, updates[:1])
    assert "vs-none" in first["scores"] and not first["go"]["interactive"] and first["halt"]["interactive"]
    last = merged(page, updates)
    assert "One two three." in last["rationale"] and "Done in" in last["status"]
    assert 'data-value="5"' in last["scores"] and list(last["radar"].data[0].r) == [4, 5, 2, 4]
    assert not last["halt"]["interactive"]
    record = json.loads(base64.b64decode(re.search(r'base64,([^"]+)"', last["actions"])[1]))
    assert record["video"] == "my clip.mp4" and record["prompt"] == "a prompt"


@pytest.mark.parametrize(("video", "prompt", "said"),
                         [(False, "a prompt", text.NO_VIDEO), (True, "  ", text.NO_PROMPT)])
def test_nothing_starts_without_a_video_and_a_prompt(page_of, uploaded, video, prompt, said):
    judge = Scripted()
    page = page_of(judge)
    updates = list(run_page(page, uploaded if video else None, prompt))
    assert merged(page, updates).keys() == {"notice"} and said in updates[0][page.notice] and not judge.closed


def test_a_problem_is_one_sentence_and_the_next_run_works(page_of, uploaded):
    judge = Scripted(problem=BadInput("clip.mp4 is not a video."))
    page = page_of(judge)
    last = merged(page, run_page(page, uploaded))
    assert "clip.mp4 is not a video." in last["notice"] and "vs-none" in last["scores"]
    judge.problem = ZeroDivisionError("secret detail")
    last = merged(page, run_page(page, uploaded))
    assert "ZeroDivisionError" in last["notice"] and "secret detail" not in last["notice"]
    judge.problem = None
    assert "Done in" in merged(page, run_page(page, uploaded))["status"]


def test_stop_keeps_what_was_said_and_stops_the_judge(page_of, uploaded):
    go = threading.Event()
    judge = Scripted(words=["word "] * 50, go=go)
    page = page_of(judge)
    updates, stream = [], run_page(page, uploaded)
    for update in stream:
        updates.append(update)
        if "word" in update.get(page.rationale, ""):
            page.stop(SimpleNamespace(session_hash="another visitor"))
            page.stop(SimpleNamespace(session_hash="s"))
            break
    updates += stream
    assert not judge.closed  # the page did not wait for the judge, which still waits for its next word
    last = merged(page, updates)
    assert "Stopped after" in last["status"] and "word" in last["rationale"] and "vs-none" in last["scores"]
    go.set()
    assert eventually(lambda: judge.closed) and judge.said < 5


def test_a_visitor_who_leaves_stops_the_judge(page_of, uploaded):
    judge = Scripted(words=["word "] * 500)
    stream = run_page(page_of(judge), uploaded)
    next(stream), next(stream)
    stream.close()
    assert eventually(lambda: judge.closed) and judge.said < 500


def test_a_script_that_leaves_stops_the_judge(page_of, uploaded):
    judge = Scripted(words=["word "] * 500)
    call = page_of(judge).evaluate(uploaded["path"], "a prompt", True, 64, 1, 0)
    assert next(call) is None
    call.close()
    assert eventually(lambda: judge.closed) and judge.said < 500


def test_what_breaks_in_the_page_leaves_its_buttons_ready(page_of, uploaded, monkeypatch):
    page, logged = page_of(Scripted()), []
    page.host.log = logged.append

    def broken(*_):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(page, "_done", broken)
    last = merged(page, run_page(page, uploaded))
    assert "ZeroDivisionError" in last["notice"] and "secret" not in last["notice"] and len(logged) == 1
    assert not last["halt"]["interactive"] and "Not evaluated" in last["status"]


def test_examples_come_from_their_table(tmp_path):
    assert examples(tmp_path) == []
    (tmp_path / "examples.csv").write_text("file,prompt,shows\n../../a.mp4,a ball,A fault\n", encoding="utf-8")
    row, = examples(tmp_path)
    assert row == {"file": str(tmp_path / "a.mp4"), "prompt": "a ball", "shows": "A fault"}


def test_what_a_visitor_does_is_in_the_api(tmp_path):
    blocks = app.build(site_of(Scripted(), tmp_path))
    info = blocks.get_api_info()
    assert set(info["named_endpoints"]) == {"/evaluate", "/generate", "/compare", "/best_of", "/batch", "/review"}
    assert not info["unnamed_endpoints"]
    parameters = info["named_endpoints"]["/evaluate"]["parameters"]
    assert [p["parameter_name"] for p in parameters] == ["video", "prompt", "think", "budget", "samples", "seed",
                                                               "fps", "frames", "pixels"]
    assert all(p["parameter_has_default"] for p in parameters[-3:]), "old calls go on"


ANN, BEN = "a" * 32, "b" * 32


def test_an_evaluation_is_kept_and_its_link_opens_it(page_of, uploaded):
    moving_square(uploaded["path"], frames=12, fps=8)
    page = page_of(Scripted())
    last = merged(page, run_page(page, uploaded, visitor=ANN))
    one = re.search(r'data-kept="([^"]+)"', last["actions"])[1]
    assert last["sure"]["visible"]
    listed = page.history.listing({"visitor": ANN})
    assert f'href="?e={one}"' in listed and "my clip.mp4" in listed
    assert one not in page.history.listing({"visitor": BEN})
    opened = dict(zip(page.opens, page.open({"visitor": BEN, "page": "evaluate", "e": [one]}), strict=True))
    assert "One two three." in opened[page.rationale] and 'data-value="5"' in opened[page.scores]
    assert opened[page.prompt] == "a prompt" and opened[page.video]["name"] == "my clip.mp4"
    assert player.given(opened[page.video])[1] == "my clip.mp4"  # it can be judged again
    assert opened[page.frames].count("<img") == 0  # the scripted judge names no times
    gone = dict(zip(page.opens, page.open({"e": ["x" * 22]}), strict=True))
    assert text.NOT_KNOWN in gone[page.notice] and gone[page.video] is None


def test_a_browser_that_names_no_visitor_keeps_nothing(page_of, uploaded):
    page = page_of(Scripted())
    for visitor in ("", "../../x", "A" * 32, None, 7):
        last = merged(page, run_page(page, uploaded, visitor=visitor))
        assert "data-kept" not in last["actions"] and "Done in" in last["status"]
    assert text.HISTORY_NONE in page.history.listing({"visitor": ""})


def test_one_deletes_ones_own_and_no_others(page_of, uploaded):
    page = page_of(Scripted())
    for visitor in (ANN, ANN, BEN):
        merged(page, run_page(page, uploaded, visitor=visitor))
    of_ben = page.site.store.find(BEN)[0].id
    delete = SimpleNamespace(_data={"id": of_ben})
    assert page.history.listing({"visitor": ANN}).count("<li>") == 2
    assert page.history.drop({"visitor": ANN}, delete).count("<li>") == 2 and page.site.store.get(of_ben)
    assert page.history.ask({"visitor": ANN})[1].startswith("<p>Delete 2 evaluations")
    page.history.wipe({"visitor": ANN})
    assert page.site.store.count(ANN) == 0 and page.site.store.count(BEN) == 1
    assert "<li>" not in page.history.drop({"visitor": BEN}, delete) and not page.site.store.get(of_ben)


def test_everyones_history_only_where_that_is_switched_on(page_of, uploaded):
    page = page_of(Scripted(), shared_history=True)
    merged(page, run_page(page, uploaded, visitor=ANN))
    shown = page.history.listing({"visitor": BEN})
    assert shown.count("<li>") == 1 and text.HISTORY_SHARED in shown and "data-delete" not in shown


def test_a_full_disk_costs_the_history_and_not_the_scores(page_of, uploaded, monkeypatch):
    page = page_of(Scripted())

    def full(*_):
        raise Failure("The disk is full.")

    monkeypatch.setattr(page.site.store, "add", full)
    last = merged(page, run_page(page, uploaded, visitor=ANN))
    assert "Done in" in last["status"] and "data-kept" not in last["actions"]


def test_an_opened_evaluation_ends_what_runs_and_nothing_more_of_it_is_shown(page_of, uploaded):
    go = threading.Event()
    page = page_of(judge := Scripted(go=go))
    stream = run_page(page, uploaded)
    next(stream), next(stream)
    page.leave(SimpleNamespace(session_hash="another"))
    assert page._runs
    page.leave(SimpleNamespace(session_hash="s"))
    go.set()
    assert list(stream) == [] and not page._runs and eventually(lambda: judge.closed == 1)


def test_an_evaluation_whose_clip_cannot_be_kept_is_kept_without(page_of, uploaded, monkeypatch):
    page = page_of(Scripted())
    add = page.site.store.add

    def full(evaluation, visitor, clip=None):
        if clip:
            raise Failure("The disk is full.")
        return add(evaluation, visitor)

    monkeypatch.setattr(page.site.store, "add", full)
    assert "data-kept" in merged(page, run_page(page, uploaded, visitor=ANN))["actions"]
    assert page.site.store.find(ANN)[0].clip is None


def test_another_judge_can_be_chosen(uploaded, tmp_path):
    import gradio as gr

    other = Scripted(words=["Other."])
    site = Site(hosted(Scripted(), {"other, fp32": lambda: other}), Store(tmp_path / "home"), Settings())
    with gr.Blocks():
        page = EvaluatePage(site, gr.HTML())
    assert "Other." in merged(page, run_page(page, uploaded, judge="other, fp32"))["rationale"]
    assert text.NO_JUDGE in merged(page, run_page(page, uploaded, judge="elsewhere"))["notice"]
    assert "One two three." in merged(page, run_page(page, uploaded))["rationale"]

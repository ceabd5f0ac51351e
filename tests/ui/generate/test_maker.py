"""Generating on the Evaluate page without a browser: the choice, the clip in the box, what is never told, stopping."""
import base64
import json
import os
import re
import threading
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from gradio.blocks import Block

from tests.support.clips import moving_square
from tests.support.patience import HANGING
from tests.ui.test_pages import ANN, BEN, HOSTILE, Scripted, eventually, merged, site_of
from vs2 import generate
from vs2.errors import BadInput, Failure
from vs2.generate import Generated, Listed, Notice, Progress, Record
from vs2.rubric import KEYS
from vs2.ui import player, sent
from vs2.ui.evaluate.page import EvaluatePage
from vs2.ui.generate import choice
from vs2.ui.generate import maker as making
from vs2.ui.generate.studio import MOST_TOGETHER, Studio, Work
from vs2.ui.text import generate as text

SECRET = "hf_neverTellThisToAnyone"
TRUTH = dict(zip(KEYS, (5, 3, 1), strict=True))


class Fake:
    """A generator that waits for `go` before its clip; `problem` ends it in place of the clip."""

    def __init__(self, go=None, problem=None, prompt="a <b>ball</b>"):
        self.go, self.problem, self.closed, self.asked, self.folders = go, problem, 0, [], []
        self.name, self.prompt = "sketch", prompt

    def stream(self, prompt, *, seed=0, seconds=None, size=None, folder=None, stop=lambda: False):
        self.asked.append((prompt, seed, seconds))
        self.folders.append(Path(folder))
        try:
            yield Progress(0.0, "Reading the prompt")
            yield Notice(f"Not understood: {HOSTILE}")
            yield Progress(0.5, "Drawing: frame 24 of 48")
            while self.go and not self.go.wait(0.02):
                if stop():
                    return
            if self.problem:
                raise self.problem
            path = moving_square(Path(folder) / f"sketch-{seed}.mp4", frames=6)
            record = Record("sketch", prompt, seed, 96, 64, 6, 8.0, "0" * 64, "2026-01-01T00:00:00+00:00", 0.1,
                            notices=(HOSTILE,), truth=TRUTH, details={
                                "asked": {"shape": "ball"}, "shown": {"shape": "box"},
                                "visual_fault": {"kind": "noise", "level": 2}, "physical_fault": None})
            (Path(folder) / f"sketch-{seed}.json").write_text(json.dumps(record.to_dict()))
            yield Generated(path, record)
        finally:
            self.closed += 1


@pytest.fixture
def page_of(tmp_path, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))

    def make(judge=None, generator=None) -> EvaluatePage:
        with gr.Blocks():
            page = EvaluatePage(site_of(judge or Scripted(), tmp_path_factory.mktemp("home")), gr.HTML())
        if generator:
            monkeypatch.setattr(page.studio, "load", lambda name, token="": generator)
        return page
    return make


def make(page, prompt="a ball", name="sketch", model="", token="", seed=3, seconds=None, session="s", visitor=""):
    return page.maker.stream(prompt, name, model, token, seed, seconds, {"visitor": visitor},
                             SimpleNamespace(session_hash=session))


def last(page, updates) -> tuple[dict, dict]:
    """What the fold shows at the end, and what the page does."""
    shown = {"fold": {}, "page": {}}
    names = {one: ("page", name) for name, one in vars(page).items() if isinstance(one, Block)}
    names |= {getattr(page.maker, name): ("fold", name) for name in ("status", "notes", "made", "go", "halt")}
    for update in updates:
        for component, value in update.items():
            where, name = names[component]
            shown[where][name] = value
    return shown["fold"], shown["page"]


def test_the_clip_lies_in_the_box_as_if_it_had_been_uploaded(page_of):
    fake = Fake()
    page = page_of(generator=fake)
    updates = list(make(page))
    fold, rest = last(page, updates)
    assert "Generated in" in fold["status"] and not fold["halt"]["interactive"]
    path, name = player.given(rest["video"])
    assert name == "sketch seed 3.mp4" and Path(path).read_bytes() and rest["video"]["checked"]
    assert "vs-none" in rest["scores"] and rest["go"]["interactive"]  # nothing of an earlier video
    assert fake.asked == [("a ball", 3, None)] and not page.maker.busy("s")
    # It can be judged at once.
    shown = merged(page, page.stream(rest["video"], "a ball", True, 64, 1, 0, "", {"visitor": ANN},
                                     SimpleNamespace(session_hash="s")))
    assert "Done in" in shown["status"] and "sketch seed 3.mp4" in page.history.listing({"visitor": ANN})


def test_true_scores_go_nowhere(page_of, tmp_path):
    fake = Fake()
    page = page_of(generator=fake)
    updates = list(make(page))
    fold, rest = last(page, updates)
    told = json.loads(base64.b64decode(re.search(r'base64,([^"]+)"', fold["made"])[1]))
    assert told["seed"] == 3 and told["details"] == {"asked": {"shape": "ball"}} and "truth" not in told
    everything = repr([list(update.values()) for update in updates])
    assert "truth" not in everything and "visual_fault" not in everything
    # Only the clip is where uploads are; what lay beside it is gone.
    kept = [path.suffix for path in (tmp_path / "uploads").rglob("*") if path.is_file()]
    assert kept == [".mp4"] and not fake.folders[0].exists()


def test_progress_notices_and_records_are_text(page_of):
    updates = list(make(page_of(generator=Fake()), prompt=HOSTILE))
    html = [value for update in updates for value in update.values() if isinstance(value, str)]
    assert not any("<script" in value or "<img" in value for value in html)
    assert any("&lt;script&gt;" in value and "vs-notes" in value for value in html)
    bars = [re.search(r'aria-valuenow="(\d+)"', value) for value in html]
    assert {"0", "50"} <= {bar[1] for bar in bars if bar}
    assert any("<strong role=\"status\" aria-live=\"polite\">Drawing</strong>" in value and "frame 24 of 48" in value
               for value in html)


def test_the_real_sketch_says_what_it_did_not_understand(page_of):
    page = page_of()
    fold, rest = last(page, make(page, "a red ball and a zebra bounce on grass", seconds=1))
    assert "zebra" in fold["notes"] and "Generated in" in fold["status"] and player.given(rest["video"])
    told = json.loads(base64.b64decode(re.search(r'base64,([^"]+)"', fold["made"])[1]))
    assert told["frames"] == 16 and told["prompt"].endswith("on grass")
    assert not {"truth", "shown", "visual_fault", "physical_fault"} & {*told, *told["details"]}


@pytest.mark.parametrize(("arguments", "said"), [
    ({"prompt": "  "}, "prompt is empty"), ({"seconds": 99}, "seconds is 99"), ({"seed": -1}, "seed is -1"),
    ({"name": "elsewhere"}, text.NO_GENERATOR), ({"name": None}, text.NO_GENERATOR),
    ({"name": "provider:fal-ai/"}, "No token was given"),
    ({"name": "provider:fal-ai/", "token": SECRET, "model": "../x"}, "not the name of a model"),
    ({"name": "provider:fal-ai/", "token": SECRET + " \u2028", "model": "a/b" + SECRET + "/"}, "the name of a model")])
def test_what_cannot_be_generated_is_said_in_a_sentence(page_of, arguments, said):
    page = page_of()
    fold, rest = last(page, make(page, **arguments))
    assert said in fold["status"] and "Not generated" in fold["status"] and not rest
    assert not page.maker.busy("s") and "Generated in" in last(page, make(page, seconds=1))[0]["status"]


def test_what_breaks_costs_no_more_than_the_clip(page_of):
    fake, logged = Fake(problem=ZeroDivisionError("secret detail")), []
    page = page_of(generator=fake)
    page.host.log = logged.append
    fold, rest = last(page, make(page))
    assert "ZeroDivisionError" in fold["status"] and "secret" not in fold["status"] and len(logged) == 1 and not rest
    fake.problem = Failure("The provider <i>failed</i>.")
    assert "The provider &lt;i&gt;failed" in last(page, make(page))[0]["status"]


def test_stop_ends_it_and_leaves_the_box(page_of):
    fake = Fake(go=threading.Event())
    page = page_of(generator=fake)
    updates, stream = [], make(page)
    for update in stream:
        updates.append(update)
        if "Drawing" in update.get(page.maker.status, ""):
            assert page.maker.busy("s")
            page.maker.stop(SimpleNamespace(session_hash="another"))
            page.maker.stop(SimpleNamespace(session_hash="s"))
            break
    fold, rest = last(page, updates + list(stream))
    assert "Stopped after" in fold["status"] and not rest and not fold["halt"]["interactive"]
    assert eventually(lambda: fake.closed == 1 and not fake.folders[0].exists())


def test_a_visitor_who_leaves_or_chooses_another_video_stops_it(page_of):
    fake = Fake(go=threading.Event())
    page = page_of(generator=fake)
    stream = make(page)
    next(stream), next(stream)
    stream.close()
    assert eventually(lambda: fake.closed == 1) and not page.maker.busy("s")
    stream = make(page)
    next(stream), next(stream)
    page.replaced(SimpleNamespace(session_hash="s"))
    fold, rest = last(page, stream)
    assert "Stopped after" in fold["status"] and not rest


def test_one_at_a_time_for_a_visitor(page_of):
    page = page_of(generator=Fake(go=threading.Event()))
    first = make(page, session="s", visitor=ANN)
    next(first), next(first)
    assert text.ONE_EACH in last(page, make(page, session="t", visitor=ANN))[0]["status"]
    other = make(page, session="u", visitor=BEN)
    assert "Starting" in next(other)[page.maker.status]
    first.close(), other.close()
    assert "Starting" in next(make(page, session="s", visitor=ANN))[page.maker.status]


def test_a_few_at_a_time_for_all():
    from contextlib import ExitStack

    studio = Studio()
    with ExitStack() as stack:
        for number in range(MOST_TOGETHER):
            stack.enter_context(studio.place(str(number)))
        with pytest.raises(Failure, match="try again"), studio.place("another"):
            raise AssertionError("there was no room")
    with studio.place("another"):
        pass


def test_generating_and_judging_wait_for_each_other(page_of):
    go = threading.Event()
    page = page_of(Scripted(words=["word "] * 50, go=go), Fake(go=threading.Event()))
    generating = make(page)
    next(generating), next(generating)
    said = list(page.stream({"path": "x"}, "p", True, 64, 1, 0, "", {}, SimpleNamespace(session_hash="s")))
    assert text.WHILE_GENERATING in said[0][page.notice] and len(said) == 1
    generating.close()
    page._runs["s"] = object()
    assert text.WHILE_EVALUATING in last(page, make(page))[0]["status"]


def test_the_token_is_asked_for_used_and_forgotten(page_of, monkeypatch, tmp_path, caplog):
    taken = []

    class Provider(Fake):
        def __init__(self, name, *, token):
            super().__init__()
            taken.append((name, token))

    page = page_of()
    monkeypatch.setattr(generate, "load", lambda name, **options: Provider(name, **options))
    updates = list(make(page, name="provider:fal-ai/", model=" Wan-AI/Wan2.2-TI2V-5B ", token=f" {SECRET} "))
    assert taken == [("provider:fal-ai/Wan-AI/Wan2.2-TI2V-5B", SECRET)]
    assert "Generated in" in last(page, updates)[0]["status"]
    assert SECRET not in repr([list(update.values()) for update in updates]) and SECRET not in caplog.text
    assert SECRET not in repr(vars(page.studio)) + repr(vars(page.maker)) + repr(page.maker.choice.token.value)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    # The choice asks whether there is one, not what it is; the field is one for passwords.
    assert "'given'" in choice.GIVEN and page.maker.choice.token.type == "password"
    assert SECRET not in repr(page.maker.choice.offer("given", "sketch", SimpleNamespace()))


def test_what_is_not_usable_is_shown_with_its_reason_and_cannot_be_chosen(page_of, monkeypatch):
    listed = [Listed("sketch", "Sketch", "A drawing."),
              Listed("diffusers:a/b", "A <i>film</i>", "Large.", False, "No <b>GPU</b>.", "Take one."),
              Listed("provider:fal-ai/", "fal", "Any model.", False, "No token was given.", "Give one.",
                     "provider:fal-ai/a/b")]
    usable = Listed("provider:fal-ai/", "fal", "Any model.", example="provider:fal-ai/a/b")
    monkeypatch.setattr(choice, "listing", lambda token=False: [*listed[:2], usable if token else listed[2]])
    made = page_of().maker.choice
    assert [value for _, value in made.generator.choices] == ["sketch"]
    shown = made.others.value
    assert "No &lt;b&gt;GPU&lt;/b&gt;." in shown and "Take one." in shown and "No token was given." in shown
    with pytest.raises(BadInput, match="No <b>GPU</b>. Take one."):
        made.named("diffusers:a/b", "", SECRET)
    update, others, what, model = made.offer("given", "sketch", SimpleNamespace())
    assert [value for _, value in update["choices"]] == ["sketch", "provider:fal-ai/"] and "fal" not in others
    assert "A drawing." in what and not model["visible"]
    what, model = made.describe("provider:fal-ai/")
    assert "Any model." in what and model["visible"] and model["value"] == "a/b"
    assert made.named("provider:fal-ai/", "a/b", "t") == "provider:fal-ai/a/b"
    update, *_ = made.offer("", "provider:fal-ai/", SimpleNamespace())
    assert update["value"] == "sketch" and len(update["choices"]) == 1


def test_zerogpu_does_not_lend_long_enough_for_a_pipeline(monkeypatch):
    monkeypatch.setenv("SPACES_ZERO_GPU", "1")
    found = [one for one in choice.offered(True) if one.name.startswith("diffusers:")]
    assert found and not any(one.usable for one in found) and "ZeroGPU" in found[0].reason


def test_who_is_logged_in_needs_no_other_token():
    def visit(session):
        scope = {} if session is None else {"session": session}
        return SimpleNamespace(request=SimpleNamespace(scope=scope, session=session))

    later = {"oauth_info": {"access_token": SECRET, "expires_at": 1e12}}
    assert choice.account(visit(later)) == SECRET
    for session in (None, {}, {"oauth_info": {"access_token": SECRET, "expires_at": 1}}):
        assert choice.account(visit(session)) == ""
    assert choice.account(None) == "" and choice.account(SimpleNamespace()) == ""


def test_a_pipeline_stays_loaded_until_another_is_asked_for(monkeypatch):
    loaded = []

    class Pipeline:
        def __init__(self, name):
            self.name, self.closed = name, False
            loaded.append(self)

        def close(self):
            self.closed = True

    monkeypatch.setattr(generate, "load", Pipeline)
    studio = Studio()
    one = studio.load("diffusers:a/b")
    assert studio.load("diffusers:a/b") is one and studio.load("sketch").name == "sketch" and not one.closed
    assert studio.load("diffusers:c/d") is not one and one.closed
    assert [made.name for made in loaded] == ["diffusers:a/b", "sketch", "diffusers:c/d"]


def test_work_says_when_nothing_comes():
    go = threading.Event()
    work = Work(lambda stop: (go.wait(HANGING) for _ in range(2)), lambda error: None)
    events = work.events(0.02)
    assert next(events) is None
    go.set()
    assert [event for event in events if event is not None] == [True, True] and not work.stopped


def test_the_public_record_of_a_film_keeps_its_details():
    film = Record("diffusers:a/b", "p", 1, 8, 8, 8, 8.0, "0", "2026", 1.0, details={"shown": 7})
    assert making.public(film)["details"] == {"shown": 7} and "truth" not in making.public(film)
    assert os.sep not in making._file(film)


def call(page, prompt="a ball", generator="sketch", token="", **more) -> list:
    return [value for value in page.maker.generate(prompt, generator, token, **more) if value is not None]


def test_the_endpoint_gives_the_clip_and_how_it_was_made(page_of, tmp_path):
    fake = Fake()
    page = page_of(generator=fake)
    said, = call(page, seed=4, seconds=0)
    assert json.loads(json.dumps(said, allow_nan=False)) == said and fake.asked == [("a ball", 4, None)]
    path = Path(said["file"].removeprefix(sent.SERVED))
    assert path.is_relative_to(tmp_path / "uploads") and path.read_bytes()
    assert said["generator"] == "sketch" and said["seed"] == 4 and "truth" not in said
    assert "visual_fault" not in json.dumps(said), "what tells the true scores is not told"
    for wrong, sentence in (({"prompt": " "}, "prompt"), ({"generator": "elsewhere"}, text.NO_GENERATOR),
                            ({"generator": "provider:fal-ai/a/b"}, "No token")):
        with pytest.raises(gr.Error, match=sentence):
            call(page, **wrong)
    logged = []
    page.site.host.log = logged.append
    fake.problem = ZeroDivisionError()
    with pytest.raises(gr.Error, match="Something failed on our side"):
        call(page)
    assert logged and fake.closed == 2


def test_a_script_that_leaves_stops_the_generator(page_of):
    fake = Fake(go=threading.Event())
    page = page_of(generator=fake)
    calling = page.maker.generate("a ball")
    assert next(calling) is None
    calling.close()
    assert eventually(lambda: fake.closed == 1)

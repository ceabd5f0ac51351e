"""How much of a clip is looked at, at most, as the pages and their endpoints take it to the judge."""
from types import SimpleNamespace

import gradio as gr
import pytest

from tests.support.clips import moving_square
from tests.ui.best_of.test_page import Films
from tests.ui.test_pages import Scripted, site_of
from vs2.ui import app
from vs2.ui.batch.page import BatchPage
from vs2.ui.best_of.page import BestOfPage
from vs2.ui.compare.page import ComparePage

VISIT, ADDRESS = SimpleNamespace(session_hash="s"), {"visitor": ""}
JUDGING = True, 64, 1, 0


class Looking(Scripted):
    """Notes what it was asked to look at."""

    def __init__(self):
        super().__init__()
        self.caps = []

    def stream(self, path, prompt, frames=None, pixels=None, **options):
        self.caps.append((frames, pixels))
        yield from super().stream(path, prompt, **options)


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Has a page, or its endpoint where `call` says so, judge with these caps; gives what the judge was told."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    clip, other = (str(moving_square(tmp_path / name, frames=4)) for name in ("a.mp4", "b.mp4"))
    table = tmp_path / "t.csv"
    table.write_text("video,prompt\na.mp4,p\nb.mp4,p\n")

    def made(kind):
        with gr.Blocks():
            return kind(site_of(judge, tmp_path / "home"), gr.HTML())

    def compare(caps, call):
        page = made(ComparePage)
        if call:
            return page.compare([clip, other], "p", None, *JUDGING, "mean", None, *caps)
        items = [{"key": key, "name": key, "path": path, "prompt": ""} for key, path in (("a", clip), ("b", other))]
        return page.stream({"items": items}, "p", *JUDGING, "", {}, ADDRESS, "mean", 1, 1, 1, VISIT, *caps)

    def batch(caps, call):
        page, paths = made(BatchPage), [str(table), clip, other]
        if call:
            return page.batch(paths, *JUDGING, *caps)
        files = [{"path": path, "name": path.rsplit("/")[-1]} for path in paths]
        list(page.check({"files": files, "turn": 1}, ADDRESS, VISIT))
        return page.stream(*JUDGING, "", ADDRESS, VISIT, *caps)

    def best_of(caps, call):
        page = made(BestOfPage)
        monkeypatch.setattr(page.studio, "load", lambda name, token="": Films())
        if call:
            return page.best_of("p", 2, think=True, budget=64, frames=caps[0], pixels=caps[1])
        return page.stream("p", "sketch", "", "", 2, 0, None, "mean", 1, 1, 1, False, False, False, True, 64, "",
                           ADDRESS, VISIT, *caps)

    judge = Looking()

    def ask(page, caps, call=False):
        judge.caps.clear()
        said = [one for one in {"compare": compare, "batch": batch, "best_of": best_of}[page](caps, call) if one]
        assert len(judge.caps) >= 2 or not judge.caps       # a tie is broken
        return set(judge.caps), said
    return ask


PAGES = pytest.mark.parametrize("page", ["compare", "batch", "best_of"])


@PAGES
def test_caps_reach_the_judge_and_0_is_none(asked, page):
    assert asked(page, (4, 3136))[0] == {(4, 3136)}
    assert asked(page, (0, 0))[0] == {(None, None)}
    told, updates = asked(page, (1, 0))
    assert not told and "frames is 1: it must be a whole number from 2" in str(updates)


@PAGES
def test_endpoints_take_them(asked, page):
    assert asked(page, (4, 3136), call=True)[0] == {(4, 3136)}
    assert asked(page, (None, None), call=True)[0] == {(None, None)}
    with pytest.raises(gr.Error, match="frames is 0: it must be a whole number from 2"):
        asked(page, (0, None), call=True)


def test_old_calls_go_on(tmp_path):
    endpoints = app.build(site_of(Scripted(), tmp_path)).get_api_info()["named_endpoints"]
    for name in ("/evaluate", "/compare", "/batch", "/best_of"):
        last = endpoints[name]["parameters"][-2:]
        assert [one["parameter_name"] for one in last] == ["frames", "pixels"], name
        assert all(one["parameter_has_default"] for one in last)

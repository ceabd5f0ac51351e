"""Videos that come and go while another one is uploaded, prepared or judged."""
import threading
from pathlib import Path

import pytest

import vs2.video.playable
from tests.support.clips import moving_square
from tests.ui.test_pages import Scripted, eventually
from vs2.errors import Failure
from vs2.ui import player

pytestmark = [pytest.mark.browser, pytest.mark.slow]
# The record behind the download, once it is the one about this prompt.
RECORD = """prompt => {
  const link = document.querySelector("#actions a[download]");
  const record = link && JSON.parse(atob(link.href.split("base64,")[1]));
  return record?.prompt === prompt && record;
}"""


@pytest.fixture
def slow_copies(monkeypatch):
    """The copy of an avi is only made once `go` is set; `begun` and `answered` tell how far the server is with it."""
    real, prepare = vs2.video.playable.playable, player.prepare
    steps = {name: threading.Event() for name in ("begun", "go", "answered")}

    def playable(path, folder, **options):
        if Path(path).suffix == ".avi":
            steps["begun"].set()
            assert steps["go"].wait(120)
        return real(path, folder, **options)

    def prepared(value, box):
        answer = prepare(value, box)
        if value and value["name"].endswith(".avi"):
            steps["answered"].set()
        return answer

    monkeypatch.setattr(vs2.video.playable, "playable", playable)
    monkeypatch.setattr(player, "prepare", prepared)
    yield steps
    steps["go"].set()


@pytest.fixture
def old(tmp_path):
    """A clip that no browser plays."""
    return moving_square(tmp_path / "old.avi", codec="mpeg4", frames=16, fps=8, size=(160, 96))


def start(visitor, old, steps) -> None:
    """Chooses the clip and waits until the server is making its copy."""
    visitor.page.set_input_files("#video input[type=file]", old)
    visitor.page.wait_for_selector("#video [data-state=preparing]")
    assert steps["begun"].wait(120)


def finish(steps) -> None:
    """Lets the server answer about the clip that was chosen first."""
    steps["go"].set()
    assert steps["answered"].wait(120)


def test_the_last_chosen_video_is_shown_and_judged(visit, scripted, slow_copies, old, clip):
    visitor = visit(address=scripted(Scripted(), alone=True))
    start(visitor, old, slow_copies)
    visitor.upload(clip)
    finish(slow_copies)
    for prompt in ("the first time", "the second time"):  # the late answer has surely come before the second
        visitor.ask(prompt)
        record = visitor.page.wait_for_function(RECORD, arg=prompt).json_value()
        assert record["video"] == "square.mp4"
        assert visitor.page.inner_text("#video .vs-name") == "square.mp4"
        assert visitor.page.get_attribute("#video .vs-zone", "data-state") == "ready"


def test_a_video_removed_while_it_is_prepared_stays_removed(visit, scripted, slow_copies, old):
    judge = Scripted()
    visitor = visit(address=scripted(judge, alone=True))
    start(visitor, old, slow_copies)
    visitor.page.click("#video .vs-remove")
    finish(slow_copies)
    visitor.ask("a prompt")
    visitor.page.wait_for_selector("#notice .vs-problem:has-text('Add a video')")
    assert visitor.page.get_attribute("#video .vs-zone", "data-state") == "empty"
    assert visitor.page.inner_text("#video .vs-name") == "" and not judge.closed


def test_a_clip_that_cannot_be_copied_is_judged_all_the_same(visit, scripted, old, monkeypatch):
    def full(path, folder, **_):
        raise Failure("The copy for the browser cannot be written.")

    monkeypatch.setattr(vs2.video.playable, "playable", full)
    visitor = visit(address=scripted(Scripted()))
    visitor.upload(old)
    visitor.page.wait_for_selector("#video .vs-unplayable:not([hidden])")
    visitor.ask("a prompt")
    visitor.wait_done()
    assert visitor.values() == ["4", "5", "2"]


def test_another_video_ends_the_run_and_clears_its_results(visit, scripted, clip, tmp_path):
    judge = Scripted(words=[f"word{number} " for number in range(100_000)])
    visitor = visit(address=scripted(judge))
    visitor.upload(clip)
    visitor.ask("a prompt")
    visitor.page.wait_for_selector("#rationale .vs-live p:has-text('word5')")
    visitor.upload(moving_square(tmp_path / "other.mp4", frames=12, fps=8, size=(160, 90), colour=(20, 60, 220)))
    visitor.page.wait_for_selector("#status [data-state=idle]")
    assert eventually(lambda: judge.closed) and judge.said < 100_000
    judge.words = ["short."]
    assert visitor.said() == "" and visitor.values() == ["", "", ""]
    assert visitor.page.locator("#frames .vs-empty").count() == 1 and visitor.page.is_disabled("#stop")
    visitor.page.click("#evaluate")
    visitor.wait_done()
    assert visitor.said() == "short." and visitor.page.inner_text("#video .vs-name") == "other.mp4"

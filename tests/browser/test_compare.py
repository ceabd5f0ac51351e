"""The Compare page as a visitor meets it: clips uploaded together, players in step, a bad file, stopping, a phone."""
import json
import threading

import pytest

from tests.browser.conftest import EARLIER, PATIENCE, serious
from tests.support.clips import moving_square
from tests.ui.compare.test_page import ByName, evaluation
from tests.ui.test_pages import eventually
from vs2.evaluation import Evaluation
from vs2.ui import app as pages
from vs2.ui.compare.page import ComparePage
from vs2.ui.evaluate.page import EvaluatePage
from vs2.ui.text import compare as words

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PROMPT = "a red square moves to the right"
BOTH = "[...document.querySelectorAll('#compare-board video')]"


class Named(ByName):
    """A judge of another name, which gives all clips one score."""

    def __init__(self, name, score):
        super().__init__()
        self.name, self.score = name, score

    def stream(self, path, prompt, **options):
        for event in super().stream(path, prompt, **options):
            if isinstance(event, Evaluation):
                event = evaluation(*[self.score] * 3, video=path, prompt=prompt, model=self.name)
            yield event


class Board:
    """A visitor on the Compare page."""

    def __init__(self, visitor):
        self.page = page = visitor.page
        page.get_by_role("tab", name="Compare").click()
        page.wait_for_selector("#compare-board .vs-drop")

    def upload(self, *paths) -> None:
        """Chooses files together and waits until the server has looked at all of them."""
        self.page.set_input_files("#compare-board input[type=file]", paths)
        self.page.wait_for_function(
            "count => document.querySelectorAll('.vs-tile:is([data-state=ready], [data-state=bad])').length === count",
            arg=len(paths))

    def compare(self) -> None:
        """Writes the prompt and presses Compare."""
        self.page.fill("#compare-prompt textarea", PROMPT)
        self.page.evaluate(EARLIER)
        self.page.click("#compare")

    def wait_done(self) -> None:
        """Waits for the end of the queue."""
        self.page.wait_for_selector("#compare-status [data-state=done]:not([data-earlier])")

    def times(self) -> list[float]:
        """Where the players are, in seconds."""
        return self.page.evaluate(f"{BOTH}.map(video => video.currentTime)")


@pytest.fixture
def board(visit, scripted, monkeypatch):
    monkeypatch.setattr(pages, "PAGES", (EvaluatePage, ComparePage))  # what these tests need, and no more

    def make(judge, others=None, **options) -> Board:
        return Board(visit(address=scripted(judge, others), **options))
    return make


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Clips by name: 432 has 16 frames at 8 a second, 434 has 24, hold 8; bad is none."""
    folder = tmp_path_factory.mktemp("candidates")
    made = {name: moving_square(folder / f"{name}.mp4", frames=frames, fps=8, size=(160, 90))
            for name, frames in (("432", 16), ("434", 24), ("hold", 8))}
    made["bad"] = folder / "bad.mp4"
    made["bad"].write_bytes(made["432"].read_bytes()[:300])
    return made


def test_two_clips_uploaded_together_get_a_winner(board, clips):
    judge = ByName()
    one = board(judge)
    page = one.page
    one.upload(clips["432"], clips["434"])
    one.compare()
    one.wait_done()
    verdict = page.inner_text("#compare-verdict")
    assert "434.mp4" in verdict and "better physical consistency (4.0 against 2.0)" in verdict
    assert page.locator("#compare-radar svg .polar .scatterlayer path.js-line").count() >= 2
    rows = page.locator("#compare-table tbody tr")
    assert rows.nth(0).locator("th").inner_text().endswith("432.mp4")
    page.click("#compare-table th[data-by=overall] button")
    assert rows.nth(0).locator("th").inner_text().endswith("434.mp4")
    assert page.get_attribute("#compare-table th[data-by=overall]", "aria-sort") == "descending"
    with page.expect_download() as saved:
        page.click("#compare-actions a")
    record = json.loads(saved.value.path().read_text(encoding="utf-8"))
    assert record["ranking"] == [1, 0] and record["tie"] is False and len(record["candidates"]) == 2
    # One dimension at a time, chosen by the keyboard.
    assert page.locator("[data-part=text_alignment]").is_hidden()
    page.focus("#compare-rationales input[value=visual_quality]")
    page.keyboard.press("ArrowRight")
    assert page.locator("[data-part=text_alignment]").is_visible()
    assert serious(page) == []
    # A link to one of the two opens it; the address of both is shared with nothing judged again.
    link = page.get_attribute("#compare-actions [data-link]", "data-link")
    assert link.count(",") == 1 and len(judge.asked) == 2


def test_one_play_one_seek_and_one_step_for_all(board, clips):
    one = board(ByName())
    page = one.page
    one.upload(clips["432"], clips["434"])
    page.wait_for_function(f"{BOTH}.every(video => video.readyState >= 2)")
    assert page.get_attribute("#compare-board .vs-seek", "max") == "3"
    page.fill("#compare-board .vs-seek", "1.5")
    page.wait_for_function(f"{BOTH}.every(video => Math.abs(video.currentTime - 1.5) < 0.01)")
    page.focus("#compare-board .vs-players")
    page.keyboard.press(".")
    page.wait_for_function(f"{BOTH}.every(video => Math.abs(video.currentTime - 1.625) < 0.01)")
    page.keyboard.press(",")
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"{BOTH}.every(video => Math.abs(video.currentTime - 1.375) < 0.01)")
    page.select_option("#compare-board .vs-speed", "0.5")
    page.focus("#compare-board .vs-players")
    page.keyboard.press("Space")
    page.wait_for_function(f"{BOTH}.every(video => !video.paused && video.currentTime > 1.45)")
    assert page.evaluate(f"{BOTH}.map(video => video.playbackRate)") == [0.5, 0.5]
    page.keyboard.press("Space")
    page.wait_for_function(f"{BOTH}.every(video => video.paused)")
    # The shorter one waits at its end while the longer one goes on, to its own end.
    page.select_option("#compare-board .vs-speed", "2")
    page.fill("#compare-board .vs-seek", "2.5")
    page.click("#compare-board .vs-play")
    page.wait_for_function(f"{BOTH}[1].ended && document.querySelector('.vs-clock').textContent.startsWith('3.00')")
    short, long = one.times()
    assert short <= 2.01 and long > 2.95


def test_a_bad_file_among_three_says_so_in_its_place(board, clips):
    judge = ByName()
    one = board(judge)
    page = one.page
    one.upload(clips["432"], clips["bad"], clips["434"])
    place = page.locator(".vs-tile").nth(1)
    assert place.get_attribute("data-state") == "bad" and "bad.mp4" in place.locator(".vs-problem").inner_text()
    one.compare()
    one.wait_done()
    assert "434.mp4" in page.inner_text("#compare-verdict h2")
    assert page.inner_text("#compare-table tbody tr:nth-child(2)").count("Not judged") == 1
    place.locator(".vs-drop-one").click()
    page.wait_for_function("document.querySelectorAll('#compare-table tbody tr').length === 2")
    assert "434.mp4" in page.inner_text("#compare-verdict h2")  # nothing is judged again for that
    page.set_input_files("#compare-board input[type=file]", [clips["432"]] * 5)
    page.wait_for_selector("#compare-board .vs-zone-problem:has-text('Only 6 candidates fit')")
    page.wait_for_function("!document.querySelector('.vs-tile[data-state=sending]')")
    page.click("#compare")
    page.wait_for_function("document.querySelectorAll('#compare-table tr[data-state=done]').length === 6")
    one.wait_done()
    assert "434.mp4" in page.inner_text("#compare-verdict h2") and len(judge.asked) == 6


def test_stop_keeps_the_finished(board, clips):
    go = threading.Event()
    judge = ByName(go)
    one = board(judge)
    one.upload(clips["432"], clips["434"], clips["hold"])
    one.compare()
    one.page.wait_for_selector("#compare-status:has-text('Candidate 3 of 3')")
    one.page.wait_for_selector("#compare-board .vs-add:disabled")
    one.page.click("#compare-stop")
    one.page.wait_for_selector("#compare-status [data-state=stopped]")
    go.set()
    assert eventually(lambda: judge.closed == 3, PATIENCE)
    assert one.page.locator("#compare-table tr[data-state=done]").count() == 2
    assert "434.mp4" in one.page.inner_text("#compare-verdict h2")
    assert not one.page.is_disabled("#compare") and not one.page.is_disabled("#compare-board .vs-add")


def test_evaluations_from_the_history_are_compared_without_judging(board, clips):
    judge = ByName()
    one = board(judge)
    page = one.page
    one.upload(clips["432"], clips["434"])
    one.compare()
    one.wait_done()
    for _ in range(2):
        page.locator(".vs-drop-one").first.click()
    page.wait_for_selector("#compare-board .vs-zone[data-state=empty]")
    page.click("#compare-board .vs-past")
    for number in range(2):
        page.locator(".vs-past-list button").nth(number).click()
        page.wait_for_function("n => document.querySelectorAll('.vs-tile').length === n", arg=number + 1)
    page.keyboard.press("Escape")
    page.wait_for_selector("#compare-verdict h2:has-text('434.mp4')")
    page.wait_for_function(f"{BOTH}.length === 2 && {BOTH}.every(video => video.readyState >= 1)")
    assert len(judge.asked) == 2


def test_two_judges_of_one_clip_are_compared(board, clips):
    other = Named("other", 2)
    one = board(Named("first", 5), {"other, fp32": lambda: other})
    page = one.page
    page.get_by_role("tab", name="Evaluate").click()
    page.set_input_files("#video input[type=file]", clips["432"])
    page.wait_for_selector("#video [data-state=ready]")
    page.fill("#prompt textarea", PROMPT)
    page.click("#evaluate")
    page.wait_for_selector("#status [data-state=done]")
    page.get_by_role("tab", name="Compare").click()
    one.upload(clips["432"])
    page.click("#compare-board .vs-past")
    page.locator(".vs-past-list button").first.click()
    page.wait_for_function("document.querySelectorAll('.vs-tile').length === 2")
    page.keyboard.press("Escape")
    page.click("#compare-settings > button")
    page.click("#compare-judge input")
    page.get_by_role("option", name="other, fp32").click()
    one.compare()
    one.wait_done()
    said = page.inner_text("#compare-table")
    assert "Judged by first, fp32" in said and "Judged by other, fp32" in said
    assert [name for name, _ in other.asked] == ["432"], "what the first has judged is not judged again"
    assert words.NO_WINNER in page.inner_text("#compare-verdict")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_has_no_sideways_scroll(board, clips, scheme):
    one = board(ByName(), width=360, height=740, scheme=scheme)
    one.upload(clips["432"], clips["434"], clips["bad"])
    one.compare()
    one.wait_done()
    assert one.page.evaluate("document.documentElement.scrollWidth") <= 360

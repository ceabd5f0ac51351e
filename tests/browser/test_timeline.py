"""Moments that the rationale names on the player's bar, and the frames of the strip, enlarged."""
import threading

import numpy as np
import pytest

from tests.browser.conftest import serious
from tests.support.patience import HANGING
from tests.ui.test_pages import HOSTILE, SCORES, Scripted
from vs2 import events
from vs2.evaluation import Evaluation, Seconds
from vs2.ui import app as pages
from vs2.ui.evaluate.page import EvaluatePage
from vs2.video import Clip

pytestmark = [pytest.mark.browser, pytest.mark.slow]
TIMES = tuple(n / 4 for n in range(8))      # 0 to 1.75 s of a clip of two seconds
FIRST = "Visual quality: It is sharp. At frame 3 it blurs a little. "
REST = ("And at 1.5 s it is sharp again.\nText alignment: As asked.\n"
        "Physical consistency: The square jumps in frame 7! Nothing moves at frame 99.")
MARKS = ["frame 3 at 0.5 s: Visual quality",
         "1.5 s: Visual quality; frame 7 at 1.5 s: Physical consistency"]
LABELS = "[...document.querySelectorAll('.vs-moment')].map(mark => mark.ariaLabel)"
NOW = "document.querySelector('#video video').currentTime"


class Naming(Scripted):
    """Says the two parts of a rationale that names moments; waits for `go` between them."""

    def __init__(self, words=(FIRST, REST), go=None):
        super().__init__(words, go=go)

    def stream(self, path, prompt, stop=lambda: False, **options):
        pictures = np.zeros((8, 36, 64, 3), np.uint8) + np.arange(0, 240, 30, dtype=np.uint8)[:, None, None, None]
        yield events.Reading(path)
        yield events.FramesRead(Clip(pictures, TIMES, None))
        for number, said in enumerate(self.words, 1):
            if number > 1 and self.go:
                self.go.wait(HANGING)
            yield events.Thought(said, number)
        yield events.Scored(SCORES)
        yield Evaluation(path, prompt, "mini", "fp32", "".join(self.words), SCORES, 8, Seconds(1, 2, 3), 3,
                         frame_times=TIMES)


@pytest.fixture
def judged(visit, scripted, monkeypatch, clip):
    monkeypatch.setattr(pages, "PAGES", (EvaluatePage,))

    def make(judge=None, wait=True, **options):
        visitor = visit(address=scripted(judge or Naming()), **options)
        visitor.upload(clip)
        visitor.page.wait_for_function("document.querySelector('#video video').readyState >= 2")
        visitor.ask("a red square moves to the right")
        if wait:
            visitor.wait_done()
        return visitor
    return make


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_what_the_rationale_names_is_on_the_players_bar(judged, width, scheme):
    visitor = judged(width=width, scheme=scheme)
    page = visitor.page
    page.wait_for_function(f"{LABELS}.length === 2")
    assert page.evaluate(LABELS) == MARKS
    # Where they are on the bar is where they are in the clip, and the colours are those of the sections.
    at = page.evaluate("""() => { const bar = document.querySelector(".vs-track").getBoundingClientRect();
      return [...document.querySelectorAll(".vs-moment")].map((mark) => {
        const box = mark.getBoundingClientRect(); return (box.left + box.width / 2 - bar.left) / bar.width; }); }""")
    assert at == pytest.approx([0.25, 0.75], abs=0.01)
    parts = page.eval_on_selector_all(".vs-moment", "marks => marks.map(mark => mark.dataset.parts)")
    assert parts == ["visual_quality", "visual_quality physical_consistency"]
    line = "n => getComputedStyle(document.querySelectorAll('.vs-moment i')[n]).backgroundImage"
    one, two = page.evaluate(line, 0), page.evaluate(line, 1)
    assert len(set(one.split("rgb")[1:])) and one != two
    colours = page.evaluate("""() => ["visual_quality", "physical_consistency"].map((part) => getComputedStyle(
      document.querySelector(`.vs-part[data-part=${part}] > summary > span`), "::after").backgroundColor)""")
    assert colours[0] in one and colours[1] not in one and all(colour in two for colour in colours)
    # A press shows the video there; the sentence is shown to the pointer and to the keyboard.
    page.locator(".vs-moment").nth(1).hover()
    assert page.locator(".vs-tip").is_visible()
    assert "And at 1.5 s it is sharp again." in page.inner_text(".vs-tip")
    assert "The square jumps in frame 7!" in page.inner_text(".vs-tip")
    page.locator(".vs-moment").nth(1).click()
    page.wait_for_function(f"Math.abs({NOW} - 1.5) < 0.01")
    page.wait_for_function("document.querySelectorAll('.vs-moment')[1].ariaCurrent === 'true'")
    page.keyboard.press("ArrowLeft")
    assert page.inner_text(".vs-tip").endswith("At frame 3 it blurs a little.")
    assert page.get_attribute(".vs-moment:focus", "aria-describedby") == "vs-tip"
    assert serious(page) == []
    page.keyboard.press("Escape")
    assert page.locator(".vs-tip").is_hidden()
    page.keyboard.press("Enter")
    page.wait_for_function(f"Math.abs({NOW} - 0.5) < 0.01")
    # The bar follows the video, wherever that is moved from.
    page.evaluate("document.querySelector('#video video').currentTime = 1")
    page.wait_for_function("Math.abs(parseFloat(document.querySelector('.vs-head-mark').style.left) - 50) < 1")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # Another clip takes them off with the results.
    page.click("#video .vs-remove")
    page.wait_for_function(f"{LABELS}.length === 0")


def test_marks_come_with_the_words_and_nothing_of_a_judge_is_markup(judged):
    go = threading.Event()
    visitor = judged(Naming((FIRST, REST.replace("The square", HOSTILE.split("\n")[0])), go), wait=False)
    page = visitor.page
    page.wait_for_function(f"{LABELS}.length === 1")
    page.focus(".vs-moment")
    go.set()
    visitor.wait_done()
    assert page.evaluate(LABELS) == MARKS
    assert page.evaluate("document.activeElement.ariaLabel") == MARKS[0], "the focus stays where it was"
    page.locator(".vs-moment").nth(1).focus()
    assert "<script>alert(1)</script>" in page.inner_text(".vs-tip")
    assert page.locator(".vs-tip :is(script, img, a)").count() == 0


def test_a_frame_is_enlarged_and_stepped(judged):
    visitor = judged()
    page = visitor.page
    page.locator("#frames .vs-strip button").nth(2).click()
    page.wait_for_function(f"Math.abs({NOW} - 0.5) < 0.01")
    page.click("#frames .vs-enlarge")
    dialog = page.locator("dialog.vs-enlarged")
    assert dialog.is_visible() and "Frame 3 of 8, 0.5 s" in dialog.inner_text()
    page.wait_for_selector(".vs-enlarged video[data-there]")
    assert page.locator(".vs-enlarged figure").bounding_box()["height"] > 250
    assert serious(page) == []
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Next frame").click()
    assert "Frame 5 of 8, 1 s" in dialog.inner_text()
    page.wait_for_function("Math.abs(document.querySelector('.vs-enlarged video').currentTime - 1) < 0.01")
    page.get_by_role("button", name="Frame before").click()
    assert "Frame 4 of 8, 0.75 s" in dialog.inner_text()
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    assert "Frame 8 of 8, 1.75 s" in dialog.inner_text()
    page.keyboard.press("Escape")
    assert dialog.is_hidden()
    page.wait_for_function("document.activeElement.classList.contains('vs-enlarge')")
    # By a double press on the frame itself; a smaller picture stands in where there is no clip.
    page.locator("#frames .vs-strip button").nth(5).dblclick()
    assert "Frame 6 of 8, 1.25 s" in dialog.inner_text()
    page.keyboard.press("Escape")
    page.wait_for_function("document.activeElement.dataset.time === '1.250'")


def test_an_enlarged_frame_stays_while_the_strip_is_made_anew(judged):
    go = threading.Event()
    visitor = judged(Naming(go=go), wait=False, width=390, height=800)
    page = visitor.page
    page.click("#frames .vs-enlarge")
    page.keyboard.press("ArrowRight")
    go.set()
    visitor.wait_done()
    dialog = page.locator("dialog.vs-enlarged")
    assert dialog.is_visible() and "Frame 2 of 8" in dialog.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.keyboard.press("Escape")
    assert dialog.is_hidden() and page.locator("#frames .vs-enlarge").is_visible()

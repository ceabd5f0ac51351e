"""The Best of N page as a visitor meets it: from a prompt to a winner, failures in their place, stopping, a phone."""
import json
import threading

import pytest

from tests.browser.conftest import PATIENCE, serious
from tests.ui.best_of.test_page import BySeed, Films
from tests.ui.test_going import Slow as Minutes
from tests.ui.test_pages import eventually
from vs2.errors import BadInput
from vs2.ui import app as pages
from vs2.ui.best_of.page import BestOfPage
from vs2.ui.compare.page import ComparePage
from vs2.ui.evaluate.page import EvaluatePage
from vs2.ui.generate.studio import Studio
from vs2.ui.text import best_of as text

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PROMPT = "two red balls bounce on grass near a zebra"


def ask(page, count: int, seconds: str = "") -> None:
    """Fills in what is asked, and waits until its cost is said."""
    page.wait_for_selector("#best-prompt textarea")
    page.fill("#best-prompt textarea", PROMPT)
    page.fill("#best-count input[type=number]", str(count))
    page.press("#best-count input[type=number]", "Tab")
    if seconds:
        page.click("#best-options > button")
        page.fill("#best-seconds input", seconds)
        page.press("#best-seconds input", "Tab")
    page.wait_for_selector(f"#best-cost:has-text('{count} clips to make')")


def order(page) -> list[str]:
    """The candidates' numbers as the grid has them."""
    return page.eval_on_selector_all(".vs-entry .vs-number", "parts => parts.map(part => part.textContent)")


@pytest.fixture
def films(visit, scripted, monkeypatch):
    """A visitor on the page of an app whose generator makes small clips at once."""
    monkeypatch.setattr(pages, "PAGES", (EvaluatePage, ComparePage, BestOfPage))  # what these tests need

    def make(judge, fails=None, **options):
        monkeypatch.setattr(Studio, "load", lambda self, name, token="": Films(fails))
        return visit(address=scripted(judge), at="?show=best_of", **options)
    return make


def test_from_a_prompt_to_a_winner_with_the_built_in_model(visit):
    visitor = visit(at="?show=best_of")
    page = visitor.page
    page.wait_for_selector("#best-cost:has-text('4 clips to make')")
    ask(page, 2, seconds="1")
    page.click("#best-go")
    page.wait_for_selector(".vs-entry[data-state=making], .vs-entry[data-state=made], .vs-entry[data-state=judging]")
    page.wait_for_selector("#best-status [data-state=done]")
    assert page.locator(".vs-entry[data-state=judged]").count() == 2
    verdict = page.inner_text("#best-verdict")
    assert ("is taken" in verdict or "wins" in verdict) and "over a random pick of these 2" in verdict
    assert "zebra" in page.inner_text("#best-notes")
    page.wait_for_function("[...document.querySelectorAll('.vs-entry video')].every(video => video.readyState >= 1)")
    with page.expect_download() as saved:
        page.click("#best-save")
    assert saved.value.path().read_bytes()[4:8] == b"ftyp"
    with page.expect_download() as saved:
        page.click("#best-actions a[download$=json]")
    record = json.loads(saved.value.path().read_text(encoding="utf-8"))
    assert record["prompt"] == PROMPT and len(record["candidates"]) == 2 and "truth" not in json.dumps(record)
    assert order(page)[0] == str(record["winner"] + 1)
    assert serious(page) == []
    page.click("#best-actions a[data-open]")
    page.wait_for_function("document.querySelectorAll('#compare-board .vs-tile').length === 2")


def test_candidates_move_to_their_place_and_a_failed_one_says_why(films):
    visitor = films(BySeed({0: "222", 2: "454"}), {1: BadInput("The prompt was refused.")})
    page = visitor.page
    ask(page, 3)
    page.click("#best-go")
    page.wait_for_selector("#best-status [data-state=done]")
    assert order(page) == ["3", "1", "2"]
    assert page.inner_text(".vs-entry[data-state=failed] .vs-entry-note") == "The prompt was refused."
    assert page.inner_text(".vs-entry[data-winner] .vs-entry-overall") == "4.33"
    assert "Candidate 3 wins" in page.inner_text("#best-verdict")
    page.click(".vs-play-all")
    page.wait_for_function("[...document.querySelectorAll('.vs-entry video')].some(video => !video.paused)")
    assert page.inner_text(".vs-play-all") == text.PAUSE_ALL
    page.click(".vs-play-all")
    page.wait_for_function("[...document.querySelectorAll('.vs-entry video')].every(video => video.paused)")
    # By keyboard: again, for two; what was there goes.
    page.wait_for_function("!document.querySelector('#best-go').disabled")
    ask(page, 2)
    page.focus("#best-go")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelectorAll('.vs-entry').length === 2")
    page.wait_for_selector("#best-status [data-state=done]")
    page.click(".vs-entry[data-winner] .vs-entry-links a")
    page.wait_for_selector("#status :text('Evaluated')")
    assert visitor.values() == ["2", "2", "2"] and page.input_value("#prompt textarea") == PROMPT


def test_stop_keeps_what_is_finished(films):
    judge = BySeed({0: "323"}, threading.Event(), hold=1)
    visitor = films(judge)
    page = visitor.page
    ask(page, 4)
    page.click("#best-go")
    page.wait_for_selector("#best-status:has-text('1 judged')")
    page.wait_for_selector(".vs-entry[data-state=judging]")
    page.wait_for_function("document.querySelector('#best-go').disabled")
    assert "Still to come" in page.inner_text("#best-status")
    page.click("#best-stop")
    page.wait_for_selector("#best-status [data-state=stopped]")
    assert eventually(lambda: judge.closed == 2, PATIENCE)
    assert page.locator(".vs-entry[data-state=judged]").count() == 1
    assert "Candidate 1 wins" in page.inner_text("#best-verdict")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_and_the_dark(films, scheme):
    visitor = films(BySeed({0: "222", 2: "454"}), {1: BadInput("The prompt was refused.")}, width=360, height=740,
                    scheme=scheme)
    page = visitor.page
    ask(page, 3)
    page.click("#best-go")
    page.wait_for_selector("#best-status [data-state=done]")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert serious(page) == []


def test_a_slow_judges_run_is_there_after_a_reload_and_its_stop_ends_it(films):
    visitor = films(judge := Minutes())
    page = visitor.page
    ask(page, 3)
    page.click("#best-go")
    page.wait_for_selector("#best-status .vs-sum:has-text('judgements: about')")
    visitor.reload(page.url, "#pages [role=tab][aria-selected=true]")
    page.wait_for_selector("#best-status .vs-sum:has-text('judgements: about')")
    page.wait_for_selector(".vs-entry[data-state=judging]")
    assert not page.locator("#best-notice .vs-lost").count() and page.is_disabled("#best-go")
    visitor.reload(page.url, "#pages [role=tab][aria-selected=true]")       # and a second time
    judge.go.set()
    page.wait_for_selector("#best-status [data-state=done]")
    assert page.locator(".vs-entry[data-state=judged]").count() == 3
    page.wait_for_selector("#best-go:not([disabled])")
    judge.go.clear()
    page.click("#best-go")
    page.wait_for_selector("#best-status .vs-sum:has-text('judgements: about')")
    visitor.reload(page.url, "#pages [role=tab][aria-selected=true]")
    page.wait_for_selector(".vs-entry[data-state=judging]")
    page.click("#best-stop")
    page.wait_for_selector("#best-status [data-state=stopped]")

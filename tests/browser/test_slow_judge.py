"""A judge of minutes in the browser: its time is said, how far it is; it is stopped, left, found by its link."""
import threading

import pytest

from tests.ui.test_going import Slow as Minutes
from vs2 import events
from vs2.estimate import Estimate
from vs2.ui import text

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PROMPT = "a red square moves to the right"


class Slow(Minutes):
    """It looks at the frames until `looked` is set, then thinks until `go` is."""

    def __init__(self):
        super().__init__(words=["It ", "moves ", "slowly."])
        self.looked = threading.Event()

    def stream(self, path, prompt, stop=lambda: False, **options):
        yield events.Reading(path)
        yield events.Estimated(Estimate(tower=60.0, prefill=60.0, token=1.0, tokens=60, most=100))
        for stage, until in (("tower", self.looked), ("prefill", self.go)):
            done = 0
            while not until.wait(0.1):
                yield events.Progressed(stage, done := min(95, done + 5), 100)
                if stop():
                    return
        yield from super().stream(path, prompt, stop=stop, **options)


def test_minutes_are_worth_waiting_for(scripted, visit, clip):
    judge = Slow()
    address = scripted(judge)
    one = visit(address=address)
    page = one.page
    one.upload(clip)
    one.ask(PROMPT)
    # Its time is said before it begins, and how far it is.
    page.wait_for_selector("#status :text('about 3 min in all')")
    page.wait_for_selector("#status .vs-figures :text('%')")
    page.wait_for_selector("#status .vs-figures :text('left')")
    assert text.STAYS in page.inner_text("#status") and "?e=" in page.url
    # A reload goes on with it: its clip, its prompt, how far it is by now; and it can be stopped from there.
    judge.looked.set()
    page.wait_for_selector(f"#status :text('{text.PREFILLING}')")
    link = page.url
    one.reload()
    page.wait_for_selector(f"#status :text('{text.PREFILLING}')")
    assert page.url == link and page.input_value("#prompt textarea") == PROMPT
    page.wait_for_selector("#video .vs-name:has-text('square.mp4')")
    assert not page.locator("#notice .vs-lost").count() and page.is_disabled("#evaluate")
    page.click("#stop")
    page.wait_for_selector("#status [data-state=stopped]")
    # Another one is left; who has the link sees how far it is, then its scores.
    page.wait_for_selector("#evaluate:not([disabled])")
    one.ask(PROMPT)
    one.kept()
    left = page.url
    assert left != link and "?e=" in left
    one.reload(f"{address}?show=about", "#pages [role=tab][aria-selected=true]")
    other = visit(address=address, at=left.removeprefix(address))
    other.page.wait_for_selector(f"#status :text('{text.PREFILLING}')")
    assert other.page.input_value("#prompt textarea") == PROMPT and other.page.is_disabled("#stop")
    judge.go.set()
    other.wait_done()
    assert other.values() == ["4", "5", "2"] and "It moves slowly." in other.said() and other.page.url == left
    # It is in the history of whoever asked.
    one.reload(address)
    page.click(".vs-history-fold > button")
    page.wait_for_selector("#history li")

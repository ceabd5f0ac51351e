"""What all pages share: history, links, tabs, who sees what, the doors for programs, and what axe finds."""
import json
import re

import pytest

from tests.browser.conftest import Visit, serious, serve_app
from tests.support.ports import free_port
from tests.ui.test_pages import Scripted
from vs2.ui import text
from vs2.ui.app import PAGES

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PROMPT = "a red square moves to the right"


def judged(visitor, clip, prompt=PROMPT) -> str:
    """The id of a finished evaluation."""
    visitor.upload(clip)
    visitor.ask(prompt)
    visitor.wait_done()
    return visitor.kept()


def test_a_link_opens_what_was_judged_and_so_does_reloading(scripted, visit, clip):
    address = scripted(Scripted(words=["Visual quality: fine, at frame 2.\nText alignment: as asked."]))
    visitor = visit(address=address)
    one = judged(visitor, clip)
    page = visitor.page
    assert page.url.endswith(f"?e={one}")
    visitor.reload()
    page.wait_for_selector("#status :text('Evaluated')")
    assert visitor.values() == ["4", "5", "2"] and page.input_value("#prompt textarea") == PROMPT
    page.wait_for_function("document.querySelector('#video video').readyState >= 1")
    other = visit(address=address)  # whoever has the link sees it, and has no history of it
    other.reload(f"{address}?e={one}")
    other.page.wait_for_selector("#status :text('Evaluated')")
    assert other.values() == ["4", "5", "2"]
    other.page.click(".vs-history-fold > button")
    assert "appear here" in other.page.inner_text("#history") and not other.page.locator("#history li").count()
    other.reload(f"{address}?e={'x' * 22}")
    other.page.wait_for_selector("#notice :text('no longer stored')")


def test_history_opens_and_deletes(scripted, visit, clip):
    visitor = visit(address=scripted(Scripted()))
    page = visitor.page
    first, second = judged(visitor, clip, "the first"), judged(visitor, clip, "the second")
    page.click(".vs-history-fold > button")
    page.wait_for_selector("#history li:nth-child(2)")
    page.click(f"#history a[href='?e={first}']")
    page.wait_for_selector("#status :text('Evaluated')")
    assert page.input_value("#prompt textarea") == "the first" and page.url.endswith(f"?e={first}")
    page.go_back()
    page.wait_for_function("document.querySelector('#prompt textarea').value === 'the second'")
    with page.expect_download() as saved:
        page.click("#history-export")
    lines = saved.value.path().read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2 and all(json.loads(line) for line in lines)
    page.click(f"#history [data-delete='{second}']")
    page.wait_for_function("document.querySelectorAll('#history li').length === 1")
    page.click("#history-clear")
    page.click("#history-clear-yes")
    page.wait_for_selector("#history .vs-empty")
    assert not page.locator("#history li").count()


def test_a_folded_section_stays_folded_while_text_comes(scripted, visit, clip):
    words = ["Visual quality: fine.\nText alignment: "] + ["word "] * 400
    visitor = visit(address=scripted(Scripted(words=words)))
    visitor.upload(clip)
    visitor.ask(PROMPT)
    page = visitor.page
    page.click("#rationale [data-part=visual_quality] summary")
    page.wait_for_function("document.querySelector('#rationale').textContent.split('word').length > 40")
    assert page.evaluate("document.querySelector('#rationale [data-part=visual_quality]').open") is False
    page.wait_for_timeout(400)
    assert page.evaluate("document.querySelector('#rationale [data-part=visual_quality]').open") is False


def test_nothing_above_the_rationale_moves_while_text_comes(scripted, visit, clip):
    visitor = visit(address=scripted(Scripted(words=["Visual quality: "] + ["many words "] * 120)))
    page = visitor.page
    visitor.upload(clip)
    page.evaluate("""() => {
      window.moved = 0;
      new PerformanceObserver((list) => { for (const shift of list.getEntries())
        if (!shift.hadRecentInput) window.moved += shift.value; }).observe({ type: "layout-shift" });
    }""")
    visitor.ask(PROMPT)
    visitor.wait_done()
    assert page.evaluate("window.moved") < 0.1  # "good" by the web's own measure


@pytest.mark.parametrize(("width", "page"), [(1280, "about"), (1280, "review"), (390, "compare")])
def test_an_address_opens_its_page(scripted, visit, width, page):
    visitor = visit(address=scripted(Scripted()), at=f"?show={page}", width=width)
    seen = visitor.page
    shown = f"#pages [role=tab][aria-selected=true]:has-text('{text.PAGES[page]}')"
    seen.wait_for_function("document.querySelector('#pages [role=tab][aria-selected=true]').textContent.trim() === "
                           f"'{text.PAGES[page]}'")
    assert seen.url.endswith(f"?show={page}") and seen.locator(shown).count()
    assert seen.evaluate("document.documentElement.scrollWidth") <= width
    if width > 1000:
        seen.click(f"#pages [role=tab]:has-text('{text.PAGES['evaluate']}')")
        seen.wait_for_function("!location.search")
        seen.go_back()
        seen.wait_for_selector(shown)


def test_copies_say_so(scripted, visit, clip):
    visitor = visit(address=scripted(Scripted()))
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    one = judged(visitor, clip)
    visitor.page.click("#actions [data-copy]")
    visitor.page.wait_for_selector("#actions :text('Copied')")
    copied = visitor.page.evaluate("navigator.clipboard.readText()")
    assert "One two three." in copied and "Visual quality: 4 (expected 4.00)" in copied and PROMPT in copied
    visitor.page.click("#actions [data-link]")
    visitor.page.wait_for_selector("#actions :text('Link copied')")
    assert visitor.page.evaluate("navigator.clipboard.readText()").endswith(f"/?e={one}")


def test_asking_again_tells_how_sure_it_is(visit, clip):
    visitor = visit(budget=64)
    judged(visitor, clip)
    visitor.page.click("#sure")
    visitor.page.wait_for_selector("#scores .vs-confidence")
    assert re.search(r"(High|Moderate|Low) confidence, \d+ %", visitor.page.inner_text("#scores"))
    assert visitor.page.input_value("#samples input[type=number]") == "1", "the setting is for the next evaluation"


def test_a_restart_keeps_the_history(browser, clip, tmp_path):
    port, home = free_port(), tmp_path / "home"
    with serve_app(home, port) as address:
        visitor = Visit(browser, address)
        visitor.think_at_most(32)
        one = judged(visitor, clip)
        values = visitor.values()
    with serve_app(home, port) as address:
        visitor.reload(f"{address}?e={one}")
        visitor.page.wait_for_selector("#status :text('Evaluated')")
        assert visitor.values() == values
        visitor.page.click(".vs-history-fold > button")
        visitor.page.wait_for_selector("#history li")
    visitor.leave()


def test_axe_finds_nothing_serious_on_any_page_reached_by_its_tab(scripted, visit, clip):
    """In light; tests/browser/test_look.py looks at each page, opened by its address, in the dark."""
    visitor = visit(address=scripted(Scripted(words=["Visual quality: fine, at frame 2."])))
    judged(visitor, clip)
    found = {}
    for page in PAGES:
        visitor.page.click(f"#pages [role=tab]:has-text('{text.PAGES[page.NAME]}')")
        visitor.page.wait_for_selector(f"#pages [role=tab][aria-selected=true]:has-text('{text.PAGES[page.NAME]}')")
        visitor.page.wait_for_timeout(500)
        found[page.NAME] = serious(visitor.page)
    assert not any(found.values()), found

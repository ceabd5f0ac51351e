"""What was not judged, as a visitor meets it: said above the cards, nothing jumps, one click to what to do instead."""
import pytest

from tests.browser.conftest import serious
from tests.support.withholding import FOREIGN, Withholding, evaluation
from tests.ui.test_pages import Scripted, site_of
from vs2.model.card import Card
from vs2.ui import app, text

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MOST = 0.05     # of layout shift
# How far what stands on the page jumps, from now on. What comes within half a second of a press is not counted.
SHIFT = """() => {
  window.jumped = 0;
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) if (!one.hadRecentInput) window.jumped += one.value;
  }).observe({ type: "layout-shift" });
}"""


# Each kind on both sizes of screen and in both schemes: what is laid out depends on no colour.
@pytest.mark.parametrize(("kind", "width", "height", "scheme"), [
    ("none", 1280, 800, "light"), ("none", 390, 844, "dark"), ("part", 1280, 800, "dark"), ("part", 390, 844, "light")])
def test_not_judged_is_said_and_nothing_jumps(visit, scripted, clip, kind, width, height, scheme):
    address = scripted(Withholding(pause=0.08))
    visitor = visit(address=address, width=width, height=height, scheme=scheme)
    page = visitor.page
    visitor.upload(clip)
    page.evaluate(SHIFT)
    visitor.ask(f"{kind} a cat")
    page.eval_on_selector("#whose", "part => part.scrollIntoView()")
    visitor.wait_done()
    page.wait_for_selector("#actions a[download]")
    assert page.evaluate("window.jumped") <= MOST
    assert visitor.values() == ["", "", ""] if kind == "none" else ["4", "", ""]
    assert page.locator(f"#scores :text('{FOREIGN}')").count() == (1 if kind == "none" else 2)
    assert page.locator("#scores .vs-not-judged").count() == (kind == "none")
    assert page.locator("#sure").is_visible() == (kind == "part")
    assert (text.UNKNOWING in visitor.page.inner_text("#rationale")) == (kind == "none")
    whose, cards = (page.locator(one).bounding_box() for one in ("#judged .vs-model", "#scores .vs-card >> nth=0"))
    assert whose["y"] < cards["y"] and cards["y"] - whose["y"] < 400, "at the score"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert serious(page) == []


def test_one_click_leads_to_the_ways_to_have_the_published_judge(visit, scripted, clip):
    address = scripted(Withholding())
    visitor = visit(address=address)
    page = visitor.page
    visitor.upload(clip)
    visitor.ask("none a cat")
    visitor.wait_done()
    page.click(".vs-not-judged .vs-way")
    page.wait_for_selector("#about-published", state="visible")
    page.wait_for_function("document.activeElement.id === 'about-published-title'")
    assert page.locator("#about-published").bounding_box()["y"] < 200
    assert page.url.endswith("?show=about#about-published") and serious(page) == []
    # The same address in a window of its own.
    other = visit(address=address, at="?show=about#about-published").page
    other.wait_for_function("document.activeElement.id === 'about-published-title'")
    page.go_back()
    page.wait_for_selector("#scores .vs-not-judged", state="visible")


def test_an_evaluation_opened_by_link_has_its_own_judges_words(visit, tmp_path, monkeypatch):
    class Another(Scripted):
        name, card = "mine", Card(knows="It knows cats only.")

    from tests.support.ports import free_port
    from tests.ui.test_pages import close

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    site = site_of(Another(), tmp_path / "home", shared_history=True)
    one = site.store.add(evaluation(FOREIGN, FOREIGN, FOREIGN, model="mini"), "a" * 32, None)
    blocks = app.build(site)
    address = app.serve(blocks, server_port=free_port())[1]
    try:
        visitor = visit(address=address)
        assert "cats" in visitor.page.inner_text("#whose")
        visitor.reload(f"{address}?e={one}")
        visitor.page.wait_for_selector("#scores .vs-not-judged")
        said = visitor.page.inner_text("#whose")
        assert "mini, fp32" in said and "A very small judge" in said and "cats" not in said
        visitor.leave()
    finally:
        close(blocks)


def test_a_reviewer_finds_nothing_to_agree_with_and_may_give_the_right_score(visit, tmp_path, monkeypatch):
    from tests.support.ports import free_port
    from tests.ui.test_pages import close

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    site = site_of(Scripted(), tmp_path / "home", shared_history=True)
    none = site.store.add(evaluation(FOREIGN, FOREIGN, FOREIGN), "a" * 32, None)
    part = site.store.add(evaluation(4, FOREIGN, FOREIGN), "a" * 32, None)
    blocks = app.build(site)
    address = app.serve(blocks, server_port=free_port())[1]
    try:
        visitor = visit(address=address)
        page = visitor.page
        page.evaluate("localStorage.setItem('vs2-reviewer', 'ann')")
        visitor.reload(f"{address}?show=review&e={part}", until=".vs-rated-part[data-key=text_alignment]")
        assert page.locator("[data-verdict]").count() == 2 and page.locator(".vs-reason").count() == 2
        page.click("[data-verdict=agree]")
        page.click("[data-of=text_alignment][data-score='2']")
        page.wait_for_selector(".vs-saved[data-state=saved]:has-text('Saved')")
        page.wait_for_function("() => document.querySelector('#agreement-figures')?.textContent.includes('not judged')")
        review = site.store.review(part, "ann")
        assert review.verdicts == {"visual_quality": "agree"} and review.corrected == {"text_alignment": 2}
        page.keyboard.press("k")
        page.keyboard.press("j")
        page.click(f".vs-items [data-id='{none}']")
        page.wait_for_selector(".vs-rated .vs-not-judged")
        assert page.locator("[data-verdict]").count() == 0 and page.locator(f"text={FOREIGN}").count() == 1
        for key in ("a", "d", "3"):     # keys find nothing to agree or disagree with either
            page.keyboard.press(key)
        page.keyboard.press("Shift+Digit1")
        page.wait_for_selector(".vs-saved[data-state=saved]:has-text('Saved')")
        assert site.store.review(none, "ann").verdicts == {}
        assert site.store.review(none, "ann").corrected == {"physical_consistency": 1}
        assert serious(page) == []
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390 and serious(page) == []
        visitor.leave()
    finally:
        close(blocks)

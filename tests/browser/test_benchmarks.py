"""Benchmarks and About as a visitor meets them."""
import pytest

from vs2 import published
from vs2.ui.text import PAGES

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WHOLE = {"benchmarks": "#benchmarks-our-chart .barlayer .point path", "about": "#about-cite"}
# On a narrow screen a tab may lie in a menu: it is pressed where it is.
PRESS = """name => [...document.querySelectorAll("#pages [role=tab], #pages .overflow-dropdown button")]
  .find(one => one.textContent.trim() === name).click()"""
WIDER = """() => [...document.querySelectorAll("#pages *")].filter(one => !one.closest(".vs-doc-code, .tab-wrapper")
  && one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map(one => one.outerHTML.slice(0, 90))"""


def opened(visit, name: str, **options):
    """A visitor's browser page on the page `name`, whole."""
    page = visit(**options).page
    page.evaluate(PRESS, PAGES[name])
    page.locator(WHOLE[name]).first.wait_for()
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_both_pages_without_scrolling_sideways(visit, scheme):
    page = opened(visit, "benchmarks", width=360, height=760, scheme=scheme)
    for name in WHOLE:
        page.evaluate(PRESS, PAGES[name])
        page.locator(WHOLE[name]).first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert page.evaluate(WIDER) == []


def test_benchmarks_shows_the_published_apart_from_the_measured(visit):
    page = opened(visit, "benchmarks")
    links = page.locator("#benchmarks-theirs a[target=_blank]").evaluate_all("links => links.map(link => link.href)")
    assert links == [figure.source.url for figure in published.FIGURES]
    for whose, drawing in (("theirs", "their"), ("ours", "our")):
        table, chart = (page.locator(one).bounding_box()
                        for one in (f"#benchmarks-{whose} table", f"#benchmarks-{drawing}-chart"))
        assert table["x"] + table["width"] <= chart["x"] and abs(table["y"] - chart["y"]) < 120
    bars = page.locator("#benchmarks-their-chart .barlayer .point").count()
    assert bars == sum(not figure.gain for figure in published.FIGURES)


def test_about_names_the_judge_and_the_address_and_leads_back(visit, app):
    page = opened(visit, "about")
    page.wait_for_selector("#about-knows:has-text('The judge that runs here: mini')")
    assert f'Client("{app}")' in page.inner_text("#about-script")
    page.focus("#about-privacy a[data-open]")
    page.keyboard.press("Tab")  # long lines of code can be scrolled without a mouse
    assert page.evaluate("[document.activeElement.tagName, getComputedStyle(document.activeElement).outlineStyle]") \
        == ["PRE", "solid"]
    page.click("#about-privacy a[data-open]")
    page.wait_for_selector("#evaluate", state="visible")

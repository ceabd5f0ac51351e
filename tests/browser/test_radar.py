"""The radar in a browser: whole outlines at both ends, no candidate hidden by its equal, numbers that can be read."""
import io

import numpy as np
import pytest
from PIL import Image

from tests.browser.conftest import serious
from tests.plots.test_scores import evaluation
from tests.ui.test_pages import Scripted
from vs2.history.store import Store
from vs2.plots.scores import AXES, COLOURS
from vs2.rubric import KEYS
from vs2.ui.words.zh import shared as chinese

SIZES = [(1280, 900, "light"), (390, 844, "dark")]
BOX = """element => { const box = element.getBoundingClientRect();
  return [box.left, box.top, box.right, box.bottom]; }"""


@pytest.fixture
def shown(visit, scripted):
    """Opens the page that shows these evaluations, and gives it and the radar on it."""
    def show(*made, width=1280, height=900, scheme="light"):
        store = Store(scripted.home)
        ids = [store.add(one, "somebody") for one in made]
        several = len(made) > 1
        at = f"?show=compare&e={','.join(ids)}" if several else f"?show=evaluate&e={ids[0]}"
        page = visit(address=scripted(Scripted()), at=at, width=width, height=height, scheme=scheme).page
        radar = page.locator("#compare-radar" if several else "#radar")
        page.wait_for_function("(id) => document.querySelectorAll(`${id} path.js-line`).length > 0",
                               arg="#compare-radar" if several else "#radar")
        radar.scroll_into_view_if_needed()
        return page, radar
    return show


def pixels(page) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB")).astype(int)


def colour(number: int) -> np.ndarray:
    return np.array([int(COLOURS[number][at:at + 2], 16) for at in (1, 3, 5)])


def thickness(page, radar, number: int = 0) -> int:
    """How many pixels of the candidate's colour stand on each other where its lowest edge is, left of the middle."""
    left, top, right, bottom = radar.locator("path.js-line").nth(number).evaluate(BOX)
    column = pixels(page)[int(bottom) - 14:int(bottom) + 14, int(left + (right - left) * 0.4)]
    return int((np.abs(column - colour(number)).sum(1) < 60).sum())


@pytest.mark.parametrize(("width", "height", "scheme"), SIZES)
def test_an_outline_is_whole_where_scores_are_five(shown, width, height, scheme):
    page, radar = shown(evaluation(5, 5, 5), width=width, height=height, scheme=scheme)
    at_five = thickness(page, radar)
    page, radar = shown(evaluation(4, 4, 4), width=width, height=height, scheme=scheme)
    assert at_five >= 2 and abs(at_five - thickness(page, radar)) <= 1


def test_a_score_of_one_has_its_dot(shown):
    _, radar = shown(evaluation(1, 1, 5))
    dots = radar.locator(".points path.point").evaluate_all(
        "dots => dots.map(dot => getComputedStyle(dot).display !== 'none' && dot.getBoundingClientRect().width)")
    assert len(dots) == 4 and all(dots)


@pytest.mark.parametrize(("width", "height", "scheme"), SIZES)
def test_equal_candidates_are_all_seen(shown, width, height, scheme):
    page, radar = shown(*[evaluation(5, 5, 5)] * 3, width=width, height=height, scheme=scheme)
    left, top, right, bottom = radar.locator(".polar").first.evaluate(BOX)
    part = pixels(page)[int(top):int(bottom), int(left):int(right)]
    for number in range(3):
        assert (np.abs(part - colour(number)).sum(2) < 60).sum() > 100, f"candidate {number + 1} is hidden"


@pytest.mark.parametrize("count", [1, 3])
def test_the_numbers_of_the_axis_stand_clear_of_the_dots(shown, count):
    _, radar = shown(*[evaluation(5, 5, 5)] * count)
    five = radar.locator(".radial-axis text", has_text="5").evaluate(BOX)
    for dot in radar.locator(".points path.point").all():
        box = dot.evaluate(BOX)
        assert five[0] > box[2] or five[2] < box[0] or five[1] > box[3] or five[3] < box[1]


def test_the_radar_has_a_name_that_follows_what_it_shows(shown):
    page, radar = shown(evaluation(4, 3, 2))
    chart = radar.locator(".js-plotly-plot")
    page.wait_for_function("() => document.querySelector('#radar .js-plotly-plot').getAttribute('aria-label')")
    said = "a.mp4: " + ", ".join(f"{name} {score}.00" for name, score in zip(AXES.values(), (4, 3, 2), strict=True))
    assert chart.get_attribute("role") == "img" and said in chart.get_attribute("aria-label")
    assert serious(page) == []


@pytest.mark.parametrize(("width", "height", "scheme"), SIZES)
def test_before_there_are_scores_a_web_stands_where_the_chart_will(visit, scripted, width, height, scheme):
    """In the visitor's language, and the chart that takes its place at rest as well."""
    page = visit(address=scripted(Scripted()), width=width, height=height, scheme=scheme, locale="zh-CN").page
    page.wait_for_selector("#radar .js-plotly-plot .polar")
    assert page.locator(".vs-web svg:visible").count() == 0
    axes = [chinese.CHARTS["axes"][key] for key in KEYS]
    drawn = page.eval_on_selector_all("#radar .scatterlayer text", "all => all.map(one => one.textContent.trim())")
    names = ".vs-profile .vs-web text:not(.vs-tick)"
    assert drawn == axes == page.eval_on_selector_all(names, "all => all.map(one => one.textContent)")[:3]
    # The web, had it stayed, would lie over the chart: corners within a few pixels.
    page.add_style_tag(content=".vs-profile .vs-web { display: block !important; }")
    ours = page.locator(".vs-profile .vs-web").first.locator("polygon").last.evaluate(BOX)
    theirs = page.locator("#radar .polar .radialaxis-grid path, #radar .polar .radial-grid path").last.evaluate(BOX)
    assert all(abs(a - b) <= 14 for a, b in zip(ours, theirs, strict=True)), (ours, theirs)


def test_a_result_that_is_there_first_is_not_drawn_over(shown):
    page, radar = shown(evaluation(4, 3, 2))
    page.wait_for_timeout(2600)     # longer than a page takes to come to rest
    assert radar.locator("path.js-line").count() == 1

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

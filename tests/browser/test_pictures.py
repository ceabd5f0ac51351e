"""A zip of numbered pictures on the pages: a field for their rate, a copy to watch, scores, and its link."""
import pytest

from tests.browser.conftest import serious
from tests.browser.test_compare import Board
from tests.ui.compare.test_page import ByName
from tests.video.worker.test_pictures import frames, packed
from vs2.ui import app as pages
from vs2.ui.compare.page import ComparePage
from vs2.ui.evaluate.page import EvaluatePage

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LENGTH = "document.querySelector('#video video').duration"


@pytest.fixture(scope="module")
def zipped(tmp_path_factory):
    return packed(tmp_path_factory.mktemp("pictures") / "frames.zip", frames(24))


@pytest.mark.parametrize("width", [1280, 390])
def test_a_zip_is_watched_and_judged_at_the_rate_of_its_field(visit, zipped, clip, width):
    visitor = visit(width=width, budget=16)
    page, field = visitor.page, visitor.page.locator("#video .vs-rate input")
    assert not field.is_visible()
    visitor.upload(zipped)
    assert field.is_visible() and field.input_value() == "24"
    assert page.inner_text("#video .vs-rate").strip() == "Pictures a second"
    page.wait_for_function(f"{LENGTH} > 0.9 && {LENGTH} < 1.1")
    field.fill("8")
    field.press("Tab")
    page.wait_for_function(f"{LENGTH} > 2.9 && {LENGTH} < 3.1")
    assert serious(page) == [] and not page.locator("#video .vs-unplayable").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    field.fill("0")
    field.press("Tab")
    assert "from 0.1 to 240" in page.inner_text("#video .vs-zone-problem") and field.input_value() == "8"
    visitor.ask("a red disc moves to the right")
    visitor.wait_done()
    last = page.locator("#frames button img").last.get_attribute("alt")
    assert last.endswith("at 2.88 s"), "the last of 24 pictures at 8 a second"
    link = page.get_attribute("#actions [data-link]", "data-link")
    visitor.reload(page.url.split("?")[0] + link)
    page.wait_for_selector("#video [data-state=ready]")
    assert field.input_value() == "8" and field.is_visible()
    visitor.upload(clip)
    assert not field.is_visible()


def test_candidates_have_a_rate_each(visit, scripted, monkeypatch, zipped, tmp_path):
    class Slow(ByName):
        rates: list = []

        def stream(self, path, prompt, fps=None, **options):
            self.rates.append(fps)
            yield from super().stream(path, prompt, **options)

    monkeypatch.setattr(pages, "PAGES", (EvaluatePage, ComparePage))
    judge = Slow()
    one = Board(visit(address=scripted(judge)))
    page = one.page
    paths = [tmp_path / "432.zip", tmp_path / "434.zip"]
    for path in paths:
        path.write_bytes(zipped.read_bytes())
    one.upload(*paths)
    fields = page.locator("#compare-board .vs-tile .vs-rate input")
    assert [field.input_value() for field in fields.all()] == ["24", "24"]
    fields.nth(1).fill("12")
    fields.nth(1).press("Tab")
    page.wait_for_function("[...document.querySelectorAll('#compare-board video')].map(v => Math.round(v.duration))"
                           ".join() === '1,2'")
    one.compare()
    one.wait_done()
    assert judge.rates == [24, 12] and serious(page) == []

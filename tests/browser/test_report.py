"""Reports and share cards in Chromium: one click on each page that has them, and the saved file opened by itself."""
import io
import re
import zipfile
from dataclasses import replace

import pytest
from PIL import Image

from tests.browser.conftest import PATIENCE, Visit, serious
from tests.browser.test_batch import Varied, choose, finish, upload
from tests.browser.test_best_of import ask
from tests.support.withholding import FOREIGN, Withholding
from tests.ui.best_of.test_page import BySeed, Films
from vs2.evaluation import Evaluation
from vs2.ui.examples import examples
from vs2.ui.generate.studio import Studio
from vs2.ui.text import report as text

pytestmark = [pytest.mark.browser, pytest.mark.slow]
VIEWS = [(1280, 800, "light"), (1280, 800, "dark"), (390, 844, "light"), (390, 844, "dark")]


def saved(page, press: str):
    """The file that a press on this selector saves: (its name, its bytes)."""
    with page.expect_download(timeout=PATIENCE * 1000) as given:
        page.click(press)
    return given.value.suggested_filename, given.value.path().read_bytes()


def opened(browser, path, width=1280, height=800, scheme="light"):
    """The saved file in a window of its own: (page, what it must not do)."""
    faults: list[str] = []
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    page.on("console", lambda said: faults.append(said.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: request.url.startswith(("data:", path.as_uri())) or faults.append(request.url))
    page.goto(path.as_uri())
    return page, faults


def pages_of(pdf: bytes) -> int:
    """How many pages a PDF of Chromium has."""
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))


def sound(browser, data: bytes, path, says: str) -> None:
    """The file reads well in every view, asks for nothing, breaks no rule that axe checks, and prints on A4."""
    path.write_bytes(data)
    for width, height, scheme in VIEWS:
        page, faults = opened(browser, path, width, height, scheme)
        assert says in page.inner_text("main")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("[...document.images].every(one => one.complete && one.naturalWidth > 0)")
        assert page.locator("script").count() == 0
        dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(18, 21, 23)"
        assert dark == (scheme == "dark"), "the stylesheet is let in, and follows the reader's choice"
        # axe is a script, which the file's policy would keep out: it is tried on the same file without the policy.
        bare = path.with_name(f"bare-{path.name}")
        whole = path.read_text(encoding="utf-8")
        bare.write_text(re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", whole), encoding="utf-8")
        page.goto(bare.as_uri())
        assert serious(page) == []
        faults = [fault for fault in faults if bare.name not in fault]
        assert faults == []
        page.context.close()


@pytest.fixture
def example():
    """A clip with its prompt."""
    return examples()[0]


def test_an_evaluation_is_one_click_from_its_report_and_its_card(visit, scripted, browser, example, tmp_path):
    visitor = visit(address=scripted(Withholding(real=True)))
    page = visitor.page
    visitor.upload(example["file"])
    prompt = '<img src=x onerror=alert(1)> a red ball & "grass"'
    visitor.ask(f"part {prompt}")
    visitor.wait_done()
    name, data = saved(page, "#actions [data-make=report]")
    assert name.endswith(".vs2.html") and len(data) < 2 * 2**20
    said = data.decode()
    assert FOREIGN in said and "A very small judge" in said and "&lt;img src=x" in said and "<img src=x" not in said
    assert said.count("data:image/jpeg") >= 2
    sound(browser, data, tmp_path / "report.html", "not judged")
    assert page.inner_text("#actions [data-make=report]") == text.REPORT, "it can be pressed again"
    name, data = saved(page, "#actions [data-make=card]")
    assert name.endswith(".vs2.png")
    assert Image.open(io.BytesIO(data)).size == (1200, 630)
    # What was opened from the history has a report, too.
    page.click(".vs-history-fold > button")
    name, data = saved(page, "#history [data-make=report]")
    assert name.endswith(".vs2.html") and FOREIGN in data.decode() and data.count(b"data:image/jpeg") >= 2
    visitor.reload(until="#actions [data-make=report]")
    assert saved(page, "#actions [data-make=report]")[1].count(b"data:image/jpeg") >= 2


def test_what_is_printed_has_its_pages_and_light_colours(visit, scripted, browser, example, tmp_path):
    visitor = visit(address=scripted(Withholding(real=True)), at="?show=compare")
    page = visitor.page
    page.set_input_files("#compare-board input[type=file]", [one["file"] for one in examples()[:3]])
    page.wait_for_function("document.querySelectorAll('.vs-tile[data-state=ready]').length === 3")
    page.fill("#compare-prompt textarea", "whole a red ball")
    page.click("#compare")
    page.wait_for_selector("#compare-status [data-state=done]")
    name, data = saved(page, "#compare-actions [data-make=report]")
    assert name == "comparison.vs2.html"
    path = tmp_path / "comparison.html"
    sound(browser, data, path, "Candidate 3")
    shown, faults = opened(browser, path, scheme="dark")
    pdf = shown.pdf(prefer_css_page_size=True)
    shown.emulate_media(media="print", color_scheme="dark")
    assert shown.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    # One for the comparison, and one or two for each candidate, which begins a page of its own.
    assert 4 <= pages_of(pdf) <= 8 and re.search(rb"/MediaBox\s*\[0 0 59[45]\.\d+ 84[12]\.\d+\]", pdf), "A4"
    assert faults == []
    shown.context.close()
    name, data = saved(page, "#compare-actions [data-make=card]")
    assert name == "comparison.vs2.png" and Image.open(io.BytesIO(data)).size == (1200, 630)


def test_best_of_has_a_report(visit, scripted, browser, tmp_path, monkeypatch):
    monkeypatch.setattr(Studio, "load", lambda self, name, token="": Films(None))
    page = visit(address=scripted(BySeed()), at="?show=best_of").page
    ask(page, 2)
    page.click("#best-go")
    page.wait_for_selector("#best-status [data-state=done]")
    name, data = saved(page, "#best-actions [data-make=report]")
    assert name == "best-of.vs2.html"
    sound(browser, data, tmp_path / "best.html", "Candidate 2")


class Timed(Varied):
    """... whose records say when the frames were that it saw."""

    def stream(self, path, prompt, stop=lambda: False, **options):
        for event in super().stream(path, prompt, stop, **options):
            yield replace(event, frame_times=(0.0, 0.5, 1.0, 1.5)) if isinstance(event, Evaluation) else event


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_batch_is_grouped_by_a_column_and_reported(browser, scripted, clip, tmp_path, width, scheme):
    visitor = Visit(browser, scripted(Timed()), width=width, height=800, scheme=scheme)
    page = visitor.page
    choose(page)
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w") as out:
        rows = [f"clips/{n}.mp4,prompt {n},{name}" for n, name in enumerate(("<b>alpha</b>", "beta", "beta"))]
        out.writestr("table.csv", "\n".join(["video,prompt,generator", *rows, "no.mp4,p,beta"]))
        for n in range(3):
            out.write(clip, f"clips/{n}.mp4")
    upload(visitor, path)
    page.wait_for_selector("#batch-by input")
    page.click("#batch-by input")       # before the run: the groups come with the rows
    page.click("[role=option]:has-text('generator')")
    page.wait_for_selector("#batch-groups .vs-empty")
    finish(visitor)
    page.wait_for_selector("#batch-groups tbody tr")
    assert page.locator("#batch-groups tbody tr").count() == 2
    assert page.locator("#batch-groups tbody th:text-is('<b>alpha</b>')").count() == 1, "as it is written"
    assert page.locator("#batch-groups .radar").count() == 2
    assert "1 failed" in page.inner_text("#batch-groups") and "2 of 3" in page.inner_text("#batch-groups")
    assert page.evaluate("document.documentElement.scrollWidth") <= width and serious(page) == []
    name, data = saved(page, "#batch-report")
    assert name == "batch.vs2.html" and b"By generator" in data and b"data:image/jpeg" in data
    sound(browser, data, tmp_path / "batch.html", "By generator")
    page.click("#batch-by input")       # and after it, another choice
    page.click("[role=option]:has-text('prompt')")
    page.wait_for_function("document.querySelectorAll('#batch-groups tbody tr').length === 4")
    page.click("#batch-by input")
    page.click("[role=option]:has-text('generator')")
    page.wait_for_function("document.querySelectorAll('#batch-groups tbody tr').length === 2")
    page.click("#batch-groups tbody a >> nth=0")
    page.wait_for_selector("#status :text('Evaluated')")
    visitor.leave()
    assert visitor.faults == []

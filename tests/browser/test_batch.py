"""The Batch page in Chromium: files in, rows, plots and downloads out; stop, reload, resume; what axe finds."""
import csv
import json
import re
import threading
import zipfile
import zlib

import pytest

from tests.browser.conftest import Visit, serious
from tests.support.patience import HANGING
from tests.ui.test_pages import Scripted, eventually
from vs2 import events
from vs2.evaluation import Evaluation, Score, Seconds
from vs2.rubric import KEYS

pytestmark = [pytest.mark.browser, pytest.mark.slow]


class Varied(Scripted):
    """Scores by the prompt; waits for `go` before each row after the first."""

    def stream(self, path, prompt, stop=lambda: False, **options):
        if self.said and self.go:
            self.go.wait(HANGING)
        self.said += 1
        yield events.Reading(path)
        if stop():
            return
        values = [1 + zlib.crc32(f"{prompt}{key}".encode()) % 5 for key in KEYS]
        scores = {key: Score.of(value, [float(s == value) for s in range(1, 6)], False)
                  for key, value in zip(KEYS, values, strict=True)}
        yield Evaluation(path, prompt, "mini", "fp32", f"A rationale about {prompt}.", scores, 8, Seconds(1, 2, 3), 3)


@pytest.fixture
def visit(browser, scripted):
    """Makes visitors of the Batch page; none of them may meet a fault."""
    visits = []

    def make(judge, **options) -> Visit:
        visits.append(Visit(browser, scripted(judge), **options))
        choose(visits[-1].page)
        return visits[-1]

    yield make
    for visitor in visits:
        visitor.leave()
    assert [fault for visitor in visits for fault in visitor.faults] == []


def choose(page) -> None:
    """Turns to the page by its tab, which stands in a menu on a phone."""
    tab = page.locator("#pages [role=tab]:has-text('Batch')")
    if not tab.count():
        page.click("#pages .overflow-menu > button")
        tab = page.locator("#pages .overflow-dropdown button:has-text('Batch')")
    tab.click()
    page.wait_for_selector("#batch-go", state="visible")


def packed(path, clip, good=3, bad=1):
    with zipfile.ZipFile(path, "w") as out:
        lines = ["video,prompt", *(f"clips/{n}.mp4,prompt {n}" for n in range(good)), *["no.mp4,p"] * bad]
        out.writestr("table.csv", "\n".join(lines))
        for n in range(good):
            out.write(clip, f"clips/{n}.mp4")
    return path


def upload(visitor, *files) -> None:
    visitor.page.set_input_files("#batch-files input[type=file]", files)
    visitor.page.wait_for_selector("#batch-status strong:has-text('Checked'), #batch-files .vs-zone-problem:visible")


def finish(visitor) -> None:
    visitor.page.click("#batch-go")
    visitor.page.wait_for_selector("#batch-status [data-state=done]")


def test_a_zip_becomes_rows_plots_and_files(visit, clip, tmp_path):
    visitor = visit(Varied())
    page = visitor.page
    upload(visitor, packed(tmp_path / "t.zip", clip))
    assert "3 of 4 rows" in page.inner_text("#batch-status") \
        and "no.mp4 is not in the zip" in page.inner_text(".vs-wrong")
    assert page.inner_text("#batch-go") == "Judge 3 rows"
    finish(visitor)
    assert page.locator("#batch-table tbody tr[data-state=done]").count() == 3
    assert page.locator("#batch-table tbody tr[data-state=failed]").count() == 1
    page.wait_for_selector("#batch-histogram .bars .point path", state="attached")
    page.wait_for_selector("#batch-scatter .points path")
    with page.expect_download() as saved:
        page.click("#batch-csv")
    with saved.value.path().open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert saved.value.suggested_filename == "vs2-batch.csv" and len(rows) == 4 and rows[3]["error"]
    with page.expect_download() as saved:
        page.click("#batch-json")
    assert [record["row"] for record in json.loads(saved.value.path().read_text(encoding="utf-8"))] == [1, 2, 3, 4]
    page.click("#batch-table thead th[data-by=overall] button")
    worth = page.eval_on_selector_all("#batch-table td[data-of=overall]", "all => all.map(one => +one.dataset.worth)")
    assert worth == sorted(worth, reverse=True)
    page.fill("#batch-filters input[name=search]", "prompt 1")
    page.wait_for_selector("#batch-table p:has-text('1 of 4 rows')")
    page.click("#batch-filters button[type=reset]")
    page.wait_for_selector("#batch-table p:has-text('4 of 4 rows')")
    page.click("#batch-table tbody tr:first-child a")
    page.wait_for_selector("#status :text('Evaluated')")
    assert re.search(r"\?e=[\w-]{22}$", page.url)
    choose(page)
    page.wait_for_selector("#batch-table tr[data-state=done]", state="visible")


def test_stop_reload_and_resume(visit, clip, tmp_path):
    judge = Varied(go=threading.Event())
    visitor = visit(judge)
    page = visitor.page
    upload(visitor, packed(tmp_path / "t.zip", clip))
    page.click("#batch-go")
    page.wait_for_selector("#batch-table tr[data-state=done]")
    page.wait_for_selector("#batch-table tr[data-state=judging]")
    assert page.locator("#batch-table tr[data-state=judging]").count() == 1
    page.click("#batch-stop")
    page.wait_for_selector("#batch-status [data-state=stopped]")
    assert "Stopped with 2 of 4 rows" in page.inner_text("#batch-status")
    judge.go.set()
    assert eventually(lambda: judge.said == 2)
    visitor.reload(until="#pages [role=tab][aria-selected=true]")
    choose(page)
    page.wait_for_selector("#batch-table tr[data-state=done]")
    assert page.inner_text("#batch-go") == "Resume, 2 left" and page.inner_text("#batch-files li") == "t.zip"
    finish(visitor)
    assert page.locator("#batch-table tr[data-state=done]").count() == 3
    assert page.locator("#batch-table tbody a").count() == 3


def test_a_table_and_its_clips_are_dropped_together(visit, clip, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("video,prompt\nsquare.mp4,a square\n/etc/passwd,p\n")
    visitor = visit(Varied())
    upload(visitor, clip)
    assert "Add a table" in visitor.page.inner_text("#batch-files .vs-zone-problem")
    upload(visitor, table)
    visitor.page.wait_for_selector("#batch-status strong:has-text('1 of 2 rows')")
    assert "passwd was not added" in visitor.page.inner_text(".vs-wrong")
    finish(visitor)
    visitor.page.click("#batch-files .vs-clear")
    visitor.page.wait_for_selector("#batch-table .vs-empty")
    assert visitor.page.evaluate("document.activeElement.type") == "file"


def test_a_press_waits_for_the_uploads_and_for_the_look_at_them(visit, clip, tmp_path):
    table, held = tmp_path / "t.csv", []
    table.write_text("video,prompt\nsquare.mp4,a square\n")
    visitor = visit(Varied())
    page = visitor.page
    page.route("**/gradio_api/upload*", lambda route: held.append(route) if not held else route.continue_())
    page.set_input_files("#batch-files input[type=file]", [table, clip])
    assert eventually(lambda: (page.wait_for_timeout(50), held)[1])
    page.click("#batch-go")
    page.wait_for_selector("#batch-waits .vs-waits:not([hidden]):has-text('%')")
    page.click("#batch-waits .vs-wait-not")
    page.wait_for_selector("#batch-waits .vs-waits", state="hidden")
    page.click("#batch-go")
    page.wait_for_selector("#batch-waits .vs-waits:not([hidden])")
    held[0].continue_()
    page.wait_for_selector("#batch-status [data-state=done]")
    page.wait_for_selector("#batch-waits .vs-waits", state="hidden")
    assert page.locator("#batch-table tr[data-state=done]").count() == 1
    assert not page.locator("#batch-notice .vs-problem").count()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_axe_finds_nothing_serious(visit, clip, tmp_path, scheme):
    visitor = visit(Varied(), width=360, height=760, scheme=scheme)
    upload(visitor, packed(tmp_path / "t.zip", clip))
    finish(visitor)
    visitor.page.wait_for_selector("#batch-scatter .points path")
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 360
    assert serious(visitor.page) == []


def test_the_endpoint_gives_a_record_a_row(scripted, clip, tmp_path):
    from gradio_client import Client, handle_file

    client = Client(scripted(Varied()), verbose=False, httpx_kwargs={"timeout": HANGING})
    table = tmp_path / "t.jsonl"
    table.write_text('{"video": "square.mp4", "prompt": "p"}\n{"video": "b.mp4", "prompt": "p"}')
    records = client.predict(files=[handle_file(str(table)), handle_file(str(clip))], think=False, api_name="/batch")
    assert records[0]["error"] is None and len(records[0]["scores"]) == 3 and "b.mp4" in records[1]["error"]

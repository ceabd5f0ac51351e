"""Takes the pictures of the pages for the docs: `python -m tests.browser.screenshots OUT [--only PAGE]`.

Starts `python app.py` itself, with its data in a new folder, where no address is given; VS2_MODEL and VS2_PRECISION
choose the judge as usual. Every page is used before its picture is taken, with the clips of assets/examples.
"""
import argparse
import csv
import tempfile
import time
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image

from tests.browser import chromium
from tests.browser.conftest import Visit
from tests.support.apps import ROOT, serve_app
from tests.support.ports import free_port

VIEWS = (  # name, width, height, scheme
    ("light", 1280, 900, "light"),
    ("dark", 1280, 900, "dark"),
    ("phone-light", 390, 844, "light"),
    ("phone-dark", 390, 844, "dark"),
)
EXAMPLES = ROOT / "assets" / "examples"
SETTLED = 0.8       # seconds in which charts draw themselves


def rows(table: str = "scenes.csv") -> list[dict]:
    """The examples of a table, rendered scenes where none is named: file, prompt, shows."""
    with (EXAMPLES / table).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def evaluate(visitor: Visit, row: dict) -> None:
    """One clip, judged."""
    visitor.upload(EXAMPLES / row["file"])
    visitor.ask(row["prompt"])
    visitor.wait_done()


def compare(visitor: Visit, row: dict) -> None:
    """Three clips for one prompt."""
    page = visitor.page
    page.set_input_files("#compare-board input[type=file]", [EXAMPLES / one["file"] for one in rows()[:3]])
    page.wait_for_function("document.querySelectorAll('.vs-tile[data-state=ready]').length === 3")
    page.fill("#compare-prompt textarea", row["prompt"])
    page.click("#compare")
    page.wait_for_selector("#compare-status [data-state=done]")


def best_of(visitor: Visit, row: dict) -> None:
    """Three sketches, judged."""
    page = visitor.page
    page.fill("#best-prompt textarea", row["prompt"])
    page.fill("#best-count input[type=number]", "3")
    page.press("#best-count input[type=number]", "Tab")
    page.click("#best-go")
    page.wait_for_selector("#best-status [data-state=done]")


def batch(visitor: Visit, row: dict) -> None:
    """The table of examples."""
    page = visitor.page
    page.click("#batch-example")
    page.wait_for_selector("#batch-status strong:has-text('Checked')")
    page.click("#batch-go")
    page.wait_for_selector("#batch-status [data-state=done]")


def duel(visitor: Visit, row: dict) -> None:
    """Two generators of one prompt, a pair of theirs."""
    page = visitor.page
    with tempfile.TemporaryDirectory() as folder:
        for generator, one in zip(("one", "two"), rows(), strict=False):
            place = Path(folder, generator, f"{row['prompt'].rstrip('.')}.mp4")
            place.parent.mkdir()
            place.write_bytes((EXAMPLES / one["file"]).read_bytes())
        page.set_input_files("[data-folder]", folder)
        page.wait_for_selector(".vs-duel-found:not([hidden])")
    page.click(".vs-duel-form [type=submit]")
    page.wait_for_selector(".vs-duel-question button:not([disabled])")


def review(visitor: Visit, row: dict) -> None:
    """What this visitor has judged, the first opened."""
    visitor.page.wait_for_selector(".vs-items :is(li, button)")


def still(visitor: Visit, row: dict) -> None:
    """A page to read."""


PAGES = {"evaluate": evaluate, "compare": compare, "best_of": best_of, "batch": batch, "duel": duel, "review": review,
         "benchmarks": still, "about": still}


def take(address: str, out: Path, only: str | None = None) -> list[Path]:
    """A picture of every page in every view."""
    from playwright.sync_api import sync_playwright

    made = []

    def picture(visitor: Visit, name: str) -> None:
        visitor.page.wait_for_function(
            "[...document.querySelectorAll('video')].every(one => !one.offsetParent || one.readyState >= 2)")
        time.sleep(SETTLED)
        visitor.page.mouse.move(0, 0)
        shot = visitor.page.screenshot(full_page=True)
        # A palette of 256 colours, for the repository holds them all.
        whole = Image.open(BytesIO(shot)).convert("RGB")
        palette = whole.quantize(256)
        whole.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG).save(out / f"{name}.png", optimize=True)
        made.append(out / f"{name}.png")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=list(chromium.ARGUMENTS))
        for view, width, height, scheme in VIEWS:
            visitor = Visit(browser, address, width, height, scheme)
            for name, use in PAGES.items():
                if only not in (None, name, "review" if name == "evaluate" else name):
                    continue
                if name != "evaluate":
                    visitor.page.goto(f"{address}?show={name}")
                    visitor.page.wait_for_selector("#pages [role=tab][aria-selected=true]")
                use(visitor, rows("examples.csv")[2] if name == "evaluate" else rows()[0])
                picture(visitor, f"{name}-{view}")
            faults = [fault for fault in visitor.faults if "AbortError" not in fault and "errored out" not in fault]
            if faults:
                raise SystemExit(f"{view}: {faults}")
            visitor.leave()
        browser.close()
    return made


@contextmanager
def app(address: str | None):
    """The address given, or that of an app of its own."""
    if address:
        yield address
        return
    with tempfile.TemporaryDirectory() as home, serve_app(Path(home), free_port()) as started:
        yield started


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--address", help="of an app that runs already")
    parser.add_argument("--only", choices=PAGES, help="this page alone")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with app(given.address) as address:
        print(*take(address, given.out, given.only), sep="\n")


if __name__ == "__main__":
    main()

"""How long a visitor waits: from opening the page to the first click that works, and to the first word of a rationale.

Beside it the same for a page of Gradio that holds one button: what of the wait is Gradio's own.
"""
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser import chromium  # noqa: E402
from tests.support.apps import answers, serve_app  # noqa: E402
from tests.support.ports import free_port  # noqa: E402

RUNS = 5
CLIP, PROMPT = ROOT / "assets" / "examples" / "good.mp4", "A red ball bounces on grass beside a blue box."
PLAIN = """
import sys, gradio as gr
with gr.Blocks(analytics_enabled=False) as page:
    said, button = gr.HTML(), gr.Button("Go", elem_id="go")
    button.click(lambda: "<p id='done'>done</p>", None, said)
page.launch(server_port=int(sys.argv[1]), quiet=True)
"""


def first_click(browser, address: str, button: str, effect: str) -> float:
    """Seconds from opening the page, in a browser that has never seen it, to the effect of a click on a button."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    begun = time.perf_counter()
    page.goto(address, wait_until="commit")
    while True:     # a click that comes before the page listens does nothing: a visitor clicks again
        page.click(button)
        try:
            page.wait_for_selector(effect, timeout=250)
            break
        except Exception as error:
            if "Timeout" not in type(error).__name__:
                raise
    took = time.perf_counter() - begun
    context.close()
    return took


def first_word(browser, address: str) -> tuple[float, float]:
    """Seconds from the click on Evaluate to the first word and to the scores, of a clip that is already uploaded."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("#model .vs-model", timeout=120_000)
    page.set_input_files("#video input[type=file]", CLIP)
    page.wait_for_selector("#video [data-state=ready]")
    page.fill("#prompt textarea", PROMPT)
    page.wait_for_selector("#radar .js-plotly-plot")    # at rest, sooner than one writes a prompt
    page.click("#evaluate")
    begun = time.perf_counter()
    page.wait_for_selector("#rationale .vs-said p:not(.vs-empty)")
    word = time.perf_counter() - begun
    page.wait_for_selector("#status [data-state=done]")
    done = time.perf_counter() - begun
    context.close()
    return word, done


def main() -> None:
    """Prints a table."""
    from playwright.sync_api import sync_playwright

    plain_port = free_port()
    plain = subprocess.Popen([sys.executable, "-c", PLAIN, str(plain_port)], cwd=tempfile.gettempdir())
    try:
        with sync_playwright() as playwright, tempfile.TemporaryDirectory() as home, \
                serve_app(Path(home), free_port()) as address:
            bare = f"http://127.0.0.1:{plain_port}/"
            while not answers(bare):
                time.sleep(0.3)
            browser = playwright.chromium.launch(executable_path=chromium.find(), args=list(chromium.ARGUMENTS))
            first_word(browser, address)        # the judge's own first time, once a start of the app
            clicks = [(first_click(browser, bare, "#go", "#done"),
                       first_click(browser, address, "#settings > button", "#budget")) for _ in range(RUNS)]
            words = [first_word(browser, address) for _ in range(RUNS)]
            browser.close()
    finally:
        plain.terminate()
        plain.wait()
    middle = [statistics.median(column) for column in (*zip(*clicks, strict=True), *zip(*words, strict=True))]
    print(f"median of {RUNS}: a page with one button {middle[0]:.2f} s, the app {middle[1]:.2f} s to the first click "
          f"that works (ratio {middle[1] / middle[0]:.2f}); first word {middle[2]:.2f} s after Evaluate, scores "
          f"{middle[3]:.2f} s")


if __name__ == "__main__":
    main()

"""Takes the pictures of the page for the docs: `python -m tests.browser.screenshots OUT CLIP PROMPT [ADDRESS]`.

Starts `python app.py` itself where no address is given; VS2_MODEL and VS2_PRECISION choose the judge as usual.
"""
import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.browser import chromium
from tests.browser.conftest import ROOT, Visit, answers, free_port

VIEWS = (  # name, width, height, scheme
    ("evaluate-light", 1280, 900, "light"),
    ("evaluate-dark", 1280, 900, "dark"),
    ("evaluate-phone-light", 390, 844, "light"),
    ("evaluate-phone-dark", 390, 844, "dark"),
)


def take(address: str, out: Path, clip: Path, prompt: str) -> list[Path]:
    """One picture a view after an evaluation, and one of the first view while the judge thinks."""
    from playwright.sync_api import sync_playwright

    made = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=list(chromium.ARGUMENTS))
        for name, width, height, scheme in VIEWS:
            visitor = Visit(browser, address, width, height, scheme)
            visitor.upload(clip)
            visitor.ask(prompt)
            if not made:
                visitor.page.wait_for_selector("#rationale .vs-live p:not(.vs-empty)")
                made.append(out / "evaluate-thinking.png")
                visitor.page.screenshot(path=made[-1], full_page=True)
            visitor.wait_done()
            time.sleep(0.8)  # the chart draws itself
            made.append(out / f"{name}.png")
            visitor.page.screenshot(path=made[-1], full_page=True)
            if visitor.faults:
                raise SystemExit(f"{name}: {visitor.faults}")
            visitor.context.close()
        browser.close()
    return made


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("clip", type=Path)
    parser.add_argument("prompt")
    parser.add_argument("address", nargs="?", help="of an app that runs already")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    address, process = given.address, None
    if address is None:
        port = free_port()
        address = f"http://127.0.0.1:{port}/"
        process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT,
                                   env=os.environ | {"GRADIO_SERVER_PORT": str(port)})
        while not answers(address):
            if process.poll() is not None:
                raise SystemExit("The app did not start.")
            time.sleep(0.5)
    try:
        print(*take(address, given.out, given.clip, given.prompt), sep="\n")
    finally:
        if process is not None:
            process.terminate()


if __name__ == "__main__":
    main()

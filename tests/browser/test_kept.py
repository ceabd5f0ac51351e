"""Nothing that was done is lost: a server that is killed and started again under an open page, a reload, a stop."""
import signal
import subprocess
import sys

import pytest

from tests.browser.conftest import PATIENCE, Visit
from tests.support.apps import ROOT, answers, app_environment
from tests.support.clips import moving_square
from tests.support.patience import HANGING, eventually
from tests.support.ports import free_port
from vs2.ui import text

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PROMPT = "a red square moves to the right"


class Mortal:
    """The app of `tests.support.slow_app`, which can be killed and started again at the same address."""

    def __init__(self, home):
        self.home, self.port = home, free_port()
        home.mkdir(parents=True, exist_ok=True)
        self.address, self.log = f"http://127.0.0.1:{self.port}/", home / "app.log"
        self.process = None
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen([sys.executable, "-m", "tests.support.slow_app"], cwd=ROOT, stdout=output,
                                            stderr=output, env=app_environment(self.home, self.port))
        started = eventually(lambda: answers(self.address) or self.process.poll() is not None, PATIENCE,
                             moved=self.log.read_text)
        assert started and self.process.poll() is None, self.log.read_text()

    def kill(self) -> None:
        """As a machine that loses its power, or a Space that is stopped, would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(HANGING)

    def go(self) -> None:
        """From now on everything is judged at once."""
        (self.home / "go").touch()

    def hold(self) -> None:
        """Nothing is, but what is quick."""
        (self.home / "go").unlink(missing_ok=True)

    def restart(self, page) -> None:
        """Killed and started again; the page finds that out by itself and loads anew."""
        page.evaluate("window.before = true")
        self.kill()
        self.start()
        page.wait_for_function("!window.before && !!document.querySelector('#pages [role=tab][aria-selected=true]')")


@pytest.fixture(scope="module")
def mortal(tmp_path_factory):
    app = Mortal(tmp_path_factory.mktemp("home"))
    yield app
    app.kill()
    said = app.log.read_text()
    assert "Traceback" not in said, said[-8000:]


@pytest.fixture
def visitor(mortal, browser):
    """Makes visitors of that app; what the browser says of the broken connection is no fault."""
    mortal.hold()
    made = []

    def visit(at: str = "", **options) -> Visit:
        made.append(Visit(browser, mortal.address, at=at, **options))
        return made[-1]

    yield visit
    for one in made:
        one.context.close()


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Clips by name: one, two and three wait for `go`, quick does not."""
    folder = tmp_path_factory.mktemp("clips")
    return {name: moving_square(folder / f"{name}.mp4", frames=12, fps=8, size=(160, 90))
            for name in ("one", "two", "three", "quick")}


def test_a_killed_server_loses_no_more_than_the_run_on_evaluate(mortal, visitor, clips):
    one = visitor()
    page = one.page
    one.upload(clips["quick"])
    one.ask("an earlier prompt")
    one.wait_done()
    assert "?e=" in page.url
    one.upload(clips["one"])
    one.ask(PROMPT)
    page.wait_for_selector("#rationale .vs-live p:has-text('word3')")
    assert "?e=" not in page.url, "the address names what is on the page, and no other evaluation"
    mortal.restart(page)
    page.wait_for_selector("#notice .vs-lost")
    assert text.RUN_LOST in page.inner_text("#notice") and one.values() == ["", "", ""] and one.said() == ""
    assert page.input_value("#prompt textarea") == PROMPT and page.inner_text("#video .vs-name") == "one.mp4"
    page.wait_for_function("document.querySelector('#video video').readyState >= 1")
    mortal.go()
    page.click("#notice .vs-lost button")
    one.wait_done()
    assert one.values() == ["4", "3", "2"] and "?e=" in page.url and not page.locator("#notice .vs-lost").count()
    kept = page.url
    one.reload()
    page.wait_for_selector("#status :text('Evaluated')")
    assert page.url == kept and not page.locator("#notice .vs-lost").count() and one.values() == ["4", "3", "2"]


def test_a_stop_leaves_the_address_of_what_is_shown(visitor, clips):
    one = visitor()
    page = one.page
    one.upload(clips["quick"])
    one.ask("an earlier prompt")
    one.wait_done()
    one.upload(clips["two"])
    one.ask(PROMPT)
    page.wait_for_selector("#rationale .vs-live p:has-text('word2')")
    page.click("#stop")
    page.wait_for_selector("#status [data-state=stopped]")
    assert "?e=" not in page.url
    page.click("#settings > button")
    page.fill("#budget input[type=number]", "256")
    page.press("#budget input[type=number]", "Tab")
    one.reload()
    page.wait_for_function("document.querySelector('#video .vs-name').textContent === 'two.mp4'")
    assert page.input_value("#prompt textarea") == PROMPT and one.values() == ["", "", ""]
    assert not page.locator("#notice .vs-lost").count(), "it was stopped, not lost"
    page.click("#settings > button")
    page.wait_for_function("document.querySelector('#budget input[type=number]')?.value === '256'")


def test_an_edited_prompt_marks_the_scores_of_the_earlier_one(visitor, clips):
    one = visitor()
    page = one.page
    one.upload(clips["quick"])
    one.ask(PROMPT)
    one.wait_done()
    assert page.locator("#earlier .vs-earlier").is_hidden()
    page.fill("#prompt textarea", "another <b>prompt</b>")
    page.wait_for_selector("#earlier .vs-earlier:not([hidden])")
    assert PROMPT in page.inner_text("#earlier")
    one.reload()
    page.wait_for_selector("#status :text('Evaluated')")
    page.wait_for_function("document.querySelector('#prompt textarea').value === 'another <b>prompt</b>'")
    page.wait_for_selector("#earlier .vs-earlier:not([hidden])")
    page.click("#evaluate")
    one.wait_done()
    page.wait_for_selector("#earlier .vs-earlier", state="hidden")
    page.fill("#prompt textarea", PROMPT)
    page.wait_for_selector("#earlier .vs-earlier:not([hidden])")
    assert "another <b>prompt</b>" in page.inner_text("#earlier")

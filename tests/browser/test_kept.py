"""Nothing that was done is lost: a server that is killed and started again under an open page, a reload, a stop."""
import re
import signal
import subprocess
import sys

import pytest

from tests.browser.conftest import PATIENCE, Visit
from tests.browser.test_best_of import PROMPT as GENERATED
from tests.browser.test_best_of import ask
from tests.support.apps import ROOT, answers, app_environment
from tests.support.clips import moving_square
from tests.support.patience import HANGING, eventually
from tests.support.ports import free_port
from vs2.ui import text
from vs2.ui.text import compare as comparing

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
        one.leave()


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

    def unfolded() -> bool:
        """What is drawn again while it is pressed may fold it, and a press that is not drawn yet is not repeated."""
        if not page.locator("#settings > button.open").count():
            page.click("#settings > button")
            page.wait_for_timeout(1000)
        return page.evaluate("document.querySelector('#budget input[type=number]')?.value === '256'")

    assert eventually(unfolded)


def test_an_edited_prompt_marks_the_scores_of_the_earlier_one(mortal, visitor, clips):
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
    mortal.go()     # the clip comes from the history now, and has another name there
    one.ask("another <b>prompt</b>")
    one.wait_done()
    page.wait_for_selector("#earlier .vs-earlier", state="hidden")
    page.fill("#prompt textarea", PROMPT)
    page.wait_for_selector("#earlier .vs-earlier:not([hidden])")
    assert "another <b>prompt</b>" in page.inner_text("#earlier")


def candidates(page, *paths) -> None:
    """Uploads clips to the board of Compare, and waits until the server has looked at them."""
    page.set_input_files("#compare-board input[type=file]", paths)
    page.wait_for_function(
        "count => document.querySelectorAll('.vs-tile:is([data-state=ready], [data-state=bad])').length === count",
        arg=len(paths))


def board(page) -> list[str]:
    return page.eval_on_selector_all(".vs-tile .vs-name", "parts => parts.map(part => part.textContent)")


def weigh(page, *weights) -> None:
    """Ranks by weights, in the settings of Compare."""
    page.click("#compare-settings > button")
    page.click("#compare-rule input")
    page.click("#compare-rule [role=option]:has-text('Weighted')")
    for key, weight in zip(("visual_quality", "text_alignment", "physical_consistency"), weights, strict=True):
        page.fill(f"#compare-weight-{key} input", str(weight))
        page.press(f"#compare-weight-{key} input", "Tab")


def test_a_killed_server_and_a_reload_lose_nothing_of_a_comparison(mortal, visitor, clips):
    one = visitor(at="?show=compare")
    page = one.page
    candidates(page, clips["quick"], clips["one"], clips["two"])
    page.fill("#compare-prompt textarea", PROMPT)
    weigh(page, 2, 0, 1)
    page.click("#compare")
    page.wait_for_selector("#compare-status:has-text('Candidate 2 of 3')")
    page.wait_for_selector("#compare-live:has-text('word2')")
    mortal.restart(page)
    page.wait_for_selector("#compare-notice .vs-lost")
    assert comparing.RUN_LOST in page.inner_text("#compare-notice")
    page.wait_for_selector("#compare-table tr[data-state=done]")
    assert page.locator("#compare-table tr[data-state=done]").count() == 1, "what was judged is there"
    assert board(page) == ["quick.mp4", "one.mp4", "two.mp4"]
    assert page.input_value("#compare-prompt textarea") == PROMPT
    page.wait_for_function("[...document.querySelectorAll('.vs-tile video')].every(video => video.readyState >= 1)")
    mortal.go()
    page.click("#compare-notice .vs-lost button")
    page.wait_for_selector("#compare-status [data-state=done]")
    page.wait_for_function("document.querySelectorAll('#compare-table tr[data-state=done]').length === 3")
    page.wait_for_selector("#compare-verdict [data-kind]")      # the last result comes a moment before it
    verdict = page.inner_text("#compare-verdict .vs-verdict")   # without Gradio's clock, which is not seen
    link = page.get_attribute("#compare-actions [data-link]", "data-link")
    # The address names what is on the board, and the rule.
    page.wait_for_function("parts => parts.every(part => location.search.includes(part))",
                           arg=["rule=", *re.findall(r"[\w-]{22}", link)])
    kept = page.url
    # A reload brings all of it back, results too, without judging.
    mortal.hold()
    one.reload(until="#compare-table tr[data-state=done]")
    page.wait_for_function("document.querySelectorAll('#compare-table tr[data-state=done]').length === 3")
    same = "said => document.querySelector('#compare-verdict .vs-verdict')?.innerText === said"
    page.wait_for_function(same, arg=verdict)
    page.wait_for_function("url => location.href === url", arg=kept)
    assert board(page) == ["quick.mp4", "one.mp4", "two.mp4"]
    assert page.input_value("#compare-prompt textarea") == PROMPT
    page.click("#compare")
    page.wait_for_selector(f"#compare-status:has-text('{comparing.KEPT}')")
    # An edited prompt marks the scores, all three.
    page.fill("#compare-prompt textarea", "something else")
    page.wait_for_selector("#compare-earlier .vs-earlier:has-text('3 of the scores')")
    # The link opens all of it for somebody else.
    other = visitor(at=link).page
    other.wait_for_function("document.querySelectorAll('#compare-table tr[data-state=done]').length === 3")
    other.wait_for_function(f"document.querySelector('#compare-prompt textarea').value === '{PROMPT}'")
    other.wait_for_function(same, arg=verdict)
    other.click("#compare-settings > button")
    other.wait_for_selector("#compare-weight-visual_quality input")
    values = [other.input_value(f"#compare-weight-{key} input")
              for key in ("visual_quality", "text_alignment", "physical_consistency")]
    assert [float(value) for value in values] == [2, 0, 1]


def test_a_weight_that_is_none_is_told_of_at_its_field(mortal, visitor, clips):
    mortal.go()
    page = visitor(at="?show=compare").page
    candidates(page, clips["quick"], clips["one"])
    page.fill("#compare-prompt textarea", PROMPT)
    page.click("#compare")
    page.wait_for_selector("#compare-status [data-state=done]")
    for weights, said in (((-1, 1, 1), "is -1: give 0 or more"), ((0, 0, 0), "Every weight is 0"),
                          (("", 1, 1), "is missing")):
        if not page.locator("#compare-weight-visual_quality input").count():
            weigh(page, *weights)
        else:
            for key, weight in zip(("visual_quality", "text_alignment", "physical_consistency"), weights, strict=True):
                page.fill(f"#compare-weight-{key} input", str(weight))
                page.press(f"#compare-weight-{key} input", "Tab")
        page.wait_for_selector(f"#compare-rule-wrong .vs-problem:has-text('{said}')")
        assert not page.locator(".toast-wrap .error").count(), "no error in the corner"
        page.wait_for_selector("#compare-verdict .vs-empty")


@pytest.mark.parametrize("page_name", ["evaluate", "compare"])
def test_a_press_waits_for_the_upload_and_then_runs(mortal, visitor, clips, page_name):
    mortal.go()
    one = visitor(at="" if page_name == "evaluate" else "?show=compare")
    page = one.page
    compares = page_name == "compare"
    held = []
    # The first upload is held back until the button was pressed; the browser counts its bytes meanwhile.
    page.route("**/gradio_api/upload*", lambda route: held.append(route) if not held else route.continue_())
    prompt, go, waits = (("#compare-prompt textarea", "#compare", "#compare-waits") if compares
                         else ("#prompt textarea", "#evaluate", "#evaluate-waits"))
    page.fill(prompt, PROMPT)
    if compares:
        page.set_input_files("#compare-board input[type=file]", [clips["quick"], clips["one"]])
        page.wait_for_selector(".vs-tile[data-state=sending] .vs-tile-state:has-text('%')")
    else:
        page.set_input_files("#video input[type=file]", clips["quick"])
        page.wait_for_selector("#video .vs-busy:has-text('%')")
    assert eventually(lambda: (page.wait_for_timeout(50), held)[1])
    page.click(go)
    page.wait_for_selector(f"{waits} .vs-waits:not([hidden]):has-text('%')")
    page.click(f"{waits} .vs-wait-not")
    page.wait_for_selector(f"{waits} .vs-waits", state="hidden")
    page.focus(prompt)
    page.keyboard.press("Shift+Enter")
    page.wait_for_selector(f"{waits} .vs-waits:not([hidden])")
    held[0].continue_()
    page.wait_for_selector("#compare-status [data-state=done]" if compares else "#status [data-state=done]")
    page.wait_for_selector(f"{waits} .vs-waits", state="hidden")
    assert not page.locator(f"#{'compare-' * compares}notice .vs-problem").count()


def test_what_was_deleted_comes_back(mortal, visitor, clips):
    mortal.go()
    one = visitor()
    page = one.page
    for name in ("quick", "one"):
        one.upload(clips[name])
        one.ask(name)
        one.wait_done()
    page.click(".vs-history-fold > button")
    page.wait_for_selector("#history li:nth-child(2)")
    page.click("#history li:first-child [data-delete]")
    page.wait_for_selector("#history .vs-undo:has-text('1 deleted')")
    assert "10 min" in page.inner_text("#history .vs-undo") and page.locator("#history li").count() == 1
    page.click("#history-clear")
    page.click("#history-clear-yes")
    page.wait_for_selector("#history .vs-undo:has-text('1 deleted')")
    page.wait_for_function("!document.querySelectorAll('#history li').length")
    one.reload()
    page.click(".vs-history-fold > button")
    for count in (1, 2):
        page.click("#history .vs-undo button")
        page.wait_for_function("count => document.querySelectorAll('#history li').length === count", arg=count)
    assert not page.locator("#history .vs-undo").count()
    page.click("#history li:first-child a")
    page.wait_for_selector("#status :text('Evaluated')")
    page.wait_for_function("document.querySelector('#video video').readyState >= 1")


def test_a_killed_server_keeps_what_best_of_n_has_made(mortal, visitor):
    one = visitor(at="?show=best_of")
    page = one.page
    ask(page, 3)
    page.click("#best-go")
    page.wait_for_selector("#best-status:has-text('3 of 3 generated, 1 judged')")
    page.wait_for_selector("#best-live:has-text('word2')")
    mortal.restart(page)
    page.wait_for_selector("#best-notice .vs-lost")
    page.wait_for_function("document.querySelectorAll('.vs-entry video[src]').length === 3")
    assert page.input_value("#best-prompt textarea") == GENERATED and page.locator("#best-rest").inner_text().count("2")
    assert page.locator(".vs-entry[data-state=judged]").count() == 1, "what was judged is there"
    mortal.go()
    page.click("#best-rest")
    page.wait_for_selector("#best-status [data-state=done]")
    assert page.locator(".vs-entry[data-state=judged]").count() == 3 and page.locator("#best-rest").is_hidden()
    verdict = page.inner_text("#best-verdict")
    one.reload(until=".vs-entry[data-state=judged]")
    assert page.locator(".vs-entry[data-state=judged]").count() == 3 and page.inner_text("#best-verdict") == verdict
    assert not page.locator("#best-notice .vs-lost").count()


def test_a_killed_server_keeps_the_table_of_batch(mortal, visitor, clips, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("video,prompt\nquick.mp4,first\none.mp4,second\ntwo.mp4,third\n")
    page = visitor(at="?show=batch").page
    page.set_input_files("#batch-files input[type=file]", [table, clips["quick"], clips["one"], clips["two"]])
    page.wait_for_selector("#batch-status:has-text('3 of 3 rows can be judged')")
    page.click("#batch-go")
    page.wait_for_selector("#batch-status:has-text('Row 2')")
    page.wait_for_selector("#batch-table a[href*='e=']")
    mortal.restart(page)
    page.wait_for_selector("#batch-notice .vs-lost")
    page.wait_for_selector("#batch-table a[href*='e=']")
    assert page.locator("#batch-files li").all_inner_texts() == ["t.csv", "quick.mp4", "one.mp4", "two.mp4"]
    page.wait_for_selector("#batch-go:has-text('Resume, 2 left')")
    mortal.go()
    page.click("#batch-notice .vs-lost button")
    page.wait_for_selector("#batch-status:has-text('3 of 3 rows have scores')")

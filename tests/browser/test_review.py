"""The Review page as a reviewer meets it: by keyboard, with a mouse, cut off from the server, on a phone."""
import csv
import io

import pytest

from tests.browser.conftest import Visit, serious
from tests.support.clips import moving_square
from tests.support.ports import free_port
from tests.ui.test_pages import HOSTILE, Scripted, close, site_of
from vs2.errors import Failure
from vs2.evaluation import Evaluation, Score, Seconds
from vs2.rubric import KEYS
from vs2.ui import app
from vs2.ui.evaluate.page import EvaluatePage
from vs2.ui.review import page as review

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SAID = (f"A ball 🙂🎈 rolls at 0.5 s.\r\n\x01 {HOSTILE} É\u0301nd.\nVisual quality: Sharp 👩‍👩‍👧 here. Not there.\n\n"
        "Text alignment: as asked.\nPhysical consistency: It floats in frame 2!\n")
# Selects the text from one place to another, each given as the words before it, wherever they are in the page.
SELECT = """([from, to]) => {
  const walker = document.createTreeWalker(document.querySelector(".vs-rated"), NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  let node, begun = false;
  while ((node = walker.nextNode())) {
    if (!begun && node.data.includes(from)) { range.setStart(node, node.data.indexOf(from)); begun = true; }
    if (begun && node.data.includes(to)) { range.setEnd(node, node.data.indexOf(to) + to.length); break; }
  }
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A store that everyone sees, with three evaluations, the newest first: one of each kind of clip."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    made = site_of(Scripted(), tmp_path / "home", shared_history=True)
    clip = moving_square(tmp_path / "square.mp4", frames=16, fps=8, size=(160, 90))
    for name, values, path in (("last", (1, 2, 3), None), ("second", (None, 5, 5), None), ("first", (4, 5, 2), clip)):
        scores = {key: Score(value) for key, value in zip(KEYS, values, strict=True)}
        made.store.add(Evaluation(f"{name}.mp4", f"the {name} prompt", "mini", "fp32", SAID, scores, 3, Seconds(), 9,
                                  frame_times=(0.0, 1.0, 1.5)), "a" * 32, path)
    yield made
    made.store.close()


@pytest.fixture
def visit(browser, site, monkeypatch):
    """Makes visitors of the Review page; none of them may have met a fault at the end."""
    monkeypatch.setattr(app, "PAGES", (EvaluatePage, review.ReviewPage))
    monkeypatch.setattr(review, "PAGE", 2)
    blocks = app.build(site)
    address = app.serve(blocks, server_port=free_port())[1]
    visits = []

    def make(name="ann", **options) -> Visit:
        visits.append(Visit(browser, address, **options))
        page = visits[-1].page
        if name:
            page.evaluate("name => localStorage.setItem('vs2-reviewer', name)", name)
        opened(visits[-1])
        return visits[-1]

    yield make
    for visitor in visits:
        visitor.leave()
    close(blocks)
    assert [fault for visitor in visits for fault in visitor.faults] == []


def opened(visitor: Visit) -> None:
    """Goes to the page's tab and waits for its first evaluation."""
    visitor.page.click("#pages [role=tab]:has-text('Review')")
    visitor.page.wait_for_selector(".vs-case:not([hidden]) .vs-rated-part")


def again(visitor: Visit) -> None:
    """Leaves the app and comes back."""
    visitor.reload(visitor.page.url.split("?")[0])
    opened(visitor)


def saved(visitor: Visit) -> None:
    visitor.page.wait_for_selector(".vs-saved:text-is('Saved')")


def at(visitor: Visit, name: str) -> None:
    visitor.page.wait_for_selector(f".vs-prompt:text-is('the {name} prompt')")


def pressed(visitor: Visit) -> list[str]:
    """What is chosen on the page: a verdict or a score, in the order of the page."""
    return visitor.page.eval_on_selector_all(
        ".vs-vote [aria-pressed=true]", "all => all.map(one => one.dataset.verdict ?? one.dataset.score)")


def stored(site, reviewer="ann"):
    """The reviewer's reviews by prompt."""
    return {said.prompt: said for _, said in site.store.reviews() if said.reviewer == reviewer}


def test_a_review_by_keyboard_alone_is_there_after_coming_back(visit, site):
    visitor = visit(name="")
    page, keys = visitor.page, visitor.page.keyboard
    at(visitor, "first")
    page.focus("[name=text]")
    for _ in range(40):  # the way of a visitor without a mouse
        keys.press("Tab")
        if page.evaluate("document.activeElement.name === 'reviewer'"):
            break
    keys.type("jad 2")  # letters that are keys elsewhere
    keys.press("Enter")
    assert pressed(visitor) == [] and page.inner_text(".vs-saved") == "Not reviewed by you"
    page.wait_for_function("document.querySelector('.vs-items button')")
    page.wait_for_function("!document.querySelector('.vs-case').hasAttribute('aria-busy')")   # their reviews are there
    keys.press("a")
    assert "Still to say: Text alignment, Physical consistency" in page.inner_text(".vs-saved")
    for key in ("d", "3", "3", "Shift+Digit1"):
        keys.press(key)
    for key in "lll":
        keys.press(key)
    sentence = page.evaluate("[...document.querySelectorAll('.vs-here')].map(one => one.textContent).join('')")
    keys.press("m")
    keys.press("n")
    keys.type("so it is 🙂 smj")
    keys.press("Escape")
    keys.press("s")
    saved(visitor)
    said = stored(site, "jad 2")["the first prompt"]
    assert said.verdicts == dict(zip(KEYS, ("agree", "disagree", "disagree"), strict=True))
    assert said.corrected == {"text_alignment": 3, "physical_consistency": 1} and said.note == "so it is 🙂 smj"
    (start, end), = said.wrong_passages
    assert SAID[start:end] == sentence.replace("\ufffd", "\x00") and len(sentence) > 3
    keys.press("j")
    at(visitor, "second")
    assert pressed(visitor) == [] and page.inner_text(".vs-position") == "2 of 3"
    keys.press("k")
    at(visitor, "first")
    again(visitor)
    at(visitor, "first")
    assert pressed(visitor) == ["agree", "4", "disagree", "3", "disagree", "1"]
    assert page.input_value("[name=note]") == said.note and page.inner_text(".vs-saved") == "Saved"
    marked = page.evaluate("[...document.querySelectorAll('.vs-rated mark')].map(one => one.textContent).join('')")
    assert marked == sentence and page.inner_text(".vs-items [aria-current=true] .vs-badge") == "reviewed by you"
    page.wait_for_selector("#agreement-figures :text('Reviews: 1.')")


def test_marks_are_where_they_were_made_whatever_the_text_holds(visit, site):
    visitor = visit()
    page = visitor.page
    shown = page.eval_on_selector_all(".vs-rated [data-start]", "all => all.map(one => one.textContent).join('')")
    assert shown == SAID and not page.locator(".vs-rated :is(script, img, a)").count()
    for key in "aaa":
        page.keyboard.press(key)
    for first, last in (("🎈", "rolls"), ("alert(3)", "É"), ("👩", "here"), ("there", "asked")):
        page.evaluate(SELECT, [first, last])
        page.click("[data-do=mark]")
    saved(visitor)
    page.click("[data-do=save]")
    passages = [SAID[start:end] for start, end in stored(site)["the first prompt"].wrong_passages]
    assert passages[0] == "🎈 rolls" and passages[2] == "👩‍👩‍👧 here"
    assert passages[3] == "there.\n\nText alignment: as asked"
    assert passages[1].startswith("alert(3)") and passages[1].endswith("É") and len(passages) == 4
    quotes = page.eval_on_selector_all(".vs-marks q", "all => all.map(one => one.textContent)")
    assert quotes == passages
    page.click(".vs-marks li:nth-child(2) button")
    page.evaluate(SELECT, ["rolls", "rolls"])
    page.keyboard.press("m")  # inside a mark: that part is not wrong after all
    page.keyboard.press("s")
    saved(visitor)
    page.wait_for_function("document.querySelectorAll('.vs-marks li').length === 3")
    left = [SAID[start:end] for start, end in stored(site)["the first prompt"].wrong_passages]
    assert left == ["🎈 ", passages[2], passages[3]]
    page.wait_for_function("document.querySelector('#review video').readyState >= 1")
    page.click(".vs-rated .vs-time:text-is('frame 2')")
    page.wait_for_function("document.querySelector('#review video').currentTime > 0.9")


def test_words_of_nobody_outlive_a_reload_and_the_name_is_marked(visit, site):
    visitor = visit(name="")
    page = visitor.page
    page.fill("[name=note]", "words of nobody")
    page.keyboard.press("Escape")
    for _ in KEYS:
        assert page.get_attribute("[name=reviewer]", "aria-invalid") is None
        page.keyboard.press("a")
    page.wait_for_selector("[name=reviewer][aria-invalid=true]")
    told = page.get_attribute("[name=reviewer]", "aria-describedby")
    assert "Write your name" in page.inner_text(f"[id='{told}']") and stored(site, "") == {}
    page.keyboard.press("s")
    page.wait_for_selector("[name=reviewer]:focus")
    again(visitor)
    at(visitor, "first")
    assert page.input_value("[name=note]") == "words of nobody" and pressed(visitor)[::2] == ["agree"] * 3
    page.fill("[name=reviewer]", "ann")
    page.keyboard.press("Enter")
    page.wait_for_function("!document.querySelector('[name=reviewer]').hasAttribute('aria-invalid')")
    page.keyboard.press("s")
    saved(visitor)
    assert stored(site)["the first prompt"].note == "words of nobody"


def test_the_list_is_filtered_and_goes_on_where_it_ends(visit, site):
    visitor = visit()
    page = visitor.page
    assert page.locator(".vs-items button").count() == 2 and page.inner_text(".vs-listed") == "3 evaluations"
    for name in ("second", "last"):
        page.click("[data-step='1']")
        at(visitor, name)
    assert page.locator(".vs-items button").count() == 3 and page.is_disabled("[data-step='1']")
    page.fill("[name=text]", "SECOND")
    page.wait_for_function("document.querySelectorAll('.vs-items button').length === 1")
    page.click(".vs-items button")
    at(visitor, "second")
    assert page.is_disabled("[data-verdict=agree][data-of=visual_quality]"), "a score that was not read"
    page.fill("[name=text]", "")
    page.click(".vs-filter summary")
    page.select_option("[name=visual_quality_most]", "1")
    page.wait_for_selector(".vs-items button:has-text('last')")
    assert page.inner_text(".vs-listed") == "1 evaluation"
    page.click(".vs-items button")
    at(visitor, "last")
    for key in "aaa":
        page.keyboard.press(key)
    saved(visitor)
    page.select_option("[name=visual_quality_most]", "5")
    page.select_option("[name=reviewed]", "true")
    page.wait_for_selector(".vs-listed:text-is('1 evaluation')")
    page.select_option("[name=model]", "mini")
    page.select_option("[name=reviewed]", "false")
    page.wait_for_selector(".vs-listed:text-is('2 evaluations')")
    page.fill("[name=text]", "nowhere")
    page.wait_for_selector(".vs-listed:has-text('widen the filter')")
    with page.expect_download() as made:
        page.click("[data-export=csv]")
    row, = csv.DictReader(io.StringIO(made.value.path().read_text(encoding="utf-8"), newline=""))
    assert made.value.suggested_filename == "vs2-reviews.csv" and row["prompt"] == "the last prompt"


def test_what_is_not_saved_yet_is_not_lost(visit, site, monkeypatch):
    visitor = visit()
    page, real = visitor.page, site.store.put_review
    page.keyboard.press("a")
    page.fill("[name=note]", "half of it")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    at(visitor, "second")
    assert page.inner_text(".vs-items li:first-child .vs-badge") == "draft"
    again(visitor)
    at(visitor, "first")
    assert pressed(visitor) == ["agree", "4"] and page.input_value("[name=note]") == "half of it"
    assert "kept in this browser" in page.inner_text(".vs-saved") and stored(site) == {}

    def full(*_):
        raise Failure("The disk is full.")

    monkeypatch.setattr(type(site.store), "put_review", full)
    page.keyboard.press("a")
    page.keyboard.press("a")
    page.wait_for_selector(".vs-saved[data-state=failed]:has-text('The disk is full.')")
    again(visitor)
    at(visitor, "first")
    monkeypatch.setattr(type(site.store), "put_review", lambda self, *said: real(*said))
    page.wait_for_selector(".vs-saved[data-state=failed], .vs-saved:text-is('Saved')")
    page.keyboard.press("s")
    saved(visitor)
    assert stored(site)["the first prompt"].note == "half of it"
    for key in "3d5":
        page.keyboard.press(key)
    page.keyboard.press("j")  # at once: what was complete is saved on the way
    at(visitor, "second")
    page.wait_for_function("document.querySelector('.vs-items li .vs-badge').textContent === 'reviewed by you'")
    assert stored(site)["the first prompt"].corrected == {"physical_consistency": 5}
    page.keyboard.press("k")
    at(visitor, "first")
    page.click(".vs-remove-review")
    page.click(".vs-remove-review")
    page.wait_for_selector(".vs-saved:has-text('removed')")
    assert stored(site) == {} and pressed(visitor) == []
    page.uncheck("[name=keys]")
    page.keyboard.press("a")
    assert pressed(visitor) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_and_axe_finds_nothing_serious(visit, site, scheme):
    visitor = visit(width=390, height=844, scheme=scheme)
    page = visitor.page
    for digit in ("4", "1", "2"):
        page.click(f".vs-rated-part:not(:has([aria-pressed=true])) [data-score='{digit}']")
    page.evaluate(SELECT, ["rolls", "rolls"])
    page.click("[data-do=mark]")
    saved(visitor)
    assert stored(site)["the first prompt"].verdicts["visual_quality"] == "agree", "the judge's own score is no dispute"
    page.wait_for_selector("#agreement-matrix .heatmaplayer")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    order = (".vs-found", "#review video", ".vs-rated", ".vs-save")
    top = [page.locator(name).bounding_box()["y"] for name in order]
    assert top == sorted(top)
    assert serious(page) == []

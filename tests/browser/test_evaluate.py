"""The Evaluate page as a visitor meets it, with the real judge."""
import json
import re

import httpx
import pytest

from tests.support.clips import moving_square
from tests.support.patience import HANGING
from tests.ui.test_pages import HOSTILE, Scripted, eventually
from vs2.ui.evaluate import layout

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PROMPT = "a red square moves to the right"
COLLECT = """() => {
  window.seen = [];
  new MutationObserver(() => {
    const said = document.querySelector("#rationale .vs-live p:not(.vs-empty)")?.textContent;
    if (said && said !== window.seen.at(-1)) window.seen.push(said);
  }).observe(document.querySelector("#rationale"), { childList: true, characterData: true, subtree: true });
}"""


def test_a_clip_is_judged_before_the_visitors_eyes(visit, clip):
    visitor = visit()
    page = visitor.page
    assert visitor.values() == ["", "", ""]
    visitor.upload(clip)
    page.wait_for_function("document.querySelector('#video video').readyState >= 1")
    page.evaluate(COLLECT)
    visitor.ask(PROMPT)
    visitor.wait_done()
    seen = page.evaluate("window.seen")
    assert len(seen) >= 2, seen
    assert all(later.startswith(earlier.strip()[:20]) for earlier, later in zip(seen, seen[1:], strict=False))
    values = visitor.values()
    assert len(values) == 3 and all(value in "12345" and value for value in values)
    page.wait_for_function("""() => [...document.querySelectorAll("#radar svg .polar .scatterlayer path.js-line")]
        .some(line => line.getBoundingClientRect().width > 20)""")
    frames = page.locator("#frames button")
    label = frames.nth(1).locator("img").get_attribute("alt")
    assert frames.count() >= 4 and re.fullmatch(r"frame \d+ at [\d.]+ s", label)
    assert page.locator("#scores [role=img]").first.get_attribute("aria-label").startswith("Probability of each score")
    with page.expect_download() as saved:
        page.click("#actions a[download]")
    record = json.loads(saved.value.path().read_text(encoding="utf-8"))
    assert record["video"] == "square.mp4" and record["prompt"] == PROMPT
    assert [str(score["value"]) for score in record["scores"].values()] == values
    frames.nth(2).click()
    page.wait_for_function("document.querySelector('#video video').currentTime > 0.1")


def test_a_broken_file_says_so_and_the_page_still_works(visit, clip, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(clip.read_bytes()[:300])
    visitor = visit()
    visitor.page.fill("#prompt textarea", PROMPT)
    visitor.upload(broken)
    said = visitor.page.inner_text("#video .vs-zone-problem")
    assert said.endswith(".") and "Traceback" not in said and len(said) > 20
    visitor.page.click("#evaluate")
    assert "Add a video" in visitor.page.locator("#notice .vs-problem").inner_text()
    visitor.upload(clip)
    assert visitor.page.input_value("#prompt textarea") == PROMPT
    visitor.page.click("#evaluate")
    visitor.wait_done()
    assert all(visitor.values()) and not visitor.page.locator("#notice .vs-problem").count()


def test_a_clip_that_browsers_cannot_play_is_copied_for_the_player(visit, tmp_path):
    old = moving_square(tmp_path / "old.avi", codec="mpeg4", frames=16, fps=8, size=(320, 192))
    visitor = visit()
    visitor.upload(old)
    visitor.page.wait_for_function("document.querySelector('#video video').readyState >= 1")
    assert not visitor.page.locator("#video .vs-unplayable").is_visible()
    assert visitor.page.inner_text("#video .vs-name") == "old.avi"
    visitor.ask(PROMPT)
    visitor.wait_done()
    assert all(visitor.values())


def test_nothing_is_judged_without_video_or_prompt(visit, clip):
    visitor = visit()
    visitor.page.click("#evaluate")
    assert "Add a video first" in visitor.page.locator("#notice .vs-problem").inner_text()
    visitor.upload(clip)
    visitor.page.click("#evaluate")
    visitor.page.wait_for_selector("#notice .vs-problem:has-text('Write the prompt')")
    assert visitor.values() == ["", "", ""]


def test_a_new_video_takes_the_old_scores_away(visit, clip, tmp_path):
    visitor = visit()
    visitor.upload(clip)
    visitor.ask(PROMPT)
    visitor.wait_done()
    visitor.upload(moving_square(tmp_path / "other.mp4", frames=12, fps=8, size=(160, 90), colour=(20, 60, 220)))
    visitor.page.wait_for_selector("#frames .vs-empty")
    assert visitor.values() == ["", "", ""] and visitor.said() == ""
    assert not visitor.page.locator("#actions a[download]").count()


def test_two_visitors_each_get_their_own(visit, clip, tmp_path):
    other = moving_square(tmp_path / "other.mp4", frames=24, fps=8, size=(90, 160), colour=(20, 60, 220))
    one, two = visit(), visit()
    one.upload(clip)
    two.upload(other)
    one.ask("the first prompt")
    two.ask("the second prompt")
    for visitor, prompt, video in ((one, "the first prompt", "square.mp4"), (two, "the second prompt", "other.mp4")):
        visitor.wait_done()
        with visitor.page.expect_download() as saved:
            visitor.page.click("#actions a[download]")
        record = json.loads(saved.value.path().read_text(encoding="utf-8"))
        assert (record["prompt"], record["video"]) == (prompt, video)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_the_page_without_scrolling_sideways(visit, clip, scheme):
    visitor = visit(width=360, height=760, scheme=scheme)
    page = visitor.page
    assert page.evaluate("document.body.classList.contains('dark')") == (scheme == "dark")
    visitor.upload(clip)
    visitor.ask(PROMPT)
    visitor.wait_done()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    top = {name: page.locator(name).bounding_box()["y"] for name in ("#video", "#prompt", "#evaluate", "#status",
                                                                     "#scores", "#rationale", "#radar", "#frames")}
    assert list(top) == sorted(top, key=top.get)
    ground, ink = page.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector('h1')).color]"
        ".map(colour => colour.match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + +part, 0))")
    assert (ground < 120 < 600 < ink) if scheme == "dark" else (ink < 120 < 600 < ground)


def test_the_page_works_by_keyboard(visit, clip):
    visitor = visit()
    page = visitor.page
    visitor.upload(clip)
    page.focus("#prompt textarea")
    page.keyboard.type(PROMPT)
    page.keyboard.press("Tab")
    assert page.inner_text("*:focus").startswith("Or generate one")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "evaluate"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    visitor.wait_done()
    # With a video the input is out of sight, so the keyboard meets its buttons only; without one it comes back.
    assert page.evaluate("document.querySelector('#video input').tabIndex") == -1
    page.focus("#video .vs-remove")
    page.keyboard.press("Enter")
    page.wait_for_selector("#video [data-state=empty]")
    assert page.evaluate("document.activeElement.type") == "file"
    assert page.evaluate("document.querySelector('#video input').tabIndex") == 0


def test_the_endpoint_gives_the_whole_record(app, clip, tmp_path):
    from gradio_client import Client, handle_file

    client = Client(app, verbose=False, httpx_kwargs={"timeout": HANGING})
    record = client.predict(video=handle_file(str(clip)), prompt=PROMPT, think=False, api_name="/evaluate")
    assert record["prompt"] == PROMPT and len(record["scores"]) == 3 and record["overall"] is not None
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(Exception, match=r"text\.mp4.*\.") as refused:
        client.predict(video=handle_file(str(tmp_path / "text.mp4")), prompt=PROMPT, api_name="/evaluate")
    assert "Traceback" not in str(refused.value)


def test_a_call_whose_client_has_gone_ends(scripted, clip):
    judge = Scripted(words=["word "] * 100_000)
    address = scripted(judge) + "gradio_api/"
    with clip.open("rb") as file:
        path, = httpx.post(f"{address}upload", files={"files": file}, timeout=HANGING).json()
    asked = {"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}, PROMPT, True, 64, 1, 0]}
    call = httpx.post(f"{address}call/evaluate", json=asked, timeout=HANGING).json()["event_id"]
    with httpx.stream("GET", f"{address}call/evaluate/{call}", timeout=HANGING) as answer:
        assert "generating" in next(answer.iter_lines())
    assert eventually(lambda: judge.closed) and judge.said < 100_000


def test_stop_is_at_once_and_keeps_what_was_said(visit, clip, scripted):
    judge = Scripted(words=[f"word{number} " for number in range(100_000)])
    visitor = visit(address=scripted(judge))
    visitor.upload(clip)
    visitor.ask(PROMPT)
    visitor.page.wait_for_selector("#rationale .vs-live p:has-text('word5')")
    visitor.page.click("#stop")
    visitor.page.wait_for_selector("#status [data-state=stopped]")
    assert eventually(lambda: judge.closed) and judge.said < 100_000  # it says no more
    said = visitor.said()
    assert "word5" in said and "Stopped after" in visitor.page.inner_text("#status")
    assert visitor.values() == ["", "", ""]
    judge.words = ["short."]
    visitor.page.click("#evaluate")
    visitor.wait_done()
    assert visitor.said() == "short." and visitor.values() == ["4", "5", "2"]


def test_an_example_is_one_click(visit, clip, scripted, monkeypatch):
    shown = [{"file": str(clip), "prompt": "a square goes right", "shows": "Nothing wrong"}]
    monkeypatch.setattr(layout, "examples", lambda: shown)
    visitor = visit(address=scripted(Scripted(), alone=True))
    visitor.page.click("text=Nothing wrong")
    visitor.page.wait_for_function("document.querySelector('#video video').readyState >= 1")
    assert visitor.page.input_value("#prompt textarea") == "a square goes right"
    visitor.wait_done()     # nobody pressed Evaluate
    assert visitor.values() == ["4", "5", "2"]


def test_what_a_model_writes_is_shown_and_never_run(visit, clip, scripted):
    visitor = visit(address=scripted(Scripted(words=[HOSTILE])))
    visitor.upload(clip)
    visitor.ask(HOSTILE)
    visitor.wait_done()
    # A picture of ours, made after what the judge wrote, fails: by then theirs has run; `visit` finds what it did.
    visitor.page.evaluate("""() => new Promise(done => {
      const last = new Image(); last.onerror = () => requestAnimationFrame(() => setTimeout(done)); last.src = "data:,";
    })""")
    assert visitor.said() == HOSTILE.replace("Visual quality: ", "")  # that is the heading of a section
    assert visitor.page.locator("#rationale :is(script, img, a)").count() == 0

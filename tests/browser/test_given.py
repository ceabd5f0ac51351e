"""A clip that is dropped or pasted anywhere on a page, and the address of a video in place of a file."""
import base64
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.ports import free_port
from tests.ui.test_pages import Scripted, close, site_of

pytestmark = [pytest.mark.browser, pytest.mark.slow]
# Drops or pastes a file on the part of the page that a selector names, as a hand does.
GIVE = """([selector, kind, name, bytes, text]) => {
  const data = new DataTransfer(), part = document.querySelector(selector);
  if (bytes) {
    const held = Uint8Array.from(atob(bytes), (one) => one.charCodeAt(0));
    data.items.add(new File([held], name, { type: "video/mp4" }));
  }
  if (text) data.setData("text/plain", text);
  const fire = (event) => part.dispatchEvent(event);
  const goes = { bubbles: true, cancelable: true }, options = { dataTransfer: data, ...goes };
  if (kind === "paste") return fire(new ClipboardEvent("paste", { clipboardData: data, ...goes }));
  fire(new DragEvent("dragenter", options));
  window.covered = document.querySelector(".vs-anywhere").classList.contains("vs-shown");
  return fire(new DragEvent("dragover", options)) + 2 * fire(new DragEvent("drop", options));
}"""
READY = "#video [data-state=ready]"


def give(page, selector: str, kind: str, clip=None, text: str = ""):
    held = base64.b64encode(clip.read_bytes()).decode() if clip else ""
    return page.evaluate(GIVE, [selector, kind, "dropped.mp4", held, text])


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_clip_anywhere_on_the_page_is_taken(visit, scripted, clip, kind):
    page = visit(address=scripted(Scripted())).page
    taken = give(page, ".vs-head", kind, clip)
    assert taken in (0, False), "the browser must not open the file in place of the page"
    page.wait_for_selector(READY)
    assert page.inner_text("#video .vs-name") == "dropped.mp4"
    assert page.evaluate("window.covered") or kind == "paste"
    assert not page.is_visible(".vs-anywhere")


def test_a_clip_on_a_page_without_a_place_for_it_opens_evaluate(visit, scripted, clip):
    page = visit(address=scripted(Scripted()), at="?show=about").page
    page.wait_for_selector("[role=tab][aria-selected=true]:has-text('About')")
    give(page, "#pages", "drop", clip)
    page.wait_for_selector(READY)
    assert "show=" not in page.url


def test_clips_anywhere_on_compare_stand_on_its_board(visit, scripted, clip):
    page = visit(address=scripted(Scripted()), at="?show=compare").page
    page.wait_for_selector("#compare-board .vs-drop")
    for count in (1, 2):
        give(page, ".vs-head", "drop", clip)
        page.wait_for_function("count => document.querySelectorAll('.vs-tile[data-state=ready]').length === count",
                               arg=count)


def test_a_clip_on_its_place_is_taken_once(visit, scripted, clip):
    page = visit(address=scripted(Scripted()), at="?show=compare").page
    page.wait_for_selector("#compare-board .vs-drop")
    give(page, "#compare-board .vs-zone", "drop", clip)
    page.wait_for_selector(".vs-tile[data-state=ready]")
    assert page.locator(".vs-tile").count() == 1


def test_words_that_are_pasted_stay_words(visit, scripted, clip):
    page = visit(address=scripted(Scripted())).page
    assert give(page, "#prompt textarea", "paste", clip, "a prompt from an office program") is True
    assert give(page, ".vs-head", "paste", None, "no address") is True
    assert page.get_attribute("#video .vs-zone", "data-state") == "empty"


@pytest.fixture
def files(tmp_path, clip, monkeypatch):
    """The address of a server with a clip and a text, which is taken for a public one."""
    async def public(host):
        return "127.0.0.1"

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            """Says nothing."""

    monkeypatch.setattr("safehttpx.async_validate_url", public)
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "a clip.mp4").write_bytes(clip.read_bytes())
    (tmp_path / "public" / "page.html").write_text("<p>no video</p>")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path / "public")) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://public.example:{server.server_address[1]}/"
        server.shutdown()


def test_the_address_of_a_video_is_as_good_as_the_file(visit, scripted, files):
    visitor = visit(address=scripted(Scripted()))
    visitor.page.fill("#video .vs-by-address input", files + "a%20clip.mp4")
    visitor.page.press("#video .vs-by-address input", "Enter")
    visitor.page.wait_for_selector(READY)
    assert visitor.page.inner_text("#video .vs-name") == "a clip.mp4"
    visitor.ask("a red square")
    visitor.wait_done()
    assert all(visitor.values())


def test_an_address_is_pasted_anywhere(visit, scripted, files):
    page = visit(address=scripted(Scripted()), at="?show=compare").page
    page.wait_for_selector("#compare-board .vs-drop")
    give(page, ".vs-head", "paste", None, files + "a%20clip.mp4")
    page.wait_for_selector(".vs-tile[data-state=ready]")
    assert page.inner_text(".vs-tile .vs-name") == "a clip.mp4"


@pytest.mark.parametrize("path, sentence", [
    ("missing.mp4", "could not be fetched"), ("page.html", "text, not video"), ("", "text, not video")])
def test_an_address_of_no_video_is_one_sentence(visit, scripted, files, path, sentence):
    page = visit(address=scripted(Scripted())).page
    page.fill("#video .vs-by-address input", files + path)
    page.click("#video .vs-by-address button")
    page.wait_for_selector("#video .vs-zone-problem:not([hidden])")
    assert sentence in page.inner_text("#video .vs-zone-problem")
    assert page.get_attribute("#video .vs-zone", "data-state") == "empty"


def test_an_address_of_this_machine_is_not_asked(visit, scripted, clip):
    address = scripted(Scripted())
    page = visit(address=address).page
    page.fill("#video .vs-by-address input", address)
    page.click("#video .vs-by-address button")
    page.wait_for_selector("#video .vs-zone-problem:not([hidden])")
    assert "could not be fetched" in page.inner_text("#video .vs-zone-problem")


def test_where_the_owner_allows_none_there_is_no_field(visit, tmp_path, monkeypatch):
    from dataclasses import replace

    from vs2.ui import app
    from vs2.ui.guard import fetch

    monkeypatch.setattr(fetch, "allowed", True)     # it is the process's, and the next test's
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    site = site_of(Scripted(), tmp_path / "home")
    settings = replace(site.settings, addresses=False)
    blocks = app.build(replace(site, settings=settings))
    try:
        page = visit(address=app.serve(blocks, settings, server_port=free_port())[1]).page
        assert page.locator(".vs-by-address").count() == 0
    finally:
        close(blocks)

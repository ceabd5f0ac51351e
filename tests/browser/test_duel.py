"""The Duel page as a voter meets it: by mouse, by keys alone, reloaded in the middle, with broken clips, on a phone."""
import shutil

import pytest

from tests.browser.conftest import Visit, serious
from tests.support.clips import moving_square
from tests.support.ports import free_port
from tests.ui.test_pages import Scripted, close, site_of
from vs2.duels import read
from vs2.ui import app
from vs2.ui.duel.page import DuelPage
from vs2.ui.evaluate.page import EvaluatePage

pytestmark = [pytest.mark.browser, pytest.mark.slow]
GENERATORS, PROMPTS = ("quokka-2", "walrus_7", "zebra-9"), ("a ball rolls", "a box falls")
READY = ".vs-duel-question button:not([disabled])"


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """A folder a generator, a file a prompt."""
    folder = tmp_path_factory.mktemp("clips")
    for number, (name, prompt) in enumerate((g, p) for g in GENERATORS for p in PROMPTS):
        (folder / name).mkdir(exist_ok=True)
        moving_square(folder / name / f"{prompt}-0.mp4", frames=16 + 4 * (number % 2), fps=8, size=(160, 90),
                      colour=(40 * number, 90, 220 - 30 * number))
    return folder


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    made = site_of(Scripted(), tmp_path / "home")
    yield made
    made.store.close()


@pytest.fixture
def visit(browser, site, monkeypatch):
    """Makes visitors of the Duel page; none of them may have met a fault at the end."""
    monkeypatch.setattr(app, "PAGES", (EvaluatePage, DuelPage))
    blocks = app.build(site)
    address = app.serve(blocks, server_port=free_port())[1]
    visits = []

    def make(**options) -> Visit:
        visits.append(Visit(browser, address, at="?show=duel", **options))
        visits[-1].page.wait_for_selector(".vs-duel-setup:not([hidden]), .vs-duel-case:not([hidden])")
        return visits[-1]

    yield make
    for visitor in visits:
        visitor.leave()
    close(blocks)
    assert [fault for visitor in visits for fault in visitor.faults] == []


def begin(visitor: Visit, folder, each=False) -> None:
    """Adds a folder and starts."""
    page = visitor.page
    page.set_input_files("[data-folder]", str(folder))
    page.wait_for_selector(".vs-duel-found:not([hidden])")
    if each:
        page.check("[name=each]")
    page.click(".vs-duel-form [type=submit]")
    page.wait_for_selector(READY)


def at(visitor: Visit, number: int, of: int = 6) -> None:
    """Waits for a pair to be there, to be voted on."""
    visitor.page.wait_for_selector(f".vs-duel-progress:text-is('Pair {number} of {of}')")
    visitor.page.wait_for_selector(READY)


def reload(visitor: Visit) -> None:
    visitor.reload(until=READY)


def stored(site):
    """The votes in the store, of whoever's duel it is."""
    (id, visitor), = site.store.duels._read("SELECT id, visitor FROM duels")
    with site.store.duels._database.reading() as db:
        number, = db.execute("SELECT number FROM duels WHERE id = ?", (id,)).fetchone()
        return site.store.duels._load(db, number)


def sources(page) -> list[str]:
    return page.eval_on_selector_all(".vs-duel-players video", "all => all.map(one => one.getAttribute('src'))")


def test_a_whole_duel_by_mouse_and_nothing_tells_who_made_what(visit, site, clips):
    visitor = visit()
    page, heard = visitor.page, []
    page.on("response", lambda got: "component_server" in got.url and heard.append(got))
    page.set_input_files("[data-folder]", str(clips))
    page.wait_for_selector(".vs-duel-said:text-is('3 generators, 2 prompts, 6 clips: 6 pairs to vote on.')")
    page.fill("[name=name]", "My duel")
    page.click(".vs-duel-form [type=submit]")
    at(visitor, 1)
    heard.clear()
    for number, choice in enumerate(("left", "right", "tie", "both_bad", "left", "right"), 1):
        at(visitor, number)
        assert all("duel-" in one and one.endswith("/clip.mp4") for one in sources(page))
        shown = page.content()
        assert not any(name in shown for name in GENERATORS)
        page.click(f"[data-choice={choice}]")
    page.wait_for_selector(".vs-duel-done:not([hidden]) :text-is('All pairs are voted on.')")
    said = "".join(got.text() for got in heard)
    assert "duel" in said and not any(name in said for name in GENERATORS)
    duel = stored(site)
    assert [ballot.choices["overall"] for ballot in duel.ballots] == [
        "left", "right", "tie", "both_bad", "left", "right"] and len(duel.votes) == 6
    page.click("[data-do=rank]")
    page.wait_for_selector(".vs-duel-standings tbody tr")
    names = page.eval_on_selector_all(".vs-duel-standings tbody th", "all => all.map(one => one.textContent)")
    assert sorted(names) == sorted(GENERATORS)
    page.click("#duel-judge")
    page.wait_for_selector("#duel-status [data-state=done]:has-text('6 clips judged')")
    page.wait_for_selector(".vs-duel-ranked .vs-figures-of td:text-is('50%')")     # the judge gives all the same
    page.click(".vs-duel-more > summary")
    for kind, name in (("jsonl", "vs2-duel-votes.jsonl"), ("csv", "vs2-duel-votes.csv")):
        with page.expect_download() as made:
            page.click(f"[data-export={kind}]")
        assert made.value.suggested_filename == name
        copy = clips.parent / name
        shutil.copy(made.value.path(), copy)
        assert read(copy) == (duel.votes, [])
    page.click("[data-do=again]")
    at(visitor, 7, 12)
    assert page.is_hidden(".vs-duel-ranked"), "the names go before the next pair is shown"


def test_a_duel_by_keys_alone_reloaded_in_the_middle_and_taken_back(visit, site, clips):
    visitor = visit()
    page, keys = visitor.page, visitor.page.keyboard
    begin(visitor, clips)
    for number, key in enumerate(("ArrowLeft", "2", "ArrowUp"), 1):
        at(visitor, number)
        keys.press(key)
    at(visitor, 4)
    before = (page.inner_text(".vs-duel-prompt p"), sources(page))
    reload(visitor)
    at(visitor, 4)
    assert (page.inner_text(".vs-duel-prompt p"), sources(page)) == before, "the same pair, the same sides"
    keys.press("u")
    at(visitor, 3)
    page.wait_for_selector(".vs-duel-told:text-is('Taken back')")
    keys.press("4")
    at(visitor, 4)
    assert (page.inner_text(".vs-duel-prompt p"), sources(page)) == before
    keys.press("s")
    at(visitor, 5)
    assert [ballot.choices.get("overall") for ballot in stored(site).ballots] == ["left", "right", "both_bad", None]
    page.click(".vs-duel-more > summary")
    page.click(".vs-duel-votes li:last-child button")      # the first vote
    at(visitor, 4)
    assert [ballot.choices.get("overall") for ballot in stored(site).ballots] == ["right", "both_bad", None]
    page.uncheck("[name=keys]")
    keys.press("1")
    page.check("[name=keys]")
    page.focus(".vs-duel-controls input")
    keys.press("ArrowLeft")     # moves the clips, not the vote
    page.evaluate("document.activeElement.blur()")
    for number in (4, 5, 6):
        at(visitor, number)
        keys.press("ArrowRight")
    page.wait_for_selector(".vs-duel-done:not([hidden])")
    assert len(stored(site).ballots) == 6


def test_the_clips_play_in_step_and_a_step_stops_both(visit, clips):
    visitor = visit()
    page = visitor.page
    begin(visitor, clips)
    times = "[...document.querySelectorAll('.vs-duel-players video')].map(one => one.currentTime)"
    page.wait_for_function(f"{times}.every(time => time > 0.3)")
    page.keyboard.press(",")
    page.wait_for_selector("[data-do=play]:text-is('Play both')")
    page.wait_for_function(f"Math.abs({times}[0] - {times}[1]) < 0.05")
    page.wait_for_function("[...document.querySelectorAll('.vs-duel-players video')].every(one => one.paused)")
    before = page.evaluate(times)
    page.keyboard.press(".")
    page.wait_for_function(f"before => {times}.every((time, at) => time > before[at])", arg=before)
    page.keyboard.press(" ")
    page.wait_for_function("[...document.querySelectorAll('.vs-duel-players video')].some(one => !one.paused)")


def test_each_dimension_is_asked_and_a_second_window_is_told(visit, site, clips, browser):
    visitor = visit()
    page = visitor.page
    begin(visitor, clips, each=True)
    for key in ("1", "ArrowRight", "3"):
        page.keyboard.press(key)
    assert page.locator(".vs-duel-question.vs-active .vs-duel-aspect").inner_text() == "Physical consistency"
    assert page.locator("#pages [aria-pressed=true]").count() == 3 and not stored(site).ballots
    second = visitor.context.new_page()
    second.goto(page.url)
    second.wait_for_selector(READY)
    page.keyboard.press("4")
    at(visitor, 2)
    ballot, = stored(site).ballots
    assert list(ballot.choices.values()) == ["left", "right", "tie", "both_bad"]
    for row in range(4):
        second.click(f".vs-duel-question:nth-child({row + 1}) [data-choice=left]")
    second.wait_for_selector(".vs-duel-told:has-text('another window')")
    assert len(stored(site).ballots) == 1, "what was said of the earlier pair is not taken for this one"
    page.click("[data-do=rank]")
    page.wait_for_selector(".vs-duel-ranked:not([hidden])")
    page.select_option("[name=dimension]", "text_alignment")
    page.wait_for_selector(".vs-duel-standings td:text-is('50%')")


def test_a_clip_that_breaks_in_the_queue_is_skipped_and_said(visit, site, clips, tmp_path):
    folder = tmp_path / "some"
    shutil.copytree(clips, folder)
    broken = folder / GENERATORS[1] / f"{PROMPTS[0]}-0.mp4"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:40] + bytes(len(whole) - 40))
    (folder / GENERATORS[0] / f"{PROMPTS[1]}-0.mp4").write_bytes(b"no video")
    visitor = visit()
    page = visitor.page
    page.set_input_files("[data-folder]", str(folder))
    page.wait_for_selector(".vs-duel-found summary:text-is('Left out: 1')")
    page.click(".vs-duel-form [type=submit]")
    page.wait_for_selector(READY)
    for _ in range(4):
        if page.is_visible(".vs-duel-done"):
            break
        page.keyboard.press("1")
        page.wait_for_selector(f"{READY}, .vs-duel-done:not([hidden])")
        page.wait_for_function("!document.querySelector('.vs-duel-case').hasAttribute('aria-busy')")
    page.wait_for_selector(".vs-duel-done:not([hidden])")
    line = page.inner_text(".vs-duel-broken")
    assert line.startswith(f"A clip of “{PROMPTS[0]}” cannot be shown") and GENERATORS[1] not in line
    assert len(stored(site).votes) == 2


@pytest.mark.parametrize("files, said", [
    (["quokka-2/a ball rolls-0.mp4"], "There is one clip that can take part"),
    (["quokka-2/a ball rolls-0.mp4", "quokka-2/a box falls-0.mp4"], "All clips are by one generator, quokka-2"),
    (["quokka-2/a ball rolls-0.mp4", "zebra-9/a box falls-0.mp4"], "No prompt has clips by two generators")])
def test_what_cannot_be_voted_on_is_said_in_a_sentence(visit, clips, tmp_path, files, said):
    for name in files:
        (tmp_path / "some" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(clips / name, tmp_path / "some" / name)
    page = visit().page
    page.set_input_files("[data-folder]", str(tmp_path / "some"))
    page.wait_for_selector(f".vs-duel-problem:has-text('{said}')")
    assert page.is_disabled(".vs-duel-form [type=submit]")


def test_a_folder_is_dropped_with_the_names_of_its_folders(visit, clips):
    visitor = visit()
    page, browser = visitor.page, visitor.context.new_cdp_session(visitor.page)
    box = page.locator(".vs-duel-setup .vs-drop").bounding_box()
    form = page.locator(".vs-duel-form").bounding_box()
    for kind in ("dragEnter", "dragOver", "drop"):      # as the browser itself has it from the desktop
        browser.send("Input.dispatchDragEvent", {
            "type": kind, "x": box["x"] + 60, "y": box["y"] + 60,
            "data": {"items": [], "files": [str(clips / name) for name in GENERATORS], "dragOperationsMask": 1}})
    page.wait_for_selector(".vs-duel-said:text-is('3 generators, 2 prompts, 6 clips: 6 pairs to vote on.')")
    assert all(name in page.inner_text(".vs-duel-names") for name in GENERATORS)
    assert page.locator(".vs-duel-form").bounding_box() == form, "what was found has its place before"


def test_files_without_folders_and_a_table_without_prompts(visit, clips, tmp_path):
    page = visit().page
    loose = [tmp_path / name for name in ("one.mp4", "two.mp4")]
    for path, name in zip(loose, GENERATORS, strict=False):
        shutil.copy(clips / name / f"{PROMPTS[0]}-0.mp4", path)
    page.set_input_files("[data-files]", list(map(str, loose)))
    page.wait_for_selector(".vs-duel-problem:has-text('does not tell its generator')")
    (tmp_path / "list.csv").write_text("video,generator\none.mp4,x\ntwo.mp4,y\n")
    page.set_input_files("[data-files]", str(tmp_path / "list.csv"))
    page.wait_for_selector(".vs-duel-problem:has-text('no column `prompt`')")
    (tmp_path / "list.csv").write_text("video,prompt,generator\none.mp4,a ball,x\ntwo.mp4,a ball,y\n")
    page.set_input_files("[data-files]", str(tmp_path / "list.csv"))
    page.wait_for_selector(".vs-duel-said:has-text('1 pairs')")
    page.click("[data-do=clear]")
    assert page.is_hidden(".vs-duel-found") and page.is_disabled(".vs-duel-form [type=submit]")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_and_axe_finds_nothing_serious(visit, site, clips, scheme):
    visitor = visit(width=390, height=844, scheme=scheme)
    page = visitor.page
    assert serious(page) == []
    begin(visitor, clips)
    order = (".vs-duel-prompt", "[data-side=left] video", "[data-side=right] video", ".vs-duel-controls",
             ".vs-duel-questions", ".vs-duel-after")
    boxes = [page.locator(name).bounding_box() for name in order]
    assert [box["y"] for box in boxes] == sorted(box["y"] for box in boxes)
    assert boxes[-2]["y"] + boxes[-2]["height"] <= 844, "both clips and the answers are on the first screen"
    assert page.inner_text("[data-choice=left]") == "Top" and page.inner_text("[data-choice=right]") == "Bottom"
    for choice in ("left", "tie", "both_bad", "right"):
        assert page.locator(f"[data-choice={choice}]").bounding_box()["height"] >= 44
    for number, choice in ((1, "left"), (2, "tie"), (3, "both_bad")):
        at(visitor, number)
        page.click(f"[data-choice={choice}]")
    at(visitor, 4)
    page.click(".vs-duel-more > summary")
    assert page.inner_text(".vs-duel-votes li:last-child b") == "Top"
    page.click("[data-do=rank]")
    page.wait_for_selector(".vs-duel-standings tbody tr")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert serious(page) == []


def test_duels_are_listed_opened_again_and_deleted(visit, site, clips):
    visitor = visit()
    page = visitor.page
    begin(visitor, clips)
    page.keyboard.press("1")
    at(visitor, 2)
    page.click("[data-do=all]")
    page.click(".vs-duel-mine button:has-text('1 voted on')")
    at(visitor, 2)
    page.click(".vs-duel-more > summary")
    page.click("[data-do=delete]")
    page.wait_for_selector("[data-do=delete]:text-is('Really delete it with its votes?')")
    page.click("[data-do=delete]")
    page.wait_for_selector(".vs-duel-setup:not([hidden])")
    page.wait_for_selector(".vs-duel-mine", state="hidden")
    assert not site.store.duels._read("SELECT id FROM duels WHERE deleted IS NULL")
    visitor.reload(until=".vs-duel-undo")
    page.click(".vs-duel-undo:has-text('This can be undone for 10 min') button")
    page.click(".vs-duel-mine button:has-text('1 voted on')")
    at(visitor, 2)
    page.wait_for_selector(".vs-duel-undo", state="hidden")

"""How the pages look and are reached: what moves, the first view, fingers, keys, ears, light and dark."""
import pytest

from tests.browser import screenshots
from tests.browser.conftest import Visit
from tests.ui.test_pages import Scripted
from vs2 import events
from vs2.ui import text
from vs2.ui.app import PAGES

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PHONE, DESKTOP = (390, 844), (1280, 800)
PROMPT = "a red square moves to the right"
# Hears of what has moved since the page began to load, too.
MOVED = """
window.moved = [];
new PerformanceObserver((list) => { for (const one of list.getEntries())
  window.moved.push([one.value, one.hadRecentInput, one.startTime / 1000,
    one.sources.map(({ node }) => (node?.id && `#${node.id}`) || node?.className || node?.nodeName).join(" ")]); })
  .observe({ type: "layout-shift", buffered: true });
"""
# What may move by itself; and with what a visitor has just done, who adds clips, say: below the web's "poor".
MOST, MOST_ASKED = 0.05, 0.25
WORDS = ["It slides.\nVisual quality: fine, at frame 2.\n", "Text alignment: as asked.\n",
         "Physical consistency: it falls.\n", *["And more is said of it. " * 10] * 6]
# Of what can be pressed, what is less than 44 pixels wide or high; what stands within a sentence is left out.
SMALL = """() => {
  const shown = (part) => part.checkVisibility({ visibilityProperty: true }) && part.getClientRects().length;
  const within = ".vs-said p, .vs-doc, .vs-rated p, .modebar, .vs-unseen, .vs-skip, .vs-not-judged";
  const found = [];
  for (const part of document.querySelectorAll("button, a[href], input, select, textarea, summary, [role=tab]")) {
    if (!shown(part) || part.closest(within) || part.matches(".vs-time, [type=file]")) continue;
    const whole = part.matches("[type=checkbox], [type=radio], .vs-card h3 button") && part.closest("label, .vs-card");
    const box = (whole || part).getBoundingClientRect();
    if (box.width && (box.width < 43.5 || box.height < 43.5))
      found.push(`${part.tagName} ${part.id || part.className || part.textContent.slice(0, 20)} `
        + `in #${part.closest("[id]")?.id}: ${Math.round(box.width)} x ${Math.round(box.height)}`);
  }
  return [...new Set(found)];
}"""


def axe(page) -> list[str]:
    """All that axe finds, be it ever so minor."""
    from axe_playwright_python.sync_playwright import Axe

    return [f"{one['id']} ({one['impact']}): {node['target']} {node['failureSummary']}"
            for one in Axe().run(page).response["violations"] for node in one["nodes"]]


def worst(shifts: list) -> float:
    """The cumulative layout shift as the web has it: of the worst five seconds without a pause of one."""
    windows = [[0.0, -9.0, -9.0]]    # sum, first, last
    for value, _, at, _ in shifts:
        if at - windows[-1][2] > 1 or at - windows[-1][1] > 5:
            windows.append([0.0, at, at])
        windows[-1][0] += value
        windows[-1][2] = at
    return max(total for total, _, _ in windows)


def used(visitor: Visit, address: str, name: str) -> None:
    """Opens a page by its address and uses it, so that it shows results."""
    visitor.reload(address + ("" if name == "evaluate" else f"?show={name}"),
                   f"html[data-vs2-shown] #pages [role=tab][data-tab-id={name}][aria-selected=true]")
    visitor.page.evaluate(MOVED)
    if name in screenshots.PAGES:
        screenshots.PAGES[name](visitor, screenshots.rows()[0])
    visitor.page.wait_for_timeout(800)      # charts draw themselves


@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "dark"), (PHONE, "light")], ids=["desktop", "phone"])
def test_no_page_moves_under_the_eye_and_fingers_and_ears_find_their_way(scripted, visit, clip, size, scheme):
    """Of what axe looks at, colours alone depend on light and dark."""
    address = scripted(Scripted(words=WORDS))
    visitor = visit(address=address, width=size[0], height=size[1], scheme=scheme, at="?show=about")
    moved, asked, small, found = {}, {}, {}, {}
    for page in PAGES:
        used(visitor, address, page.NAME)
        shifts = visitor.page.evaluate("window.moved")
        if worst([one for one in shifts if not one[1]]) > MOST:
            moved[page.NAME] = [one for one in shifts if not one[1] and one[0] > 0.005]
        if worst(shifts) > MOST_ASKED:
            asked[page.NAME] = shifts
        if size == PHONE and (under := visitor.page.evaluate(SMALL)):
            small[page.NAME] = under
        if wrong := axe(visitor.page):
            found[page.NAME] = wrong
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= size[0], page.NAME
    assert not moved, moved
    assert not asked, asked
    assert not small, small
    assert not found, found


class Slowly(Scripted):
    """Gives its scores one by one, and waits for `on` before the last."""

    def __init__(self, on):
        super().__init__(words=WORDS[:3])
        self.on = on

    def stream(self, path, prompt, **options):
        given = {}
        for event in super().stream(path, prompt, **options):
            if isinstance(event, events.Thought):
                given = {**given, ("visual_quality", "text_alignment")[len(given)]: 4} if len(given) < 2 else given
                event = events.Thought(event.text, event.tokens, given)
            elif isinstance(event, events.Scored):
                yield events.Thought("", 9, given)
                assert self.on.wait(60)
            yield event


def test_the_rationale_streams_in_the_first_view_and_scores_fill_in_as_they_come(scripted, visit, clip):
    import threading

    on = threading.Event()
    visitor = visit(address=scripted(Slowly(on)), width=1280, height=800)
    page = visitor.page
    visitor.upload(clip)
    page.evaluate("scrollTo(0, 0)")     # the settings, which the visitor has just closed, lie below
    visitor.ask(PROMPT)
    page.wait_for_selector("#rationale .vs-live [data-part=visual_quality]")
    page.wait_for_function("""() => { return [...document.querySelectorAll("#scores .vs-card")]
      .map(card => card.dataset.value).join() === "4,4,"; }""")
    top = page.locator("#rationale [data-part=visual_quality]").bounding_box()
    assert page.evaluate("scrollY") == 0 and top["y"] + top["height"] < 800, top
    assert page.locator("#scores .vs-cards").bounding_box()["y"] > 0
    on.set()
    visitor.wait_done()
    assert visitor.values() == ["4", "5", "2"]


def test_an_example_is_one_click_on_its_picture(scripted, visit):
    visitor = visit(address=scripted(Scripted(words=WORDS)))
    page, rows = visitor.page, screenshots.rows("examples.csv")
    pictures = page.locator("#examples button img")
    assert pictures.count() == len(rows)
    assert page.evaluate("[...document.querySelectorAll('#examples img')].every(one => one.naturalWidth > 50)")
    page.click("#examples button:last-child")
    visitor.wait_done()
    last = rows[-1]
    assert page.input_value("#prompt textarea") == last["prompt"] and visitor.values() == ["4", "5", "2"]
    assert page.inner_text("#video .vs-name") == last["file"]
    page.click("#examples button:first-child")      # another one, in the place of the first
    page.wait_for_function("prompt => document.querySelector('#prompt textarea').value === prompt",
                           arg=rows[0]["prompt"])
    page.wait_for_selector("#status [data-state=done]")


def test_on_a_phone_the_page_goes_to_the_status_and_all_pages_are_in_reach(scripted, visit, clip):
    visitor = visit(address=scripted(Scripted(words=WORDS)), width=PHONE[0], height=PHONE[1])
    page = visitor.page
    assert page.locator("#pages [role=tab]:visible").count() == len(PAGES)
    assert not page.locator("#pages .overflow-menu:visible").count()
    visitor.upload(clip)
    visitor.ask(PROMPT)
    page.wait_for_function("""() => { const at = document.querySelector("#status").getBoundingClientRect().top;
      return at >= -2 && at < 200; }""")
    visitor.wait_done()
    order = ("#video", "#status", "#scores", "#rationale", "#radar", "#frames")
    top = {name: page.locator(name).bounding_box()["y"] for name in order}
    assert list(top) == sorted(top, key=top.get)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_begin_as_the_system_has_them_and_are_remembered(scripted, visit, scheme):
    address = scripted(Scripted())
    visitor = visit(address=address, scheme=scheme)
    page, other = visitor.page, {"light": "dark", "dark": "light"}[scheme]
    now = "document.body.classList.contains('dark') ? 'dark' : 'light'"
    assert page.evaluate(now) == scheme
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    switch = page.get_by_role("switch", name="Dark")
    assert switch.get_attribute("aria-checked") == str(scheme == "dark").lower()
    switch.click()
    assert page.evaluate(now) == other and switch.get_attribute("aria-checked") == str(other == "dark").lower()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != ground
    for name in ("about", "review"):
        visitor.reload(f"{address}?show={name}", "#pages [role=tab][aria-selected=true]:visible")
        page.wait_for_function(f"({now}) === '{other}'")
    page.emulate_media(color_scheme=other)
    page.emulate_media(color_scheme=scheme)     # the system changes: what was chosen here holds
    page.wait_for_timeout(200)
    assert page.evaluate(now) == other


def test_the_site_has_landmarks_and_a_way_past_its_head(scripted, visit):
    visitor = visit(address=scripted(Scripted()), at="?show=about")
    page = visitor.page
    page.wait_for_selector("html[data-vs2-shown]")
    assert [page.get_by_role(role).count() for role in ("banner", "main", "contentinfo")] == [1, 1, 1]
    page.keyboard.press("Tab")
    assert page.inner_text("*:focus") == "Skip to the page"
    assert page.locator("*:focus").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.tagName") == "MAIN"
    picture = page.get_by_role("img", name="A judge watches a clip")
    assert picture.bounding_box()["y"] < 100 and page.inner_text(".vs-head p") == text.TAGLINE


def test_the_field_that_is_wrong_is_marked_and_has_the_focus(scripted, visit, clip):
    visitor = visit(address=scripted(Scripted()))
    page = visitor.page
    page.click("#evaluate")
    page.wait_for_selector("#video input[aria-invalid=true]:focus", state="attached")
    visitor.upload(clip)
    page.click("#evaluate")
    page.wait_for_selector("#prompt textarea[aria-invalid=true]:focus")
    told = page.get_attribute("#prompt textarea", "aria-describedby")
    assert "Write the prompt" in page.inner_text(f"[id='{told}']")
    page.keyboard.type(PROMPT)
    assert page.get_attribute("#prompt textarea", "aria-invalid") is None
    page.fill("#prompt textarea", "x" * 4001)
    page.click("#evaluate")
    page.wait_for_selector("#prompt textarea[aria-invalid=true]:focus")
    page.get_by_role("tab", name="Compare").click()
    page.click("#compare")
    page.wait_for_selector("#compare-board input[aria-invalid=true]:focus", state="attached")
    page.get_by_role("tab", name="Best of N").click()
    page.click("#best-go")
    page.wait_for_selector("#best-prompt textarea[aria-invalid=true]:focus")
    page.get_by_role("tab", name="Batch").click()
    page.click("#batch-go")
    page.wait_for_selector("#batch-files input[aria-invalid=true]:focus", state="attached")


def test_keys_go_from_card_to_card_and_to_what_is_said_of_it(scripted, visit, clip):
    visitor = visit(address=scripted(Scripted(words=WORDS[:3])))
    page = visitor.page
    visitor.upload(clip)
    visitor.ask(PROMPT)
    visitor.wait_done()
    page.focus("#scores [data-said=visual_quality]")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.said") == "text_alignment"
    assert page.eval_on_selector_all("#scores h3 button", "all => all.map(one => one.tabIndex)") == [-1, 0, -1]
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.dataset.part") == "text_alignment"
    page.focus("#scores h3 [tabindex='0']")
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.dataset.said") == "physical_consistency"


def test_review_keys_start_at_the_chosen_dimension(scripted, visit, clip):
    address = scripted(Scripted(words=WORDS[:3]))
    visitor = visit(address=address)
    visitor.upload(clip)
    visitor.ask(PROMPT)
    visitor.wait_done()
    visitor.reload(f"{address}?show=review", ".vs-rated-part[data-key=text_alignment]")
    page = visitor.page
    page.keyboard.press("2")
    assert page.evaluate("document.activeElement.closest('[data-key]').dataset.key") == "text_alignment"
    page.keyboard.press("l")
    assert page.eval_on_selector(".vs-here", "one => one.closest('[data-key]').dataset.key") == "text_alignment"
    page.click(".vs-rated-part[data-key=physical_consistency] [data-score='3']")
    page.focus(".vs-rated-part[data-key=visual_quality] [data-verdict=agree]")
    page.keyboard.press("h")
    assert page.eval_on_selector(".vs-here", "one => one.closest('[data-key]').dataset.key") == "visual_quality"


def test_long_names_keep_their_ends(scripted, visit, clip, tmp_path):
    visitor = visit(address=scripted(Scripted()), width=PHONE[0], height=PHONE[1])
    name = "a-very-long-name-of-a-generated-clip-that-no-phone-has-room-for-seed-0042.mp4"
    longer = tmp_path / name
    longer.write_bytes(clip.read_bytes())
    visitor.upload(longer)
    page = visitor.page
    shown = page.locator("#video .vs-name")
    assert shown.text_content() == name and shown.get_attribute("title") == name
    end, whole = page.locator("#video .vs-name .vs-end").bounding_box(), shown.bounding_box()
    assert end["width"] > 40 and end["x"] + end["width"] <= whole["x"] + whole["width"] + 1
    assert whole["x"] + whole["width"] <= PHONE[0]


def test_the_players_of_compare_stay_with_their_controls_and_a_wide_screen_is_used(scripted, visit):
    address = scripted(Scripted(words=WORDS))
    visitor = visit(address=address, width=PHONE[0], height=PHONE[1], at="?show=compare")
    page = visitor.page
    clips = [screenshots.EXAMPLES / one["file"] for one in screenshots.rows()]
    page.set_input_files("#compare-board input[type=file]", clips)
    page.wait_for_function("document.querySelectorAll('.vs-tile[data-state=ready]').length === 4")
    page.evaluate("document.querySelector('.vs-tile').scrollIntoView()")
    seen = page.evaluate("""() => { const box = document.querySelector(".vs-transport").getBoundingClientRect();
      return [box.top, box.bottom]; }""")
    assert seen[0] >= 0 and seen[1] <= PHONE[1], seen
    wide = visit(address=address, width=1920, height=1080)
    right = wide.page.locator(".vs-answer").first.bounding_box()
    assert right["x"] + right["width"] > 1800

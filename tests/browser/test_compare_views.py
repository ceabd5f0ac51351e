"""Ways to look at the players of the Compare page: wipe, zoom, difference, full screen, another order."""
import pytest

from tests.browser.conftest import serious
from tests.browser.test_compare import (  # noqa: F401  (fixtures)
    BOTH,
    Board,
    board,
    clips,
)
from tests.support.clips import moving_square
from tests.ui.compare.test_page import ByName

pytestmark = [pytest.mark.browser, pytest.mark.slow]
READY = f"{BOTH}.every(video => video.readyState >= 2)"
CLIP = "getComputedStyle(document.querySelector('.vs-wipe-top')).clipPath"
ZOOMED = ("[...document.querySelectorAll('#compare-board .vs-view :is(video, canvas)')]"
          ".filter(one => one.offsetWidth).map(one => getComputedStyle(one).transform)")
NAMES = "[...document.querySelectorAll('.vs-tile .vs-name')].map(name => name.textContent)"
# The greatest value of any colour of a canvas, and whether it holds more than one colour.
PIXELS = """name => {
  const canvas = document.querySelector(name), context = canvas.getContext("2d");
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  let most = 0, first = data.slice(0, 3).join(), several = false;
  for (let n = 0; n < data.length; n += 4) {
    most = Math.max(most, data[n], data[n + 1], data[n + 2]);
    several ||= data.slice(n, n + 3).join() !== first;
  }
  return { most, several, size: [canvas.width, canvas.height] };
}"""


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """A clip whose square stands elsewhere, as large as the others."""
    return moving_square(tmp_path_factory.mktemp("other") / "523.mp4", frames=16, fps=4, size=(160, 90))


def ready(make, *paths, **options) -> Board:
    """A visitor on the Compare page whose players show these clips."""
    one = make(ByName(), **options)
    one.upload(*paths)
    one.page.wait_for_function(READY)
    return one


def seek(page, seconds) -> None:
    page.fill("#compare-board .vs-seek", str(seconds))
    there = "!video.seeking && Math.abs(video.currentTime - Math.min(to, video.duration)) < 0.01"
    page.wait_for_function(f"to => {BOTH}.every(video => {there})", arg=seconds)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_wipe_between_two_of_three(board, clips, other, width, scheme):  # noqa: F811
    page = ready(board, clips["432"], clips["434"], other, width=width, scheme=scheme).page
    assert page.locator(".vs-blend").is_hidden() and page.locator(".vs-first-of").is_hidden()
    page.select_option(".vs-mode", "wipe")
    assert page.locator(".vs-blend").is_visible() and page.locator(".vs-second-of").is_visible()
    assert page.evaluate(CLIP) == "inset(0px 50% 0px 0px)"
    for picture in (".vs-wipe-top canvas", ".vs-wipe-below"):
        assert page.evaluate(PIXELS, picture)["several"], picture
    # By the pointer, at a place of the picture, and by keys, which do not step frames.
    page.locator(".vs-blend").scroll_into_view_if_needed()
    box, grip = page.locator(".vs-blend > .vs-view").bounding_box(), page.locator(".vs-divider").bounding_box()
    page.mouse.move(grip["x"] + 22, grip["y"] + grip["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, grip["y"] + 20, steps=4)
    page.mouse.up()
    assert page.evaluate(f"parseFloat({CLIP}.split(' ')[1])") == pytest.approx(75, abs=1)
    assert page.locator(".vs-divider").get_attribute("aria-valuenow") == "25"
    for key, right in (("ArrowRight", 74), ("Shift+ArrowRight", 64), ("End", 0), ("Home", 100), ("PageUp", 90)):
        page.keyboard.press(key)
        assert page.evaluate(f"parseFloat({CLIP}.split(' ')[1] ?? '0')") == pytest.approx(right, abs=1), key
    assert page.evaluate(f"{BOTH}.every(video => video.currentTime < 0.1 && video.paused)")
    assert page.get_attribute(".vs-divider", "aria-valuetext") == "10 % of 432.mp4"
    # Another of the three; one that is chosen twice takes the place of the other.
    page.select_option(".vs-second-of select", label="3: 523.mp4")
    assert "523.mp4" in page.inner_text(".vs-blend-second")
    page.select_option(".vs-first-of select", label="3: 523.mp4")
    assert "523.mp4" in page.inner_text(".vs-blend-first") and "432.mp4" in page.inner_text(".vs-blend-second")
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # It plays with the players.
    before = page.evaluate("document.querySelector('.vs-wipe-below').toDataURL()")
    page.click("#compare-board .vs-play")
    page.wait_for_function("before => document.querySelector('.vs-wipe-below').toDataURL() !== before", arg=before)
    for _ in range(2):
        page.locator(".vs-drop-one").first.click()
    assert page.locator(".vs-blend").is_hidden() and page.is_disabled(".vs-mode"), "one alone has no other"


def test_zoom_and_pan_are_those_of_all_players(board, clips):  # noqa: F811
    page = ready(board, clips["432"], clips["434"]).page
    page.select_option(".vs-mode", "wipe")

    def alike() -> list[float]:
        """The one matrix that all players have: scale and shift."""
        found = set(page.evaluate("""() => [...document.querySelectorAll("#compare-board .vs-view :is(video, canvas)")]
          .filter((one) => one.offsetWidth).map((one) => {
            const at = new DOMMatrix(getComputedStyle(one).transform);
            return [at.a, at.e / one.offsetWidth, at.f / one.offsetHeight].map((n) => (n + 0).toFixed(3)).join();
          })"""))
        assert len(found) == 1, found
        return [float(number) for number in found.pop().split(",")]

    assert alike() == [1, 0, 0]
    page.click(".vs-zoom-in")
    assert alike() == [1.25, 0, 0] and page.inner_text(".vs-zoom-reset") == "125 %"
    page.focus("#compare-board .vs-players")
    page.keyboard.press("+")
    page.keyboard.press("Shift+ArrowRight")
    scale, right, down = alike()
    assert scale == pytest.approx(1.5625, abs=0.001) and right == pytest.approx(-0.1, abs=0.002) and down == 0
    # By the hand: what is dragged follows, and does not play.
    player = page.locator(".vs-tile .vs-view").first
    player.scroll_into_view_if_needed()
    box = player.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + box["width"] * 0.2, middle[1] + box["height"] * 0.1, steps=5)
    page.mouse.up()
    assert alike()[1:] == pytest.approx([0.1, 0.1], abs=0.02)
    assert page.evaluate(f"{BOTH}.every(video => video.paused)")
    page.keyboard.press("-")
    assert alike()[0] == pytest.approx(1.25, abs=0.001)
    page.keyboard.press("0")
    assert alike() == [1, 0, 0]
    # The wheel: what is under the pointer stays there; turned back far enough it is whole again.
    page.mouse.move(box["x"] + box["width"] * 0.75, middle[1])
    page.mouse.wheel(0, -100)
    page.wait_for_function(f"{ZOOMED}[0] !== 'none'")
    scale, right, down = alike()
    assert scale == 1.25 and right == pytest.approx(-0.0625, abs=0.003)
    for _ in range(3):
        page.mouse.wheel(0, 100)
    page.wait_for_function(f"{ZOOMED}.every(one => one === 'none')")
    # A player that comes later is as near as the others.
    page.click(".vs-zoom-in")
    page.set_input_files("#compare-board input[type=file]", clips["hold"])
    page.wait_for_function("document.querySelectorAll('.vs-tile[data-state=ready]').length === 3")
    assert alike()[0] == 1.25
    # A press plays, as it did.
    player.click()
    page.wait_for_function(f"{BOTH}.some(video => !video.paused)")


def test_two_fingers_zoom(board, clips):  # noqa: F811
    page = ready(board, clips["432"], clips["434"], width=390, height=800).page
    page.evaluate("""() => {
      const view = document.querySelector(".vs-tile .vs-view"), box = view.getBoundingClientRect();
      const finger = (kind, pointerId, part) => view.dispatchEvent(new PointerEvent(kind, { pointerId, bubbles: true,
        pointerType: "touch", clientX: box.left + box.width * part, clientY: box.top + box.height / 2 }));
      finger("pointerdown", 7, 0.4); finger("pointerdown", 8, 0.6);
      finger("pointermove", 7, 0.3); finger("pointermove", 8, 0.7);
      finger("pointerup", 7, 0.3); finger("pointerup", 8, 0.7);
    }""")
    found = set(page.evaluate(ZOOMED))
    assert len(found) == 1 and found.pop().startswith("matrix(2, 0, 0, 2,")


def test_the_difference_of_equal_clips_is_black_and_of_others_is_not(board, clips, other):  # noqa: F811
    page = ready(board, clips["432"], clips["432"], other).page
    page.select_option(".vs-mode", "difference")
    seek(page, 1)
    page.wait_for_function("document.querySelector('.vs-blend-said').textContent.includes('average 0.00 of 255')")
    assert page.evaluate(PIXELS, ".vs-difference") == {"most": 0, "several": False, "size": [160, 90]}
    assert "Difference × 4" in page.inner_text(".vs-blend-said")
    page.select_option(".vs-second-of select", label="3: 523.mp4")
    page.select_option(".vs-amplify select", "1")
    plain = page.evaluate(PIXELS, ".vs-difference")
    assert plain["most"] > 60 and plain["several"]
    sums = """() => { const canvas = document.querySelector(".vs-difference");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return [...data.filter((value, n) => n % 4 < 3)]; }"""
    once = page.evaluate(sums)
    page.select_option(".vs-amplify select", "2")
    assert [min(255, 2 * value) for value in once] == page.evaluate(sums)
    assert "Difference × 2" in page.inner_text(".vs-blend-said")
    assert serious(page) == []


def test_all_players_on_the_whole_screen(board, clips):  # noqa: F811
    page = ready(board, clips["432"], clips["434"]).page
    page.get_by_role("button", name="Full screen").click()
    page.wait_for_function("document.fullscreenElement?.classList.contains('vs-players')")
    inside = "document.fullscreenElement.querySelector('.vs-transport').getBoundingClientRect().bottom <= innerHeight"
    page.wait_for_function(inside)
    assert page.locator(".vs-transport .vs-play").is_visible()
    page.select_option(".vs-mode", "wipe")
    page.wait_for_function(inside)
    assert page.locator(".vs-blend > .vs-view").bounding_box()["height"] > 300
    page.get_by_role("button", name="Leave full screen").click()
    page.wait_for_function("!document.fullscreenElement")
    page.get_by_role("button", name="Full screen").wait_for()


def test_the_order_is_changed_by_buttons_and_by_dragging(board, clips, other):  # noqa: F811
    one = ready(board, clips["432"], clips["434"], other)
    page = one.page
    assert page.locator(".vs-tile").first.locator(".vs-move").first.is_disabled()
    page.focus(".vs-tile:nth-child(2) .vs-move[data-by='-1']")
    page.keyboard.press("Enter")
    assert page.evaluate(NAMES) == ["434.mp4", "432.mp4", "523.mp4"]
    assert page.inner_text(".vs-moved") == "434.mp4 is now candidate 1 of 3."
    held = page.evaluate("document.activeElement.ariaLabel")
    assert held == "Move 434.mp4 right", "the button that was pressed cannot be pressed any more"
    # What is judged and ranked is the order that is shown.
    one.compare()
    one.wait_done()
    rows = page.locator("#compare-table tbody tr th .vs-name")
    assert rows.all_inner_texts() == ["434.mp4", "432.mp4", "523.mp4"]
    judged = page.inner_text("#compare-verdict h2")
    last = page.locator(".vs-tile:nth-child(3) figcaption .vs-name")
    last.drag_to(page.locator(".vs-tile:nth-child(1) video"), target_position={"x": 10, "y": 40})
    assert page.evaluate(NAMES) == ["523.mp4", "434.mp4", "432.mp4"]
    page.wait_for_function("""() => [...document.querySelectorAll("#compare-table tbody tr th .vs-name")]
      .map((name) => name.textContent).join() === "523.mp4,434.mp4,432.mp4" """)
    assert page.locator(".vs-tile .vs-number").all_inner_texts() == ["1", "2", "3"]
    assert page.locator("#compare-table tr[data-state=done]").count() == 3, "nothing is judged again"
    assert page.inner_text("#compare-verdict h2").split()[-1] == judged.split()[-1]
    assert not page.locator(".vs-board .vs-zone-problem").is_visible()
    page.wait_for_function(f"{BOTH}.every(video => video.readyState >= 2)")
    seek(page, 1)
    assert len({round(time, 2) for time in one.times()}) == 1

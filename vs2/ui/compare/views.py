"""Ways to look at the players of the Compare page: wiped one over another, their difference, closer, full screen."""
from html import escape

from vs2.ui.text import compare as text

SCRIPTS = ("compare_order", "compare_zoom", "compare_view")  # put after assets/compare.js, whose names they use
WORDS = ("MOVE_LEFT", "MOVE_RIGHT", "MOVED", "FULL_SCREEN", "FULL_SCREEN_OFF", "DIVIDER_SAID", "DIFFERS",
         "SIZES_DIFFER", "NOT_DRAWN")
AMPLIFY = (1, 2, 4, 8, 16)
_AMPLIFIED = 4  # what the picture of differences begins with: small ones are seen, large ones are still apart


def words() -> dict:
    """What their scripts say."""
    return {name: getattr(text, name) for name in WORDS}


def _select(name: str, label: str, options: str) -> str:
    return f'<label class="{name}" hidden>{escape(label)} <select>{options}</select></label>'


def toolbar() -> str:
    """What chooses a view, and what zooms."""
    modes = "".join(f'<option value="{mode}">{escape(label)}</option>' for mode, label in (
        ("side", text.SIDE_BY_SIDE), ("wipe", text.WIPE), ("difference", text.DIFFERENCE_PICTURE)))
    amplify = "".join(f'<option value="{times}"{" selected" * (times == _AMPLIFIED)}>{times}×</option>'
                      for times in AMPLIFY)
    zoom = "".join(f'<button type="button" class="{name}" aria-label="{escape(label)}" title="{escape(label)}">{sign}'
                   '</button>' for name, label, sign in (
                       ("vs-zoom-out", text.ZOOM_OUT, "−"), ("vs-zoom-reset", text.ZOOM_RESET, "100 %"),
                       ("vs-zoom-in", text.ZOOM_IN, "+")))
    return (f'<div class="vs-views"><label>{escape(text.VIEW)} <select class="vs-mode">{modes}</select></label>'
            + _select("vs-first-of", text.FIRST_OF, "") + _select("vs-second-of", text.SECOND_OF, "")
            + _select("vs-amplify", text.AMPLIFY, amplify)
            + f'<span class="vs-zoom" role="group" aria-label="{escape(text.ZOOM)}">{zoom}</span>'
            f'<button type="button" class="vs-full" hidden>{escape(text.FULL_SCREEN)}</button></div>'
            '<p class="vs-moved" role="status"></p>')


def stage() -> str:
    """Where two of the players are shown as one picture."""
    return (f'<figure class="vs-blend" hidden><div class="vs-view"><canvas class="vs-wipe-below" role="img"></canvas>'
            '<div class="vs-wipe-top"><canvas role="img"></canvas></div>'
            '<canvas class="vs-difference" role="img"></canvas>'
            f'<div class="vs-divider" role="slider" tabindex="0" aria-label="{escape(text.DIVIDER)}" aria-valuemin="0" '
            'aria-valuemax="100" aria-valuenow="50"></div></div>'
            '<figcaption><span class="vs-blend-first"></span><span class="vs-blend-said"></span>'
            '<span class="vs-blend-second"></span></figcaption></figure>')

"""The bar under the player, with marks for moments that the rationale names; frames of the strip, enlarged."""
from html import escape

from vs2.ui import text
from vs2.ui.theme import script as script_of


def bar() -> str:
    """The empty bar: assets/timeline.js puts marks on it for the times that the rationale has as buttons."""
    return (f'<div class="vs-timeline" role="group" aria-label="{escape(text.TIMELINE)}"><div class="vs-track">'
            '<i class="vs-head-mark"></i></div><p class="vs-tip" id="vs-tip" role="tooltip" hidden></p></div>')


def mark(seconds: float, number: int | None, named: str) -> str:
    """What a mark is called. number: of the frame, from 1, where the rationale names one; named: in whose section."""
    time = f"{seconds:.2f}".rstrip("0").rstrip(".") or "0"
    if number is None:
        return text.MARK_TIME.format(time=time, dimension=named)
    return text.MARK_FRAME.format(number=number, time=time, dimension=named)


def stepping() -> str:
    """The script that enlarges a frame of the strip and steps through it."""
    return script_of({"title": text.FRAMES, "at": text.FRAME_AT, "back": text.FRAME_BACK, "on": text.FRAME_ON,
                      "close": text.CLOSE, "enlarge": text.ENLARGE}, "frames")

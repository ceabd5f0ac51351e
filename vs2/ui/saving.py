"""Reports and share cards from the pages: a button in a row of actions, one click, a file.

A piece of HTML has buttons of `button`, runs `SAVING` and is connected by `Saver.connect` to what makes the report.
"""
import contextlib
import re
import tempfile
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path, PurePath

import gradio as gr
from gradio.components import Component
from gradio.utils import get_upload_folder

from vs2.errors import BadInput, Problem
from vs2.report import Report, card, html
from vs2.report.words import speaking
from vs2.ui import language
from vs2.ui.said import worded
from vs2.ui.text import report as text
from vs2.ui.wiring import QUIET

REPORT, CARD = "report", "card"
# A press asks for the file; until it is there, the button says that it is being made, and is not pressed again.
SAVING = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-make]");
  if (!button || element.querySelector("[data-make][aria-busy=true]")) return;
  const said = button.textContent;
  button.setAttribute("aria-busy", "true");
  button.textContent = button.dataset.busy;
  window.addEventListener("vs2-made", () => {
    button.removeAttribute("aria-busy");
    button.textContent = said;
  }, { once: true });
  trigger("download", { make: button.dataset.make, of: button.dataset.of ?? "" });
});
"""
_TAKE = """(file) => {
  if (!file?.url) return;
  const link = document.createElement("a");
  link.href = file.url;
  link.download = file.orig_name ?? "";
  document.body.append(link);
  link.click();
  link.remove();
}"""
_MADE = "() => { window.dispatchEvent(new Event('vs2-made')); }"


def button(make: str, of: str = "", label: str = "", kind: str = "vs-action") -> str:
    """A button that saves a report or a share card. of: what of, where a page has several; label: for the ear."""
    named = f' aria-label="{escape(label)}"' if label else ""
    which = f' data-of="{escape(of)}"' if of else ""
    return (f'<button type="button" class="{kind}" data-make="{make}"{which} data-busy="{text.MAKING}"{named}>'
            f"{text.CARD if make == CARD else text.REPORT}</button>")


def asked(event: gr.EventData) -> tuple[str, str]:
    """What a press asks for, `REPORT` or `CARD`, and what of, whatever a browser says."""
    data = event._data if isinstance(event._data, dict) else {}
    return CARD if data.get("make") == CARD else REPORT, str(data.get("of") or "")


class Saver:
    """The hidden file of a page's reports. Made inside a `gr.Blocks` context."""

    def __init__(self, elem_id: str):
        self.file = gr.DownloadButton(visible="hidden", elem_id=elem_id)

    def connect(self, part: gr.HTML | gr.Button, make: Callable, inputs: Sequence[Component]) -> None:
        """Saves what `make` gives, a path of `put`, at a press in `part`."""
        event = part.click if isinstance(part, gr.Button) else part.download
        made = event(make, list(inputs), self.file, trigger_mode="once", **QUIET)
        made.success(None, self.file, None, js=_TAKE, **QUIET)
        made.then(None, None, None, js=_MADE, **QUIET)

    def put(self, kind: str, make: Callable[[], Report], name: str = "") -> str:
        """The file of a report, or of its card, for one download; what goes wrong is said to the visitor."""
        try:
            with spoken():
                made = make()
                data = card.png(made) if kind == CARD else html(made).encode()
        except Problem as problem:
            raise gr.Error(worded(str(problem)), print_exception=False) from problem
        folder = Path(tempfile.mkdtemp(dir=get_upload_folder()))
        path = folder / f"{plain(name) or text.FILES[made.kind]}.vs2.{'png' if kind == CARD else 'html'}"
        path.write_bytes(data)
        self.file.temp_files.add(str(path))
        return str(path)


def spoken() -> contextlib.AbstractContextManager[None]:
    """A report that is made inside is in the language of the request."""
    return speaking(language.here(), worded)


def nothing() -> BadInput:
    """That there is nothing to report."""
    return BadInput(text.NOTHING)


def plain(name: str) -> str:
    """A clip's name without its ending, as the beginning of a file's name on any machine."""
    stem = PurePath(name.replace("\\", "/")).stem
    return re.sub(r"[^\w .,+-]|^[. ]+|[. ]+$", "", stem)[:80]

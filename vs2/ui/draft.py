"""What a visitor has put on a page comes back with a reload of it, and after a restart of the server.

The browser keeps it, in its tab (assets/draft.js): the values of fields, what a script of the page adds (the clip in a
box), which evaluations it showed, and what went on there. All of it comes from the visitor's browser again: a value is
taken where its component has such values, a path only through `player.given`.
"""
import json
import math
from collections.abc import Callable, Mapping

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from vs2.ui.wiring import QUIET, blocks

MOST_TEXT = 20_000      # characters of a field; a prompt may be shorter, which is said where it is judged


class Draft:
    """A page's. Made inside a `gr.Blocks` context, after its fields.

    page: its name. fields: by the name under which each is kept. going: by the name of what can go on at the page, a
    selector of what is there only while it does: of the button that stops it, unless that is disabled.
    """

    def __init__(self, page: str, fields: Mapping[str, Component], going: Mapping[str, str]):
        self.page, self.fields, self.going = page, dict(fields), dict(going)
        self.said = gr.JSON(visible=False)

    def connect(self, address: gr.HTML, restore: Callable, outputs: list) -> Dependency:
        """Keeps the fields from now on; `restore(address, draft, ...)` gives the page's values when it is loaded.

        The event after which all that is done.
        """
        names = json.dumps(list(self.fields))
        keep = (f"(...values) => window.vs2.keep({json.dumps(self.page)}, "
                f"Object.fromEntries({names}.map((name, at) => [name, values[at]])))")
        fields = list(self.fields.values())
        changed = [one.change for one in fields]  # type: ignore[attr-defined]  # each kind of field has it
        gr.on(changed, None, fields, None, js=keep, **QUIET)
        page, going = json.dumps(self.page), json.dumps(self.going)
        return blocks().load(restore, [address, self.said], outputs, **QUIET,
                      js=f"() => [window.vs2.read(), window.vs2.draft({page})]").then(
            None, None, None, js=f"() => window.vs2.begin({page}, {going})", **QUIET)

    def values(self, said: object) -> dict[Component, object]:
        """The fields as they were left, as updates; those that hold something else than they take stay as they are."""
        kept = said if isinstance(said, dict) else {}
        return {field: gr.update(value=kept[name]) for name, field in self.fields.items()
                if name in kept and _fits(field, kept[name])}

    @staticmethod
    def lost(said: object) -> list[str]:
        """What went on when the page was left."""
        kept = said if isinstance(said, dict) else {}
        return [name for which in ("running", "lost") if isinstance(kept.get(which), list)
                for name in kept[which] if isinstance(name, str)]

    @staticmethod
    def names(said: object) -> list[str]:
        """The evaluations that the page showed; ids that are to be checked as those of an address are."""
        kept = said.get("e") if isinstance(said, dict) else None
        return kept if isinstance(kept, list) else []


def _fits(field: Component, value: object) -> bool:
    """Whether a component has such values."""
    if isinstance(field, gr.Checkbox):
        return isinstance(value, bool)
    if isinstance(field, gr.Dropdown | gr.Radio):
        return isinstance(value, str) and value in [choice for _, choice in field.choices]
    if isinstance(field, gr.Slider | gr.Number):
        if value is None:
            return isinstance(field, gr.Number)
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            return False
        least, most = field.minimum, field.maximum
        return (least is None or value >= least) and (most is None or value <= most)
    return isinstance(value, str) and len(value) <= MOST_TEXT

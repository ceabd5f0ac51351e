"""The Evaluate page as its visitor left it: for a reload, or a server that was restarted under an open page."""
from typing import Protocol

import gradio as gr

from vs2.errors import Problem
from vs2.ui import parts, player, text
from vs2.ui.draft import Draft
from vs2.ui.going import Going
from vs2.ui.site import Site
from vs2.ui.text import generate as making

RUN, MAKING = "run", "making"     # what can go on there
GOING = {RUN: "#stop:not([disabled])", MAKING: "#generate-stop:not([disabled])"}


class Page(Protocol):
    """What is needed of the page."""

    site: Site
    draft: Draft
    notice: gr.HTML
    video: gr.HTML
    opens: list

    def underway(self, address: dict | None) -> Going | None: ...

    def open(self, address: dict) -> list: ...


def restored(page: Page, address: dict | None, said: object) -> dict:
    """The page's values: the evaluation that it showed, prompt, clip and settings, and which run was lost."""
    draft, values = page.draft, {}
    if not isinstance(said, dict):
        return {page.notice: gr.skip()}
    names = {"e": draft.names(said)}
    underway = page.underway(names) is not None or bool(page.site.named(names))     # or it has ended meanwhile
    if page.site.ids(names) and (underway or RUN not in draft.lost(said)):
        shown = page.open({**(address or {}), "e": draft.names(said)})
        values = dict(zip(page.opens, shown, strict=True))
    notices = []
    if isinstance(box := said.get("video"), dict) and not values.get(page.video):
        try:
            path, name = player.given(box)
            copy, _ = player.given({"path": box.get("player") or path})
            fps = player.rate(path, box.get("fps"))
            values[page.video] = {"path": path, "name": name, "fps": fps, "player": copy, "checked": True}
        except Problem as problem:
            notices.append(parts.problem(str(problem)))
    values |= draft.values(said)
    lost = draft.lost(said)
    if RUN in lost and not underway:
        notices.append(parts.lost(text.RUN_LOST, "#evaluate"))
    if MAKING in lost:
        notices.append(parts.lost(making.LOST, "#generate-go"))
    if notices:
        values[page.notice] = "".join(notices)
    return values or {page.notice: gr.skip()}

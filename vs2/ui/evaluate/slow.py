"""A judgement by a slow judge on the Evaluate page: it goes on without its visitor, who finds it by its link."""
from collections.abc import Iterator
from html import escape
from typing import Any

import gradio as gr

from vs2.errors import Problem
from vs2.ui import parts, player, text
from vs2.ui.going import Going, Updates
from vs2.ui.history import History
from vs2.ui.host import Host, Run
from vs2.ui.site import Site
from vs2.ui.wiring import QUIET


def link(going: Going) -> str:
    """What stands in the actions' place while it runs: the link, which the address in the browser has, too."""
    one = escape(going.id)
    return (f'<div class="vs-actions-row"><button type="button" class="vs-action" data-link="?e={one}" '
            f'data-kept="{one}" data-done="{text.LINK_COPIED}">{text.LINK}</button></div>')


def stays() -> str:
    """What stands below the status line: that nobody has to sit and wait."""
    return f'<p class="vs-stays">{text.STAYS}</p>'


class Slow:
    """Of the Evaluate page."""

    site: Site
    host: Host
    address: gr.HTML
    history: History
    video: gr.HTML
    prompt: gr.Textbox
    status: gr.HTML
    go: gr.Button
    halt: gr.Button
    actions: gr.HTML
    _runs: dict[str | None, Run]
    _watched: dict[str | None, tuple[Going, bool]]     # by session: what is watched there, and whether it is one's own

    def _results(self) -> list[Any]:
        raise NotImplementedError

    def _outlasting(self, session: str | None, going: Going, work: Updates) -> Updates:
        """Watches work that goes on when the visitor leaves."""
        self.site.going.put(going.id, going)
        going.begin(work)
        yield from self._watch(session, going)

    def _watch(self, session: str | None, going: Going, own: bool = True) -> Updates:
        """own: whether who watches may stop it; whoever has the link may look at it."""
        self._watched[session] = mine = (going, own)
        for update in going.watch(lambda: self._watched.get(session) is mine):      # of two in one window the later one
            yield update if own else update | {self.halt: gr.update(interactive=False)}
        if self._watched.get(session) is mine:
            del self._watched[session]
            yield {self.go: gr.update(interactive=True)}

    def _forget(self, visitor: str, when: float) -> None:
        """Who deletes all of theirs has nothing come to it later."""
        self.site.going.drop(lambda one: one.facts["visitor"] == visitor)

    def _run(self, session: str | None) -> Run | None:
        """What runs in that window, or is watched there: what its Stop ends."""
        if session not in self._watched:
            return self._runs.get(session)
        going, own = self._watched[session]
        return going.facts.get("run") if own else None

    def underway(self, address: dict | None) -> Going | None:
        """The judgement that an address names, where it is not stored yet: it runs, or has ended without scores."""
        ids = self.site.ids(address)
        return self.site.going.get(ids[0]) if len(ids) == 1 and not self.site.named(address) else None

    def connect_following(self, opened) -> None:
        """Follows what an address names: after that event, which opens it."""
        opened.then(self.follow, self.address, [*self._results(), self.history.list],
                    js="() => [window.vs2.read()]", **QUIET)

    def follow(self, address: dict | None, request: gr.Request) -> Iterator[dict]:
        """After the page was loaded, or opened by a link: what the judgement that it names shows from now on."""
        going = self.underway(address)
        if going is None:
            yield {self.status: gr.skip()}
            return
        own = self.site.visitor(address) == going.facts["visitor"]
        yield from self._watch(request.session_hash, going, own)
        yield {self.history.list: self.history.listing(address)}

    def _underway(self, going: Going) -> dict:
        """What stands on the page at once: its clip and its prompt."""
        on = going.ended is None
        given = {self.prompt: going.facts["prompt"], self.actions: link(going) if on else "",
                 self.go: gr.update(interactive=not on)}
        try:
            path, name = player.given(box := going.facts["video"])
            copy, _ = player.given({"path": box.get("player") or path})
            return given | {self.video: {"path": path, "name": name, "fps": box.get("fps"), "player": copy,
                                         "checked": True}}
        except Problem as problem:
            return given | {self.video: None, self.status: parts.problem(str(problem))}

"""A page whose work, where its judge is slow, goes on without its window, and is found again after a reload."""
from collections.abc import Iterator
from typing import Any

import gradio as gr

from vs2.ui.going import Updates, outlasting
from vs2.ui.host import Host
from vs2.ui.site import Site


class Following:
    """Of the page. `_under_way`: what Stop ends, by the session of each window that shows it."""

    NAME: str
    site: Site
    host: Host
    status: gr.HTML

    def __init__(self) -> None:
        self._under_way: dict[str | None, Any] = {}

    def _outlasting(self, work: Updates, judge: str, visitor: str) -> Updates:
        """The updates of `work`, which goes on without a window where that judge is slow and the visitor can come
        back."""
        slow = visitor and self.host.slow(judge)
        return outlasting(self.site.going, (self.NAME, visitor), work, visitor) if slow else work

    def _begun(self, what: Any, visitor: str, session: str | None) -> None:
        """`what` is under way, whichever window shows it."""
        self._under_way[session] = what
        if visitor and (going := self.site.going.running((self.NAME, visitor))):
            going.facts["work"] = what

    def _ended(self, what: Any, visitor: str) -> None:
        if visitor and (going := self.site.going.running((self.NAME, visitor))) and going.facts.get("work") is what:
            del going.facts["work"]
        for key in [key for key, one in self._under_way.items() if one is what]:
            self._under_way.pop(key, None)

    def follow(self, address: dict | None, request: gr.Request) -> Iterator[dict]:
        """After a reload: what goes on here, of a slow judge, from now on."""
        going = self.site.going.running((self.NAME, self.site.visitor(address)))
        if going is None:
            yield {self.status: gr.skip()}
            return
        for update in going.watch():
            if what := going.facts.get("work"):     # not from the first update on: a generator may be loaded before
                self._under_way[request.session_hash] = what
            yield update

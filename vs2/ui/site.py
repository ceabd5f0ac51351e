"""What all pages share: the judge's host, the store, the settings, and who is visiting.

A visitor is a secret that the browser makes and keeps (assets/site.js); whoever knows it sees that history. The
address of a page, `?show=compare&e=ID,ID`, names evaluations by ids that cannot be guessed: a link is a permission.
"""
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import gradio as gr

from vs2.errors import Problem
from vs2.evaluation import Evaluation
from vs2.history.store import Store, Stored
from vs2.settings import Settings
from vs2.ui import text
from vs2.ui.going import All
from vs2.ui.host import Host
from vs2.ui.shelf import Shelf
from vs2.ui.theme import script as script_of

MOST_OPENED = 6  # evaluations that one address may name
_VISITOR = re.compile(r"[0-9a-f]{32}")
_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_log = logging.getLogger("vs2")


@dataclass(frozen=True)
class Site:
    """One app: everything that its pages share.

    going: the work of a slow judge, which outlasts a visitor's connection.
    forgetting, returning: called with a visitor who deletes all, or who takes that back, and when it was deleted.
    """

    host: Host
    store: Store
    settings: Settings
    going: All = field(default_factory=All)
    forgetting: list[Callable[[str, float], object]] = field(default_factory=list)
    returning: list[Callable[[str, float], object]] = field(default_factory=list)

    def shelve(self, name: str) -> Shelf:
        """The folders of one kind of run, which are deleted, and come back, with the rest of what a visitor has."""
        shelf = Shelf(self.store.home, name)
        shelf.purge(time.time() - self.store.undo_seconds)      # what was put away before the server was started
        self.forgetting.append(shelf.discard)
        self.returning.append(shelf.restore)
        self.store.purging.append(shelf.purge)
        return shelf

    @staticmethod
    def visitor(address) -> str:
        """The visitor of an address, "" for a browser that keeps nothing, or that lies."""
        said = address.get("visitor") if isinstance(address, dict) else None
        return said if isinstance(said, str) and _VISITOR.fullmatch(said) else ""

    @staticmethod
    def ids(address) -> list[str]:
        """The evaluations that an address names, in its order, each once and at most `MOST_OPENED`."""
        said = address.get("e") if isinstance(address, dict) else None
        good = [one for one in said if isinstance(one, str) and _ID.fullmatch(one)] if isinstance(said, list) else []
        return list(dict.fromkeys(good))[:MOST_OPENED]

    def named(self, address) -> list[Stored]:
        """Those of them that are still stored."""
        found = (self.store.get(one) for one in self.ids(address))
        return [stored for stored in found if stored is not None]

    def keep(self, evaluation: Evaluation, path: str | Path | None, visitor: str, id: str = "") -> str:
        """Stores an evaluation with the clip that was judged; its id, "" where it could not be stored.

        id: one that was given out while it was judged.

        A judgement that was made is shown even where the disk is full, so nothing is raised; the log has the reason.
        Where only the clip cannot be kept, the evaluation is stored without it.
        """
        for clip in dict.fromkeys((Path(path) if path else None, None)) if visitor else ():
            try:
                return self.store.add(evaluation, visitor, clip, **({"id": id} if id else {}))
            except Problem as problem:
                _log.warning("%s was not kept: %s", "A clip" if clip else "An evaluation", problem)
        return ""


def address() -> gr.HTML:
    """The component whose value is the browser's {visitor, page, e, rule}; `select` says: another page is asked for."""
    script = script_of({"anywhere": text.ANYWHERE}, "site", "draft", "anywhere")
    return gr.HTML(None, html_template='<span hidden></span>', js_on_load=script, apply_default_css=False,
                   elem_id="address", container=False)

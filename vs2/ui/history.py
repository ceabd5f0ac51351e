"""A visitor's own evaluations: listed, opened again, exported and deleted."""
import json
import math
import tempfile
from datetime import datetime, timezone
from html import escape
from pathlib import Path

import gradio as gr
from gradio.utils import get_upload_folder

from vs2 import report
from vs2.errors import BadInput, Problem
from vs2.history.store import Stored
from vs2.rubric import KEYS
from vs2.ui import parts, player, saving, text, whose, withheld
from vs2.ui.scripts import ONE_DELETED, SAVE_FILE
from vs2.ui.site import Site
from vs2.ui.text import duel as duel_text
from vs2.ui.text import report as reporting
from vs2.ui.wiring import QUIET

SHOWN = 30  # evaluations in the list


def row(stored: Stored, own: bool) -> str:
    """One evaluation: a link that opens it, its scores, and, for one's own, a button that deletes it."""
    evaluation = stored.evaluation
    values = {key: evaluation.scores[key].value for key in KEYS}
    digits = " ".join("–" if value is None else str(value) for value in values.values())
    named = escape(text.LIST.join(f"{text.SHORT[key]}: {value or withheld.lacking(evaluation, key)}"
                             for key, value in values.items()))
    when = datetime.fromtimestamp(stored.created, timezone.utc)
    overall = "<b></b>" if evaluation.overall is None else f"<b>{evaluation.overall:.2f}</b>"
    if said := withheld.short(evaluation):
        overall = f"<small>{said}</small>"
    told = saving.button(saving.REPORT, stored.id, reporting.REPORT_OF.format(video=evaluation.video), "vs-mini-action")
    delete = (f'<button type="button" class="vs-quiet" data-delete="{escape(stored.id)}" aria-label="'
              f'{escape(text.DELETE_ONE.format(video=evaluation.video))}">×</button>') if own else ""
    return (f'<li><a data-open href="?e={escape(stored.id)}">'
            f'{parts.name(evaluation.video, "vs-clip-name")}'
            f'<span class="vs-clip-prompt">{escape(evaluation.prompt[:160])}</span></a>'
            f'<span class="vs-digits" title="{named}">{digits}</span>{overall}'
            f'<time datetime="{when.isoformat(timespec="seconds")}">{text.WHEN.format(when=when)} · '
            f'{escape(whose.named(evaluation.model, evaluation.precision))}</time>{told}{delete}</li>')


class History:
    """The list and its buttons. Made inside a `gr.Blocks` context; `listing` refreshes it."""

    def __init__(self, site: Site, address: gr.HTML):
        self.site = site
        with gr.Accordion(text.HISTORY, open=False, elem_classes="vs-settings vs-history-fold"):
            self.list = gr.HTML("", elem_id="history", apply_default_css=False, js_on_load=ONE_DELETED + saving.SAVING)
            self.saver = saving.Saver("history-report")
            with gr.Row(elem_classes="vs-actions-row"):
                self.export = gr.Button(text.EXPORT, size="sm", elem_id="history-export")
                self.file = gr.DownloadButton(visible="hidden", elem_id="history-file")
                self.clear = gr.Button(text.DELETE_ALL, size="sm", elem_id="history-clear")
            with gr.Group(visible=False, elem_classes="vs-sure") as self.sure:
                self.question = gr.HTML("", apply_default_css=False)
                with gr.Row():
                    yes = gr.Button(text.DELETE_YES, size="sm", variant="stop", elem_id="history-clear-yes")
                    no = gr.Button(text.KEEP, size="sm")
        self.list.select(self.drop, address, self.list, **QUIET)
        self.saver.connect(self.list, self.report, [address])
        self.list.submit(self.undo, address, self.list, **QUIET)
        self.clear.click(self.ask, address, [self.sure, self.question], **QUIET)
        no.click(lambda: gr.update(visible=False), None, self.sure, **QUIET)
        yes.click(self.wipe, address, [self.list, self.sure], **QUIET)
        self.export.click(self.save, address, self.file, **QUIET).success(None, None, None, js=SAVE_FILE, **QUIET)

    def _undone(self, visitor: str) -> str:
        """What was deleted last, and the button that takes it back, as long as that can be done."""
        count, seconds = self.site.store.discarded(visitor)
        if not count:
            return ""
        said = text.DELETED.format(count=count, time=parts.duration(60 * math.ceil(seconds / 60)))
        return (f'<p class="vs-undo" role="status"><span>{escape(said)}</span> <button type="button" '
                f'class="vs-action" data-undo="{seconds:.0f}">{text.UNDO}</button></p>')

    def _whose(self, visitor: str) -> str | None:
        return None if self.site.settings.shared_history else visitor

    def listing(self, address: dict | None) -> str:
        """The newest evaluations of the visitor, or everyone's where the app's owner switched that on."""
        visitor = self.site.visitor(address)
        if not visitor:
            return f'<p class="vs-empty">{text.HISTORY_NONE}</p>'
        try:
            found = self.site.store.find(self._whose(visitor), limit=SHOWN)
            count = self.site.store.count(self._whose(visitor))
            undone = self._undone(visitor)
        except Problem as problem:
            return parts.problem(str(problem))
        said = text.HISTORY_SHARED if self.site.settings.shared_history else text.HISTORY_EMPTY
        if not found:
            return f'{undone}<p class="vs-empty">{said}</p>'
        shared = f'<p class="vs-empty">{said}</p>' if self.site.settings.shared_history else ""
        more = text.HISTORY_MORE.format(shown=len(found), count=count) if count > len(found) else ""
        own = not self.site.settings.shared_history
        rows = "".join(row(one, own) for one in found)
        judges = whose.lines((one.evaluation.model, "") for one in found)
        return f'{undone}{shared}<ol class="vs-history">{rows}</ol><p class="vs-empty">{more}</p>{judges}'

    def drop(self, address: dict | None, event: gr.EventData) -> str:
        """Deletes the one whose button was pressed, until that is undone; another's stays, whatever a browser says."""
        one = event._data.get("id") if isinstance(event._data, dict) else None
        if isinstance(one, str) and (visitor := self.site.visitor(address)):
            self.site.store.discard(visitor, [one])
        return self.listing(address)

    def undo(self, address: dict | None) -> str:
        """Takes back the visitor's last deletion."""
        if visitor := self.site.visitor(address):
            when = self.site.store.deleted(visitor)
            for back in self.site.returning if self.site.store.undo(visitor) else ():
                back(visitor, when)
        return self.listing(address)

    def report(self, address: dict | None, event: gr.EventData) -> str:
        """A report of the evaluation whose button was pressed; whoever has its id may see it."""
        one = saving.asked(event)[1]

        def make() -> report.Report:
            found = self.site.named({"e": [one]})
            if not found:
                raise BadInput(text.NOT_KNOWN)
            stored = found[0]
            return report.evaluation(stored.evaluation, self.site.store.clip(stored.clip), knows=whose.knows,
                                     look=player.look, evaluated=datetime.fromtimestamp(stored.created, timezone.utc))

        return self.saver.put(saving.REPORT, make, one and "evaluation")

    def ask(self, address: dict | None) -> tuple:
        """Asks before all is deleted."""
        visitor = self.site.visitor(address)
        count = self.site.store.count(visitor) if visitor else 0
        duels = self.site.store.duels.count(visitor) if visitor else 0
        said = [text.DELETE_SURE_ONE if count == 1 else text.DELETE_SURE.format(count=count)] if count else []
        said += [duel_text.DELETE_ALL.format(count=duels)] if duels else []
        said += [text.DELETE_UNDONE.format(minutes=round(self.site.store.undo_seconds / 60))] if said else []
        return gr.update(visible=bool(said)), "".join(f"<p>{one}</p>" for one in said)

    def wipe(self, address: dict | None) -> tuple:
        """Deletes all that the visitor has, for as long as nobody undoes it."""
        if visitor := self.site.visitor(address):
            when = self.site.store.wipe(visitor)
            for forget in self.site.forgetting:
                forget(visitor, when)
        return self.listing(address), gr.update(visible=False)

    def save(self, address: dict | None) -> str | None:
        """A file of JSON Lines with all that the visitor has."""
        visitor = self.site.visitor(address)
        if not visitor or not self.site.store.count(visitor):
            raise gr.Error(text.NO_EXPORT, print_exception=False)
        folder = Path(tempfile.mkdtemp(dir=get_upload_folder()))
        path = folder / "vs2-history.jsonl"
        with path.open("w", encoding="utf-8", errors="replace") as file:
            for record in self.site.store.export(visitor):
                file.write(json.dumps(whose.noted(record), ensure_ascii=False) + "\n")
        self.file.temp_files.add(str(path))
        return str(path)

"""What of a comparison can be taken away: its JSON, its link, a report and a share card."""
from pathlib import Path

import gradio as gr

from vs2 import report
from vs2.candidates import Failed
from vs2.ui import player, saving, whose
from vs2.ui.compare import board
from vs2.ui.compare.board import Item
from vs2.ui.compare.parts import Row
from vs2.ui.compare.run import LEAST, Made
from vs2.ui.ranking import chosen
from vs2.ui.scripts import COPY
from vs2.ui.site import Site
from vs2.ui.text import compare as text


class Saved:
    """The page's row of actions. Made inside a `gr.Blocks` context."""

    site: Site

    def _row(self, item: Item, prompt: str, made: dict[str, Made]) -> Row:
        raise NotImplementedError   # the page knows its candidates

    def _saved(self) -> None:
        self.actions = gr.HTML("", elem_id="compare-actions", apply_default_css=False, js_on_load=COPY + saving.SAVING)
        self.saver = saving.Saver("compare-file")

    def _connect_saved(self, inputs: list) -> None:
        self.saver.connect(self.actions, self.save, inputs)

    def save(self, value, prompt: str, made: dict[str, Made], rule: str, visual: float | None, alignment: float | None,
             physical: float | None, event: gr.EventData) -> str:
        """A file of the candidates on the board and their ranking: a report, or a share card."""
        def make() -> report.Report:
            items = board.items(value)
            rows = [self._row(item, prompt, made) for item in items]
            if sum(row.evaluation is not None for row in rows) < LEAST:
                raise saving.nothing()
            found = [row.candidate or Failed(row.name, row.prompt, text.NOT_YET) for row in rows]
            return report.comparison(found, [self._clip(item, made) for item in items],
                                     chosen(rule, visual, alignment, physical), knows=whose.knows, look=player.look)

        return self.saver.put(saving.asked(event)[0], make)

    def _clip(self, item: Item, made: dict[str, Made]) -> str | Path | None:
        """The file that a candidate's scores are of, None where it is not kept."""
        done = made.get(item.key)
        if done and (item.again or not item.id):
            return done.asked.video
        stored = self.site.named({"e": [item.id]}) if item.id else []
        return self.site.store.clip(stored[0].clip) if stored else None

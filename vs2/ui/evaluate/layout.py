"""What the Evaluate page is made of, from top to bottom."""
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import gradio as gr

from vs2.evaluation import Evaluation
from vs2.ui import judges, loan, parts, player, text, timeline
from vs2.ui.caps import Caps
from vs2.ui.examples import CHOOSE, buttons, examples
from vs2.ui.generate.maker import Maker
from vs2.ui.generate.studio import Studio
from vs2.ui.history import History
from vs2.ui.host import Host
from vs2.ui.prompt_note import PromptNote
from vs2.ui.rationale import rationale
from vs2.ui.saving import SAVING, Saver
from vs2.ui.scripts import COPY, EARLIER, FOLD, NAMED, SEEK
from vs2.ui.site import Site
from vs2.ui.theme import script as script_of
from vs2.ui.web import web

SURE = 5        # rationales that "How sure is it?" samples


@dataclass(frozen=True)
class Shown:
    """The evaluation on the page, the file of its clip where that is kept, and when it was made."""

    evaluation: Evaluation
    path: Path | None
    when: datetime


class Layout:
    """The page's components. Made inside a `gr.Blocks` context."""

    site: Site
    host: Host
    address: gr.HTML
    studio: Studio

    def _layout(self) -> None:
        self.shown = gr.State(None)     # what a report is made of: a `Shown`, None for nothing
        with gr.Row(elem_classes="vs-page", equal_height=False):
            with gr.Column(scale=5, min_width=280, elem_classes="vs-ask"):
                self.video = player.box("video", "evaluate", self.site.settings.addresses)
                self.prompt = gr.Textbox(label=text.PROMPT, placeholder=text.PROMPT_HINT, lines=3, max_lines=10,
                                         elem_id="prompt")
                self.prompt_note = PromptNote(self.host, "prompt-note")
                self.maker = Maker(self.site, self.studio, self.address)
                if self.host.meanwhile is not None:     # two are on offer: nobody should have to look for that
                    self.judge = judges.box(self.host, "judge", open=True)
                self.notice = gr.HTML("", elem_id="notice", apply_default_css=False)
                with gr.Row(elem_classes="vs-actions"):
                    self.go = gr.Button(text.EVALUATE, variant="primary", size="lg", elem_id="evaluate", scale=3)
                    self.halt = gr.Button(text.STOP, size="lg", interactive=False, elem_id="stop", scale=1,
                                          min_width=88)
                gr.HTML(parts.waits("#evaluate", "#prompt textarea"), elem_id="evaluate-waits", apply_default_css=False)
                self.examples = examples()
                self.chosen = gr.HTML(buttons(self.examples), elem_id="examples", apply_default_css=False,
                                      js_on_load=CHOOSE)
                self._settings()
            with gr.Column(scale=8, min_width=280, elem_classes="vs-answer"):
                self.status = gr.HTML(parts.status(text.IDLE), elem_id="status", apply_default_css=False)
                # Of the scores below; before there are some, the judge that is there. One is shown (assets/whose.css).
                with gr.Column(elem_id="whose"):
                    self.model = gr.HTML("", elem_id="model", apply_default_css=False)
                    self.judged = gr.HTML("", elem_id="judged", apply_default_css=False)
                gr.HTML(parts.earlier(text.EARLIER, "#prompt textarea", "#actions"), elem_id="earlier",
                        apply_default_css=False, js_on_load=EARLIER)
                self.scores = gr.HTML(parts.scores(), elem_id="scores", apply_default_css=False,
                                      js_on_load=script_of({}, "cards"))
                with gr.Row(equal_height=False, elem_classes="vs-why"):
                    with gr.Column(scale=8, min_width=280):
                        self.rationale = gr.HTML(rationale(), elem_id="rationale", apply_default_css=False,
                                                 js_on_load=FOLD)
                    with gr.Column(scale=5, min_width=240, elem_classes="vs-profile"):
                        gr.HTML(f"<h2>{text.PROFILE}</h2>", apply_default_css=False)
                        gr.HTML(web(), apply_default_css=False, elem_classes="vs-web-of")
                        self.radar = gr.Plot(None, show_label=False, container=False, elem_id="radar")
                        with gr.Column(elem_classes="vs-beneath"):
                            self.sure = gr.Button(text.HOW_SURE.format(count=SURE), size="sm", elem_id="sure",
                                                  visible=False)
                            self.actions = gr.HTML("", elem_id="actions", apply_default_css=False,
                                                   js_on_load=COPY + NAMED + SAVING)
                            self.saver = Saver("evaluate-file")
                self.frames = gr.HTML(parts.frames(), elem_id="frames", apply_default_css=False,
                                      js_on_load=SEEK + timeline.stepping())
        # Last: on a phone nothing of it stands between a clip and what is said of it.
        self.history = History(self.site, self.address)

    def _settings(self) -> None:
        with gr.Accordion(text.SETTINGS, open=False, elem_id="settings", elem_classes="vs-settings"):
            if self.host.meanwhile is None:
                self.judge = judges.box(self.host, "judge")
            self.think = gr.Checkbox(True, label=text.THINK, info=text.THINK_HINT, elem_id="think")
            self.budget = gr.Slider(16, 2048, 1024, step=16, label=text.BUDGET, info=text.BUDGET_HINT,
                                    elem_id="budget")
            self.samples = gr.Slider(1, 8, 1, step=1, label=text.SAMPLES, info=text.SAMPLES_HINT, elem_id="samples")
            self.seed = gr.Number(0, label=text.SEED, info=text.SEED_HINT, precision=0, minimum=0)
            self.caps = Caps()
        loan.note(self.think, self.budget, self.samples)

"""What the Batch page is made of, from top to bottom."""
import gradio as gr

from vs2.plots import batch as batch_plots
from vs2.rubric import KEYS
from vs2.ui import charts, judges, loan, parts
from vs2.ui import text as shared
from vs2.ui.batch import parts as pieces
from vs2.ui.batch.parts import Filter
from vs2.ui.caps import Caps
from vs2.ui.compare.parts import SORT
from vs2.ui.examples import examples
from vs2.ui.host import Host
from vs2.ui.saving import Saver
from vs2.ui.text import batch as text
from vs2.ui.text import report as reporting

DIMENSIONS = (*KEYS, batch_plots.OVERALL)


class Layout:
    """The page's components. Made inside a `gr.Blocks` context."""

    host: Host

    def _layout(self) -> None:
        with gr.Row(elem_classes="vs-page", equal_height=False):
            with gr.Column(scale=4, min_width=280, elem_classes="vs-ask"):
                self.box = gr.HTML(None, html_template=pieces.zone(), js_on_load=pieces.script(),
                                   apply_default_css=False, elem_id="batch-files")
                gr.HTML(pieces.how(), apply_default_css=False)
                self.notice = gr.HTML("", elem_id="batch-notice", apply_default_css=False)
                gr.HTML(parts.waits("#batch-go", ""), elem_id="batch-waits", apply_default_css=False)
                with gr.Row(elem_classes="vs-actions"):
                    self.go = gr.Button(text.JUDGE, variant="primary", size="lg", elem_id="batch-go", scale=3)
                    self.halt = gr.Button(shared.STOP, size="lg", interactive=False, elem_id="batch-stop", scale=1,
                                          min_width=88)
                with gr.Row(elem_classes="vs-actions-row"):
                    self.again = gr.Button(text.AGAIN, size="sm", visible=False, elem_id="batch-again")
                    self.example = gr.Button(text.EXAMPLE, size="sm", visible=bool(examples()), elem_id="batch-example")
                self._settings()
            with gr.Column(scale=9, min_width=280, elem_classes="vs-answer"):
                self.status = gr.HTML(self._idle(), elem_id="batch-status", apply_default_css=False)
                self.wrong = gr.HTML("", elem_id="batch-wrong", apply_default_css=False)
                self.filters = gr.HTML({}, html_template=pieces.filters(), js_on_load=pieces.FILTER,
                                       apply_default_css=False, elem_id="batch-filters")
                self.table = gr.HTML(pieces.table(None, Filter()), elem_id="batch-table", apply_default_css=False,
                                     js_on_load=SORT)
                with gr.Row(elem_classes="vs-actions-row"):
                    self.csv = gr.DownloadButton(text.SAVE_CSV, size="sm", interactive=False, elem_id="batch-csv")
                    self.json = gr.DownloadButton(text.SAVE_JSON, size="sm", interactive=False, elem_id="batch-json")
                    self.told = gr.Button(reporting.REPORT_SAVE, size="sm", interactive=False, elem_id="batch-report")
                    self.saver = Saver("batch-file")
                self.by = gr.Dropdown([(reporting.BY_NONE, "")], value="", label=reporting.BY, info=reporting.BY_HINT,
                                      visible=False, elem_id="batch-by")
                self.groups = gr.HTML("", elem_id="batch-groups", apply_default_css=False)
                self._plots()

    def _plots(self) -> None:
        with gr.Row(equal_height=False, elem_classes="vs-batch-plots"):
            with gr.Column(min_width=280):
                gr.HTML(f"<h2>{text.HISTOGRAM}</h2>", apply_default_css=False)
                self.histogram = gr.Plot(charts.histogram([]), show_label=False, container=False,
                                         elem_id="batch-histogram")
                self.uncounted = gr.HTML("", elem_id="batch-uncounted", apply_default_css=False)
            with gr.Column(min_width=280):
                gr.HTML(f"<h2>{text.SCATTER}</h2>", apply_default_css=False)
                self.scatter = gr.Plot(charts.scatter([], [], *DIMENSIONS[:2]), show_label=False, container=False,
                                       elem_id="batch-scatter")
                self.undrawn = gr.HTML("", elem_id="batch-undrawn", apply_default_css=False)
                with gr.Row():
                    choices = [(pieces.labels()[key], key) for key in DIMENSIONS]
                    self.across, self.upwards = (
                        gr.Dropdown(choices, value=key, label=label, elem_id=f"batch-{name}", min_width=130)
                        for key, label, name in zip(DIMENSIONS, (text.ACROSS, text.UPWARDS), ("across", "upwards"),
                                                    strict=False))

    def _settings(self) -> None:
        with gr.Accordion(shared.SETTINGS, open=False, elem_id="batch-settings", elem_classes="vs-settings"):
            self.judge = judges.box(self.host, "batch-judge")
            self.think = gr.Checkbox(True, label=shared.THINK, info=shared.THINK_HINT, elem_id="batch-think")
            self.budget = gr.Slider(16, 2048, 1024, step=16, label=shared.BUDGET, info=shared.BUDGET_HINT,
                                    elem_id="batch-budget")
            self.samples = gr.Slider(1, 8, 1, step=1, label=shared.SAMPLES, info=shared.SAMPLES_HINT,
                                     elem_id="batch-samples")
            self.seed = gr.Number(0, label=shared.SEED, info=shared.SEED_HINT, precision=0, minimum=0)
            self.caps = Caps("batch")
            gr.HTML(f'<p class="vs-empty">{text.SETTINGS_NOTE}</p>', apply_default_css=False)
        loan.note(self.think, self.budget, self.samples, each=True)

    @staticmethod
    def _idle() -> str:
        return parts.status(text.IDLE) + pieces.progress(0, 0)

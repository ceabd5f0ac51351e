"""The Compare page: 2 to 6 candidates judged one after another, ranked, with a winner or a tie and the reason."""
import secrets
import time
from collections.abc import Iterator
from dataclasses import replace
from html import escape

import gradio as gr

from vs2 import candidates
from vs2.candidates import Failed, Rule
from vs2.errors import Problem
from vs2.evaluation import Evaluation
from vs2.options import Options
from vs2.rubric import KEYS
from vs2.ui import charts, given, judges, loan, parts
from vs2.ui import text as shared
from vs2.ui.caps import Caps, limits
from vs2.ui.compare import board, kept
from vs2.ui.compare import parts as pieces
from vs2.ui.compare.board import Board, Item
from vs2.ui.compare.endpoint import Endpoint
from vs2.ui.compare.parts import JUDGING, WAITING, Row
from vs2.ui.compare.run import LEAST, PAUSE, Made, Queue, whole
from vs2.ui.compare.saved import Saved
from vs2.ui.draft import Draft
from vs2.ui.fields import WrongField
from vs2.ui.following import Following
from vs2.ui.going import Updates
from vs2.ui.host import Run
from vs2.ui.judgement import Request
from vs2.ui.progress import Progress
from vs2.ui.prompt_note import PromptNote
from vs2.ui.ranking import Ranking, chosen
from vs2.ui.scripts import EARLIER, PROMPTED
from vs2.ui.site import Site
from vs2.ui.text import compare as text
from vs2.ui.web import web
from vs2.ui.wiring import PRIVATE, QUIET


class ComparePage(Saved, Following, Endpoint):
    """The page's components and what they do. Made inside a `gr.Blocks` context."""

    NAME = "compare"

    def __init__(self, site: Site, address: gr.HTML):
        self.site, self.host, self.address = site, site.host, address
        Following.__init__(self)    # a queue is under way
        self._layout()
        self.opens = [self.board.opened, self.notice, self.prompt, *self.ranking.inputs]
        self._connect()
        self._keep()

    def _layout(self) -> None:
        self.made = gr.State({})  # what this session judged: key on the board -> Made
        with gr.Column(elem_classes="vs-compare vs-answer"):
            self.board = Board(self.site)
            self.told = self.board.told
            with gr.Row(elem_classes="vs-compare-ask", equal_height=False):
                self.prompt = gr.Textbox(label=text.PROMPT, placeholder=shared.PROMPT_HINT, lines=2, max_lines=10,
                                         elem_id="compare-prompt", scale=5, min_width=280)
                with gr.Column(scale=2, min_width=240), gr.Row(elem_classes="vs-actions"):
                    self.go = gr.Button(text.COMPARE, variant="primary", size="lg", elem_id="compare", scale=3,
                                        min_width=120)
                    self.halt = gr.Button(shared.STOP, size="lg", interactive=False, elem_id="compare-stop", scale=1,
                                          min_width=88)
            self.prompt_note = PromptNote(self.host, "compare-prompt-note")
            self.notice = gr.HTML("", elem_id="compare-notice", apply_default_css=False)
            field = "#compare-prompt textarea"
            gr.HTML(parts.waits("#compare", field), elem_id="compare-waits", apply_default_css=False)
            self._settings()
            self.status = gr.HTML(parts.status(shared.IDLE), elem_id="compare-status", apply_default_css=False)
            self.live = gr.HTML("", elem_id="compare-live", apply_default_css=False)
            gr.HTML(parts.earlier(text.EARLIER, field, "#compare-table"), elem_id="compare-earlier",
                    apply_default_css=False, js_on_load=EARLIER)
            self.verdict = gr.HTML(pieces.verdict(None), elem_id="compare-verdict", apply_default_css=False)
            with gr.Row(equal_height=False, elem_classes="vs-why"):
                with gr.Column(scale=8, min_width=280):
                    self.table = gr.HTML(pieces.table([], None), elem_id="compare-table", apply_default_css=False,
                                         js_on_load=pieces.SORT)
                with gr.Column(scale=4, min_width=240, elem_classes="vs-profile"):
                    gr.HTML(f"<h2>{shared.PROFILE}</h2>", apply_default_css=False)
                    gr.HTML(web(), apply_default_css=False, elem_classes="vs-web-of")
                    self.radar = gr.Plot(None, show_label=False, container=False, elem_id="compare-radar")
            self.rationales = gr.HTML("", elem_id="compare-rationales", apply_default_css=False,
                                      js_on_load=pieces.SEEK_ALL)
            self._saved()

    def _settings(self) -> None:
        with gr.Accordion(shared.SETTINGS, open=False, elem_id="compare-settings", elem_classes="vs-settings"):
            self.ranking = Ranking("compare", text.RULE, text.RULE_HINT)
            self.judge = judges.box(self.host, "compare-judge")
            self.think = gr.Checkbox(True, label=shared.THINK, info=shared.THINK_HINT, elem_id="compare-think")
            self.budget = gr.Slider(16, 2048, 1024, step=16, label=shared.BUDGET, info=shared.BUDGET_HINT,
                                    elem_id="compare-budget")
            self.samples = gr.Slider(1, 8, 1, step=1, label=shared.SAMPLES, info=shared.SAMPLES_HINT,
                                     elem_id="compare-samples")
            self.seed = gr.Number(0, label=shared.SEED, info=shared.SEED_HINT, precision=0, minimum=0)
            self.caps = Caps("compare")
        loan.note(self.think, self.budget, self.samples, each=True)

    def _results(self) -> list:
        return [self.told, self.verdict, self.table, self.radar, self.rationales, self.actions]

    def _connect(self) -> None:
        options = [self.think, self.budget, self.samples, self.seed]
        self.outputs = [*self._results(), self.notice, self.status, self.live, self.made, self.go, self.halt]
        gr.on([self.go.click, self.prompt.submit], self.stream,
              [self.board.box, self.prompt, *options, self.judge, self.made, self.address, *self.ranking.inputs,
               *self.caps.fields.values()], self.outputs, trigger_mode="once", **QUIET)
        self.prompt_note.watch(self.prompt, self.judge, [self.board.box.select], board.own_prompts, self.board.box)
        self.halt.click(self.stop, None, None, queue=False, **PRIVATE)
        gr.on([self.board.box.select, *self.ranking.changed()], self.show,
              [self.board.box, self.prompt, self.made, *self.ranking.inputs], self._results(),
              trigger_mode="always_last", **QUIET)
        self._connect_saved([self.board.box, self.prompt, self.made, *self.ranking.inputs])
        self._endpoint(options)

    def _keep(self) -> None:
        """What is on the page comes back with a reload."""
        self.prompt.change(None, None, None, js=PROMPTED, **QUIET)
        rules = dict(zip(("rule", *KEYS), self.ranking.inputs, strict=True))
        self.draft = Draft(self.NAME, {"prompt": self.prompt, **rules, "think": self.think, "budget": self.budget,
                                       "samples": self.samples, "seed": self.seed, "judge": self.judge,
                                       **self.caps.fields}, kept.GOING)

        def restore(address: dict | None, said: object, request: gr.Request) -> dict:
            return kept.restored(self, address, said, request)

        self.draft.connect(self.address, restore, [self.board.opened, self.notice, self.made,
                                                   *self.draft.fields.values()]).then(
            self.follow, self.address, self.outputs, js="() => [window.vs2.read()]", **QUIET)

    def open(self, address: dict) -> list:
        """The evaluations that an address names go on the board: one beside what is there, several in its place, with
        their prompt and rule."""
        return kept.opened(self, address)

    def show(self, value, prompt: str, made: dict, rule: str, visual: float | None, alignment: float | None,
             physical: float | None, request: gr.Request) -> tuple:
        """What is known of the candidates on the board now. Nothing is judged.

        A queue that runs ranks by the rule from now on, and shows it with its next result. A rule that is none ranks
        nothing; its fields say what is wrong with it."""
        try:
            by: Rule | None = chosen(rule, visual, alignment, physical)
        except Problem:
            by = None
        if queue := self._under_way.get(request.session_hash):
            queue.rule = by
            return tuple(gr.skip() for _ in self._results())
        rows = [self._row(item, prompt, made) for item in board.items(value)]
        return tuple(self._shown(rows, by).values())

    def _row(self, item: Item, prompt: str, made: dict) -> Row:
        """A candidate with what is known of it: what this session judged, else what is stored, else nothing."""
        row = Row(item.key, item.name, item.prompt.strip() or prompt)
        done = made.get(item.key)
        if item.problem:
            return replace(row, candidate=Failed(item.name, row.prompt, item.problem))
        if done and (item.again or not item.id):
            return replace(row, prompt=done.asked.prompt, candidate=done.candidate, kept=done.kept,
                           asked=kept.settings(done.asked))
        if item.id and not item.again:
            try:
                stored = self.site.named({"e": [item.id]})
            except Problem as problem:
                return replace(row, candidate=Failed(item.name, row.prompt, str(problem)))
            if not stored:
                return replace(row, candidate=Failed(item.name, row.prompt, shared.NOT_KNOWN))
            evaluation = stored[0].evaluation
            return Row(item.key, evaluation.video, evaluation.prompt, evaluation, stored[0].id)
        return row

    def _shown(self, rows: list[Row], rule: Rule | None, busy: bool = False) -> dict:
        """Values of `_results` for these candidates; a decision only by a rule, where all that runs has ended."""
        judged = sum(row.evaluation is not None for row in rows)
        ended = judged >= LEAST and not busy
        decision = candidates.decide(pieces.compared(rows), rule) if ended and rule is not None else None
        names = [pieces.legend(number, row) for number, row in enumerate(rows, 1)]
        radar = charts.radar([row.evaluation for row in rows], names) if judged else charts.radar([]) if busy else None
        # Each message to the board differs from the one before, else its script would not hear of it.
        told = {"states": pieces.states(rows, decision), "busy": busy, "number": secrets.token_hex(4),
                "rule": "" if rule is None else candidates.written(rule)}
        values = (told, pieces.verdict(decision, rows), pieces.table(rows, decision, rule), radar,
                  pieces.rationales(rows), pieces.actions(rows, decision, rule))
        return dict(zip(self._results(), values, strict=True))

    def stream(self, value, prompt: str, think: bool, budget: int, samples: int, seed: int, judge: str, made: dict,
               address: dict | None, rule: str, visual: float | None, alignment: float | None,
               physical: float | None, request: gr.Request, frames: int | None = None,
               pixels: int | None = None) -> Iterator[dict]:
        """What the Compare button does: judges what is not judged yet, and shows each result as it comes."""
        visitor = self.site.visitor(address)
        try:
            asked = Request("", "", **given.judging(think, budget, samples, seed, *limits(frames, pixels)),
                            visitor=visitor or request.session_hash or "", judge=judge or "")
            queue = self._queue(board.items(value), prompt or "", asked, made)
            queue.rule = chosen(rule, visual, alignment, physical)
        except Problem as problem:
            yield {self.notice: parts.problem(problem)}
            return
        work = self._compared(queue, value, made, visitor, request.session_hash)
        yield from self._outlasting(work, asked.judge, visitor)

    def _compared(self, queue: Queue, value, made: dict, visitor: str, session: str | None) -> Updates:
        self._begun(queue, visitor, session)
        ready = {self.live: "", self.go: gr.update(interactive=True), self.halt: gr.update(interactive=False)}
        keys = [item.key for item in board.items(value)]
        try:
            yield {**self._shown(queue.rows, queue.rule, busy=True), self.notice: "",
                   self.go: gr.update(interactive=False), self.halt: gr.update(interactive=True),
                   self.status: parts.status(shared.READING, (), "busy")}
            todo = list(queue.left)
            for number, n in enumerate(todo, 1):
                if queue.stopped:
                    break
                title = text.QUEUE.format(number=number, count=len(todo), name=queue.rows[n].name)
                yield from self._judge(queue, n, title, len(todo) - number)
                if queue.left_for_others:
                    return
                row = queue.rows[n]
                if row.evaluation:
                    row.kept = self.site.keep(row.evaluation, queue.left[n].video, visitor)
                if row.candidate:
                    row.asked = kept.settings(queue.left[n])
                    made = {**made, keys[n]: Made(queue.left[n], row.candidate, row.kept)}
                row.state = ""
                yield {**self._shown(queue.rows, queue.rule, busy=True), self.made: made}
            for row in queue.rows:
                row.state = ""
            yield {**self._shown(queue.rows, queue.rule), **ready, self.status: self._end(queue, len(todo))}
        except Exception as error:
            for row in queue.rows:
                row.state = ""
            yield {**self._shown(queue.rows, queue.rule), **ready, self.notice: parts.problem(self._sentence(error)),
                   self.status: parts.status(shared.FAILED, (), "failed")}
        finally:  # also when the visitor has gone
            queue.stop()
            self._ended(queue, visitor)

    def _queue(self, items: list[Item], prompt: str, asked: Request, made: dict) -> Queue:
        """The candidates, and what to ask for those that are not judged yet. Raises BadInput for what cannot start."""
        Options(**asked.options)
        if len(items) < LEAST:
            raise WrongField(text.TOO_FEW, board.MORE)
        rows, left = [], {}
        for n, item in enumerate(items):
            rows.append(row := self._row(item, prompt, made))
            if item.problem or (item.id and not item.again):
                continue
            path, own, rate = board.checked(item, prompt, n)
            left[n] = replace(asked, video=path, prompt=own, fps=rate)
            done = made.get(item.key)
            if done and done.asked == left[n] and isinstance(done.candidate, Evaluation):
                del left[n]
            else:
                row.candidate, row.kept, row.state, row.prompt, row.asked = None, "", WAITING, own, None
        return Queue(rows, left)

    def _judge(self, queue: Queue, n: int, title: str, more: int) -> Iterator[dict]:
        """Judges one candidate: updates of the status line and of what is said; the row has the result then."""
        row, asked = queue.rows[n], queue.left[n]
        row.state = JUDGING
        shown = self._shown(queue.rows, queue.rule, busy=True)
        yield {self.told: shown[self.told], self.table: shown[self.table]}
        try:
            queue.run = run = Run(asked, self.host)
            if queue.stopped:  # pressed before there was a run to stop
                run.stop()
            progress, said, last = Progress(run), None, 0.0
            for event in run.events(PAUSE):
                progress.take(event)
                if (now := time.monotonic()) - last >= PAUSE:
                    last = now
                    # Stop each time: a browser may skip all updates but the last.
                    update = {self.status: f'<p class="vs-queue">{escape(title + whole(progress, more))}</p>'
                                           f"{progress.line()}",
                              self.halt: gr.update(interactive=True)}
                    if progress.said != said:
                        said = progress.said
                        update[self.live] = pieces.live(said)
                    yield update
            if progress.evaluation is not None and not run.stopped:
                notes = [note for note in progress.notes if note not in progress.evaluation.warnings]
                row.candidate = replace(progress.evaluation, video=row.name,
                                        warnings=(*notes, *progress.evaluation.warnings))
        except Exception as error:  # the others go on
            row.candidate = Failed(row.name, row.prompt, self._sentence(error))
        finally:
            if queue.run is not None:
                queue.run.stop()

    def _end(self, queue: Queue, asked: int) -> str:
        """The status line when all that runs has ended."""
        seconds = parts.duration(queue.elapsed())
        if queue.stopped:
            return parts.status(text.STOPPED.format(seconds=seconds), (), "stopped")
        if not any(row.evaluation for row in queue.rows):
            return parts.status(text.NONE_JUDGED, (), "failed")
        return parts.status(text.DONE.format(seconds=seconds) if asked else text.KEPT, (), "done")

    def stop(self, request: gr.Request) -> None:
        """What the Stop button does: the queue ends by itself and keeps what was judged."""
        if queue := self._under_way.get(request.session_hash):
            queue.stop()

    def leave(self, request: gr.Request) -> None:
        """Ends a queue of which nothing more is to be shown."""
        if queue := self._under_way.pop(request.session_hash, None):
            queue.left_for_others = True
            queue.stop()

"""The Best of N page: several videos generated for one prompt and judged as they come; the best one, and why."""
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import gradio as gr

from vs2 import best_of, candidates, report
from vs2.best_of import Plan
from vs2.best_of.cost import Rates
from vs2.best_of.stopping import GAIN
from vs2.errors import BadInput, Problem
from vs2.generate import Generator
from vs2.options import Options
from vs2.rubric import KEYS, check_prompt
from vs2.ui import fields, judges, parts, player, saving, whose
from vs2.ui import text as shared
from vs2.ui.best_of import kept
from vs2.ui.best_of import parts as pieces
from vs2.ui.best_of.endpoint import KEEP, LEAST, MOST, PAUSE, REPLIES, Endpoint
from vs2.ui.best_of.left import Left
from vs2.ui.best_of.run import Contest, Line, begin, follow, told
from vs2.ui.caps import Caps, limits
from vs2.ui.draft import Draft
from vs2.ui.following import Following
from vs2.ui.generate.choice import Choice, account
from vs2.ui.generate.maker import notes
from vs2.ui.generate.studio import Studio, Work
from vs2.ui.going import Updates
from vs2.ui.prompt_note import PromptNote
from vs2.ui.ranking import Ranking, chosen
from vs2.ui.site import Site
from vs2.ui.text import best_of as text
from vs2.ui.text import generate as making
from vs2.ui.wiring import PRIVATE, QUIET, blocks


@dataclass(frozen=True)
class Asked:
    """What a run is begun with. token: of the folder in which it goes on, "" for a new one."""

    plan: Plan
    judge: str
    load: Callable[[], Generator]
    token: str = ""


class BestOfPage(Following, Endpoint):
    """The page's components and what they do. Made inside a `gr.Blocks` context."""

    NAME = "best_of"

    def __init__(self, site: Site, address: gr.HTML, studio: Studio | None = None):
        self.site, self.host, self.address, self.studio = site, site.host, address, studio or Studio()
        Following.__init__(self)    # a run and its contest are under way
        self._rates: dict[tuple, Rates] = {}  # what finished runs learned of time, by what they asked for
        self.opens: list = []
        self.shelf = site.shelve("best_of")
        self._layout()
        self._connect()
        self._keep()

    def open(self, address: dict) -> list:
        """What the page shows when it is opened: what it showed."""
        return []

    def _layout(self) -> None:
        self.ended = gr.State(None)     # the contest whose end is shown: what a report is made of
        with gr.Column(elem_classes="vs-best-of vs-answer"):
            with gr.Row(elem_classes="vs-best-ask", equal_height=False):
                with gr.Column(scale=6, min_width=280):
                    self.prompt = gr.Textbox(label=text.PROMPT, placeholder=text.PROMPT_HINT, lines=3, max_lines=10,
                                             elem_id="best-prompt")
                    self.prompt_note = PromptNote(self.host, "best-prompt-note")
                    self.ranking = Ranking("best", text.RULE, text.RULE_HINT)
                with gr.Column(scale=5, min_width=280):
                    self._settings()
            with gr.Row(elem_classes="vs-best-start", equal_height=False):
                self.cost = gr.HTML(pieces.cost(None), elem_id="best-cost", apply_default_css=False)
                with gr.Row(elem_classes="vs-actions"):
                    self.go = gr.Button(text.GO, variant="primary", size="lg", elem_id="best-go", scale=3,
                                        min_width=140)
                    self.halt = gr.Button(text.STOP, size="lg", interactive=False, elem_id="best-stop", scale=1,
                                          min_width=88)
            self.notice = gr.HTML("", elem_id="best-notice", apply_default_css=False)
            self.status = gr.HTML(parts.status(shared.IDLE), elem_id="best-status", apply_default_css=False)
            self.notes = gr.HTML("", elem_id="best-notes", apply_default_css=False)
            self.verdict = gr.HTML(pieces.verdict(None), elem_id="best-verdict", apply_default_css=False)
            with gr.Row(elem_classes="vs-best-actions"):
                self.rest = gr.Button("", size="sm", visible=False, elem_id="best-rest", scale=0, min_width=170)
                self.save = gr.DownloadButton(text.SAVE, size="sm", visible=False, elem_id="best-save", scale=0,
                                              min_width=170)
                self.actions = gr.HTML("", elem_id="best-actions", apply_default_css=False, js_on_load=saving.SAVING)
                self.saver = saving.Saver("best-file")
            self.judged = gr.HTML(whose.lines([]), elem_id="best-judged", apply_default_css=False)
            self.grid = gr.HTML(None, html_template=pieces.template(), js_on_load=pieces.script(),
                                apply_default_css=False, elem_id="best-grid")
            self.live = gr.HTML("", elem_id="best-live", apply_default_css=False)

    def _settings(self) -> None:
        self.count = gr.Slider(LEAST, MOST, 4, step=1, label=text.COUNT, info=text.COUNT_HINT, elem_id="best-count")
        self.choice = Choice("best")
        self._places = {**self.choice.places, "prompt": "#best-prompt textarea",
                        "count": "#best-count input[type=number]"}
        with gr.Accordion(text.OPTIONS, open=False, elem_id="best-options", elem_classes="vs-settings"):
            self.fast = gr.Checkbox(False, label=text.FAST, info=text.FAST_HINT.format(keep=KEEP), elem_id="best-fast")
            self.early = gr.Checkbox(False, label=text.EARLY, info=text.EARLY_HINT.format(gain=GAIN),
                                     elem_id="best-early")
            self.ties = gr.Checkbox(True, label=text.TIES, info=text.TIES_HINT.format(replies=REPLIES),
                                    elem_id="best-ties")
            with gr.Row(elem_classes="vs-two"):
                self.seed = gr.Number(0, label=text.SEED, info=text.SEED_HINT, precision=0, elem_id="best-seed",
                                      min_width=120)
                self.seconds = gr.Number(0, label=making.LENGTH, info=making.LENGTH_HINT, elem_id="best-seconds",
                                         min_width=120)
            self.judge = judges.box(self.host, "best-judge")
            self.think = gr.Checkbox(True, label=shared.THINK, info=shared.THINK_HINT, elem_id="best-think")
            self.budget = gr.Slider(16, 2048, Options.budget, step=16, label=shared.BUDGET, info=shared.BUDGET_HINT,
                                    elem_id="best-budget")
            self.caps = Caps("best")

    def _results(self) -> list:
        return [self.status, self.notes, self.verdict, self.rest, self.save, self.actions, self.judged, self.grid,
                self.live]

    def _connect(self) -> None:
        asked = [self.count, self.seed, self.seconds, *self.ranking.inputs, self.fast, self.early, self.ties,
                 self.think, self.budget]
        outputs = [*self._results(), self.notice, self.go, self.halt, self.ended]
        running = gr.on([self.go.click, self.prompt.submit], self.stream,
                        [self.prompt, *self.choice.inputs, *asked, self.judge, self.address,
                         *self.caps.fields.values()], outputs,
                        trigger_mode="once", **QUIET)
        self.saver.connect(self.actions, self.tell, [self.ended])
        resting = self.rest.click(self.judge_rest, [self.grid, self.address], outputs, trigger_mode="once", **QUIET)
        for one in (running, resting):
            one.then(*self._ready(), queue=False, **PRIVATE)
        self.prompt_note.watch(self.prompt, self.judge)
        self.halt.click(self.stop, None, None, queue=False, **PRIVATE)
        price = self.price, [self.choice.generator, *asked, self.judge, *self.caps.fields.values()], self.cost
        gr.on([blocks().load, *(one.change for one in (
            self.count, self.seconds, self.fast, self.ties, self.think, self.budget, self.choice.generator,
            self.judge, *self.caps.fields.values()))], *price, trigger_mode="always_last", **QUIET)
        running.then(*price, **QUIET)
        self._endpoint()

    def _ready(self) -> tuple:
        """The button can be pressed again. After the run's event: Gradio drops a click before it has counted the run as
        ended."""
        return lambda: gr.update(interactive=True), None, self.go

    def _keep(self) -> None:
        """What is on the page comes back with a reload."""
        rules = dict(zip(("rule", *KEYS), self.ranking.inputs, strict=True))
        self.draft = Draft(self.NAME, {
            "prompt": self.prompt, **rules, "count": self.count, "generator": self.choice.generator, "fast": self.fast,
            "early": self.early, "ties": self.ties, "seed": self.seed, "seconds": self.seconds, "judge": self.judge,
            "think": self.think, "budget": self.budget, **self.caps.fields}, kept.GOING)
        shown = [*self._results(), self.notice]
        self.draft.connect(self.address, self.restore, [*shown, *self.draft.fields.values()]).then(
            self.follow, self.address, [*shown, self.go, self.halt, self.ended], js="() => [window.vs2.read()]",
            **QUIET).then(*self._ready(), queue=False, **PRIVATE)

    @staticmethod
    def _like(generator: str, plan: Plan, judge: str) -> tuple:
        """What runs have in common that take as long for a clip and a judgement."""
        return generator, plan.seconds, plan.size, plan.judging, bool(plan.keep), judge or ""

    def price(self, generator: str, count: int, seed: int, seconds: float | None, rule: str, visual: float,
              alignment: float, physical: float, fast: bool, early: bool, ties: bool, think: bool, budget: int,
              judge: str, frames: int | None = None, pixels: int | None = None) -> Iterator[str]:
        """What the run that the page now asks for will take; why it cannot start, where it cannot."""
        try:
            while (own := self.host.wait(PAUSE)) is None:
                yield pieces.cost(None)
            asked = self.plan(text.PROMPT, generator, count, seed, seconds, candidates.MEAN, fast, early, ties, think,
                              budget, *limits(frames, pixels))
            cuda = getattr(self.host.device, "type", "") == "cuda"
            known = self._rates.get(self._like(generator, asked, judge))
            yield pieces.cost(best_of.forecast(asked, judge or own.name, cuda, known))
        except Problem as problem:
            yield parts.problem(str(problem))

    def stream(self, prompt: str, generator: str, model: str, token: str, count: int, seed: int, seconds: float | None,
               rule: str, visual: float, alignment: float, physical: float, fast: bool, early: bool, ties: bool,
               think: bool, budget: int, judge: str, address: dict | None, request: gr.Request,
               frames: int | None = None, pixels: int | None = None) -> Iterator[dict]:
        """What the button does: candidates as they are generated and judged, until there is a winner or a stop."""
        def asked() -> Asked:
            own = (token or "").strip() or account(request)
            with fields.asked("#best-prompt textarea"):
                check_prompt(prompt or "")
            plan = self.plan(prompt, Choice.named(generator, model, own), count, seed, seconds,
                             chosen(rule, visual, alignment, physical), fast, early, ties, think, budget,
                             *limits(frames, pixels))
            return Asked(plan, judge or "", lambda: self.studio.load(plan.generator, own))

        yield from self._running(asked, judge, address, request)

    def judge_rest(self, grid, address: dict | None, request: gr.Request) -> Iterator[dict]:
        """What the button after a stop does: judges what was made of the run, and makes nothing."""
        def asked() -> Asked:
            run = grid.get("run") if isinstance(grid, dict) else None
            contest = kept.standing(self.shelf, run)
            if contest is None or contest.left is None or not kept.unjudged(contest):
                raise BadInput(text.NOTHING_LEFT)
            plan = kept.rest(contest)
            return Asked(plan, contest.left.judge, lambda: kept.Nothing(plan.generator), contest.token)

        left = Left.of(self.shelf.noted(grid.get("run"))) if isinstance(grid, dict) else None
        yield from self._running(asked, left.judge if left else "", address, request)

    def _running(self, asked: Callable[[], Asked], judge: str, address: dict | None, request: gr.Request) -> Updates:
        visitor = self.site.visitor(address)
        work = self._run(asked, visitor, request.session_hash)
        if not self.site.going.running((self.NAME, visitor)):   # else it is refused, and the first is still found
            work = self._outlasting(work, judge or "", visitor)
        yield from work

    def _run(self, asking: Callable[[], Asked], visitor: str, session: str | None) -> Updates:
        """Updates of the page until a run has ended."""
        contest: Contest | None = None
        work: Work | None = None
        run: best_of.Run | None = None
        under_way: tuple[best_of.Run, Contest] | None = None
        try:
            asked = asking()
            with self.studio.place(visitor or session or ""):
                yield {**self.shown(None), self.status: parts.status(text.STARTING, (), "busy"), self.notice: "",
                       self.go: gr.update(interactive=False)}
                while self.host.wait(PAUSE) is None:
                    yield {self.status: parts.status(text.LOADING, (), "busy")}
                line = Line(self.host, asked.judge, visitor or session or "")
                like = self._like(asked.plan.generator, asked.plan, asked.judge)
                place = asked.token or self.shelf.new(visitor or session or "")
                run, folder = begin(asked.plan, line, asked.load(), self._rates.get(like), self.shelf.find(place))
                contest = Contest(asked.plan, token=place, left=Left.of(self.shelf.noted(place))
                                  or Left(asked.plan, asked.judge, line.name))
                kept.note(self.shelf, contest)
                self._begun(under_way := (run, contest), visitor, session)
                work = Work(lambda stop: follow(run, folder), self.host.log)
                yield {self.halt: gr.update(interactive=True)}
                yield from self._follow(contest, work)
            if learned := run.rates():
                self._rates[like] = learned
            self.store(contest, visitor)
            yield {**self.shown(contest), self.ended: contest, self.halt: gr.update(interactive=False)}
        except Exception as error:
            if contest and run and contest.outcome is None:     # what is finished stays, with its ranking and its files
                contest.take(best_of.Done(run.outcome()))
            yield {**(self.shown(contest) if contest else {}), self.ended: contest,
                   self.notice: parts.problem(self._sentence(fields.placed(error, self._places))),
                   self.status: parts.status(text.FAILED, (), "failed"), self.halt: gr.update(interactive=False)}
        finally:  # also when the visitor has gone
            if work:
                work.stop()
            self._ended(under_way, visitor)
            if contest:
                self.store(contest, visitor)

    def store(self, contest: Contest, visitor: str) -> None:
        """Puts what is judged into the history, and what has become of the run beside its folder."""
        for seat in contest.seats.values():
            if contest.left:
                seat.kept = seat.kept or contest.left.kept.get(seat.number, "")
        contest.keep(lambda evaluation, path: self.site.keep(evaluation, path, visitor))
        try:
            kept.note(self.shelf, contest)
        except Problem as problem:      # a full disk: what is on the page stays there
            self.host.log(problem)

    def restore(self, address: dict | None, said: object) -> Iterator[dict]:
        """For the page's load: what was there before. A run that has just lost its visitor may not have ended yet."""
        yield from kept.restoring(self, address, said)

    def _follow(self, contest: Contest, work: Work) -> Iterator[dict]:
        """Updates while it runs, at most one each `PAUSE` seconds."""
        last = -PAUSE
        for event in work.events(PAUSE):
            self._take(contest, event)
            if contest.outcome is None and contest.elapsed() - last >= PAUSE:
                last = contest.elapsed()
                yield {self.status: pieces.line(contest), self.notes: notes(contest.notes),
                       self.judged: pieces.judges(contest), self.grid: pieces.grid(contest),
                       self.live: pieces.live(contest),
                       self.halt: gr.update(interactive=True)}      # each time: a browser may skip all but the last

    def shown(self, contest: Contest | None) -> dict:
        """Values of `_results` for what has ended; with None, for what has not begun."""
        file = pieces.winner_file(contest) if contest else None
        left = len(kept.unjudged(contest))
        rest = text.REST_ONE if left == 1 else text.REST.format(count=left)
        values = (pieces.end(contest) if contest else parts.status(shared.IDLE),
                  notes(contest.notes if contest else []), pieces.verdict(contest),
                  gr.update(value=rest, visible=left > 0), gr.update(value=file, visible=bool(file)),
                  pieces.actions(contest) if contest else "",
                  pieces.judges(contest), pieces.grid(contest), "")
        return dict(zip(self._results(), values, strict=True))

    def tell(self, contest: Contest | None, event: gr.EventData) -> str:
        """A report of the run that is shown."""
        def make() -> report.Report:
            if contest is None or contest.outcome is None or not contest.outcome.decision.ranking:
                raise saving.nothing()
            paths = {seat.number: seat.player for seat in contest.seats.values() if seat.player}
            return report.make.outcome(told(contest.outcome), paths, knows=whose.knows, look=player.look)

        return self.saver.put(saving.REPORT, make)

    def stop(self, request: gr.Request) -> None:
        """What the Stop button does: the run ends by itself and keeps what is finished."""
        if found := self._under_way.get(request.session_hash):
            run, contest = found
            contest.stopping = True
            run.stop()

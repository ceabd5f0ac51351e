"""The Best of N page: several videos generated for one prompt and judged as they come; the best one, and why."""
import secrets
from collections.abc import Iterator

import gradio as gr

from vs2 import best_of, candidates
from vs2.best_of import Plan
from vs2.best_of.cost import Rates
from vs2.best_of.stopping import GAIN
from vs2.candidates import Rule
from vs2.errors import BadInput, Problem
from vs2.options import Options
from vs2.rubric import check_prompt
from vs2.ui import given, parts, sent, whose
from vs2.ui import text as shared
from vs2.ui.best_of import parts as pieces
from vs2.ui.best_of.run import Contest, Line, Served, begin, follow, told
from vs2.ui.generate.choice import Choice, account
from vs2.ui.generate.maker import notes
from vs2.ui.generate.studio import Studio, Work
from vs2.ui.prompt_note import PromptNote
from vs2.ui.ranking import Ranking, chosen
from vs2.ui.site import Site
from vs2.ui.text import best_of as text
from vs2.ui.text import generate as making
from vs2.ui.wiring import PRIVATE, QUIET, blocks

PAUSE = 0.4         # seconds between updates of the page: with sixteen players on it each costs a browser
LEAST, MOST = 2, 16
KEEP = 3            # candidates that are judged with reasoning after a fast first pass
REPLIES = 4         # sampled ones that break a tie
MOST_CALLS = 2      # runs of scripts at a time


class BestOfPage:
    """The page's components and what they do. Made inside a `gr.Blocks` context."""

    NAME = "best_of"

    def __init__(self, site: Site, address: gr.HTML, studio: Studio | None = None):
        self.site, self.host, self.address, self.studio = site, site.host, address, studio or Studio()
        self._runs: dict[str | None, tuple[best_of.Run, Contest]] = {}  # by visitor's session: Stop finds its run
        self._rates: dict[tuple, Rates] = {}  # what finished runs learned of time, by what they asked for
        self.opens: list = []
        self._layout()
        self._connect()

    def open(self, address: dict) -> list:
        """What the page shows when it is opened: what it showed."""
        return []

    def _layout(self) -> None:
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
                self.save = gr.DownloadButton(text.SAVE, size="sm", visible=False, elem_id="best-save", scale=0,
                                              min_width=170)
                self.actions = gr.HTML("", elem_id="best-actions", apply_default_css=False)
            self.judged = gr.HTML(whose.lines([]), elem_id="best-judged", apply_default_css=False)
            self.grid = gr.HTML(None, html_template=pieces.template(), js_on_load=pieces.script(),
                                apply_default_css=False, elem_id="best-grid")
            self.live = gr.HTML("", elem_id="best-live", apply_default_css=False)

    def _settings(self) -> None:
        self.count = gr.Slider(LEAST, MOST, 4, step=1, label=text.COUNT, info=text.COUNT_HINT, elem_id="best-count")
        self.choice = Choice("best")
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
            self.judge = gr.Dropdown([(shared.JUDGE_DEFAULT, ""), *((name, name) for name in self.host.names)],
                                     value="", label=shared.JUDGE, info=shared.JUDGE_HINT, elem_id="best-judge",
                                     visible=bool(self.host.names))
            self.think = gr.Checkbox(True, label=shared.THINK, info=shared.THINK_HINT, elem_id="best-think")
            self.budget = gr.Slider(16, 2048, Options.budget, step=16, label=shared.BUDGET, info=shared.BUDGET_HINT,
                                    elem_id="best-budget")

    def _results(self) -> list:
        return [self.status, self.notes, self.verdict, self.save, self.actions, self.judged, self.grid,
                self.live]

    def _connect(self) -> None:
        asked = [self.count, self.seed, self.seconds, *self.ranking.inputs, self.fast, self.early, self.ties,
                 self.think, self.budget]
        running = gr.on([self.go.click, self.prompt.submit], self.stream,
                        [self.prompt, *self.choice.inputs, *asked, self.judge, self.address],
                        [*self._results(), self.notice, self.go, self.halt], trigger_mode="once", **QUIET)
        # Only now: Gradio drops a click that comes before it has counted the run as ended.
        running.then(lambda: gr.update(interactive=True), None, self.go, queue=False, **PRIVATE)
        self.prompt_note.watch(self.prompt, self.judge)
        self.halt.click(self.stop, None, None, queue=False, **PRIVATE)
        price = self.price, [self.choice.generator, *asked, self.judge], self.cost
        gr.on([blocks().load, *(one.change for one in (
            self.count, self.seconds, self.fast, self.ties, self.think, self.budget, self.choice.generator,
            self.judge))], *price, trigger_mode="always_last", **QUIET)
        running.then(*price, **QUIET)
        with gr.Row(visible=False):  # the same run for scripts: one call, one record
            generator = gr.Textbox("sketch", label="generator")
            token = gr.Textbox("", type="password", label="token")
            rule = gr.Textbox(candidates.MEAN, label="rule")
            record = gr.JSON(label="best_of")
            call = gr.Button()
        given.strict(prompt=self.prompt, count=self.count, generator=generator, token=token, seed=self.seed,
                     seconds=self.seconds, rule=rule, fast=self.fast, early=self.early, think=self.think,
                     budget=self.budget)
        call.click(self.best_of, [self.prompt, self.count, generator, token, self.seed, self.seconds, rule, self.fast,
                                  self.early, self.think, self.budget], record, api_name="best_of",
                   api_description=text.API, concurrency_limit=MOST_CALLS)

    @staticmethod
    def plan(prompt: str, generator: str, count: int, seed: int, seconds: float | None, rule: Rule, fast: bool,
             early: bool, ties: bool, think: bool, budget: int) -> Plan:
        """What is asked for. Raises BadInput."""
        count, seed = given.whole("count", count, 0), given.whole("seed", seed, 0)
        fast, early, ties = (given.truth(*one, False) for one in (("fast", fast), ("early", early), ("ties", ties)))
        if not LEAST <= count <= MOST:
            raise BadInput(text.RANGE.format(count=count, least=LEAST, most=MOST))
        if fast and not think:
            raise BadInput(text.FAST_THINKS)
        judging = Options(think=think, budget=given.whole("budget", budget))
        return Plan(prompt, count, generator, seed, given.number("seconds", seconds, 0) or None, rule=rule,
                    judging=judging, keep=KEEP if fast and count > KEEP else 0,
                    replies=REPLIES if ties else 0, gain=GAIN if early else None)

    @staticmethod
    def _like(generator: str, plan: Plan, judge: str) -> tuple:
        """What runs have in common that take as long for a clip and a judgement."""
        return generator, plan.seconds, plan.size, plan.judging, bool(plan.keep), judge or ""

    def price(self, generator: str, count: int, seed: int, seconds: float | None, rule: str, visual: float,
              alignment: float, physical: float, fast: bool, early: bool, ties: bool, think: bool, budget: int,
              judge: str) -> Iterator[str]:
        """What the run that the page now asks for will take; why it cannot start, where it cannot."""
        try:
            while (own := self.host.wait(PAUSE)) is None:
                yield pieces.cost(None)
            asked = self.plan(text.PROMPT, generator, count, seed, seconds, candidates.MEAN, fast, early, ties, think,
                              budget)
            cuda = getattr(self.host.device, "type", "") == "cuda"
            known = self._rates.get(self._like(generator, asked, judge))
            yield pieces.cost(best_of.forecast(asked, judge or own.name, cuda, known))
        except Problem as problem:
            yield parts.problem(str(problem))

    def stream(self, prompt: str, generator: str, model: str, token: str, count: int, seed: int, seconds: float | None,
               rule: str, visual: float, alignment: float, physical: float, fast: bool, early: bool, ties: bool,
               think: bool, budget: int, judge: str, address: dict | None, request: gr.Request) -> Iterator[dict]:
        """What the button does: candidates as they are generated and judged, until there is a winner or a stop."""
        session, visitor = request.session_hash, self.site.visitor(address)
        contest: Contest | None = None
        work: Work | None = None
        run: best_of.Run | None = None
        try:
            own = (token or "").strip() or account(request)
            asked = self.plan(check_prompt(prompt or ""), Choice.named(generator, model, own), count, seed, seconds,
                              chosen(rule, visual, alignment, physical), fast, early, ties, think, budget)
            with self.studio.place(visitor or session or ""):
                yield {**self._shown(None), self.status: parts.status(text.STARTING, (), "busy"), self.notice: "",
                       self.go: gr.update(interactive=False)}
                while self.host.wait(PAUSE) is None:
                    yield {self.status: parts.status(text.LOADING, (), "busy")}
                run, folder = begin(asked, Line(self.host, judge or "", visitor or session or ""),
                                    self.studio.load(asked.generator, own),
                                    self._rates.get(like := self._like(generator, asked, judge)))
                contest = Contest(asked)
                self._runs[session] = run, contest
                work = Work(lambda stop: follow(run, folder), self.host.log)
                yield {self.halt: gr.update(interactive=True)}
                yield from self._follow(contest, work)
            if learned := run.rates():
                self._rates[like] = learned
            contest.keep(lambda evaluation, path: self.site.keep(evaluation, path, visitor))
            yield {**self._shown(contest), self.halt: gr.update(interactive=False)}
        except Exception as error:
            if contest and run and contest.outcome is None:     # what is finished stays, with its ranking and its files
                contest.take(best_of.Done(run.outcome()))
            yield {**(self._shown(contest) if contest else {}), self.notice: parts.problem(self._sentence(error)),
                   self.status: parts.status(text.FAILED, (), "failed"), self.halt: gr.update(interactive=False)}
        finally:  # also when the visitor has gone
            if work:
                work.stop()
            if (mine := self._runs.get(session)) and mine[0] is run:
                del self._runs[session]
            if contest:
                contest.keep(lambda evaluation, path: self.site.keep(evaluation, path, visitor))

    def _take(self, contest: Contest, event) -> None:
        """One event of a run; a copy that is served is deleted when uploads are."""
        contest.take(event)
        if isinstance(event, Served):
            self.save.temp_files.add(event.path)
        if isinstance(event, best_of.Lost) and event.problem.__cause__ is not None:
            self.host.log(event.problem.__cause__)

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

    def _shown(self, contest: Contest | None) -> dict:
        """Values of `_results` for what has ended; with None, for what has not begun."""
        file = pieces.winner_file(contest) if contest else None
        values = (pieces.end(contest) if contest else parts.status(shared.IDLE),
                  notes(contest.notes if contest else []), pieces.verdict(contest),
                  gr.update(value=file, visible=bool(file)), pieces.actions(contest) if contest else "",
                  pieces.judges(contest), pieces.grid(contest), "")
        return dict(zip(self._results(), values, strict=True))

    def _sentence(self, error: Exception) -> str:
        """What to say of it: a Problem says it itself; the log keeps the traceback of anything else."""
        if isinstance(error, Problem):
            return str(error)
        self.host.log(error)
        return making.FAILED.format(kind=type(error).__name__)

    def stop(self, request: gr.Request) -> None:
        """What the Stop button does: the run ends by itself and keeps what is finished."""
        if found := self._runs.get(request.session_hash):
            run, contest = found
            contest.stopping = True
            run.stop()

    def best_of(self, prompt: str, count: int = 4, generator: str = "sketch", token: str = "", seed: int = 0,
                seconds: float = 0, rule: str = candidates.MEAN, fast: bool = False, early: bool = False,
                think: bool = True, budget: int = Options.budget,
                request: gr.Request | None = None) -> Iterator[dict | None]:
        """The endpoint `/best_of`: the whole run as JSON, after it has ended. Nothing is stored.

        Parameters:
            prompt: what the videos should show.
            count: how many to generate, 2 to 16.
            generator: sketch, diffusers:ID or provider:NAME/OWNER/MODEL, as far as this server can run it.
            token: your own token, for a provider; it is used for this call alone.
            seed: of the first candidate; each further one has the next.
            seconds: length of each video, or 0 for the generator's own.
            rule: what ranks them: mean, worst, a dimension's key, or weights as in visual_quality=2,text_alignment=1.
            fast: whether to score all without reasoning first, and only the best three with it.
            early: whether to end before `count` when more candidates promise little.
            think: whether to reason before scoring; without, the scores come at once.
            budget: the most tokens of reasoning for each video.
        """
        work: Work | None = None
        who = request and request.session_hash or secrets.token_hex(8)
        try:
            own = (token or "").strip() or account(request)
            asked = self.plan(check_prompt(prompt or ""), Choice.checked(generator, own), count, seed, seconds,
                              candidates.parse_rule(rule), fast, early, True, think, budget)
            with self.studio.place(who):
                while self.host.wait(PAUSE) is None:
                    yield None
                run, folder = begin(asked, Line(self.host, "", who), self.studio.load(asked.generator, own))
                contest, work = Contest(asked), Work(lambda stop: follow(run, folder), self.host.log)
                for event in work.events(1):
                    self._take(contest, event)
                    yield None  # nothing yet: here Gradio ends the call of a client that has gone
            if contest.outcome is not None:     # else nobody waits any more
                record = told(contest.outcome).to_dict()
                for number, one in enumerate(record["candidates"]):
                    one["file"] = one["file"] and sent.SERVED + contest.seat(number).player
                yield record
        except Exception as error:
            raise gr.Error(self._sentence(error), print_exception=False) from error
        finally:
            if work:
                work.stop()

"""The Evaluate page: one video, its prompt, the judge's reasoning as it comes, three scores."""
import csv
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import gradio as gr

from vs2 import events, plots
from vs2.errors import BadInput, Problem
from vs2.evaluation import Evaluation
from vs2.ui import parts, player, text
from vs2.ui.host import Host, Request, Run, clock
from vs2.ui.scripts import FOLLOW, SEEK
from vs2.ui.theme import ASSETS

PAUSE = 0.1     # seconds between updates of the page while text comes
TICK = 0.25     # and while only the clock moves
MOST_CALLS = 8  # calls from scripts that run or stand in the judge's line; others wait in the server's queue


class Progress:
    """What is known of a run so far, and the status line that says it."""

    def __init__(self, run: Run):
        self.run, self.elapsed = run, clock()
        self.stage = text.READING if run.host.loaded else text.LOADING
        self.said, self.tokens, self.notes = "", 0, []
        self.clip = self.scores = self.evaluation = None
        self._thinking: float | None = None

    def take(self, event) -> None:
        """One event of the judge."""
        if isinstance(event, events.Reading):
            self.stage = text.READING
        elif isinstance(event, events.FramesRead):
            self.stage, self.clip = text.LOOKING if self.run.request.think else text.SCORING, event.clip
        elif isinstance(event, events.Thought):
            self._thinking = self.elapsed() if self._thinking is None else self._thinking
            self.stage, self.said, self.tokens = text.THINKING, self.said + event.text, event.tokens
        elif isinstance(event, events.Retry):
            self.said, self.tokens, self._thinking = "", 0, None
            self.notes.append(event.reason)
        elif isinstance(event, events.Scored):
            self.stage, self.scores = text.SCORING, event.scores
        elif isinstance(event, Evaluation):
            self.evaluation = event

    def line(self) -> str:
        """The status line now."""
        detail = [parts.duration(self.elapsed())]
        if self.tokens:
            detail.insert(0, text.TOKENS.format(tokens=self.tokens))
            spent = self.elapsed() - self._thinking
            if spent > 0.5 and self.stage == text.THINKING:
                detail.insert(1, text.RATE.format(rate=round(self.tokens / spent)))
        stage = self.stage
        if ahead := self.run.ahead():
            stage = text.WAITING_ONE if ahead == 1 else text.WAITING.format(ahead=ahead)
        return parts.status(stage, tuple(detail), "busy")


class EvaluatePage:
    """The page's components and what they do. Made inside a `gr.Blocks` context."""

    def __init__(self, host: Host):
        self.host = host
        self._runs: dict[str, Run] = {}  # by visitor's session, so that Stop finds its run
        self._layout()
        self._connect()

    def _layout(self) -> None:
        with gr.Row(elem_classes="vs-page", equal_height=False):
            with gr.Column(scale=5, min_width=280, elem_classes="vs-ask"):
                self.video = player.box("video")
                self.prompt = gr.Textbox(label=text.PROMPT, placeholder=text.PROMPT_HINT, lines=3, max_lines=10,
                                         elem_id="prompt")
                self.notice = gr.HTML("", elem_id="notice", apply_default_css=False)
                with gr.Row(elem_classes="vs-actions"):
                    self.go = gr.Button(text.EVALUATE, variant="primary", size="lg", elem_id="evaluate", scale=3)
                    self.halt = gr.Button(text.STOP, size="lg", interactive=False, elem_id="stop", scale=1,
                                          min_width=88)
                self._settings()
                self._examples()
            with gr.Column(scale=8, min_width=280, elem_classes="vs-answer"):
                self.status = gr.HTML(parts.status(text.IDLE), elem_id="status", apply_default_css=False)
                self.scores = gr.HTML(parts.scores(), elem_id="scores", apply_default_css=False)
                with gr.Row(elem_classes="vs-beneath"):
                    self.model = gr.HTML("", elem_id="model", apply_default_css=False)
                    self.download = gr.HTML("", elem_id="download", apply_default_css=False)
                with gr.Row(equal_height=False, elem_classes="vs-why"):
                    with gr.Column(scale=8, min_width=280):
                        self.rationale = gr.HTML(parts.rationale(), elem_id="rationale", apply_default_css=False,
                                                 js_on_load=FOLLOW)
                    with gr.Column(scale=5, min_width=240, elem_classes="vs-profile"):
                        gr.HTML(f"<h2>{text.PROFILE}</h2>", apply_default_css=False)
                        self.radar = gr.Plot(plots.radar([]), show_label=False, container=False, elem_id="radar")
                self.frames = gr.HTML(parts.frames(), elem_id="frames", apply_default_css=False, js_on_load=SEEK)

    def _settings(self) -> None:
        with gr.Accordion(text.SETTINGS, open=False, elem_classes="vs-settings"):
            self.think = gr.Checkbox(True, label=text.THINK, info=text.THINK_HINT, elem_id="think")
            self.budget = gr.Slider(16, 2048, 1024, step=16, label=text.BUDGET, info=text.BUDGET_HINT,
                                    elem_id="budget")
            self.samples = gr.Slider(1, 8, 1, step=1, label=text.SAMPLES, info=text.SAMPLES_HINT)
            self.seed = gr.Number(0, label=text.SEED, info=text.SEED_HINT, precision=0, minimum=0)

    def _examples(self) -> None:
        self.examples: list[tuple[gr.Button, dict]] = []
        if shown := examples():
            gr.HTML(f'<h2 class="vs-examples-title">{text.EXAMPLES}</h2>', apply_default_css=False)
            with gr.Row(elem_classes="vs-examples"):
                self.examples = [(gr.Button(row["shows"] or row["prompt"], size="sm", min_width=120), row)
                                 for row in shown]

    def _results(self) -> list:
        return [self.status, self.notice, self.scores, self.rationale, self.radar, self.frames, self.download,
                self.go, self.halt]

    def _blank(self, running: bool = False) -> tuple:
        """Values for `_results` that show nothing of an earlier video."""
        stage = text.IDLE if not running else text.READING if self.host.loaded else text.LOADING
        status = parts.status(stage, (), "busy" if running else "idle")
        return (status, "", parts.scores(), parts.rationale(live=running), plots.radar([]), parts.frames(), "",
                gr.update(interactive=not running), gr.update(interactive=running))

    def _connect(self) -> None:
        private = {"api_visibility": "private", "show_progress": "hidden"}
        asked = [self.video, self.prompt, self.think, self.budget, self.samples, self.seed]
        running = gr.on([self.go.click, self.prompt.submit], self.stream, asked, self._results(), trigger_mode="once",
                        concurrency_limit=None, **private)
        self.halt.click(self.stop, None, None, queue=False, **private)
        # A new video ends what runs on the old one, and takes the old results off the page. It may come while the
        # one before is still prepared: then both are, and the box keeps the answer about its own.
        anew = {**private, "trigger_mode": "multiple"}
        self.video.upload(self.forget, None, self._results(), cancels=running, queue=False, **anew).then(
            lambda value: player.prepare(value, self.video), self.video, self.video, concurrency_limit=2, **anew)
        self.video.clear(self.forget, None, self._results(), cancels=running, queue=False, **anew)
        for button, row in self.examples:
            button.click(self.choosing(row), None, [self.video, self.prompt, *self._results()], cancels=running,
                         **private)
        with gr.Row(visible=False):  # the same judgement for scripts: one call, one record
            file = gr.File(label="video", file_count="single", type="filepath")
            record = gr.JSON(label="evaluation")
            call = gr.Button()
        call.click(self.call, [file, self.prompt, self.think, self.budget, self.samples, self.seed], record,
                   api_name="evaluate", api_description=text.API_EVALUATE, concurrency_limit=MOST_CALLS)

    def show_model(self) -> Iterator[str]:
        """For the page's load: which judge this is, as soon as it is loaded."""
        try:
            while (judge := self.host.wait(0.5)) is None:
                yield parts.status(text.LOADING, (), "busy")
            yield parts.model(judge.name, judge.precision, judge.card)
        except Problem as problem:
            yield parts.problem(str(problem))

    def stream(self, video: dict | None, prompt: str, think: bool, budget: int, samples: int, seed: int,
               request: gr.Request) -> Iterator[dict]:
        """What the Evaluate button does: updates of the page until there are scores, a problem, or a stop."""
        try:
            path, name = player.given(video)
            if not (prompt or "").strip():
                raise BadInput(text.NO_PROMPT)
        except Problem as problem:
            yield {self.notice: parts.problem(str(problem))}
            return
        yield dict(zip(self._results(), self._blank(running=True), strict=True))
        run = progress = None
        ready = {self.go: gr.update(interactive=True), self.halt: gr.update(interactive=False)}
        try:
            run = Run(Request(path, prompt, think, int(budget), int(samples), int(seed or 0)), self.host)
            self._runs[request.session_hash] = run
            progress = Progress(run)
            yield from self._follow(progress)
            ended = progress.evaluation is not None and not run.stopped
            yield {**(self._done(progress, name) if ended else self._stopped(progress)), **ready}
        except Exception as error:
            yield {self.notice: parts.problem(self._sentence(error)),
                   self.status: parts.status(text.FAILED, (), "failed"),
                   self.rationale: parts.rationale(progress.said if progress else ""), **ready}
        finally:  # also when the visitor has gone
            if run:
                run.stop()
            if self._runs.get(request.session_hash) is run:
                self._runs.pop(request.session_hash, None)

    def _sentence(self, error: Exception) -> str:
        """What to say of it: a Problem says it itself; the log keeps the traceback of anything else."""
        if isinstance(error, Problem):
            return str(error)
        self.host.log(error)
        return text.UNEXPECTED.format(kind=type(error).__name__)

    def _follow(self, progress: Progress) -> Iterator[dict]:
        shown, clip, last = None, None, 0.0
        for event in progress.run.events(PAUSE):
            progress.take(event)
            now = time.monotonic()
            if now - last < (PAUSE if event is not None else TICK):
                continue
            last = now
            update = {self.status: progress.line()}
            if progress.said != shown:
                shown = progress.said
                update[self.rationale] = parts.rationale(shown, live=True)
            if progress.clip is not clip:
                clip = progress.clip
                update[self.frames] = parts.frames(clip)
            yield update

    def _stopped(self, progress: Progress) -> dict:
        stage = text.STOPPED.format(seconds=parts.duration(progress.elapsed()))
        update = {self.status: parts.status(stage, (), "stopped"), self.rationale: parts.rationale(progress.said)}
        if progress.clip is not None:
            update[self.frames] = parts.frames(progress.clip)
        return update

    def _done(self, progress: Progress, name: str) -> dict:
        evaluation = replace(progress.evaluation, video=name)  # the visitor's name for it, not our folder
        notes = list(dict.fromkeys([*progress.notes, *evaluation.warnings]))
        if evaluation.truncated:
            notes.append(text.TRUNCATED)
        others = tuple(str(sample.get("rationale", "")) for sample in evaluation.samples[1:])
        empty = text.RATIONALE_SILENT if progress.run.request.think else text.RATIONALE_NONE
        stage = text.DONE.format(seconds=parts.duration(progress.elapsed()))
        detail = (text.TOKENS.format(tokens=evaluation.tokens),) if evaluation.tokens else ()
        return {
            self.status: parts.status(stage, detail, "done"),
            self.scores: parts.scores(evaluation.scores, evaluation.overall),
            self.rationale: parts.rationale(evaluation.rationale, empty=empty, others=others, notes=tuple(notes)),
            self.radar: plots.radar([evaluation], [name]),
            self.frames: parts.frames(progress.clip),
            self.download: parts.download(evaluation),
        }

    def stop(self, request: gr.Request) -> None:
        """What the Stop button does: the run ends by itself and keeps what was said."""
        if run := self._runs.get(request.session_hash):
            run.stop()

    def forget(self, request: gr.Request) -> tuple:
        """Ends a run and empties the results: they were about another video."""
        self.stop(request)
        return self._blank()

    def choosing(self, row: dict):
        """What an example's button does: its clip and its prompt, and no results yet."""
        def choose(request: gr.Request) -> tuple:  # a function of its own: Gradio gives no request to a partial
            return (player.example(row["file"], self.video), row["prompt"], *self.forget(request))

        return choose

    def call(self, video: str, prompt: str, think: bool, budget: int, samples: int, seed: int) -> Iterator[dict | None]:
        """The endpoint `/evaluate`: the whole evaluation as JSON, after it has ended.

        Parameters:
            video: the file to judge.
            prompt: the text that the video was generated from.
            think: whether to reason before scoring; without, the scores come at once.
            budget: the most tokens of reasoning.
            samples: how many rationales to draw; with several, confidence is given.
            seed: of the sampling; one rationale is always the same.
        """
        if not video:
            raise gr.Error(text.NO_VIDEO, print_exception=False)
        run, told = None, time.monotonic()
        try:
            run = Run(Request(video, prompt or "", think, int(budget), int(samples), int(seed or 0)), self.host)
            for event in run.events(TICK):
                if isinstance(event, Evaluation):
                    yield replace(event, video=Path(video).name).to_dict()
                elif time.monotonic() - told >= 1:  # nothing yet: here Gradio ends the call of a client that has gone
                    told = time.monotonic()
                    yield None
        except Exception as error:
            raise gr.Error(self._sentence(error), print_exception=False) from error
        finally:
            if run:
                run.stop()


def examples(folder: Path = ASSETS / "examples") -> list[dict]:
    """The rows of `examples.csv` (file, prompt, shows) with `file` as a path; none where there is no such file."""
    table = folder / "examples.csv"
    if not table.exists():
        return []
    with table.open(encoding="utf-8", newline="") as lines:
        return [{**row, "file": str(folder / Path(row["file"]).name)} for row in csv.DictReader(lines)]

"""The Evaluate page: a video, uploaded or generated, its prompt, the judge's reasoning as it comes, three scores."""
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import gradio as gr

from vs2 import report
from vs2.errors import BadInput, Problem
from vs2.evaluation import Evaluation
from vs2.history.store import Stored
from vs2.rubric import check_prompt
from vs2.ui import charts, fields, given, judges, parts, player, saving, text, whose, withheld
from vs2.ui.caps import limits
from vs2.ui.draft import Draft
from vs2.ui.evaluate import kept
from vs2.ui.evaluate.endpoint import TICK, Endpoint
from vs2.ui.evaluate.layout import SURE, Layout, Shown
from vs2.ui.evaluate.slow import Slow, link, stays
from vs2.ui.fields import WrongField
from vs2.ui.generate.studio import Studio
from vs2.ui.going import Going, Updates
from vs2.ui.host import Run
from vs2.ui.judgement import Request
from vs2.ui.progress import Progress
from vs2.ui.rationale import Times, rationale, samples
from vs2.ui.scripts import PROMPTED
from vs2.ui.site import Site
from vs2.ui.text import generate as making
from vs2.ui.wiring import PRIVATE, QUIET
from vs2.video.sampling import Sampling

PROMPT = "#prompt textarea"
PAUSE = 0.1     # seconds between updates of the page while text comes


class EvaluatePage(Layout, Slow, Endpoint):
    """What the page's components do. Made inside a `gr.Blocks` context."""

    NAME = "evaluate"

    def __init__(self, site: Site, address: gr.HTML, studio: Studio | None = None):
        self.site, self.host, self.address, self.studio = site, site.host, address, studio or Studio()
        self._runs: dict[str | None, Run] = {}  # by visitor's session, so that Stop finds its run
        self._watched = {}
        site.forgetting.append(self._forget)
        self._layout()
        self.opens = [self.history.list, self.video, self.prompt, *self._results()]
        self._connect()

    def _results(self) -> list:
        return [self.status, self.notice, self.judged, self.scores, self.rationale, self.radar, self.frames,
                self.actions, self.sure, self.shown, self.go, self.halt]

    def _blank(self, running: bool = False, judge: str = "") -> dict:
        """Values for `_results` that show nothing of an earlier video."""
        stage = text.IDLE if not running else text.READING if self.host.has(judge) else text.LOADING
        chart = charts.radar([]) if running else None       # what draws it is fetched while the judge thinks
        values = (parts.status(stage, (), "busy" if running else "idle"), "", "", parts.scores(),
                  rationale(live=running), chart, parts.frames(), "", gr.update(visible=False), None,
                  gr.update(interactive=not running), gr.update(interactive=running))
        return dict(zip(self._results(), values, strict=True))

    def _connect(self) -> None:
        asked = [self.video, self.prompt, self.think, self.budget, self.samples, self.seed, self.judge, self.address,
                 *self.caps.fields.values()]
        running = gr.on([self.go.click, self.prompt.submit], self.stream, asked, self._results(),
                        trigger_mode="once", **QUIET)
        several = [gr.State(SURE) if one is self.samples else one for one in asked]     # the setting stays as it is
        unsure = self.sure.click(self.stream, several, self._results(), trigger_mode="once", **QUIET)
        for ended in (running, unsure):
            # Only now: Gradio drops a click that comes before it has counted the run as ended.
            ended.then(lambda: gr.update(interactive=True), None, self.go, queue=False, **PRIVATE)
            ended.then(self.history.listing, self.address, self.history.list, **QUIET)
        self.prompt_note.watch(self.prompt, self.judge)
        self.prompt.change(None, None, None, js=PROMPTED, **QUIET)
        self.draft = Draft(self.NAME, {
            "prompt": self.prompt, "think": self.think, "budget": self.budget, "samples": self.samples,
            "seed": self.seed, "judge": self.judge, **self.caps.fields,
            "generator": self.maker.choice.generator,
            "making_seed": self.maker.seed, "making_seconds": self.maker.seconds}, kept.GOING)
        restored = self.draft.connect(self.address, lambda address, said: kept.restored(self, address, said),
                                      list(dict.fromkeys([*self.opens, *self.draft.fields.values()])))
        self.connect_following(restored)
        self.halt.click(self.stop, None, None, queue=False, **PRIVATE)
        # A new video ends what runs on the old one, and takes the old results off the page. It may come while the
        # one before is still prepared: then both are, and the box keeps the answer about its own.
        ends = [running, unsure]
        self.video.upload(self.replaced, None, self._results(), cancels=ends, queue=False, trigger_mode="multiple",
                          **PRIVATE).then(
            # How many clips are looked at is the desk's matter (vs2/ui/desk.py): a visitor's second clip need not wait
            # for the first.
            lambda value: player.prepare(value, self.video), self.video, self.video, trigger_mode="multiple",
            **QUIET)
        self.video.clear(self.forget, None, self._results(), cancels=ends, queue=False, trigger_mode="multiple",
                         **PRIVATE)
        tried = self.chosen.select(self.choose, None, [self.video, self.prompt, *self._results()], cancels=ends,
                                   trigger_mode="multiple", queue=False, **PRIVATE)
        judged = tried.success(self.stream, asked, self._results(), trigger_mode="multiple", **QUIET)
        judged.then(lambda: gr.update(interactive=True), None, self.go, queue=False, **PRIVATE)
        judged.then(self.history.listing, self.address, self.history.list, **QUIET)
        self.maker.connect(self.prompt, self.video, [self.video, *self._results()],
                           lambda value: {self.video: value, **self._blank()}, lambda session: session in self._runs)
        self.saver.connect(self.actions, self.save, [self.shown])
        self._endpoint()

    def show_model(self) -> Iterator[str]:
        """For the page's load: which judge this is."""
        yield from judges.shown(self.host)

    def open(self, address: dict) -> list:
        """What the page shows when it is opened from an address: the evaluation named there, else what it showed."""
        listed = self.history.listing(address)
        if not self.site.ids(address):
            return [listed, *(gr.skip() for _ in self.opens[1:])]
        values = dict.fromkeys(self.opens, gr.skip()) | {self.history.list: listed} | self._blank()
        try:
            if found := self.site.named(address):
                values |= self._stored(found[0])
            elif going := self.underway(address):
                values |= self._underway(going)
            else:
                raise BadInput(text.NOT_KNOWN)
        except Problem as problem:
            values |= {self.notice: parts.problem(str(problem)), self.video: None, self.prompt: ""}
        return list(values.values())

    def _stored(self, stored: Stored) -> dict:
        """An evaluation that was made before, with its clip where that is still kept."""
        evaluation, clip, box = stored.evaluation, None, None
        if path := self.site.store.clip(stored.clip):
            box = player.kept(path, evaluation.video, self.video, evaluation.given_fps)
            if count := len(evaluation.frame_times):
                try:
                    clip = player.look(path, Sampling(min_frames=count, max_frames=count), evaluation.given_fps)
                except Problem:  # the record is worth showing without the pictures
                    clip = None
        when = datetime.fromtimestamp(stored.created, timezone.utc)
        status = parts.status(text.STORED.format(when=text.WHEN_STORED.format(when=when)), (), "done")
        return {**self._shown(evaluation, stored.id), self.shown: Shown(evaluation, path, when),
                self.status: status, self.frames: parts.frames(clip, sized=False), self.video: box,
                self.prompt: evaluation.prompt}

    def stream(self, value: dict | None, prompt: str, think: bool, budget: int, samples: int, seed: int, judge: str,
               address: dict | None, request: gr.Request, frames: int | None = None,
               pixels: int | None = None) -> Iterator[dict]:
        """What the Evaluate button does: updates of the page until there are scores, a problem, or a stop."""
        try:
            if self.maker.busy(request.session_hash):
                raise BadInput(making.WHILE_GENERATING)
            with fields.asked("#video input[type=file]"):
                path, name = player.given(value)
                fps = player.rate(path, (value or {}).get("fps"))
            if not (prompt or "").strip():
                raise WrongField(text.NO_PROMPT, PROMPT)
            with fields.asked(PROMPT):     # whose length is checked there
                check_prompt(prompt)
            note = ""
            if not judge and self.host.meanwhile and self.host.stands_in is not None:
                judge = self.host.meanwhile
                note = text.STOOD_IN.format(own=whose.shown(self.host.own_name), name=judge)
            visitor, session = self.site.visitor(address), request.session_hash
            asked = Request(path, prompt, **given.judging(think, budget, samples, seed, *limits(frames, pixels)),
                            visitor=visitor or session or "", judge=judge or "", fps=fps)
        except Problem as problem:
            yield {self.notice: parts.problem(problem)}
            return
        if visitor and self.host.slow(asked.judge):     # who keeps nothing cannot come back to it
            going = Going({"video": value, "prompt": prompt, "visitor": visitor})
            yield from self._outlasting(session, going, self._judged(asked, name, visitor, session, going=going))
        else:
            yield from self._judged(asked, name, visitor, session, note)

    def _judged(self, asked: Request, name: str, visitor: str, session: str | None, note: str = "",
                going: Going | None = None) -> Updates:
        yield self._blank(running=True, judge=asked.judge) | ({self.actions: link(going)} if going else {})
        run = progress = None
        over = {self.halt: gr.update(interactive=False)}
        try:
            run = Run(asked, self.host)
            self._runs[session] = run
            if going:
                going.facts["run"] = run
            progress = Progress(run)
            progress.notes += [note] * bool(note)
            yield from self._follow(progress, stays() if going else "")
            if run.left:
                return
            judged = None if run.stopped else progress.evaluation
            yield {**(self._stopped(progress) if judged is None else
                      self._done(progress, judged, name, visitor, going.id if going else "")), **over}
        except Exception as error:
            if run and run.left:
                return
            yield {self.actions: "", self.notice: parts.problem(self._sentence(error)),
                   self.status: parts.status(text.FAILED, (), "failed"),
                   self.rationale: rationale(progress.said if progress else ""), **over}
        finally:  # also when the visitor has gone
            if run:
                run.stop()
            if self._runs.get(session) is run:
                self._runs.pop(session, None)

    def _follow(self, progress: Progress, aside: str) -> Iterator[dict]:
        shown, clip, scored, last = None, None, None, 0.0
        for event in progress.run.events(PAUSE):
            progress.take(event)
            now = time.monotonic()
            if now - last < (PAUSE if event is not None else TICK):
                continue
            last = now
            # Stop each time: a browser that is behind may skip all updates but the last.
            update = {self.status: progress.line() + aside, self.halt: gr.update(interactive=True)}
            if aside:       # and what is opened while it runs
                update[self.go] = gr.update(interactive=False)
            if progress.said != shown:
                shown = progress.said
                update[self.rationale] = rationale(shown, live=True, times=Times(progress.times))
            if progress.clip is not clip:
                clip = progress.clip
                update[self.frames] = parts.frames(clip)
            if progress.scores is not scored:
                scored = progress.scores
                update[self.scores] = parts.scores(scored)
            yield update

    def _stopped(self, progress: Progress) -> dict:
        stage = text.STOPPED.format(seconds=parts.duration(progress.elapsed()))
        update = {self.status: parts.status(stage, (), "stopped"), self.actions: "",
                  self.rationale: rationale(progress.said, times=Times(progress.times))}
        if progress.clip is not None:
            update[self.frames] = parts.frames(progress.clip)
        return update

    def _done(self, progress: Progress, evaluation: Evaluation, name: str, visitor: str, id: str = "") -> dict:
        path = progress.run.request.video
        evaluation = replace(evaluation, video=name)  # the visitor's name for it, not our folder
        if extra := [note for note in progress.notes if note not in evaluation.warnings]:
            evaluation = replace(evaluation, warnings=(*extra, *evaluation.warnings))
        kept = self.site.keep(evaluation, path, visitor, id)
        stage = text.DONE.format(seconds=parts.duration(progress.elapsed()))
        detail = (text.TOKENS.format(tokens=evaluation.tokens),) if evaluation.tokens else ()
        request = progress.run.request
        return {**self._shown(evaluation, kept), self.status: parts.status(stage, detail, "done"),
                self.shown: Shown(evaluation, Path(path), datetime.now(timezone.utc)),
                self.frames: parts.frames(progress.clip),
                self.sure: gr.update(visible=request.think and request.samples == 1
                                     and not withheld.all_of(evaluation.scores))}

    def _shown(self, evaluation: Evaluation, kept: str) -> dict:
        """What an evaluation shows, whether it was just made or opened again; `kept` is its id, "" without one."""
        notes = list(dict.fromkeys(evaluation.warnings))
        if evaluation.truncated and not evaluation.looped:
            notes.append(text.TRUNCATED)
        others, sampled = samples(evaluation)
        # One reply with a confidence is one that was asked for without thinking.
        direct = not evaluation.samples and any(score.confidence is not None for score in evaluation.scores.values())
        empty = text.RATIONALE_NONE if direct else text.RATIONALE_SILENT
        return {
            self.judged: whose.line(evaluation.model, evaluation.precision),
            self.scores: parts.scores(evaluation.scores, evaluation.overall),
            self.rationale: rationale(evaluation.rationale, empty=empty, others=others, notes=tuple(notes),
                                      scores=evaluation.scores, times=Times(evaluation.frame_times), sampled=sampled,
                                      aside=evaluation.aside, differing=evaluation.differing()),
            self.radar: charts.radar([evaluation], [evaluation.video]),
            self.actions: parts.actions(evaluation, kept),
        }

    def save(self, shown: Shown | None, event: gr.EventData) -> str:
        """A file of what is shown: a report, or a share card."""
        def make() -> report.Report:
            if shown is None:
                raise saving.nothing()
            return report.evaluation(shown.evaluation, shown.path, knows=whose.knows, look=player.look,
                                     evaluated=shown.when)

        return self.saver.put(saving.asked(event)[0], make, shown.evaluation.video if shown else "")

    def stop(self, request: gr.Request) -> None:
        """What the Stop button does: the run ends by itself and keeps what was said."""
        if run := self._run(request.session_hash):
            run.stop()

    def leave(self, request: gr.Request) -> None:
        """Ends a run of which nothing more is to be shown; that of a slow judge goes on, and is kept."""
        run = self._runs.pop(request.session_hash, None)
        if self._watched.pop(request.session_hash, None) is None and run:
            run.left = True
            run.stop()

    def forget(self, request: gr.Request) -> tuple:
        """Ends a run and empties the results: they were about another video."""
        self.stop(request)
        self._watched.pop(request.session_hash, None)       # what it still says is of another clip
        return tuple(self._blank().values())

    def replaced(self, request: gr.Request) -> tuple:
        """As `forget`, for a video that was just chosen: one that is still being generated would take its place."""
        self.maker.stop(request)
        return self.forget(request)

    def choose(self, request: gr.Request, event: gr.EventData) -> tuple:
        """What a press on an example does: its clip and its prompt, and no results yet; `stream` follows."""
        number = getattr(event, "example", None)
        if not isinstance(number, int) or not 0 <= number < len(self.examples):
            raise gr.Error(text.NO_EXAMPLE, print_exception=False)
        run = self._run(request.session_hash)
        self.leave(request)     # what it would still say is of another clip
        if run:
            run.stop()
        row = self.examples[number]
        return (player.example(row["file"], self.video), row["prompt"], *self.replaced(request))

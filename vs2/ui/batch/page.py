"""The Batch page: a table of clips is checked, judged row by row, filtered, plotted and saved; stopped, it goes on."""
import csv
import json
import secrets
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import gradio as gr
from gradio.components import Component

from vs2.batch import results
from vs2.errors import Problem
from vs2.ui import charts, given, parts, player
from vs2.ui import text as shared
from vs2.ui.batch import grouped, kept
from vs2.ui.batch import parts as pieces
from vs2.ui.batch.endpoint import Endpoint
from vs2.ui.batch.job import Job, Jobs, files_of
from vs2.ui.batch.layout import DIMENSIONS
from vs2.ui.batch.parts import Filter
from vs2.ui.batch.saved import Saved
from vs2.ui.caps import limits
from vs2.ui.draft import Draft
from vs2.ui.examples import examples
from vs2.ui.fields import WrongField
from vs2.ui.going import Updates, outlasting
from vs2.ui.judgement import Request
from vs2.ui.site import Site
from vs2.ui.text import batch as text
from vs2.ui.wiring import PRIVATE, QUIET

TICK = 0.25         # seconds between updates of the status line
REDRAW = 2.0        # and of the plots, while rows come


def _view() -> tuple[Filter, str, str]:
    """What is shown of a table at first: all its rows, and two dimensions."""
    return Filter(), DIMENSIONS[0], DIMENSIONS[1]


class BatchPage(Saved, Endpoint):
    """What the page's components do. Made inside a `gr.Blocks` context."""

    NAME = "batch"
    opens: list = []    # what was here before a reload comes with `restore`; a click on the tab changes nothing

    def __init__(self, site: Site, address: gr.HTML):
        self.site, self.host, self.address = site, site.host, address
        self.jobs = Jobs()
        site.forgetting.append(lambda visitor, _: self.jobs.put(visitor, None))
        self._newest: dict[str, object] = {}    # by visitor: which check of files is the last one begun
        self.shelf = site.shelve("batch")
        self._layout()
        self._connect()

    def _connect(self) -> None:
        options = [self.think, self.budget, self.samples, self.seed]
        drawn = [self.table, self.histogram, self.uncounted, self.scatter, self.undrawn, self.groups]
        whole = [self.box, self.notice, self.status, self.wrong, *drawn, self.csv, self.json, self.told, self.by,
                 self.go, self.halt, self.again]
        self.box.upload(self.check, [self.box, self.address], whole, trigger_mode="multiple", concurrency_limit=2,
                        **PRIVATE)
        self.box.clear(self.forget, self.address, whole, trigger_mode="multiple", **QUIET)
        self.example.click(self.try_examples, self.address, whole, trigger_mode="once", **QUIET)
        self.again.click(self.restart, self.address, whole, trigger_mode="once", **QUIET)
        self.go.click(self.stream, [*options, self.judge, self.address, *self.caps.fields.values()], whole,
                      trigger_mode="once", **QUIET)
        self.halt.click(self.stop, self.address, None, queue=False, **PRIVATE)
        gr.on([self.filters.select, self.across.change, self.upwards.change], self.show,
              [self.filters, self.across, self.upwards, self.address], drawn, trigger_mode="always_last", **QUIET)
        self._connect_saved()
        self.draft = Draft(self.NAME, {"think": self.think, "budget": self.budget, "samples": self.samples,
                                       "seed": self.seed, "judge": self.judge, **self.caps.fields}, kept.GOING)
        self.draft.connect(self.address, self.restore, list(dict.fromkeys([*whole, *self.draft.fields.values()]))).then(
            self.follow, self.address, whole, js="() => [window.vs2.read()]", **QUIET)
        self._endpoint(options)

    def open(self, address: dict) -> list:
        """Nothing: see `opens`."""
        return []

    def _drawn(self, job: Job | None, judging: int | None = None, plots: bool = True) -> dict:
        """The table and the plots of the rows that the filter of the job takes."""
        chosen, across, upwards = job.view if job and job.view else _view()
        update: dict[Component, object] = {self.table: pieces.table(job, chosen, judging)}
        if plots:
            taken = [(one.row.video, one.evaluation) for one in (job.evaluated if job else ())
                     if one.evaluation and chosen.takes(one.row, one)]
            evaluations = [evaluation for _, evaluation in taken]
            update[self.histogram] = charts.histogram(evaluations)
            update[self.scatter] = charts.scatter(evaluations, [name for name, _ in taken], across, upwards)
            update[self.uncounted] = pieces.uncounted(evaluations)
            update[self.undrawn] = pieces.undrawn(evaluations, across, upwards)
            update[self.groups] = grouped.html(job)
        return update

    def _buttons(self, job: Job | None, running: bool = False) -> dict:
        left = len(job.left) if job else 0
        said = text.JUDGE
        if job and left:
            said = text.RESUME.format(count=left) if job.asked else (
                text.JUDGE_ROW if left == 1 else text.JUDGE_ROWS.format(count=left))
        judged = bool(job and job.evaluated)
        return {self.go: gr.update(value=said, interactive=not running and bool(left or job is None)),
                self.halt: gr.update(interactive=running), self.again: gr.update(visible=judged and not running)}

    def _files(self, job: Job | None) -> dict:
        """The two files to download: the whole table, whatever the filter."""
        told = {self.told: gr.update(interactive=bool(job and job.evaluated))}
        if job is None or not job.results:
            return {button: gr.update(value=None, interactive=False) for button in (self.csv, self.json)} | told
        folder = job.folder / secrets.token_hex(4)      # a new address each time, or a browser keeps the old file
        folder.mkdir()
        records = job.records()
        made = {self.csv: folder / "vs2-batch.csv", self.json: folder / "vs2-batch.json"}
        made[self.csv].write_bytes(results.to_csv(records).encode("utf-8", "replace"))
        made[self.json].write_text(json.dumps(records, ensure_ascii=False, indent=1), encoding="utf-8",
                                   errors="replace")
        for button, path in made.items():
            button.temp_files.add(str(path))
        return {button: gr.update(value=str(path), interactive=True) for button, path in made.items()} | told

    def _whole(self, job: Job | None, status: str, notice: str = "") -> dict:
        """Everything on the page but the box, while nothing runs."""
        return {self.notice: parts.problem(notice) if notice else "", self.status: status,
                self.wrong: pieces.wrong(job.rows) + pieces.long_prompts(job.rows, self.host.own) if job else "",
                **self._drawn(job), **self._buttons(job), **self._files(job), self.by: self._columns(job)}

    def _checked(self, job: Job) -> str:
        able = sum(not row.problem for row in job.rows)
        stage = pieces.counted(text.CHECKED, text.CHECKED_ONE, len(job.rows), able=able)
        return pieces.status(job, stage, 0, 0, "idle")

    def _standing(self, job: Job | None) -> str:
        """The status line while nothing runs."""
        if job is None:
            return self._idle()
        return self._ended(job) if job.asked else self._checked(job)

    def _ended(self, job: Job) -> str:
        if job.left:
            stage = pieces.counted(text.STOPPED, text.STOPPED_ONE, len(job.rows), done=len(job.results))
            return pieces.status(job, stage, 0, 0, "failed" if job.given_up else "stopped")
        scored, evaluated = len(job.scored), len(job.evaluated)
        stage = pieces.counted(text.DONE, text.DONE_ONE, len(job.rows), scored=scored)
        if evaluated > scored:
            stage += text.DONE_WITHHELD.format(count=evaluated - scored)
        return pieces.status(job, stage, 0, 0, "done" if evaluated else "failed")

    def check(self, value, address: dict | None, request: gr.Request) -> Iterator[dict]:
        """For new files in the box: checks them, and says which rows cannot be judged. Nothing is judged."""
        answer = {"checked": True, "turn": value.get("turn") if isinstance(value, dict) else None}
        key = self._key(address, request)
        self._newest[key] = mine = object()
        before, problem = self.jobs.get(key), ""
        job: Job | None = None
        try:
            if not (before and before.judging):
                yield {self.status: parts.status(text.CHECKING, (), "busy") + pieces.progress(0, 0)}
            job = self.made(before.with_kept(value) if before else files_of(value))
        except Exception as error:
            job, problem = before, self._sentence(error)
        if self._newest.get(key) is not mine:     # other files have come meanwhile, or all were removed
            if job is not None and job is not before:
                job.close()
            return
        if job is None or problem:      # what was there stays as it is
            held = {"kept": job.names, "run": job.token} if job else {}
            whole = {} if job and job.judging else self._whole(job, self._standing(job))
            yield {self.box: {**answer, **held, "problem": problem}, **whole}
            return
        if before:
            job.inherit(before)
            job.view, job.by = before.view, before.by
        self.jobs.put(key, job)
        kept.begin(self.shelf, job, key)
        yield {self.box: {**value, **answer, "kept": None, "problem": "", "run": job.token},
               **self._whole(job, self._checked(job))}

    def made(self, files: list[tuple[str, str]]) -> Job:
        job = Job(files)
        job.view = _view()
        # What was unpacked is deleted when uploads are.
        self.box.temp_files.update(str(row.path) for row in job.rows if row.path)
        return job

    def try_examples(self, address: dict | None, request: gr.Request) -> dict:
        """Puts the clips that come with the project into the box, as a table of their own."""
        rows = examples()
        clips = [(player.example(row["file"], self.box)["path"], Path(row["file"]).name) for row in rows]
        table = Path(clips[0][0]).with_name("examples.csv")
        with table.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([("video", "prompt", "shows"), *(
                (name, row["prompt"], row["shows"]) for (_, name), row in zip(clips, rows, strict=True))])
        self.box.temp_files.add(str(table))
        job = self.made([(str(table), table.name), *clips])
        self.jobs.put(self._key(address, request), job)
        kept.begin(self.shelf, job, self._key(address, request))
        return {self.box: {"checked": True, "kept": job.names, "run": job.token},
                **self._whole(job, self._checked(job))}

    def forget(self, address: dict | None, request: gr.Request) -> dict:
        """Ends what runs and takes the table off the page."""
        self._newest.pop(self._key(address, request), None)
        self.jobs.put(self._key(address, request), None)
        return self._whole(None, self._idle())

    def restart(self, address: dict | None, request: gr.Request) -> dict:
        """Forgets the scores, so that the table is judged again, with the settings of now."""
        job = self.jobs.get(self._key(address, request))
        if job is None:
            return self._whole(None, self._idle(), text.GONE)
        job.reset()
        kept.note(self.shelf, job)
        return self._whole(job, self._checked(job))

    def restore(self, address: dict | None, said: object, request: gr.Request) -> dict:
        """For the page's load: the table that the visitor had here before, where it is still kept, and the settings."""
        key, values = self._key(address, request), self.draft.values(said)
        job = self.jobs.get(key)
        if job is None and (job := kept.standing(self, said)):      # the server was started again
            self.jobs.put(key, job)
        on = self.site.going.running((self.NAME, key)) is not None
        lost = parts.lost(text.RUN_LOST, "#batch-go") if kept.RUN in self.draft.lost(said) and not on else ""
        if job is None:
            return {self.notice: lost or gr.skip(), **values}
        going = job.judging and not lost    # from another window, or begun here while this was on its way
        if not going:
            job.view = _view()
        whole = self._whole(job, self._standing(job)) | ({self.notice: lost} if lost and job.left else {})
        if going:
            whole |= self._buttons(job, running=True)
            del whole[self.status]
        return {self.box: {"checked": True, "kept": job.names, "run": job.token}, **whole, **values}

    def show(self, filters, across: str, upwards: str, address: dict | None, request: gr.Request) -> dict:
        """For another filter or another dimension: the rows that it takes."""
        job = self.jobs.get(self._key(address, request))
        if job is None:
            return self._drawn(None)
        across, upwards = (key if key in DIMENSIONS else DIMENSIONS[0] for key in (across, upwards))
        job.view = (Filter.of(filters), across, upwards)
        return self._drawn(job)

    def stream(self, think: bool, budget: int, samples: int, seed: int, judge: str, address: dict | None,
               request: gr.Request, frames: int | None = None, pixels: int | None = None) -> Iterator[dict]:
        """What the Judge button does: judges the rows that are left, and shows each as it comes."""
        visitor, key = self.site.visitor(address), self._key(address, request)
        job = self.jobs.get(key)
        try:
            judging = given.judging(think, budget, samples, seed, *limits(frames, pixels))
        except Problem as problem:
            yield {self.notice: parts.problem(str(problem))}
            return
        if job is None or not job.left:
            none = WrongField(text.NO_TABLE, "#batch-files input")
            yield {self.notice: parts.problem(text.NOTHING_LEFT if job else none)}
            return
        asked = Request("", "", **judging, visitor=visitor or request.session_hash or "", judge=judge or "")
        run = job.judge(self.host, asked, lambda evaluation, path: self.site.keep(evaluation, path, visitor))
        work = self._judged(job, run, key)
        if visitor and self.host.slow(asked.judge):     # it goes on without a window
            yield from outlasting(self.site.going, (self.NAME, key), work, visitor)
        else:
            yield from work

    def follow(self, address: dict | None, request: gr.Request) -> Iterator[dict]:
        """After a reload: what goes on here, of a slow judge, from now on."""
        going = self.site.going.running((self.NAME, self._key(address, request)))
        yield from going.watch() if going else ({self.status: gr.skip()} for _ in range(1))

    def _judged(self, job: Job, run: Generator, key: str) -> Updates:
        yield {self.notice: "", **self._buttons(job, running=True), **self._files(None)}
        notice = ""
        try:
            for update in self._follow(job, run):
                if self.jobs.get(key) is not job:   # other files are there now, perhaps from another window
                    break
                yield update
        except Exception as error:
            notice = self._sentence(error)
        finally:  # also when the visitor has gone
            run.close()
        now = self.jobs.get(key)
        if now is not None and now.judging:
            return      # whoever judges it shows it
        yield self._whole(now, self._standing(now), (notice or job.given_up) if now is job else "")

    def _follow(self, job: Job, run: Iterator) -> Iterator[dict]:
        started, judged, told, drawn, current = time.monotonic(), 0, 0.0, 0.0, None
        for row, progress in run:
            now = time.monotonic()
            update = {}
            if progress is None:
                judged += 1
                kept.note(self.shelf, job)
                update = self._drawn(job, None, plots=now - drawn >= REDRAW)
                drawn = now if self.histogram in update else drawn
            elif current != row.number:
                current = row.number
                update = self._drawn(job, current, plots=False)
            if update or now - told >= TICK:
                told = now
                stage = text.ROW.format(number=row.number, name=row.video)
                if progress is not None and (ahead := progress.run.ahead()):
                    stage = shared.WAITING_ONE if ahead == 1 else shared.WAITING.format(ahead=ahead)
                elif progress is not None and progress.stage == shared.LOADING:
                    stage = shared.LOADING
                # The buttons each time: a browser may skip all updates but the last.
                plan = progress.countdown.estimate if progress is not None else None
                status = pieces.status(job, stage, now - started, judged, expected=plan)
                yield update | self._buttons(job, True) | {self.status: status}

    def stop(self, address: dict | None, request: gr.Request) -> None:
        """What the Stop button does: the rows that are finished stay."""
        if job := self.jobs.get(self._key(address, request)):
            job.stop()

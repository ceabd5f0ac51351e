"""The run itself: the generator in one thread, the judge in another, so that the second clip is made while the first
is judged; events come out where they are asked for.

What is finished is on the disk at once (`folder.py`): the same plan in the same folder goes on where it was stopped or
killed. A candidate that fails is told of and costs the run nothing else. The judge sees a clip's file and the prompt;
what a generator knows of the true scores stays beside the clip.
"""
import contextvars
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from vs2 import events, generate
from vs2.best_of import cost, stopping
from vs2.best_of.cost import Estimate, Rates
from vs2.best_of.events import Done, Estimated, Event, Judged, Judging, Lost, Made, Making, Noticed, Ranked
from vs2.best_of.folder import RunFolder
from vs2.best_of.line import Line
from vs2.best_of.outcome import COMPLETE, EARLY, STOPPED, Entry, Outcome, rejudged, settle
from vs2.best_of.plan import AGAIN, FULL, Plan
from vs2.best_of.tally import Tally
from vs2.candidates import values
from vs2.errors import Failure
from vs2.estimate import TYPICAL
from vs2.evaluation import Evaluation
from vs2.events import AnyJudge, ManyJudge
from vs2.generate.protocol import Generated, Generator, Progress, Request

AHEAD = 2       # clips made ahead of the judge where the run may stop early
BEAT = 0.5      # seconds between two looks at whether it is to stop


class Run:
    """One run of `plan` in `folder`.

    judge: a `vs2.judge.Judge`, or anything with `name` and its `stream(video, prompt, *, think, budget, samples, seed,
    stop)`; `precision` and `device` are looked at where it has them. generator: the one that the plan names, where it
    needs more than a name (a token). rates: what is known of time before the start, else a guess. batch: the most
    clips that a pass without rationales judges at once, where the judge has `score_many` and that many wait.
    Raises BadInput for a folder with another run in it, and what `vs2.generate.load` raises.
    """

    def __init__(self, plan: Plan, judge: AnyJudge, folder: str | Path, generator: Generator | None = None,
                 rates: Rates | None = None, batch: int = 1):
        self.plan, self.judge, self.folder = plan, judge, Path(folder)
        self.generator = generator or generate.load(plan.generator, **plan.options)
        name = self.generator.name
        Request.checked(self.generator.limits, plan.prompt, plan.seed, plan.seconds, plan.size, folder)
        cuda = getattr(getattr(judge, "device", None), "type", "") == "cuda"
        self._tally = Tally(rates or cost.guess(plan, name, judge.name, cuda), name.startswith("provider"),
                            name.startswith("diffusers"), cuda)
        asked = plan.asked(plan.first)
        able = not asked["think"] and asked["samples"] == 1 and isinstance(judge, ManyJudge)
        self._batch = batch if able else 1
        self._entries: list[Entry] = []
        self._finalists: tuple[int, ...] = ()
        self._note, self._begun = "", False
        self._ending: Outcome | None = None
        self._stopped, self._enough = threading.Event(), threading.Event()
        self._held = threading.Lock()
        self._told: queue.SimpleQueue = queue.SimpleQueue()
        self._made = Line()
        self._room = threading.Semaphore(plan.count if plan.gain is None else AHEAD)
        self._kept = RunFolder(folder, plan.identity(name, judge.name, getattr(judge, "precision", "")))

    def events(self, patience: float | None = None) -> Iterator[Event | None]:
        """Begins, and gives the events as they come; the last one is `Done`. To be called once.

        patience: gives None when nothing came for so many seconds.

        Closing it stops the run. Raises Failure where the folder can no longer be written.
        """
        if self._begun:
            raise Failure("This run was begun already: make a new one to go on.")
        self._begun = True
        self._maker = self._thread(self._make_all, "generator")
        self._tally.begin()
        self._maker.start()
        self._thread(self._judge_all, "judge").start()
        try:
            while True:
                try:
                    event = self._told.get(timeout=BEAT if patience is None else patience)
                except queue.Empty:
                    if patience is not None:
                        yield None
                    continue
                if isinstance(event, BaseException):
                    raise event
                yield event
                if isinstance(event, Done):
                    return
        finally:
            self.stop()

    def stop(self) -> None:
        """Ends the run at the next step of generator and judge; what is finished stays, and `Done` still comes."""
        self._stopped.set()

    def close(self) -> None:
        """Gives the folder back where `events` was never asked for."""
        if not self._begun:
            self._kept.close()

    def outcome(self) -> Outcome:
        """Where things stand, at any time; in the end what `Done` holds."""
        if self._ending is not None:
            return self._ending
        plan = self.plan
        with self._held:
            entries = tuple(self._entries)
        ended = STOPPED if self._stopped.is_set() else EARLY if self._enough.is_set() else COMPLETE
        decision = settle(entries, plan.rule, self._finalists, bool(plan.keep), plan.replies)
        return Outcome(plan.prompt, self.generator.name, self.judge.name, plan.rule, entries, decision,
                       self._finalists, ended, self._note, self._tally.spent())

    def rates(self) -> Rates | None:
        """How long things took, for another run like this one; None where too little was finished to know."""
        return self._tally.rates(self.plan.first)

    def estimate(self) -> Estimate:
        """What is still to come, at any time: before the start by a guess, then by what was measured."""
        plan = self.plan
        with self._held:
            entries = tuple(self._entries)
        coming = [self._kept.entry(plan.seed + n) for n in range(len(entries), plan.count)]
        return self._tally.estimate(plan, entries, coming, self._enough.is_set())

    # What follows runs in the two threads.

    def _thread(self, work: Callable[[], None], name: str) -> threading.Thread:
        """With a copy of the context, in which ZeroGPU finds whose quota it is."""
        return threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True,
                                name=f"best of N: {name}")

    def _over(self) -> bool:
        return self._stopped.is_set() or self._enough.is_set()

    def _update(self, entry: Entry) -> Entry:
        with self._held:
            if entry.number == len(self._entries):
                self._entries.append(entry)
            else:
                self._entries[entry.number] = entry
        return entry

    def _make_all(self) -> None:
        try:
            self._told.put(Estimated(self.estimate()))
            for number in range(self.plan.count):
                while not self._room.acquire(timeout=BEAT) and not self._over():
                    continue
                if self._over():
                    break
                entry = self._make(self._update(Entry(number, self.plan.seed + number)))
                if entry is None:
                    self._room.release()
                else:
                    self._made.put(entry.number)
        except BaseException as error:      # raised again where the events are asked for
            self._told.put(error)
            self._stopped.set()
        finally:
            self._made.end()

    def _make(self, entry: Entry) -> Entry | None:
        """The candidate with its clip, of an earlier run where it is there; None where there is none."""
        plan, folder = self.plan, self._kept
        if path := folder.clip(entry.seed):
            entry = self._update(folder.restored(entry, path, plan))
            self._told.put(Made(entry, kept=True))
            return entry
        made = None
        try:
            with self._tally.time(clip=True) as took:
                for event in self.generator.stream(plan.prompt, seed=entry.seed, seconds=plan.seconds, size=plan.size,
                                                   folder=folder.path, stop=self._over):
                    if isinstance(event, Generated):
                        made = event
                    else:
                        self._told.put(Making(entry.number, event.fraction, event.stage)
                                       if isinstance(event, Progress) else Noticed(entry.number, event.text))
        except Exception as error:
            self._lose(entry, error, "made")
            return None
        if made is None:        # stopped
            return None
        folder.made(entry.seed, made)
        entry = self._update(folder.restored(entry, made.path, plan))     # these very bytes may have been judged before
        self._told.put(Made(entry))
        self._tally.count("clip", took())
        self._told.put(Estimated(self.estimate()))
        return entry

    def _lose(self, entry: Entry, error: Exception, verb: str) -> None:
        """Tells of a candidate that failed; the next run in this folder tries it again."""
        lost = Lost.of(entry.number, error, verb)
        self._kept.put(entry.seed, error=str(lost.problem))
        self._update(replace(entry, error=str(lost.problem)))
        self._told.put(lost)

    def _judge_all(self) -> None:
        try:
            try:
                self._first_pass()
                if self.plan.keep and not self._stopped.is_set():
                    self._second_pass()
                if self.plan.replies and not self._stopped.is_set():
                    self._break_tie()
                outcome = self.outcome()
            finally:
                self._enough.set()      # nothing that is still being made will be judged
                self._maker.join()
                self._kept.close()
            outcome = replace(outcome, spent=self._tally.spent())
            self._ending = outcome
            self._told.put(Done(outcome))
        except BaseException as error:      # raised again where the events are asked for
            self._told.put(error)

    def _first_pass(self) -> None:
        """Judges what is made, until there is no more or there is enough."""
        plan = self.plan
        found: list[Evaluation] = []
        while numbers := self._made.take(self._batch):
            if self._over():
                continue
            for judged in self._judge_several(numbers, plan.first):
                self._room.release()
                found += [] if judged is None else [judged]
            scores = [value for value in values(found, plan.rule) if value is not None]
            left = plan.count - numbers[-1] - 1
            if plan.gain is not None and left and stopping.enough(scores, left, plan.gain):
                self._note = (f"Stopped after {numbers[-1] + 1} of {plan.count} candidates: more of them are expected "
                              f"to gain less than {plan.gain:g} points.")
                self._enough.set()

    def _second_pass(self) -> None:
        """Judges the best of the fast pass in full. They decide once all of them are done."""
        found = settle(self._entries, self.plan.rule, fast=True).ranking[:self.plan.keep]
        for number in found:
            if self._stopped.is_set():
                return
            self._judge(number, FULL)
        if not self._stopped.is_set():
            self._finalists = found
            self._rank()

    def _break_tie(self) -> None:
        for number in rejudged(settle(self._entries, self.plan.rule, self._finalists, bool(self.plan.keep))):
            if self._stopped.is_set():
                return
            self._judge(number, AGAIN)

    def _rank(self) -> None:
        now = self.outcome()
        self._told.put(Ranked(now.decision, now.entries))

    def _judge_several(self, numbers: list[int], stage: str) -> list[Evaluation | None]:
        """As `_judge`, in one batch where there are several to judge."""
        new = [number for number in numbers if not getattr(self._entries[number], stage)]
        if len(new) < 2 or self.plan.judging.capped or not isinstance(self.judge, ManyJudge):
            return [self._judge(number, stage) for number in numbers]
        paths = [str(self._entries[number].path) for number in new]
        for number, path in zip(new, paths, strict=True):
            self._told.put(Judging(number, stage, events.Reading(path)))
        found: Sequence[Evaluation | Exception]
        with self._tally.time(clip=False) as took:
            try:
                found = self.judge.score_many(paths, [self.plan.prompt] * len(paths))
            except Exception as error:      # none of the batch has scores
                found = [error] * len(paths)
        ended = {number: self._finish(number, stage, one, took() / len(new))
                 for number, one in zip(new, found, strict=True)}
        return [ended[number] if number in ended else self._judge(number, stage) for number in numbers]

    def _judge(self, number: int, stage: str) -> Evaluation | None:
        """Judges a candidate, or takes what an earlier run made of it; None where it failed or was stopped."""
        entry = self._entries[number]
        last: events.Event | Exception | None = None
        if found := getattr(entry, stage):
            self._told.put(Judged(entry, stage, found, kept=True))
            self._rank()
            return found
        with self._tally.time(clip=False) as took:
            try:
                for event in self.judge.stream(str(entry.path), self.plan.prompt, stop=self._stopped.is_set,
                                               **self.plan.asked(stage)):
                    last = event
                    if isinstance(event, events.Estimated):
                        self._tally.expect(stage, event.estimate, min(self.plan.judging.budget, TYPICAL))
                        self._told.put(Estimated(self.estimate()))
                    if not isinstance(event, Evaluation):
                        self._told.put(Judging(number, stage, event))
            except Exception as error:      # told of in `_finish`
                last = error
        return self._finish(number, stage, last, took())

    def _finish(self, number: int, stage: str, found: object, took: float) -> Evaluation | None:
        """Keeps and tells what came of a judgement: an Evaluation, an error, or neither where it was stopped."""
        entry = self._entries[number]
        if isinstance(found, Exception):
            if stage != AGAIN:
                self._lose(entry, found, "judged")
            else:       # it has scores, and is no failure without a second opinion
                problem = Lost.of(number, found, "judged").problem
                self._told.put(Noticed(number, f"Candidate {number + 1} could not be judged again: {problem}"))
        elif isinstance(found, Evaluation):
            self._kept.put(entry.seed, **{stage: found.to_dict(), "error": None})
            entry = self._update(entry.judged(stage, found))
            self._told.put(Judged(entry, stage, found))
            self._tally.count(stage, took, found.tokens)
            self._told.put(Estimated(self.estimate()))
        else:
            return None
        self._rank()
        return found if isinstance(found, Evaluation) else None

"""Counts what a run uses, and what it learns of how long things take."""
import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from vs2.best_of import cost
from vs2.best_of.cost import Estimate, Rates, Spent, Work
from vs2.best_of.outcome import Entry
from vs2.best_of.plan import AGAIN, FAST, FULL, Plan
from vs2.estimate import Estimate as Judgement


class Tally:
    """Of one run; safe to use from several threads. paid: somebody charges for clips. gpu_*: who uses a GPU."""

    def __init__(self, rates: Rates, paid: bool, gpu_clips: bool, gpu_judge: bool):
        self._rates, self._paid, self._gpu = rates, paid, (gpu_clips, gpu_judge)
        self._counts = {"clip": 0, FAST: 0, FULL: 0, AGAIN: 0}
        self._expected: set[str] = set()
        self._spent = Spent()
        self._begun: float | None = None
        self._held = threading.Lock()

    def begin(self) -> None:
        """The run begins now."""
        self._begun = time.monotonic()

    @contextlib.contextmanager
    def time(self, clip: bool) -> Iterator[Callable[[], float]]:
        """Counts the time spent within, whether anything comes of it or not; gives a function of the seconds so far."""
        started = time.monotonic()
        ended: float | None = None

        def took() -> float:
            return (ended or time.monotonic()) - started

        try:
            yield took
        finally:
            ended = time.monotonic()
            with self._held:
                spent = self._spent
                self._spent = replace(
                    spent, generating=spent.generating + took() * clip, judging=spent.judging + took() * (not clip),
                    gpu=spent.gpu + took() * self._gpu[not clip])

    def count(self, what: str, seconds: float, tokens: int = 0) -> None:
        """One is finished: a "clip", or a judgement of a pass."""
        clip = what == "clip"
        with self._held:
            spent, self._counts[what] = self._spent, self._counts[what] + 1
            self._spent = replace(
                spent, clips=spent.clips + clip, judgements=spent.judgements + (not clip), tokens=spent.tokens + tokens,
                paid=spent.paid + (clip and self._paid))
            self._rates = self._rates.seen(what, seconds, self._counts[what])

    def expect(self, what: str, judgement: Judgement, written: int) -> None:
        """A slow judge says, as it begins a judgement of a pass, how long that will take: the rate until one is done.

        written: tokens of a rationale, for what a pass with one will take after a first one without.
        """
        seconds: dict[str, Any] = {what: judgement.total}
        if what == FAST:
            seconds[FULL] = judgement.total + judgement.token * written
        with self._held:
            new = {name: value for name, value in seconds.items() if not self._counts[name]}
            self._expected |= set(new)
            self._rates = replace(self._rates, **new)

    def spent(self) -> Spent:
        """What was used so far."""
        with self._held:
            return replace(self._spent, seconds=0.0 if self._begun is None else time.monotonic() - self._begun)

    def rates(self, first: str) -> Rates | None:
        """What was learned, for the next run like this one; None before a clip and a judgement of the first pass."""
        with self._held:
            return replace(self._rates, measured=True) if self._counts["clip"] and self._counts[first] else None

    def estimate(self, plan: Plan, entries: Sequence[Entry], coming: Sequence[dict], enough: bool) -> Estimate:
        """What is left to do of `plan`, and what it will take.

        entries: the candidates begun. coming: of the others, what the folder has of each. enough: the first pass ends.
        """
        clips = sum(not e.path and not e.error for e in entries) + sum(not e.get("sha256") for e in coming)
        first = sum(not getattr(e, plan.first) and not e.error for e in entries) + sum(
            not e.get(plan.first) for e in coming)
        if enough:
            clips = first = 0
        full = max(0, min(plan.keep, plan.count) - sum(bool(e.full) for e in entries)) if plan.keep else 0
        with self._held:
            rates = self._rates
            told = {name for name, count in self._counts.items() if count} | self._expected
        work = Work(clips, first, full, bool(plan.keep), plan.replies, clips if self._paid else 0)
        needed = {name for name, count in (("clip", clips), (plan.first, first), (FULL, full)) if count}
        return cost.estimate(work, replace(rates, measured=needed <= told), *self._gpu)

"""What a Best-of-N run will take: an estimate before it starts, and the same again from what was measured so far.

Making and judging overlap: the second clip is made while the first one is judged. So N of each take one clip, one
judgement, and N - 1 times the slower of the two.
"""
from dataclasses import dataclass

from vs2.best_of.plan import Plan

TIED = 4            # candidates of a tie that are judged again, at most
USUAL = 500         # tokens of a usual rationale, where the budget leaves it room
SKETCH, FRAME = (384, 288), 0.03    # pixels of the sketch's usual frame, and the seconds that one takes


@dataclass(frozen=True)
class Rates:
    """Seconds for a clip, a judgement without a rationale, one as asked, one that breaks a tie; None: nobody knows yet.

    measured: the clip's and the judgement's were measured, in this run or one like it, and are no guess.
    """

    clip: float | None = None
    fast: float | None = None
    full: float | None = None
    again: float | None = None
    measured: bool = False

    def seen(self, what: str, seconds: float, count: int) -> "Rates":
        """With measurement number `count` (from 1) of "clip", "fast", "full" or "again": the mean of all of them."""
        before = getattr(self, what)
        mean = seconds if count == 1 or before is None else before + (seconds - before) / count
        means: dict[str, float | None] = {"clip": self.clip, "fast": self.fast, "full": self.full, "again": self.again}
        return Rates(**means | {what: mean}, measured=self.measured)


@dataclass(frozen=True)
class Work:
    """What is to be done. clips: to make. first: judgements of the first pass. full: of the second, with rationale.

    fast: the first pass is without a rationale. replies: of a judgement that breaks a tie, 0 for none.
    paid: clips that somebody charges for.
    """

    clips: int
    first: int
    full: int
    fast: bool
    replies: int
    paid: int = 0


@dataclass(frozen=True)
class Estimate:
    """What the work costs. Seconds are None where a rate is not known yet.

    seconds: wall time. most: with a tie of `TIED` to break. gpu: seconds of a GPU, as ZeroGPU counts a visitor's
    quota (0 where none is used). measured: from clips and judgements of this run or one like it; else a guess.
    """

    seconds: float | None
    most: float | None
    gpu: float | None
    work: Work
    measured: bool

    @property
    def sentence(self) -> str:
        """For people, before the start or while it runs."""
        judgements = self.work.first + self.work.full
        what = f"{_count(self.work.clips, 'clip')} to make, {_count(judgements, 'judgement')}"
        if self.seconds is None:
            time = "how long one takes is not known before the first is done"
        else:
            time = f"about {duration(self.seconds)}" + ("" if self.measured else ", a rough guess")
            if self.most is not None and self.most > 1.1 * self.seconds + 1:
                time += f", up to {duration(self.most)} if a tie has to be broken"
        gpu = f"; {duration(self.gpu)} of a GPU" if self.gpu else ""
        paid = f"; the provider charges for {_count(self.work.paid, 'clip')}" if self.work.paid else ""
        return f"{what}: {time}{gpu}{paid}."


@dataclass(frozen=True)
class Spent:
    """What a run has used: wall time, seconds in the generator and in the judge (they overlap), seconds of a GPU.

    clips, judgements: finished in this run. paid: clips that somebody charges for. tokens: written by the judge.
    """

    seconds: float = 0.0
    generating: float = 0.0
    judging: float = 0.0
    gpu: float = 0.0
    clips: int = 0
    judgements: int = 0
    paid: int = 0
    tokens: int = 0


def forecast(plan: Plan, model: str, cuda: bool = False, rates: Rates | None = None) -> Estimate:
    """What a new run of `plan` will take. model: the judge's name. cuda: whether it runs on a GPU."""
    work = Work(plan.count, plan.count, min(plan.keep, plan.count), bool(plan.keep), plan.replies,
                plan.count if plan.generator.startswith("provider") else 0)
    rates = rates or guess(plan, plan.generator, model, cuda)
    return estimate(work, rates, plan.generator.startswith("diffusers"), cuda)


def guess(plan: Plan, generator: str, model: str, cuda: bool) -> Rates:
    """Rates before anything was measured.

    Measured on two CPU cores for `sketch` and `mini`; for another judge on a GPU, 25 tokens a second; None for anything
    else, for it depends on the model, the machine and a provider's line.
    """
    width, height = plan.size or SKETCH
    drawn = FRAME * 16 * (plan.seconds or 3.0) * width * height / (SKETCH[0] * SKETCH[1])
    clip = drawn if generator == "sketch" else None
    several, ties = replies_take(plan.judging.samples), replies_take(plan.replies)
    if model == "mini":
        return Rates(clip, 0.4, 1.5 * several if plan.judging.think else 0.4, 1.5 * ties)
    if cuda:
        thought = min(plan.judging.budget, USUAL) / 25
        return Rates(clip, 4.0, 4.0 + thought * several * plan.judging.think, 4.0 + thought * ties)
    return Rates(clip)


def replies_take(count: int) -> float:
    """How much longer so many replies in one batch take than one."""
    return 1 + 0.15 * (max(count, 1) - 1)


def estimate(work: Work, rates: Rates, gpu_clips: bool = False, gpu_judge: bool = False) -> Estimate:
    """The cost of `work` at these rates. gpu_clips, gpu_judge: whether making and judging use a GPU."""
    clips, full = _times(work.clips, rates.clip), _times(work.full, rates.full)
    first = _times(work.first, rates.fast if work.fast else rates.full)
    ties = _times(min(TIED, work.clips + work.first) if work.replies else 0, rates.again)
    gpu = _sum(clips if gpu_clips else 0.0, *((first, full) if gpu_judge else ()))
    if clips is None or first is None or full is None:
        return Estimate(None, None, gpu, work, rates.measured)
    # The shorter of the two hides behind the longer, but for one of its own.
    short, count = min((clips, work.clips), (first, work.first))
    seconds = max(clips, first) + (short / count if count else 0.0) + full
    most = None if ties is None else seconds + ties
    return Estimate(seconds, most, gpu, work, rates.measured)


def duration(seconds: float) -> str:
    """A time for people, in the two largest units."""
    minutes, rest = divmod(max(1, round(seconds)), 60)
    if minutes < 1:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _times(count: int, seconds: float | None) -> float | None:
    return 0.0 if not count else None if seconds is None else count * seconds


def _sum(*parts: float | None) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" + "s" * (count != 1)

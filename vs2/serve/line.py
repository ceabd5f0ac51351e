"""The line before the judge: clips are read ahead by a few threads and judged in micro-batches by one.

It is bounded: what does not fit is refused at once, with a time to come back. What nobody waits for any more is not
judged.
"""
import logging
import math
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, cast

from vs2.errors import Failure, Problem
from vs2.evaluation import Evaluation
from vs2.options import LIKE, PIXELS, Given, Options
from vs2.video import Clip
from vs2.video.sampling import Sampling

if TYPE_CHECKING:
    from typing_extensions import Unpack  # from typing, it needs Python 3.11

BATCH, WAITING, READERS = 8, 256, 2
PATIENCE = 0.02         # seconds that a batch waits for more, once it has one
LONGEST_WAIT = 600      # seconds that Retry-After says at most
STOPPING = "This server is stopping: ask again when it is back, or ask another one."
_log = logging.getLogger("vs2.serve")


class Scorer(Protocol):
    """Who judges: a `vs2.judge.Judge`, or what stands for one."""

    name: str
    precision: str
    card: Any

    @property
    def sampling(self) -> Sampling: ...

    def score_many(self, sources: Sequence[Clip], prompts: Sequence[str], /,
                   **options: "Unpack[Given]") -> Sequence[Evaluation | Problem]:
        """As `vs2.judge.Judge.score_many`."""

    def score_clip(self, clip: Clip, prompt: str, /, *, read: float, **options: "Unpack[Given]") -> Evaluation:
        """As `vs2.judge.Judge.score_clip`."""


class Full(Failure):
    """The line has no room. seconds: after which there should be."""

    def __init__(self, waiting: int, seconds: int):
        super().__init__(f"{waiting} clips are waiting for the judge already: try again in {seconds} s.")
        self.seconds = seconds


class Stopping(Failure):
    """The server takes no more, or has stopped before a clip was judged."""


@dataclass(eq=False)
class Job:
    """One clip to be judged. read: reads it, with the judge's sampling. answer: what comes of it."""

    read: Callable[[Sampling], Clip]
    prompt: str
    options: Options
    answer: "Future[Evaluation]" = field(default_factory=Future)
    clip: Clip | None = None
    seconds: float = 0.0        # that reading took

    @property
    def shares(self) -> bool:
        """Whether it can share a batch."""
        return self.options.shares

    def joins(self, jobs: "Sequence[Job]") -> bool:
        """Whether it can be judged together with those: rationales grow together where the clips are of like size."""
        sizes = [_pixels(job) for job in (*jobs, self)]
        return self.options == jobs[0].options and sum(sizes) <= PIXELS and \
            (not self.options.think or max(sizes) <= LIKE * min(sizes))

    def fail(self, problem: BaseException) -> None:
        """The answer, where none waits for it any more too."""
        if not self.answer.done() and (self.answer.running() or self.answer.set_running_or_notify_cancel()):
            self.answer.set_exception(problem)


class Line:
    """Judges jobs in the order in which they came. batch: most in one; waiting: most in the line; readers: threads.

    watch: is told of each batch, (how many, seconds).
    """

    def __init__(self, judge: Scorer, batch: int = BATCH, waiting: int = WAITING, readers: int = READERS,
                 watch: Callable[[int, float], None] = lambda count, seconds: None):
        self.judge, self.batch, self.most, self._watch = judge, batch, waiting, watch
        self.waiting = 0
        self._stopping = False
        self._lock = threading.Lock()
        self._entered: queue.Queue[Job | None] = queue.Queue()
        self._ready: queue.Queue[Job | None] = queue.Queue(2 * batch)    # clips in memory
        self._next: Job | None = None
        self._gone: deque[float] = deque(maxlen=64)     # when the last clips left the line, since it was empty
        self._readers = [threading.Thread(target=self._read, daemon=True, name=f"reader {n}") for n in range(readers)]
        self._worker = threading.Thread(target=self._work, daemon=True, name="judge")
        for thread in (*self._readers, self._worker):
            thread.start()

    def enter(self, jobs: Sequence[Job]) -> None:
        """Takes all of them or none. Raises Full or Stopping."""
        with self._lock:
            self._look(len(jobs))
            self.waiting += len(jobs)
        for job in jobs:
            job.answer.add_done_callback(self._left)
            self._entered.put(job)

    def look(self, count: int) -> None:
        """Raises Full or Stopping where so many would not be taken now."""
        with self._lock:
            self._look(count)

    def _look(self, count: int) -> None:
        if self._stopping:
            raise Stopping(STOPPING)
        if self.waiting + count > self.most:
            raise Full(self.waiting, self._pause(self.waiting + count - self.most))

    def close(self) -> None:
        """Takes no more, refuses what waits, ends the batch that is being judged."""
        with self._lock:
            if self._stopping:
                return
            self._stopping = True
        for _ in self._readers:
            self._entered.put(None)
        for thread in self._readers:
            thread.join()
        self._ready.put(None)
        self._worker.join()

    def _left(self, _: Future) -> None:
        with self._lock:
            self.waiting -= 1
            self._gone.append(time.monotonic())
            if not self.waiting:
                self._gone.clear()

    def _pause(self, over: int) -> int:
        """Seconds until so many will have left the line, at the pace of the last ones: reading takes its time, too."""
        if len(self._gone) < 2:
            return 1
        each = (self._gone[-1] - self._gone[0]) / (len(self._gone) - 1)
        return min(LONGEST_WAIT, max(1, math.ceil(over * each)))

    def _read(self) -> None:
        while (job := self._entered.get()) is not None:
            if self._stopping:
                job.fail(Stopping(STOPPING))
            elif not job.answer.cancelled():
                started = time.perf_counter()
                try:
                    job.clip = job.read(self.judge.sampling.capped(job.options.frames, job.options.pixels))
                except Problem as problem:
                    job.fail(problem)
                except Exception as error:
                    job.fail(unexpected(error))
                else:
                    job.seconds = time.perf_counter() - started
                    self._ready.put(job)

    def _work(self) -> None:
        while (jobs := self._gather()) is not None:
            if self._stopping:
                for job in jobs:
                    job.fail(Stopping(STOPPING))
                continue
            jobs = [job for job in jobs if job.answer.set_running_or_notify_cancel()]
            if not jobs:
                continue
            started = time.perf_counter()
            self._judge(jobs)
            self._watch(len(jobs), time.perf_counter() - started)

    def _gather(self) -> list[Job] | None:
        """The next batch; None at the end."""
        first = self._next or self._ready.get()
        self._next = None
        if first is None:
            return None
        jobs, until = [first], time.monotonic() + PATIENCE
        while first.shares and len(jobs) < self.batch:
            try:
                job = self._ready.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                break
            if job is None:
                self._ready.put(None)       # for the next turn: nobody else takes from here
                break
            if not job.joins(jobs):
                self._next = job
                break
            jobs.append(job)
        return jobs

    def _judge(self, jobs: list[Job]) -> None:
        """Answers all of them, whatever breaks: the line goes on, and one clip does not take the others with it."""
        try:
            found = self._found(jobs)
        except Exception as error:
            if len(jobs) > 1:
                _log.warning("A batch failed (%s): its clips are judged one by one", type(error).__name__)
                for job in jobs:
                    self._judge([job])
                return
            found = [error if isinstance(error, Problem) else unexpected(error)]
        for job, one in zip(jobs, found, strict=True):
            if isinstance(one, Problem):
                job.fail(one)
            else:
                job.answer.set_result(one)

    def _found(self, jobs: list[Job]) -> Sequence[Evaluation | Problem]:
        clips = [job.clip for job in jobs if job.clip is not None]
        how = cast(Given, vars(jobs[0].options))
        if len(jobs) == 1 and jobs[0].options.think or not jobs[0].shares:
            return [self.judge.score_clip(clips[0], jobs[0].prompt, read=jobs[0].seconds, **how)]
        found = self.judge.score_many(clips, [job.prompt for job in jobs], **how)
        return [one.read_in(job.seconds) if isinstance(one, Evaluation) else one
                for one, job in zip(found, jobs, strict=True)]


def _pixels(job: Job) -> int:
    return job.clip.frames.size // 3 if job.clip is not None else 0


def unexpected(error: Exception) -> Failure:
    """What a client is told of an error that nobody foresaw; the log has the rest."""
    _log.error("Judging failed", exc_info=error)
    return Failure(f"The judge failed unexpectedly ({type(error).__name__}): the server's log says more.")

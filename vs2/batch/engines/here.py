"""Rows to a judge in batches: the next clips are read meanwhile, and those of like size share one.

Which do depends on the table alone, never on how quickly something was read: a row's scores are the same in every run
of the same rows. The rationales of a batch grow together.
"""
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from vs2 import video
from vs2.batch.engines.task import Outcome, Scorer, Task, here, judged, unexpected
from vs2.errors import Problem
from vs2.evaluation import Evaluation
from vs2.options import LIKE, PIXELS, Given, Options
from vs2.texts import told
from vs2.video.sampling import Sampling

if TYPE_CHECKING:
    from typing_extensions import Unpack  # from typing, it needs Python 3.11

READERS = 2         # clips that are read at a time
AHEAD = 4           # clips, beside those of the batch, that are read before their turn; a whole batch, if that is more
BATCH = 8           # clips of a batch without thinking, at most
GROWING = 16        # clips of a batch whose rationales grow together, at most
_log = logging.getLogger("vs2.batch")


@runtime_checkable
class ClipScorer(Protocol):
    """A judge that takes clips that were read already, as a `vs2.judge.Judge` does."""

    @property
    def sampling(self) -> Sampling: ...

    def score_clip(self, clip: video.Clip, prompt: str, /, *, name: str | None, read: float,
                   **options: "Unpack[Given]") -> Evaluation: ...

    def score_many(self, sources: Sequence[video.Clip], prompts: Sequence[str], /, *, stop: Callable[[], bool],
                   **options: "Unpack[Given]") -> Sequence[Outcome]: ...


@dataclass(frozen=True)
class Read:
    """A row's clip, or the problem in its place; the seconds that reading took."""

    task: Task
    clip: Any
    problem: Problem | None
    seconds: float

    @property
    def pixels(self) -> int:
        """Of all its frames."""
        return 0 if self.clip is None else math.prod(self.clip.frames.shape[:3])


class Here:
    """A judge of this process, and how it judges. Several threads may give it tasks at the same time: one's clips are
    then read while another's are judged."""

    def __init__(self, judge: Scorer, options: Given):
        self._judge, self._options = judge, options
        self._most = self.most(options)
        how = Options(**options)
        self._caps = how.frames, how.pixels
        self._turn = threading.Lock()

    @staticmethod
    def most(options: Given) -> int:
        """How many clips may share a batch."""
        how = Options(**options)
        return (GROWING if how.think else BATCH) if how.shares else 1

    def judge(self, tasks: Iterable[Task],
              stop: Callable[[], bool] = lambda: False) -> Generator[tuple[int, Outcome], None, None]:
        """In the order of the tasks."""
        if not isinstance(self._judge, ClipScorer):
            for task in tasks:
                if stop():
                    return
                with self._turn:
                    outcome = judged(self._judge, task, self._options)
                yield task.number, outcome
            return
        readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        try:
            clips = ahead(tasks, self._judge.sampling.capped(*self._caps), readers, max(AHEAD, self._most))
            for batch in batches(clips, self._most):
                if stop():
                    return
                with self._turn:
                    found = self._judged(self._judge, batch, stop)
                if found is None:
                    return
                yield from zip((one.task.number for one in batch), found, strict=True)
        finally:
            readers.shutdown(wait=False, cancel_futures=True)

    def _judged(self, judge: ClipScorer, batch: list[Read], stop: Callable[[], bool]) -> list[Outcome] | None:
        """None where it was stopped in the middle."""
        if len(batch) == 1:
            return [self._alone(judge, batch[0])]
        try:
            how: Given = {"think": True, **self._options}      # without it, it would not think
            found = judge.score_many([one.clip for one in batch], [one.task.prompt for one in batch], stop=stop, **how)
        except Exception as error:      # alone, each tells what is wrong with it; the log has it where none does
            if stop():
                return None
            _log.warning("A batch of %d failed, and its rows are judged one by one", len(batch), exc_info=error)
            return [self._alone(judge, one) for one in batch]
        return [self._told(outcome, one) for outcome, one in zip(found, batch, strict=True)]

    def _alone(self, judge: ClipScorer, one: Read) -> Outcome:
        if one.problem is not None:
            return one.problem
        try:
            return judge.score_clip(one.clip, one.task.prompt, name=told(str(one.task.path)), read=one.seconds,
                                    **self._options)
        except Problem as problem:
            return problem
        except Exception as error:      # a long run must not end with one row that meets a defect
            return unexpected(error)

    def _told(self, outcome: Outcome, one: Read) -> Outcome:
        """As `_alone` has it."""
        if not isinstance(outcome, Evaluation):
            return outcome
        return replace(outcome.read_in(one.seconds), video=told(str(one.task.path)),
                       options=asdict(Options(**self._options)))


def part_size(rows: int, workers: int, options: Given) -> int:
    """Of how many rows a part of a table is that one of several workers is given: a batch, unless some would have none.
    """
    return max(1, min(Here.most(options), math.ceil(rows / (2 * workers))))


def ahead(tasks: Iterable[Task], sampling: Sampling, readers: ThreadPoolExecutor, count: int) -> Iterator[Read]:
    """The tasks' clips, in order, `count` of them being read before they are asked for."""
    left, reading = iter(tasks), deque[Future[Read]]()
    while True:
        while len(reading) < count and (task := next(left, None)) is not None:
            reading.append(readers.submit(_read, task, sampling))
        if not reading:
            return
        yield reading.popleft().result()


def batches(clips: Iterable[Read], most: int) -> Iterator[list[Read]]:
    """Clips that follow each other, are of like size and not too many; one without a clip stands alone."""
    batch: list[Read] = []
    for one in clips:
        sizes = [other.pixels for other in (*batch, one)]
        if batch and (len(batch) == most or one.problem is not None or batch[0].problem is not None
                      or max(sizes) > LIKE * min(sizes) or sum(sizes) > PIXELS):
            yield batch
            batch = []
        batch.append(one)
        if most == 1:       # nothing is waited for
            yield batch
            batch = []
    if batch:
        yield batch


def _read(task: Task, sampling: Sampling) -> Read:
    began = time.perf_counter()
    try:
        with here(task) as path:
            clip, problem = video.read(path, sampling, fps=task.fps), None
    except Problem as error:
        clip, problem = None, error
    except Exception as error:
        clip, problem = None, unexpected(error)
    return Read(task, clip, problem, time.perf_counter() - began)

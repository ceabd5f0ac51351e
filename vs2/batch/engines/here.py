"""Rows judged by this process's own judge, the next clips being read meanwhile.

Without thinking, clips of like size that follow each other share a batch. Which do depends on the table alone, never on
how quickly something was read: a row's scores are the same in every run of the same rows.
"""
import logging
import math
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from vs2 import video
from vs2.batch.engines.task import Outcome, Scorer, Task, judged, unexpected
from vs2.errors import Problem
from vs2.evaluation import Evaluation
from vs2.options import Given, Options
from vs2.texts import told
from vs2.video.sampling import Sampling

if TYPE_CHECKING:
    from typing_extensions import Unpack  # from typing, it needs Python 3.11

READERS = 2         # clips that are read at a time
AHEAD = 4           # clips, beside those of the batch, that are read before their turn
BATCH = 8           # clips of a batch, at most
PIXELS = 64 * 2**20  # of all frames of a batch, at most, unless one clip alone has more
LIKE = 2.0          # clips of a batch differ in pixels by this factor at most: shorter ones are padded
_log = logging.getLogger("vs2.batch")


@runtime_checkable
class ClipScorer(Protocol):
    """A judge that takes clips that were read already, as a `vs2.judge.Judge` does."""

    card: Any

    def score_clip(self, clip: video.Clip, prompt: str, /, *, name: str | None, read: float,
                   **options: "Unpack[Given]") -> Evaluation: ...

    def score_many(self, sources: Sequence[video.Clip], prompts: Sequence[str], /) -> Sequence[Outcome]: ...


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
    """A judge of this process."""

    def __init__(self, judge: Scorer, options: Given):
        self._judge, self._options = judge, options
        how = Options(**options)
        self._most = BATCH if not how.think and how.samples == 1 and not how.published else 1

    def judge(self, tasks: Iterable[Task], stop: Callable[[], bool]) -> Generator[tuple[int, Outcome], None, None]:
        """In the order of the tasks."""
        if not isinstance(self._judge, ClipScorer):
            for task in tasks:
                if stop():
                    return
                yield task.number, judged(self._judge, task, self._options)
            return
        readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        try:
            for batch in batches(ahead(tasks, self._judge.sampling, readers), self._most):
                if stop():
                    return
                yield from zip((one.task.number for one in batch), self._judged(self._judge, batch), strict=True)
        finally:
            readers.shutdown(wait=False, cancel_futures=True)

    def _judged(self, judge: ClipScorer, batch: list[Read]) -> list[Outcome]:
        if len(batch) == 1:
            return [self._alone(judge, batch[0])]
        try:
            found = judge.score_many([one.clip for one in batch], [one.task.prompt for one in batch])
        except Exception as error:      # alone, each tells what is wrong with it; the log has it where none does
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
        seconds = replace(outcome.seconds, read=one.seconds, total=one.seconds + outcome.seconds.think)
        return replace(outcome, video=told(str(one.task.path)), seconds=seconds,
                       options=asdict(Options(**self._options)))


def ahead(tasks: Iterable[Task], sampling: Sampling, readers: ThreadPoolExecutor) -> Iterator[Read]:
    """The tasks' clips, in order, AHEAD of them being read before they are asked for."""
    left, reading = iter(tasks), deque[Future[Read]]()
    while True:
        while len(reading) < AHEAD and (task := next(left, None)) is not None:
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
        clip, problem = video.read(task.path, sampling, fps=task.fps), None
    except Problem as error:
        clip, problem = None, error
    except Exception as error:
        clip, problem = None, unexpected(error)
    return Read(task, clip, problem, time.perf_counter() - began)

"""What every engine does with a row: the task, and what became of it."""
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from vs2.batch.elsewhere import fetched
from vs2.errors import BadInput, Failure, Problem
from vs2.evaluation import Evaluation
from vs2.options import Given

if TYPE_CHECKING:
    from typing_extensions import Unpack  # from typing, it needs Python 3.11

Outcome = Evaluation | Problem
TICK = 0.2      # seconds between looks at `stop`
NO_START = ("The process that judges did not start or was stopped from outside, for lack of memory perhaps: "
            "try again with fewer workers.")
CRASHED = "The process that judged this row was stopped from outside, twice, for lack of memory perhaps: try it again."


@dataclass(frozen=True)
class Task:
    """One judgement: the row's number, its file or where it is to be fetched from, its prompt, and the pictures a
    second where the file is of pictures."""

    number: int
    path: Path | str
    prompt: str
    fps: float | None = None


@runtime_checkable
class Scorer(Protocol):
    """What judges one video file after another, as a `vs2.judge.Judge` does."""

    def score(self, source: str | Path, prompt: str, /, *, fps: float | None = None,
              **options: "Unpack[Given]") -> Evaluation:
        """What it says of the file. Raises Problem."""


def judged(judge: Scorer, task: Task, options: Given) -> Outcome:
    """What the judge says of it. Whatever goes wrong is this row's alone."""
    try:
        with here(task) as path:
            if task.fps is None:
                return judge.score(path, task.prompt, **options)
            return judge.score(path, task.prompt, fps=task.fps, **options)
    except Problem as problem:
        return problem
    except Exception as error:      # a long run must not end with one row that meets a defect
        return unexpected(error)


@contextmanager
def here(task: Task) -> Iterator[Path]:
    """Its file, fetched if it lies elsewhere; then it goes with the context. Raises BadInput or Failure."""
    if isinstance(task.path, Path):
        yield task.path
        return
    with fetched(task.path) as path:
        yield path


def unexpected(error: Exception) -> Failure:
    """What is said of a row that met a defect."""
    return Failure(f"Judging it failed unexpectedly ({type(error).__name__}: {error}).")


def enough(count: int, gpus: int = 0) -> None:
    """Raises BadInput where so many workers cannot work: fewer than one, or more than one a GPU."""
    if isinstance(count, bool) or not isinstance(count, int):
        raise BadInput(f"workers is {count!r:.60}: it must be a whole number.")
    if count < 1:
        raise BadInput(f"{count} workers cannot judge anything: give 1 or more.")
    if gpus and count > gpus:
        raise BadInput(f"{count} workers need as many GPUs, and there {'is' if gpus == 1 else 'are'} {gpus}: "
                       f"give --workers {gpus} at most.")

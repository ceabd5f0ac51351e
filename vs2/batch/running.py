"""Judges the rows of a table: here, in several processes, or on Ray; a result a row, as they come.

    with table.opened("clips.csv") as rows:
        for result in batch.run(rows, vs2.load("mini"), budget=512):
            print(result.row.number, result.error or result.evaluation.overall)
"""
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vs2.batch.engines import Here, Processes, Ray, Scorer, Task, Threads, enough
from vs2.batch.table import Row
from vs2.errors import BadInput, Problem
from vs2.evaluation import Evaluation
from vs2.options import Given, Options

if TYPE_CHECKING:
    from typing_extensions import Unpack  # from typing, it needs Python 3.11

ENGINES = ("local", "ray")


@dataclass(frozen=True)
class Result:
    """What became of a row: its evaluation, or the problem in its place."""

    row: Row
    evaluation: Evaluation | None = None
    problem: Problem | None = None

    @property
    def error(self) -> str | None:
        """One sentence why there is no evaluation."""
        return None if self.problem is None else str(self.problem)


def run(rows: Iterable[Row], judge: Scorer | Callable[[], Scorer], *, workers: int = 1, least: int | None = None,
        engine: str = "local", gpus: int = 0, stop: Callable[[], bool] = lambda: False,
        **options: "Unpack[Given]") -> Generator[Result, None, None]:
    """A `Result` for each row: first those that cannot be judged, then the others in the order in which they are done.

    judge: a `Judge`, or a function that loads one, which `workers` above 1 and the engine "ray" need; it is called once
    in each worker, so it must be a module's function or a partial of one. A judge that takes several rows at once, as
    one on a server does (`at_once`), is given itself: so many `workers` are then threads. gpus: this machine's; each
    worker takes one. least: on Ray, the fewest workers; more come, up to `workers`, where there is room for them.
    options: those of `vs2.options.Options`.

    Closing the generator ends the work at once; once `stop()` is true, no further row is begun.
    Raises BadInput for an option out of range, and what loading the judge raises.
    """
    Options(**options)
    numbered = {row.number: row for row in rows}
    for row in numbered.values():
        if row.problem or not (row.path or row.address):
            yield Result(row, None, BadInput(row.problem or "The row names no file to judge."))
    tasks = [Task(row.number, row.path or row.address, row.prompt, row.fps) for row in numbered.values()
             if not row.problem and (row.path or row.address)]
    if not tasks or stop():
        return
    outcomes = _crew(judge, workers, least, engine, gpus, options).judge(tasks, stop)
    try:
        for number, outcome in outcomes:
            if isinstance(outcome, Evaluation):     # named as in the table, not as on this machine
                yield Result(numbered[number], replace(outcome, video=numbered[number].video))
            else:
                yield Result(numbered[number], None, outcome)
    finally:
        outcomes.close()


def _crew(judge: Scorer | Callable[[], Scorer], workers: int, least: int | None, engine: str, gpus: int,
          options: Given) -> Here | Processes | Ray | Threads:
    enough(workers)
    if engine not in ENGINES:
        raise BadInput(f"There is no engine {engine!r}: take one of {', '.join(ENGINES)}.")
    if least not in (None, workers) and engine != "ray":
        raise BadInput("The number of workers changes on Ray alone: give one number, or --engine ray.")
    if isinstance(judge, Scorer):
        if workers != 1 and engine == "local" and getattr(judge, "at_once", 1) > 1:
            return Threads(judge, workers, options)
        if workers != 1 or engine != "local":
            raise BadInput("A loaded judge works alone: give the function that loads one for several workers.")
        return Here(judge, options)
    if engine == "ray":
        return Ray(judge, workers, options, least)
    return Here(judge(), options) if workers == 1 else Processes(judge, workers, options, gpus)

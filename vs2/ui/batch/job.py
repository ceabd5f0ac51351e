"""A table on the Batch page: what was uploaded, checked, and judged so far; judged row by row in the judge's line."""
import shutil
import tempfile
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from gradio.utils import get_upload_folder
from gradio_client.utils import strip_invalid_filename_characters as stripped

from vs2.batch import Result, archive, results, table
from vs2.batch.table import Row
from vs2.errors import BadInput, Failure, Problem
from vs2.evaluation import Evaluation
from vs2.ui import player, whose, withheld
from vs2.ui.guard import who
from vs2.ui.host import Host, Run
from vs2.ui.judgement import Request
from vs2.ui.progress import Progress
from vs2.ui.said import worded
from vs2.ui.text import batch as text
from vs2.video import display_name

# What one visitor may bring.
LIMITS = table.Limits(table_bytes=4 * 2**20, rows=200, columns=200, clip=player.LIMITS,
                      zip=archive.Limits(members=2000, unpacked=4 * 2**30))
MOST_FILES = 2 * LIMITS.rows
MOST_JOBS = 32          # tables that are kept for those who come back
KEPT = 24 * 3600.0      # seconds; uploads are deleted then
GIVE_UP = 3             # rows in a row that fail on our side end the run: the next ones would too
PAUSE = 0.25


class Job:
    """A checked table. `results` has what became of each row, by its number; `kept` the ids that they are stored under.

    Raises BadInput where there is no table in the files. files: (path, name) of each upload.
    """

    def __init__(self, files: Sequence[tuple[str, str]]):
        self.results: dict[int, Result] = {}
        self.kept: dict[int, str] = {}
        self.asked: Request | None = None   # what it began with
        self.files = list(files)
        self.judging = False                # whether somebody goes through its rows
        self.view: tuple | None = None      # the page's own: which rows it shows, and which dimensions
        self.by = ""                        # ... and the column whose groups it shows
        self.token = ""                     # of its folder among `vs2.ui.shelf`'s, "" without one
        self.made, self.address = time.monotonic(), who.here()
        self.given_up = ""
        self._turn: object = None
        self._run: Run | None = None
        self.folder = Path(tempfile.mkdtemp(prefix="vs2-batch-", dir=get_upload_folder()))
        try:
            self.rows = _rows(files, self.folder)
        except BaseException:
            self.close()
            raise
        self.reset()

    @property
    def names(self) -> list[str]:
        """What the uploads are called."""
        return [name for _, name in self.files]

    def with_kept(self, value) -> list[tuple[str, str]]:
        """`files_of` the page's box, and those of this job's uploads that it names only: it was loaded after them."""
        new = files_of(value)
        said = value.get("kept") if isinstance(value, dict) else None
        kept = {name for name in said if isinstance(name, str)} if isinstance(said, list) else set()
        return [one for one in self.files if one[1] in kept - {name for _, name in new}] + new

    def reset(self) -> None:
        """Forgets all scores."""
        self.stop()
        self.kept, self.asked, self.given_up = {}, None, ""
        self.results = {row.number: Result(row, None, BadInput(row.problem)) for row in self.rows if row.problem}

    def inherit(self, before: "Job") -> None:
        """Takes over the scores of rows that are the same in an earlier job, their files too."""
        known = {row.number: row for row in before.rows}
        for row in self.rows:
            result = before.results.get(row.number)
            if known.get(row.number) == row and result is not None and result.evaluation:
                self.results[row.number], self.asked = result, before.asked
                self.kept[row.number] = before.kept.get(row.number, "")

    @property
    def left(self) -> list[Row]:
        """The rows to judge: those without a result, and those that failed on our side."""
        return [row for row in self.rows if row.number not in self.results
                or isinstance(self.results[row.number].problem, Failure)]

    @property
    def evaluated(self) -> list[Result]:
        """The results with an evaluation, in the table's order: with scores, or with the reason why there are none."""
        return [self.results[row.number] for row in self.rows
                if row.number in self.results and self.results[row.number].evaluation]

    @property
    def scored(self) -> list[Result]:
        """Those of them of which the judge judged anything."""
        return [one for one in self.evaluated if one.evaluation and not withheld.all_of(one.evaluation.scores)]

    def judge(self, host: Host, asked: Request, keep: Callable[[Evaluation, Path], str] = lambda *_: "",
              pause: float = PAUSE) -> Generator[tuple[Row, Progress | None], None, None]:
        """Judges what is left: (row, progress) while a row runs, (row, None) when it has its result.

        A second call ends the first: whoever reloads the page takes over. Closing the generator ends the judgement.
        """
        self.stop()
        self._turn = mine = object()
        self.asked, self.given_up, self.judging, failures = self.asked or asked, "", True, 0
        try:
            for row in self.left:
                if self._turn is not mine:
                    return
                request = replace(self.asked, video=str(row.path), prompt=row.prompt, fps=row.fps)
                result = yield from self._one(row, request, host, pause)
                if result is None or self._turn is not mine:
                    return
                self.results[row.number] = result
                if result.evaluation is not None:
                    self.kept[row.number] = keep(result.evaluation, Path(request.video))
                failures = failures + 1 if isinstance(result.problem, Failure) else 0
                yield row, None
                if failures == GIVE_UP:
                    self.given_up = text.GIVEN_UP.format(count=GIVE_UP, reason=worded(result.error or ""))
                    return
        finally:
            if self._turn in (mine, None):      # nobody has taken over
                self.judging = False

    def _one(self, row: Row, asked: Request, host: Host,
             pause: float) -> Generator[tuple[Row, Progress | None], None, Result | None]:
        """Judges one row; returns its result, None where it was stopped."""
        self._run = run = Run(asked, host)
        progress = Progress(run)
        try:
            for event in run.events(pause):
                progress.take(event)
                yield row, progress
        except Problem as problem:
            return Result(row, None, problem)
        finally:
            run.stop()
        if progress.evaluation is None:
            return None
        return Result(row, replace(progress.evaluation, video=row.video))

    def stop(self) -> None:
        """Ends the judgement that is on, and lets none begin after it."""
        self._turn = None
        if self._run is not None:
            self._run.stop()

    def records(self) -> list[dict]:
        """One record a row, as in the files of `vs2 batch`; a row that was not judged has neither scores nor error."""
        made = [(row, self.results.get(row.number)) for row in self.rows]
        found = [results.record(row, result.evaluation, result.error) if result else results.record(row, None, None)
                 for row, result in made]
        return results.with_knows(found, whose.knows)

    def close(self) -> None:
        """Ends it and deletes what was unpacked for it."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def files_of(value) -> list[tuple[str, str]]:
    """(path, name) of the files in the page's box, whatever a browser says. Raises BadInput."""
    said = value.get("files") if isinstance(value, dict) else None
    said = said if isinstance(said, list) else []
    if len(said) > MOST_FILES:
        raise BadInput(text.TOO_MANY.format(count=len(said), most=MOST_FILES))
    return [player.given(one if isinstance(one, dict) else None) for one in said]


def _rows(files: Sequence[tuple[str, str]], folder: Path) -> list[Row]:
    if len(files) > MOST_FILES:
        raise BadInput(text.TOO_MANY.format(count=len(files), most=MOST_FILES))
    zips = [path for path, name in files if name.lower().endswith(".zip")]
    chosen = table.tables(name for _, name in files)
    tables = [path for path, name in files if name in chosen]
    if zips:
        if len(files) > 1:
            raise BadInput(text.ZIP_ALONE)
        return table.unpacked(zips[0], folder, LIMITS)
    if len(tables) != 1:
        raise BadInput(text.TWO_TABLES.format(count=len(tables)) if tables else text.NO_TABLE)
    return table.check(table.read(tables[0], LIMITS), _beside(files), LIMITS.clip)


def _beside(files: Sequence[tuple[str, str]]) -> Callable[[str], Path]:
    """Finds a clip among the uploads by its name alone: no path of this machine is ever looked at."""
    def find(written: str) -> Path:
        name = written.replace("\\", "/").rstrip("/").split("/")[-1]
        name = unquote(name) if written.lower().startswith("file:") else name
        found = [path for path, given in files if given in (name, stripped(name))]
        if not found:
            raise BadInput(text.NOT_ADDED.format(name=display_name(written)))
        if len(found) > 1:
            raise BadInput(text.TWICE.format(name=display_name(written)))
        return Path(found[0])

    return find


class Jobs:
    """The last table of each visitor, kept for a day, `MOST_JOBS` at most."""

    def __init__(self):
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._changing = threading.Lock()

    def get(self, key: str) -> Job | None:
        """The job of a visitor or session, None where there is none any more."""
        with self._changing:
            for old in [name for name, job in self._jobs.items() if time.monotonic() - job.made > KEPT]:
                self._jobs.pop(old).close()
            return self._jobs.get(key)

    def put(self, key: str, job: Job | None) -> None:
        """Keeps a job in place of the one before, which ends; None keeps none."""
        with self._changing:
            if before := self._jobs.pop(key, None):
                before.close()
            if job is not None:
                self._jobs[key] = job
                idle = [name for name, kept in self._jobs.items() if not kept.judging and kept is not job]
                while len(self._jobs) > MOST_JOBS and idle:
                    # The oldest of the address that has most: invented visitors push out each other.
                    count = Counter(kept.address for kept in self._jobs.values() if kept.address)
                    name = max(idle, key=lambda name: count[self._jobs[name].address])
                    idle.remove(name)
                    self._jobs.pop(name).close()

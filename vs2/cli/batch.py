"""`vs2 batch`: judges a table of videos. What is finished is kept as it comes, so a run that was killed goes on."""
import contextlib
import functools
import json
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from vs2.cli import judging, report
from vs2.errors import BadInput, Failure
from vs2.remote.address import is_remote, parse

MOST_LISTED = 20    # rows that cannot be judged, named before the run; all of them are in the result
BAR = 20            # characters of the bar


def add(commands) -> None:
    """Declares the command."""
    running = commands.add_parser(
        "batch", help="judge a table of videos", description="Judges a table of videos, one row out for each row in, "
        "in the table's order. Rows that cannot be judged are named first and come out with `error`; the others go on.",
        epilog="In CSV a text that a spreadsheet would take for a formula (= + - @ at its start) stands behind an "
        "apostrophe, which this command takes off again where it reads a CSV.")
    running.add_argument("table", metavar="TABLE", help="a .csv, .tsv, .jsonl, .json or .parquet with the "
                       "columns video (a path relative to it, as ~/ or file://, or an address such as s3://, gs://, "
                       "hf:// or https://, fetched when its turn comes) and prompt; or a zip with one such "
                       "table and its clips; a column fps says the pictures a second of a folder or a zip of pictures")
    running.add_argument("--out", required=True, metavar="FILE", help="the result, of the same formats; any but .jsonl "
                       "keeps the whole records in FILE.journal beside it")
    running.add_argument("--resume", action="store_true", help="go on with FILE where a run ended: rows with scores "
                       "are kept, the others judged")
    running.add_argument("--engine", default="local", choices=("local", "ray"), help="ray: on the cluster that "
                       "RAY_ADDRESS names, with clips that are no addresses under the same paths everywhere (default: "
                       "local)")
    running.add_argument("--workers", type=bounds, default=(1, 1), metavar="W", help="how many judge at once: "
                       "processes on the CPU, or one a GPU; of a judge on a server, how many rows it is asked at once; "
                       "on Ray 2-8 too: 2 at least, up to 8 where there is room (default: 1)")
    judging.add_fps(running)
    judging.add_options(running)
    running.add_argument("--published", action="store_true", help=judging.PUBLISHED)
    report.add_groups(running)
    running.add_argument("--json", action="store_true", help="write the groups as one JSON object to stdout, not as a "
                         "table")
    running.add_argument("--groups", metavar="FILE", help="write the groups as JSON into this file too")
    running.add_argument("--report", metavar="FILE", help="make an .html report of it too: the groups, the rows, and "
                         "stills and words of the lowest clips")
    running.set_defaults(run=run)


def bounds(text: str) -> tuple[int, int]:
    """The least and the most of `2-8`, or of one number, as argparse wants it."""
    least, _, most = text.partition("-") if not text.startswith("-") else (text, "", "")
    return int(least), int(most or least)


def run(arguments) -> None:
    """`vs2 batch`. Raises BadInput or Failure where not one row has scores; the result is written all the same."""
    from vs2.batch import results, table
    from vs2.batch.engines import enough, no_ray
    from vs2.cli.terminal import Status
    from vs2.options import Options
    from vs2.settings import Settings
    from vs2.video.rate import check_fps

    options = judging.options(arguments)
    if arguments.published:     # not said otherwise: runs from before there was a choice go on
        options["published"] = True
    Options(**options)
    for count in arguments.workers:
        enough(count)
    if (arguments.json or arguments.groups) and not arguments.group_by:
        raise BadInput("--json and --groups write groups: name the column that makes them with --group-by.")
    report.check_kind(arguments.report)
    if arguments.engine == "ray" and find_spec("ray") is None:
        raise BadInput(no_ray())
    out = Path(arguments.out)
    results.check_out(out)
    settings = Settings.read()
    name = settings.model if arguments.model == "auto" else arguments.model
    precision = settings.precision if arguments.precision == "auto" else arguments.precision
    status = Status()
    status.show("Checking the table")
    if arguments.fps is not None:
        check_fps(arguments.fps)
    with table.opened(arguments.table, fps=arguments.fps, addresses=True) as rows:
        _list(rows, status)
        report.boards([results.record(row) for row in rows], arguments.group_by)    # a column that there is not
        with contextlib.redirect_stdout(sys.stderr):    # what libraries say is no part of the output
            records = _judge(rows, out, name, precision, options, arguments, status)
        _grouped(records, arguments)
        if arguments.report is not None:
            from vs2.report import make

            paths = {row.number: row.path for row in rows}
            report.write(make.batch(records, arguments.group_by, lambda record: paths[record["row"]]), arguments.report)


def _grouped(records: list[dict], arguments) -> None:
    """The groups that were asked for: to stdout, and to a file."""
    found = report.boards(records, arguments.group_by)
    if not found:
        return
    whole = json.dumps({"groups": [board.to_dict() for board in found]}, ensure_ascii=False, allow_nan=False)
    if arguments.groups:
        try:
            Path(arguments.groups).write_text(whole + "\n", encoding="utf-8")
        except OSError as error:
            raise Failure(f"The groups cannot be written to {arguments.groups} ({error.strerror}): give another "
                          "--groups.") from error
    print(json.dumps(json.loads(whole)) if arguments.json else
          "\n\n".join(report.table(board, sys.stdout.encoding) for board in found))


def _list(rows, status) -> None:
    """Names the rows that cannot be judged."""
    wrong = [row for row in rows if row.problem]
    for row in wrong[:MOST_LISTED]:
        _say(status, f"Row {row.number}: {row.problem}")
    if len(wrong) > MOST_LISTED:
        _say(status, f"{len(wrong) - MOST_LISTED} more rows cannot be judged: the result names them all.")


def _say(status, text: str) -> None:
    """A line that stays."""
    from vs2.cli.terminal import plain

    status.clear()
    print(" ".join(plain(text).split()), file=sys.stderr, flush=True)


def _judge(rows, out: Path, name: str, precision: str, options: dict, arguments,
           status) -> list[dict]:
    """All rows' records, in the table's order."""
    from vs2.batch import results, running
    from vs2.batch.journal import Journal

    name = _model(name)
    keys = {row.number: results.key(row, {"model": name, "precision": precision, **options}) for row in rows}
    with Journal(out, keys, arguments.resume) as journal:
        left = [row for row in rows if row.number not in journal.records]
        able = sum(not row.problem for row in left)
        least, most = arguments.workers
        doable = [row for row in left if not row.problem]
        gpus = _prepared(name, precision, most, doable, status) if able else 0
        progress = Progress(status, len(rows), len(rows) - len(left), able)
        progress.begin()
        try:
            for result in running.run(left, _judge_of(name, precision, arguments), workers=most, least=least,
                                    engine=arguments.engine, gpus=gpus, **options):
                journal.add(results.record(result.row, result.evaluation, result.error, keys[result.row.number]))
                progress.step(result)
        except KeyboardInterrupt:
            _say(status, f"Stopped: {out} keeps what is finished, --resume goes on.")
            raise
        journal.finish()
        records = [journal.records[row] for row in sorted(journal.records)]
    progress.end(out)
    return records


def _judge_of(name: str, precision: str, arguments):
    """What judges: a function that loads it in each worker, or one judge on a server that all workers ask."""
    if is_remote(name) and arguments.engine == "local":
        return load(name, precision)
    return functools.partial(load, name, precision)


def _model(name: str) -> str:
    """The judge's name, what "auto" means included. Raises BadInput where there is no such judge."""
    from vs2.model import checkpoint, hub
    from vs2.settings import Settings

    if name == "auto":
        from vs2.judge import default_name

        return default_name(Settings.read())
    if is_remote(name):
        parse(name)
    elif not hub.is_id(name):
        checkpoint.locate(name)
    return name


def _prepared(name: str, precision: str, workers: int, rows: list, status) -> int:
    """Has the checkpoint on this disk, once and not once a worker; gives how many GPUs there are for several.

    Of the rows that are to be judged it names those whose prompts are too long for it.
    """
    if is_remote(name):
        return 0
    from vs2.model import prompts
    from vs2.model.int4 import store
    from vs2.settings import Settings

    folder = store.find(name, precision, Settings.read().home).folder
    found = [rows[n].number for n in prompts.of_folder(folder)([row.prompt for row in rows])]
    if found:
        named = ", ".join(map(str, found[:MOST_LISTED])) + (", ..." if len(found) > MOST_LISTED else "")
        _say(status, f"Note: {len(found)} prompts are longer than any that this judge was measured with, so that "
             f"the scores there may be wrong (rows: {named}).")
    if workers == 1:
        return 0
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def load(name: str, precision: str):
    """The judge, in this process or a worker's."""
    from vs2.settings import Settings

    return judging.load(name, precision, Settings.read())


class Progress:
    """Rows done, their rate and the time left: a bar in a terminal, the first and last words anywhere else.

    count: rows of the table. kept: those of an earlier run. able: those that are to be judged now.
    """

    def __init__(self, status, count: int, kept: int, able: int):
        self.status, self.count, self.kept, self.able = status, count, kept, able
        self.seen = self.judged = self.failed = 0
        self.withheld = 0       # rows with something that was not judged
        self.first: str | None = None       # the first failure's sentence, and whether any was ours
        self.ours = False
        self._started = time.monotonic()

    def begin(self) -> None:
        """Says what there is to do."""
        before = f", {self.kept} of an earlier run kept" if self.kept else ""
        _say(self.status, f"{self.able} of {self.count} rows to judge{before}")

    def step(self, result) -> None:
        """One result has come."""
        self.seen += 1
        self.judged += not result.row.problem
        if result.error is not None:
            self.failed += 1
            self.first = self.first or f"row {result.row.number}: {result.error}"
            self.ours = self.ours or result.problem.status == 1
        elif result.evaluation.withheld:
            self.withheld += 1
        self.status.show(self.line(time.monotonic() - self._started), fleeting=True)

    def line(self, seconds: float) -> str:
        """The bar after so many seconds."""
        done = self.kept + self.seen
        filled = BAR * done // self.count
        parts = [f"[{'#' * filled}{'.' * (BAR - filled)}] {done} of {self.count} rows"]
        if self.judged and seconds > 0:
            parts.append(f"{60 * self.judged / seconds:.3g} a minute")
            parts.append(f"{duration((self.able - self.judged) * seconds / self.judged)} left")
        if self.failed:
            parts.append(f"{self.failed} without scores")
        if self.withheld:
            parts.append(f"{self.withheld} not judged")
        return ", ".join(parts)

    def end(self, out: Path) -> None:
        """Says what is in the result. Raises BadInput or Failure where not one row has scores."""
        from vs2.cli.terminal import INSTEAD

        self.status.clear()
        if self.failed == self.count:
            kind = Failure if self.ours else BadInput
            raise kind(f"None of the {self.count} rows has scores ({out} says why of each); {self.first}")
        told = f", {self.failed} without (`error` says why)" if self.failed else ""
        if self.withheld:
            told += f", {self.withheld} not judged in all or part (`..._reason` says why)"
        _say(self.status, f"{out}: {self.count - self.failed - self.withheld} rows with scores{told}")
        if self.withheld:
            _say(self.status, INSTEAD)


def duration(seconds: float) -> str:
    """A time for people, in the two largest units."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 1:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"

"""`vs2 bench all`: every suite whose files are there, and one report of it as Markdown, HTML and JSON.

The rows of each suite are kept beside the report, so that a run that was stopped goes on and nothing is judged twice.
The Benchmarks page reads the JSON.
"""
import json
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

from vs2 import __version__
from vs2.bench.people import catalogue, hub, run, show
from vs2.errors import BadInput, Failure, Problem
from vs2.metrics import bootstrap
from vs2.video import display_name

FOLDER = "bench"                # below VS2_HOME, where nothing else is named
REPORT = "report.json"
TABLES = tuple(f"table{ending}" for ending in (".csv", ".tsv", ".json", ".jsonl", ".parquet"))
MOST_BYTES = 16 * 2**20


def there(data: Path | None) -> dict[str, Path]:
    """The suites whose files are there: below `data`, a folder each by its name, or where they were fetched to."""
    found = {}
    for name in catalogue.NAMES:
        for folder in filter(None, (data and Path(data) / name, hub.home(name))):
            if folder.is_dir():
                found[name] = folder
                break
    if data is not None:
        for table in TABLES:
            if (Path(data) / table).is_file():
                found["table"] = Path(data) / table
                break
    return found


def judged(judge, data: Path | None, out: Path, *, draws: int = bootstrap.DRAWS,
           say: Callable[[str], None] = lambda text: None, progress: Callable[[str, int, int], None] | None = None,
           **options) -> dict:
    """The report of all suites that are there, written into the folder `out`. options: as of `run.judged`.

    A suite that fails is named in the report with its sentence; the others go on. Raises BadInput where there is none,
    Failure where the report cannot be written or not one suite has a result.
    """
    suites = there(data)
    if not suites:
        raise BadInput("There is no suite: --data names a folder with a folder for each, called "
                       f"{', '.join(catalogue.NAMES[:-1])}, or a table.csv.")
    try:
        (out / "rows").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Failure(f"{display_name(out)} cannot be written ({error.strerror}): give another --out.") from error
    results, problems = [], {}
    for name, folder in suites.items():
        say(name)
        step = None if progress is None else (lambda done, count, name=name: progress(name, done, count))
        try:
            results.append(run.judged(judge, name, folder, rows=out / "rows" / f"{name}.jsonl", draws=draws,
                                      progress=step, say=say, **options))
        except Problem as problem:
            problems[name] = str(problem)
    report = {"made": datetime.now(timezone.utc).isoformat(timespec="seconds"), "version": __version__,
              "model": judge.name, "suites": results, "problems": problems}
    write(report, out)
    if not results:
        raise Failure(f"Not one suite has a result: {'; '.join(f'{name}: {why}' for name, why in problems.items())}")
    return report


def sections(report: dict) -> list[list[show.Section]]:
    """The report's results, and at the end what failed."""
    found = [show.sections(result) for result in report["suites"]]
    if report["problems"]:
        found.append([show.Section("Suites without a result", (), tuple(
            f"{name}: {why}" for name, why in report["problems"].items()))])
    return found


def markdown(report: dict) -> str:
    """The report as one text."""
    head = f"# {report['model']}, {report['made']}, vs2 {report['version']}"
    return "\n\n".join([head, *(show.markdown(one, 2) for one in sections(report))]) + "\n"


def write(report: dict, out: Path) -> None:
    """report.md, report.html and report.json in a folder, each replaced in one step. Raises Failure."""
    title = f"Benchmarks of {report['model']}"
    texts = {"report.md": markdown(report), "report.html": show.page(title, sections(report)),
             REPORT: json.dumps(report, ensure_ascii=False, allow_nan=False, indent=1) + "\n"}
    try:
        for name, text in texts.items():
            part = out / f"{name}.part"
            part.write_text(text, encoding="utf-8", errors="replace")
            part.replace(out / name)
    except OSError as error:
        raise Failure(f"{display_name(out)} cannot be written ({error.strerror}): free the disk, or give another "
                      "--out.") from error


def read(home: Path | None) -> dict | None:
    """The report that was made last below VS2_HOME; None where there is none that can be read."""
    if home is None:
        return None
    path = Path(home) / FOLDER / REPORT
    try:
        if path.stat().st_size > MOST_BYTES:
            return None
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    suites = report.get("suites") if isinstance(report, dict) else None
    return report if isinstance(suites, list) and all(isinstance(one, dict) for one in suites) else None



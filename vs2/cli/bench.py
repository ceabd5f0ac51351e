"""`vs2 bench`: a judge on clips whose true scores are known, or that people scored."""
import contextlib
import json
import os
import sys
from pathlib import Path

from vs2.cli import bench_people, judging

NAMES = ("scenes", "faults", "prompts", "best-of", "lengths", "best-of-n", "stability")     # of this project


def add(commands) -> None:
    """Declares the command."""
    bench = commands.add_parser(
        "bench", help="measure a judge", description="Measures a judge. scenes: held-out rendered scenes with known "
        "scores. faults: clips, yours or scenes, spoiled on purpose, with kinds of faults that training uses, and, "
        "apart, that it never saw. prompts: the true prompt against another scene's. best-of: "
        "what picking the best of 5 gains in true score over a random pick. lengths: how long a prompt may be. "
        "best-of-n: as best-of for N from 1 to 16, on clips of the sketch, or your own with human scores. stability: "
        "how far scores move where nothing has changed. Suites that people rated: "
        f"{', '.join(bench_people.NAMES)}. {bench_people.TOLD}")
    every = (*NAMES, *bench_people.NAMES, *bench_people.MORE)
    bench.add_argument("suite", choices=every, metavar="SUITE", help=", ".join(every))
    bench.add_argument("files", nargs="*", metavar="FILE", help="for diff: the two files of rows")
    judging.add_options(bench)
    bench.add_argument("--limit", type=int, metavar="N", help="the most clips, pairs, contests or prompts of the suite")
    bench.add_argument("--data", type=Path, metavar="PATH", help="for faults and stability: a folder of clips with a "
                       "videos.csv (columns file, prompt), for faults also such a table itself or a folder of clips "
                       "alone (default: scenes); for best-of-n the same with human scores (visual_quality, "
                       "text_alignment, physical_consistency), in place of the sketch; for a suite that people rated "
                       "its folder, for table the table, for all the folder of such folders")
    bench.add_argument("--kinds", metavar="KIND,...", help="for faults: which kinds or groups (trained, held-out, "
                       "events, motion blur, jpeg, ...; default: all)")
    bench.add_argument("--plot", metavar="FILE", help="for best-of-n: write its chart here, a .png or .svg")
    bench.add_argument("--workers", type=int, metavar="W", help="judges at work at a time, of one thread each "
                       "(default: 1 with a GPU, else 2)")
    bench.add_argument("--json", action="store_true", help="write one JSON object, and nothing else, to stdout; "
                       "metrics are fractions of 1")
    bench_people.add_options(bench)
    bench.set_defaults(run=run)


def run(arguments) -> None:
    """`vs2 bench`."""
    from vs2.errors import BadInput
    from vs2.options import Options

    options = judging.options(arguments)
    bench_people.check(arguments)
    if arguments.suite in bench_people.SILENT or arguments.results is not None:
        bench_people.told(arguments)
        return
    Options(**options, published=arguments.published)
    if arguments.limit is not None and arguments.limit < 1:
        raise BadInput(f"--limit {arguments.limit} leaves nothing to judge: give 1 or more.")
    if arguments.kinds is not None:
        _check_kinds(arguments)
    if arguments.plot is not None:
        from vs2.bench import best_of_n_plot

        if arguments.suite != "best-of-n":
            raise BadInput(f"The suite {arguments.suite} has no chart: leave --plot out.")
        best_of_n_plot.check(arguments.plot)
    if arguments.suite in NAMES:
        result = _judged(arguments, _own, options)
        if arguments.plot is not None:
            best_of_n_plot.draw(result, arguments.plot)
        _print(arguments, result)
    else:
        bench_people.finish(arguments, _judged(arguments, bench_people.judged, options))


def _judged(arguments, of, options: dict) -> dict:
    """What of(arguments, judge, status, options) gives, with the judge that was asked for."""
    from vs2.cli.terminal import Status
    from vs2.settings import Settings

    settings = Settings.read()
    name = settings.model if arguments.model == "auto" else arguments.model
    judging.check_judge(name)
    status = Status()
    status.show("Loading the judge")
    with contextlib.redirect_stdout(sys.stderr):  # what libraries say is no part of the output
        from vs2.bench.work import Processes
        from vs2.judge import default_name

        name = default_name(settings) if name == "auto" else name
        precision = settings.precision if arguments.precision == "auto" else arguments.precision
        with Processes(name, _workers() if arguments.workers is None else arguments.workers, precision) as judge:
            result = of(arguments, judge, status, options)
    status.clear()
    return result


def _check_kinds(arguments) -> None:
    from vs2.bench.spoiling.kinds import chosen
    from vs2.errors import BadInput

    if arguments.suite != "faults":
        raise BadInput(f"The suite {arguments.suite} has no kinds of faults: leave --kinds out.")
    arguments.kinds = [name.strip() for name in arguments.kinds.split(",")]
    chosen(arguments.kinds)


def _own(arguments, judge, status, options: dict) -> dict:
    from vs2.bench import suites

    more = {"kinds": arguments.kinds, "beyond": arguments.withheld} if arguments.suite == "faults" else {}
    return suites.run(
        judge, arguments.suite, suites.CLIPS, arguments.data, limit=arguments.limit, **more,
        progress=lambda done, count: status.show(f"{arguments.suite} {done}/{count}", fleeting=done < count), **options)


def _print(arguments, result: dict) -> None:
    if arguments.json:
        print(json.dumps({name: value for name, value in result.items() if name != "rows"}, allow_nan=False))
        return
    from vs2.bench import suites

    print(f"{result['suite']}, {result['model']}, {result['clips']} clips\n\n{suites.table(result)}")


def _workers() -> int:
    """One on an accelerator, which copies of a judge would fight over; else two."""
    import torch

    return 1 if torch.cuda.is_available() else min(2, os.cpu_count() or 1)

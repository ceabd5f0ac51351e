"""The part of `vs2 bench` that is about people: suites that they rated, results of them, generators over prompts."""
import json
import os
from pathlib import Path

from vs2.errors import BadInput

NAMES = ("videoscore-bench-v2", "videogen-rewardbench", "genai-bench", "mj-bench-video", "videophy2", "t2vqa-db",
         "aigve-bench", "fetv", "table")
SILENT = ("diff",)                                  # which judge nothing
MORE = ("prompts-suite", "all", *SILENT)
TOLD = ("prompts-suite: generators over a list of prompts, as a leaderboard. all: every suite that is there, as one "
        "report. diff A B: two files of rows of one suite.")


def add_options(bench) -> None:
    """Declares what these suites take."""
    bench.add_argument("--rows", type=Path, metavar="FILE", help="keep a row a clip in this .jsonl; one that is there "
                       "goes on")
    bench.add_argument("--results", type=Path, metavar="FILE", help="judge nothing: measure this file, our rows, a "
                       "result of vs2 batch or one of VideoScore2's result files; the suite's files (--data) where it "
                       "does not hold people's scores, or their pairs")
    bench.add_argument("--published", action="store_true", help="count as the published scripts count, and judge as "
                       "theirs does: one reply, drawn by chance")
    bench.add_argument("--withheld", action="store_true", help="ask, too, what a judge would have said of clips that "
                       "it withholds its scores of, and show it apart: it is no judgement")
    bench.add_argument("--generator", action="append", metavar="G", help="for prompts-suite, each: a folder of clips "
                       "called PROMPT-0.mp4 and so on, sketch, diffusers:ID or provider:NAME/ID; NAME=G calls it so")
    bench.add_argument("--prompts", type=Path, metavar="FILE", help="for prompts-suite: a text, a line a prompt, a "
                       "JSON list, or VBench_full_info.json (default: those that the clips' names tell)")
    bench.add_argument("--clips", type=int, default=1, metavar="K", help="for prompts-suite: how many clips of a "
                       "prompt a generator makes (default: 1)")
    bench.add_argument("--at-least", action="append", default=[], metavar="DIM=MEAN", help="for prompts-suite: exit "
                       "status 1 where a generator's mean is lower, as in visual_quality=3.5")
    bench.add_argument("--out", type=Path, metavar="DIR", help="for all: the folder of the report (default: bench in "
                       "VS2_HOME, where the Benchmarks page finds it); for prompts-suite: of the clips that are made")


def check(arguments) -> None:
    """Raises BadInput for options that the suite has no use for, before anything is loaded."""
    suite = arguments.suite
    if (suite == "diff") != bool(arguments.files) or suite == "diff" and len(arguments.files) != 2:
        raise BadInput("vs2 bench diff compares two files of rows: name both." if suite == "diff" else
                       f"The suite {suite} takes no files: {arguments.files[0]!r:.60} is one too many.")
    for name, fits in (("rows", (*NAMES, "prompts-suite")), ("results", NAMES), ("generator", ("prompts-suite",)),
                       ("prompts", ("prompts-suite",)), ("at_least", ("prompts-suite",)),
                       ("out", ("all", "prompts-suite")), ("published", (*NAMES, "all")),
                       ("withheld", (*NAMES, "all", "faults"))):
        if getattr(arguments, name) and suite not in fits:
            raise BadInput(f"The suite {suite} has no use for --{name.replace('_', '-')}: leave it out.")
    if arguments.results and arguments.rows:
        raise BadInput("--results judges nothing, so that there are no --rows to keep: leave one of them out.")
    if suite == "prompts-suite":
        _check_generators(arguments)


def _check_generators(arguments) -> None:
    from vs2.bench.prompts_suite import named, wanted

    if not arguments.generator:
        raise BadInput("The suite prompts-suite needs generators: name each with --generator.")
    names = [named(one)[0] for one in arguments.generator]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise BadInput(f"Two generators are called {twice!r:.60}: name them apart, as in --generator NAME=FOLDER.")
    if arguments.clips < 1:
        raise BadInput(f"--clips {arguments.clips} makes nothing: give 1 or more.")
    wanted(arguments.at_least)
    if arguments.prompts is None and (maker := next(filter(_makes, arguments.generator), None)):
        raise BadInput(f"The generator {maker!r:.60} makes clips of prompts: name a file of them with --prompts.")


def _makes(said: str) -> bool:
    """Whether a generator has to make its clips."""
    from vs2.bench.prompts_suite import named

    what = named(said)[1]
    return what == "sketch" or what.split(":")[0] in ("diffusers", "provider")


def told(arguments) -> None:
    """What needs no judge: diff, and --results."""
    from vs2.bench.people import diff, run, show

    if arguments.suite == "diff":
        found = diff.read(*map(Path, arguments.files))
        _say(arguments, found, lambda: show.markdown(diff.sections(found)))
        return
    result = run.read(arguments.suite, arguments.results, arguments.data, published=arguments.published)
    _say(arguments, result, lambda: show.markdown(show.sections(result)))


def judged(arguments, judge, status, options: dict) -> dict:
    """The result of a suite whose clips are judged now."""
    from vs2.bench.people import everything, run

    how = {"model": judge.name, "precision": judge.precision}
    if arguments.suite == "prompts-suite":
        return _leaderboard(arguments, judge, status, options, how)
    if arguments.suite == "all":
        return everything.judged(
            judge, arguments.data, _report_folder(arguments), limit=arguments.limit, beyond=arguments.withheld,
            published=arguments.published, say=status.show, how=how, **options,
            progress=lambda name, done, count: status.show(f"{name} {done}/{count}", fleeting=done < count))
    return run.judged(
        judge, arguments.suite, arguments.data, limit=arguments.limit, rows=arguments.rows, beyond=arguments.withheld,
        published=arguments.published, say=status.show, how=how, **options,
        progress=lambda done, count: status.show(f"{arguments.suite} {done}/{count}", fleeting=done < count))


def finish(arguments, result: dict) -> None:
    """Prints it. Raises Failure where --at-least is missed."""
    from vs2.bench import prompts_suite
    from vs2.bench.people import everything, show

    if arguments.suite == "prompts-suite":
        _say(arguments, {name: value for name, value in result.items() if name != "rows"},
             lambda: prompts_suite.table(result))
        prompts_suite.check(result, prompts_suite.wanted(arguments.at_least))
    elif arguments.suite == "all":
        _say(arguments, result, lambda: everything.markdown(result))
    else:
        _say(arguments, result, lambda: show.markdown(show.sections(result)))


def _leaderboard(arguments, judge, status, options: dict, how: dict) -> dict:
    import tempfile

    from vs2 import generate
    from vs2.bench import prompts_suite
    from vs2.cli.best_of import token_of

    asked = None if arguments.prompts is None else prompts_suite.prompts(arguments.prompts)[:arguments.limit]
    with tempfile.TemporaryDirectory(prefix="vs2-prompts-") as folder:
        clips, missing = [], {}
        for said in arguments.generator:
            name, what = prompts_suite.named(said)
            if _makes(said):
                into = (arguments.out or Path(folder)) / name.replace(os.sep, "_").replace(":", "_")
                made = generate.load(what, **token_of(what))
                clips += prompts_suite.made(name, made, asked or [], arguments.clips, into, status.show)
            else:
                there, lacking = prompts_suite.found(name, Path(what), asked)
                clips, missing[name] = clips + there, len(lacking)
        if asked is None and arguments.limit is not None:
            kept = list(dict.fromkeys(clip.prompt for clip in clips))[:arguments.limit]
            clips = [clip for clip in clips if clip.prompt in kept]
        return prompts_suite.run(
            judge, clips, arguments.rows, how=how, missing=missing, **options,
            progress=lambda done, count: status.show(f"prompts-suite {done}/{count}", fleeting=done < count))


def _report_folder(arguments) -> Path:
    from vs2.bench.people import everything
    from vs2.settings import Settings

    if arguments.out is not None:
        return arguments.out
    home = Settings.read().home
    if home is None:
        raise BadInput("There is no folder for the report: name one with --out.")
    return home / everything.FOLDER


def _say(arguments, result: dict, text) -> None:
    from vs2.cli.terminal import plain

    print(json.dumps(result, allow_nan=False) if arguments.json else plain(text()))

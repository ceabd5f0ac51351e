"""`vs2 compare`: judges several videos one after another, ranks them, and names a winner or a tie."""
import contextlib
import json
import sys

from vs2 import candidates
from vs2.cli import judging, report
from vs2.errors import BadInput, Failure, Problem
from vs2.evaluation import Evaluation
from vs2.rubric import check_prompt
from vs2.texts import argument, told

LEAST = 2
COLUMNS = ("visual", "alignment", "physical", "overall")


def add(commands) -> None:
    """Declares the command."""
    compare = commands.add_parser(
        "compare", help="judge several videos and rank them", description="Judges several videos, ranks them, and says "
        "which one wins or that they tie, and why. A video that cannot be judged does not stop the others.")
    compare.add_argument("videos", nargs="+", metavar="VIDEO", help="two or more: video files, or folders or zips of "
                         "numbered pictures")
    compare.add_argument("--prompt", required=True, action="append", metavar="TEXT", dest="prompts",
                         help="the text that the videos were made from; given once for each video, each has its own")
    judging.add_fps(compare)
    judging.add_options(compare)
    compare.add_argument("--rule", default=candidates.MEAN, metavar="RULE",
                         help=f"what ranks them: {', '.join(candidates.RULES)}, or weights as in visual_quality=2,"
                              "text_alignment=1 (default: mean)")
    compare.add_argument("--json", action="store_true", help="write one JSON object, and nothing else, to stdout; "
                         "indices in it count from 0")
    report.add_report(compare)
    compare.set_defaults(run=run)


def run(arguments) -> None:
    """`vs2 compare`. A file that fails while it is judged becomes a candidate with `error`; Failure if all do."""
    from vs2.cli.terminal import Status
    from vs2.settings import Settings
    from vs2.video.rate import rates

    options = judging.options(arguments)
    rule = candidates.parse_rule(arguments.rule)
    report.check(arguments.report)
    prompts = _prompts(arguments.videos, [argument(prompt) for prompt in arguments.prompts])
    settings = Settings.read()
    name = settings.model if arguments.model == "auto" else arguments.model
    asked = list(zip(arguments.videos, prompts, rates(arguments.videos, arguments.fps), strict=True))
    for video, prompt, fps in asked:
        judging.check_before_loading(video, prompt, name, fps)
    status = Status()
    status.show("Loading the judge")
    with contextlib.redirect_stdout(sys.stderr):  # what libraries say is no part of the output
        judge = judging.load(name, arguments.precision, settings)
        judging.warn(judge, prompts, status)
    try:
        found = _judge_all(judge, asked, options, arguments.json, status)
    finally:
        status.clear()
    decision = candidates.decide(found, rule)
    if arguments.json:
        print(json.dumps(candidates.record(found, decision), allow_nan=False))
    else:
        print(_ending(found, decision, rule, judge))
    if arguments.report is not None and decision.ranking:
        from vs2.report import make

        report.write(make.comparison(found, arguments.videos, rule, decision), arguments.report)
    if not decision.ranking:
        raise Failure(f"None of the {len(found)} videos could be judged.")


def _prompts(videos: list[str], prompts: list[str]) -> list[str]:
    """One prompt for each video. Raises BadInput where they do not match, and for fewer than two videos."""
    if len(videos) < LEAST:
        raise BadInput("One video is nothing to compare: give two or more (vs2 score judges one).")
    if len(prompts) not in (1, len(videos)):
        raise BadInput(f"There are {len(videos)} videos and {len(prompts)} prompts: give --prompt once for all of "
                       "them, or once for each.")
    for prompt in prompts:
        check_prompt(prompt)
    return prompts * (len(videos) if len(prompts) == 1 else 1)


def _judge_all(judge, asked: list[tuple], options: dict, quiet: bool, status) -> list[candidates.Candidate]:
    """Every candidate's evaluation or failure, each shown as it comes unless `quiet`."""
    found = []
    for number, (video, prompt, fps) in enumerate(asked, 1):
        status.show(f"Candidate {number} of {len(asked)}")
        asked_with = options if fps is None else options | {"fps": fps}
        found.append(_judge(judge, video, prompt, asked_with, status, len(asked) - number + 1))
        status.clear()
        if not quiet:
            print(_line(number, found[-1]), flush=True)
        elif isinstance(found[-1], candidates.Failed):
            status.show(found[-1].error)
    return found


def _judge(judge, video: str, prompt: str, options: dict, status, left: int) -> candidates.Candidate:
    """left: how many candidates are to be judged from here on."""
    stream = judge.stream(video, prompt, **options)
    try:
        return judging.follow(stream, judge, status, clips=left)
    except Problem as problem:
        return candidates.Failed(told(video), prompt, str(problem))
    finally:
        stream.close()


def _line(number: int, candidate: candidates.Candidate) -> str:
    if isinstance(candidate, candidates.Failed):
        return f"{number}  {_flat(candidate.video)}: not judged. {_flat(candidate.error)}"
    from vs2.cli.terminal import cells

    shown = ", ".join(f"{name} {cell}" for name, cell in zip(COLUMNS, cells(candidate), strict=True))
    notes = "".join(f"\n   Note: {_flat(warning)}" for warning in candidate.warnings)
    return f"{number}  {_flat(candidate.video)}: {shown}{notes}"


def _ending(found: list[candidates.Candidate], decision: candidates.Decision, rule: candidates.Rule, judge) -> str:
    """The ranking by the rule's number, the decision, and what was not judged, as lines."""
    from vs2.cli.terminal import from_some, mean, not_judged

    lines = [""]
    judged = {n: one for n in decision.ranking if isinstance(one := found[n], Evaluation)}
    keys = candidates.comparable(judged.values())
    values = {n: candidates.overall(one, rule, keys) for n, one in judged.items()}
    best = max((value for value in values.values() if value is not None), default=None)
    for n, value in values.items():
        less = "" if value is None or best is None else f"{value - best:+.2f}"
        gap = f" ({less})" if less not in ("", "+0.00", "-0.00") else ""
        gap += "" if value is None else from_some(rule, keys)
        one = judged[n]
        shown = candidates.displayed(one, rule, keys) or mean(one, keys)
        place = f"{decision.place[n]}." if n in decision.place else "–"
        lines.append(f"{place} candidate {n + 1}, {_flat(one.video)}: {shown}{gap}")
    lines += [""] * bool(decision.ranking) + [_flat(decision.reason)]
    lines += not_judged(one for one in found if isinstance(one, Evaluation))
    if judge.card.knows:
        lines.append(f"{_flat(judge.name)}: {_flat(judge.card.knows)}")
    return "\n".join(lines)


def _flat(text: str) -> str:
    """Text of others on one line, without what drives a terminal."""
    from vs2.cli.terminal import plain

    return " ".join(plain(text).split())

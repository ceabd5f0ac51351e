"""`vs2 score`: judges one video, the rationale as it is made, then the scores."""
import contextlib
import json
import sys

from vs2.cli import judging, report
from vs2.evaluation import Evaluation
from vs2.texts import argument


def add(commands) -> None:
    """Declares the command."""
    score = commands.add_parser("score", help="judge one video", description="Judges one video: the rationale as it is "
                                "made, then three scores of 1 to 5.")
    score.add_argument("video", metavar="VIDEO", help="a video file, or a folder or a zip of numbered pictures")
    score.add_argument("--prompt", required=True, metavar="TEXT", help="the text that the video was made from")
    judging.add_fps(score)
    judging.add_options(score)
    score.add_argument("--published", action="store_true", help=judging.PUBLISHED)
    score.add_argument("--json", action="store_true", help="write one JSON object, and nothing else, to stdout")
    report.add_report(score)
    score.set_defaults(run=run)


def run(arguments) -> None:
    """`vs2 score`."""
    from vs2.cli.terminal import Status
    from vs2.options import Options
    from vs2.settings import Settings

    options = judging.options(arguments) | {"published": arguments.published}
    Options(**options)      # published asks for more than each of the others
    report.check(arguments.report)
    settings = Settings.read()
    name = settings.model if arguments.model == "auto" else arguments.model
    prompt = argument(arguments.prompt)
    judging.check_before_loading(arguments.video, prompt, name, arguments.fps)
    status = Status()
    status.show("Loading the judge")
    with contextlib.redirect_stdout(sys.stderr):  # what libraries say is no part of the output
        judge = judging.load(name, arguments.precision, settings)
        judging.warn(judge, [prompt], status)
        stream = judge.stream(arguments.video, prompt, fps=arguments.fps, **options)
    try:
        if arguments.json:
            evaluation = judging.follow(stream, judge, status)
            print(json.dumps(evaluation.to_dict(), allow_nan=False))
        else:
            evaluation = follow_aloud(stream, judge, status)
        if arguments.report is not None:
            from vs2.report import make

            report.write(make.evaluation(evaluation, arguments.video), arguments.report)
    finally:
        status.clear()
        stream.close()


def follow_aloud(stream, judge, status) -> Evaluation:
    """Prints the rationale as it comes, then the scores; gives what was judged."""
    from vs2.cli.terminal import plain, table

    shared = sys.stdout.isatty() and status.live
    said = ""

    def say(text: str) -> None:
        nonlocal said
        text = plain(text)
        if shared:  # text and status line are on one screen: the line gives way to the text for good
            status.clear()
            status.live = False
        said = text or said
        print(text, end="", flush=True)

    evaluation = judging.follow(stream, judge, status, say)
    if said:
        print("\n" if not said.endswith("\n") else "")
    if evaluation.shown:    # what came first is another reply's: the scores stand beside the words that gave them
        print(f"Those were the words of reply 1 of {len(evaluation.samples)}. Reply {evaluation.shown + 1} gave the "
              f"scores below, and says:\n\n{plain(evaluation.rationale)}\n")
    if evaluation.aside:
        print(f"{evaluation.aside}\n")
    print(table(evaluation, sys.stdout.encoding))
    if judge.card.knows:
        print(f"{plain(judge.name)}: {plain(judge.card.knows)}")
    return evaluation

"""The `vs2` command: score, compare, keep the best of N, judge a table, measure a judge, list the judges, open
the app.

Nothing heavy is imported before it is needed: help, a bad option and a bad path cost no second of waiting.
A bad input is one line on stderr and exit status 2, a failure of ours 1, an interrupt 130.
"""
import argparse
import contextlib
import json
import re
import sys

from vs2 import __version__
from vs2.commands import PUBLISHED, add_fps, batch, bench, best_of, compare
from vs2.errors import BadInput, Failure, Problem
from vs2.rubric import check_prompt
from vs2.texts import argument

INTERRUPTED, PIPE_CLOSED = 130, 141


def main(argv: list[str] | None = None) -> int:
    """Runs one command; gives its exit status."""
    from vs2 import streams

    with streams.guarded():
        try:
            _run(argv)
        except Problem as problem:
            from vs2.terminal import plain

            print(f"vs2: {' '.join(plain(str(problem)).split())}", file=sys.stderr)
            return problem.status
        except KeyboardInterrupt:
            return INTERRUPTED
        except BrokenPipeError:     # whoever read our output has enough
            return PIPE_CLOSED
    return 0


def _run(argv: list[str] | None) -> None:
    """Raises SystemExit for help and for a command line that is none."""
    from vs2 import streams

    try:
        arguments = parser().parse_args(argv)
    except SystemExit as end:
        if not end.code:
            sys.stdout.flush()
        raise
    if sys.stdout.closed and arguments.run not in QUIET:
        raise Failure(streams.CLOSED)       # before the work, which would be lost
    arguments.run(arguments)
    sys.stdout.flush()


class Parser(argparse.ArgumentParser):
    """Faults in one line, as all others; and what an option takes may begin with a dash."""

    def __init__(self, **options):
        self._takes: set[str] = set()       # options that take one value
        self._names: set[str] = set()       # all of them
        super().__init__(**options)

    def add_argument(self, *names, **options):
        """As argparse has it."""
        action = super().add_argument(*names, **options)
        self._names.update(action.option_strings)
        if action.nargs is None:
            self._takes.update(action.option_strings)
        return action

    def parse_known_args(self, args=None, namespace=None):
        """As argparse has it."""
        return super().parse_known_args(self._joined(sys.argv[1:] if args is None else list(args)), namespace)

    def _joined(self, args: list[str]) -> list[str]:
        """`--prompt -x` and `--prompt -- -x` as `--prompt=-x`, which alone argparse takes for a value."""
        made, rest = [], iter(args)
        for word in rest:
            if word == "--":
                return [*made, word, *rest]
            value = next(rest, None) if word in self._takes else None
            if value is None:
                made.append(word)
            elif value == "--" and (after := next(rest, None)) is not None:
                return [*made, f"{word}={after}", "--", *rest]
            elif value.startswith("-") and value.split("=", 1)[0] not in self._names:
                made.append(f"{word}={value}")
            else:
                made += [word, value]
        return made

    def error(self, message: str):
        if re.search("unrecognized arguments: -|required: (VIDEO|TABLE)", message):
            message += " (a path that begins with a dash goes last, after --)"
        self.exit(2, f"vs2: {message}; {self.prog} --help tells more\n")

    def print_help(self, file=None):
        """To stdout without argparse's care, which keeps from us that it cannot be written."""
        (file or sys.stdout).write(self.format_help())


class Version(argparse.Action):
    """`--version`, as `print_help` writes."""

    def __init__(self, option_strings, dest):
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help="show the version and exit")

    def __call__(self, parser, *_):
        sys.stdout.write(f"vs2 {__version__}\n")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """The command's arguments; each subcommand's function is `arguments.run`."""
    top = Parser(prog="vs2", description="An open judge of AI-generated video: it watches a clip, "
                                  "reads its prompt, thinks aloud and scores it.")
    top.add_argument("--version", action=Version)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    score = commands.add_parser("score", help="judge one video", description="Judges one video: the rationale as it is "
                                "made, then three scores of 1 to 5.")
    score.add_argument("video", metavar="VIDEO", help="a video file, or a folder or a zip of numbered pictures")
    score.add_argument("--prompt", required=True, metavar="TEXT", help="the text that the video was made from")
    add_fps(score)
    judging(score)
    score.add_argument("--published", action="store_true", help=PUBLISHED)
    score.add_argument("--json", action="store_true", help="write one JSON object, and nothing else, to stdout")
    score.set_defaults(run=run_score)

    compare.add(commands, judging)
    best_of.add(commands, judging)
    batch.add(commands, judging)
    bench.add(commands, judging)

    models = commands.add_parser("models", help="list the judges", description="Lists the judges that need no folder, "
                                 "what each knows, and which is the default here.")
    models.add_argument("--json", action="store_true", help="write one JSON object to stdout")
    models.set_defaults(run=run_models)

    app = commands.add_parser("app", help="open the pages", description="Serves the pages on this machine.")
    app.add_argument("--port", type=int, default=None, metavar="P", help="default: 7860, or the next that is free")
    app.set_defaults(run=run_app)
    return top


def judging(command) -> None:
    """Adds the options of every command that judges."""
    command.add_argument("--model", default="auto", metavar="NAME",
                         help="mini, a Hub id or a checkpoint's folder (default: VS2_MODEL, else by the device)")
    command.add_argument("--precision", default="auto", choices=("auto", "bf16", "4bit", "fp32"),
                         help="default: VS2_PRECISION, else what fits")
    command.add_argument("--think", default=True, action=argparse.BooleanOptionalAction,
                         help="think before scoring, or score at once and say how sure it is")
    command.add_argument("--budget", type=int, default=1024, metavar="TOKENS",
                         help="most thinking tokens (default: 1024)")
    command.add_argument("--samples", type=int, default=1, metavar="K",
                         help="replies to draw and mix, which tells how sure it is (default: 1, without chance)")
    command.add_argument("--seed", type=int, default=0, metavar="S", help="the chance that replies are drawn by "
                         "(default: 0)")


def run_score(arguments) -> None:
    """`vs2 score`."""
    from vs2.options import Options
    from vs2.settings import Settings
    from vs2.terminal import Status

    options = {name: getattr(arguments, name) for name in ("think", "budget", "samples", "seed", "published")}
    Options(**options)
    settings = Settings.read()
    name = settings.model if arguments.model == "auto" else arguments.model
    prompt = argument(arguments.prompt)
    check_before_loading(arguments.video, prompt, name, arguments.fps)
    status = Status()
    status.show("Loading the judge")
    with contextlib.redirect_stdout(sys.stderr):  # what libraries say is no part of the output
        judge = load(name, arguments.precision, settings)
        stream = judge.stream(arguments.video, prompt, fps=arguments.fps, **options)
    try:
        if arguments.json:
            print(json.dumps(follow(stream, judge, status).to_dict(), allow_nan=False))
        else:
            follow_aloud(stream, judge, status)
    finally:
        status.clear()
        stream.close()


def check_before_loading(path: str, prompt: str, model: str, fps: float | None = None) -> None:
    """Raises BadInput for what can be known without the model libraries, which take seconds to import."""
    from vs2.video import Limits, check_file

    check_file(path, Limits(), fps)
    check_prompt(prompt)
    check_judge(model)


def check_judge(name: str) -> None:
    """Raises BadInput for a judge that is neither on this disk nor may be on the Hub."""
    from vs2 import checkpoint, hub

    if name != "auto" and not hub.is_id(name):
        checkpoint.locate(name)


def load(name: str, precision: str, settings):
    """The judge."""
    from vs2.judge import load

    return load(name, precision, settings)


def follow(stream, judge, status, say=lambda text: None):
    """Keeps the status line up to date and says the rationale; gives the `Evaluation`."""
    from vs2 import events

    event = None
    for event in stream:
        if isinstance(event, events.Reading):
            status.show(f"Reading {event.video}")
        elif isinstance(event, events.FramesRead):
            status.show(f"{judge.name} is looking at {len(event.clip.frames)} frames")
        elif isinstance(event, events.Retry):
            status.clear()
            say(f"\n[{event.reason}]\n")
            status.show(event.reason)
        elif isinstance(event, events.Thought):
            if event.text:
                say(event.text)
            status.show(f"Thinking, {event.tokens} tokens", fleeting=True)
    status.clear()
    return event


def follow_aloud(stream, judge, status) -> None:
    """Prints the rationale as it comes, then the scores."""
    from vs2.terminal import plain, table

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

    evaluation = follow(stream, judge, status, say)
    if said:
        print("\n" if not said.endswith("\n") else "")
    print(table(evaluation, sys.stdout.encoding))
    if judge.card.knows:
        print(f"{plain(judge.name)}: {plain(judge.card.knows)}")


def run_models(arguments) -> None:
    """`vs2 models`."""
    from vs2 import models
    from vs2.settings import Settings

    listing = models.listing(Settings.read())
    print(json.dumps(listing, allow_nan=False) if arguments.json else models.text(listing))


def run_app(arguments) -> None:
    """`vs2 app`."""
    from vs2.ui.app import launch

    if arguments.port is not None and not 0 <= arguments.port <= 65535:
        raise BadInput(f"--port is {arguments.port}: it must be a number from 0 to 65535.")
    launch(port=arguments.port)


QUIET = (batch.run, run_app)        # commands whose result is no output

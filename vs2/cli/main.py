"""The `vs2` command: score, compare, keep the best of N, judge a table, rank by votes, measure a judge,
list the judges, put one into 4 bits, serve scores, open the app.

Nothing heavy is imported before it is needed: help, a bad option and a bad path cost no second of waiting.
A bad input is one line on stderr and exit status 2, a failure of ours 1, an interrupt 130.
"""
import argparse
import sys

from vs2.cli import app, batch, bench, best_of, compare, duel, models, quantize, report, score, serve
from vs2.cli.parser import Parser, Version
from vs2.errors import Failure, Problem

INTERRUPTED, PIPE_CLOSED = 130, 141
COMMANDS = (score, compare, best_of, batch, report, duel, bench, models, quantize, serve, app)      # in --help's order
QUIET = (batch.run, report.run, serve.run, app.run)        # whose result is no output


def main(argv: list[str] | None = None) -> int:
    """Runs one command; gives its exit status."""
    from vs2.cli import streams

    with streams.guarded():
        try:
            _run(argv)
        except Problem as problem:
            from vs2.cli.terminal import plain

            print(f"vs2: {' '.join(plain(str(problem)).split())}", file=sys.stderr)
            return problem.status
        except KeyboardInterrupt:
            return INTERRUPTED
        except BrokenPipeError:     # whoever read our output has enough
            return PIPE_CLOSED
    return 0


def _run(argv: list[str] | None) -> None:
    """Raises SystemExit for help and for a command line that is none."""
    from vs2.cli import streams

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


def parser() -> argparse.ArgumentParser:
    """The command's arguments; each subcommand's function is `arguments.run`."""
    top = Parser(prog="vs2", description="An open judge of AI-generated video: it watches a clip, "
                                  "reads its prompt, thinks aloud and scores it.")
    top.add_argument("--version", action=Version)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    for command in COMMANDS:
        command.add(commands)
    return top

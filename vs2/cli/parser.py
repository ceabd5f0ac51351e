"""argparse as the command needs it: faults in one line, values that begin with a dash, output that may fail."""
import argparse
import re
import sys

from vs2 import __version__


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
        made: list[str] = []
        rest = iter(args)
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

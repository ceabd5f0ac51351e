"""The page of the command line, made from its parser: every command, option, default and help text."""
import argparse
import re
from functools import partial

from vs2.cli.main import parser

WIDTH = 80      # what fits beside the two navigations


def page() -> str:
    """Markdown: a section for each command."""
    top = parser()
    parts = [f"```text\n{usage(top)}\n```", table(_options(top), top)]
    for name, command in subcommands(top).items():
        parts += [f"## vs2 {name}", text(command.description), f"```text\n{usage(command)}\n```"]
        parts += [table(actions, command) for actions in (_operands(command), _options(command)) if actions]
        parts += [text(command.epilog)] if command.epilog else []
    return "\n\n".join(parts)


def subcommands(top: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Each command's own parser, by its name; of one that has commands of its own, those: `duel rank`."""
    found: dict[str, argparse.ArgumentParser] = {}
    for action in (one for one in top._actions if isinstance(one, argparse._SubParsersAction)):
        for name, command in action.choices.items():
            inside = subcommands(command)
            found |= {f"{name} {one}": its for one, its in inside.items()} or {name: command}
    return found


def usage(command: argparse.ArgumentParser) -> str:
    """How it is called, in lines of WIDTH characters."""
    command.formatter_class = partial(argparse.HelpFormatter, width=WIDTH)
    command.color = False       # Python 3.14 paints it on a terminal
    return command.format_usage().removeprefix("usage: ").rstrip()


def table(actions: list[argparse.Action], command: argparse.ArgumentParser) -> str:
    """A row for each argument: how it is written, its default, what it does."""
    rows = [f"| {cell(code(written(one)))} | {cell(default(one))} | {cell(text(said(one, command)))} |"
            for one in actions]
    return "\n".join(["| argument | default | meaning |", "|---|---|---|", *rows])


def written(action: argparse.Action) -> str:
    """The argument as it is typed: `--seed S`, `--think, --no-think`, `VIDEO`."""
    value = "" if action.nargs == 0 else _metavar(action)
    if not action.option_strings:
        return value
    return ", ".join(action.option_strings) + (f" {value}" if value else "")


def default(action: argparse.Action) -> str:
    """What holds where it is not given; nothing where that is nothing."""
    if action.required:
        return "required"
    if action.default in (None, argparse.SUPPRESS):
        return ""
    if isinstance(action, argparse.BooleanOptionalAction):
        return code(action.option_strings[0] if action.default else action.option_strings[1])
    return "" if action.default is False else code(str(action.default))


def said(action: argparse.Action, command: argparse.ArgumentParser) -> str:
    """Its help, with the values that it may have."""
    values = {**vars(action), "prog": command.prog}
    if action.choices is not None and action.metavar is None:
        values["choices"] = ", ".join(map(str, action.choices))
    return (action.help or "") % values


def text(words: str | None) -> str:
    """Help as Markdown: what Markdown would take for markup stays as it is written."""
    return re.sub(r"([*_<>\[\]#])", r"\\\1", words or "")


def code(words: str) -> str:
    """As code; nothing stays nothing."""
    return f"`{words}`" if words else ""


def cell(words: str) -> str:
    """For a cell of a table, which a bar would end."""
    return words.replace("|", "\\|")


def _metavar(action: argparse.Action) -> str:
    if action.choices is not None and action.metavar is None:
        value = "{" + ",".join(map(str, action.choices)) + "}"
    else:
        value = action.metavar or action.dest.upper()
    return f"[{value}]" if action.nargs == "?" else value


def _operands(command: argparse.ArgumentParser) -> list[argparse.Action]:
    return [one for one in command._actions if not one.option_strings]


def _options(command: argparse.ArgumentParser) -> list[argparse.Action]:
    return [one for one in command._actions if one.option_strings and one.help != argparse.SUPPRESS]

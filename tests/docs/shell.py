"""Commands as the documents show them: run for real, or read by the parser that would read them."""
import argparse
import ast
import json
import os
import re
import runpy
import subprocess
import sys
import warnings
from pathlib import Path

from tests.docs.blocks import ROOT, words
from tests.support.patience import HANGING

PLACES = re.compile(r"(?:127\.0\.0\.1|localhost):7860")
SERVED = re.compile(r"(?:127\.0\.0\.1|localhost):8000")      # where the documents have `vs2 serve`
STAND_FOR = {"RANK": "1", "IP": "127.0.0.1"}        # what a reader puts in, where a parser wants a number


class Parsed(BaseException):
    """Ends a program as soon as it has read its arguments; no `except Exception` of its own holds it."""


def parse(module: str, arguments: list[str], patch) -> argparse.Namespace:
    """What `python -m module` makes of its arguments; ends there. Raises SystemExit for a command line that is none."""
    real = argparse.ArgumentParser.parse_args

    def stop(self, *given, **options):
        raise Parsed(real(self, *given, **options))

    with patch.context() as within, warnings.catch_warnings():
        within.setattr(argparse.ArgumentParser, "parse_args", stop)
        within.setattr(sys, "argv", [module, *arguments])
        warnings.filterwarnings("ignore", ".* found in sys.modules after import of package", RuntimeWarning)
        try:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        except Parsed as end:
            namespace = end.args[0]
    if (config := getattr(namespace, "config", None)) is not None:
        from train.config import read

        read(ROOT / config)
    return namespace


def vs2(arguments: list[str], patch) -> None:
    """Has the command's own parser read the arguments."""
    from vs2.cli.main import parser

    parser().parse_args(arguments)


def launched(arguments: list[str], patch) -> None:
    """`accelerate launch ...`: its own parser, its configuration, and the script's own arguments."""
    from accelerate.commands.config.config_args import load_config_from_file
    from accelerate.commands.launch import launch_command_parser

    found = launch_command_parser().parse_args([STAND_FOR.get(word, word) for word in arguments])
    load_config_from_file(str(ROOT / found.config_file))
    assert found.module, "the scripts are modules: launch them with -m"
    parse(found.training_script, found.training_script_args, patch)


def tested(arguments: list[str], patch=None) -> None:
    """`pytest FILES [-k NAME]`: the files are there, and NAME is in the name of a test in them."""
    given = argparse.ArgumentParser(prog="pytest")
    given.add_argument("files", nargs="+")
    given.add_argument("-k")
    found = given.parse_args(arguments)
    sources = [(ROOT / file).read_text(encoding="utf-8") for file in found.files]
    names = [node.name for source in sources for node in ast.walk(ast.parse(source))
             if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    assert any((found.k or "") in name for name in names), f"no test is called {found.k}"


def make(arguments: list[str], patch=None) -> None:
    """`make TARGET`: there is such a target."""
    done = subprocess.run(["make", "-n", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=HANGING)
    assert done.returncode == 0, done.stderr


def python(arguments: list[str], patch) -> None:
    """`python -c CODE` is run; of `python -m MODULE ...` the arguments are read."""
    if arguments[0] == "-c":
        done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=HANGING)
        assert done.returncode == 0 and done.stdout.strip(), done.stderr
        return
    assert arguments[0] == "-m", "a script of the project is a module"
    if arguments[1] == "pytest":
        tested(arguments[2:])
    else:
        parse(arguments[1], arguments[2:], patch)


# By a command's first word, what reads it. `vs2` and curl are run as well, by test_blocks.py.
READERS = {"vs2": vs2, "make": make, "python": python, ".venv/bin/python": python, "pytest": tested,
           "accelerate": lambda arguments, patch: launched(arguments[arguments.index("launch") + 1:], patch)}


def asks(line: str) -> bool:
    """Whether it talks to a running app."""
    return re.search(r"(^|[|(]\s*)curl\s", line) is not None


def placed(text: str, places: re.Pattern, address: str) -> str:
    """The text with the host and port of an address in place of the documented ones."""
    return places.sub(re.search(r"//([^/]+)", address)[1], text)


def scored(lines: list[str], address: str, folder: Path) -> None:
    """Holds that a server of scores gives all of them for what the lines send."""
    printed = bash([placed(line, SERVED, address) for line in lines], address, folder)
    found = json.loads(printed)
    assert found["error"] is None and 1 <= found["overall"] <= 5, printed[-3000:]


def bash(lines: list[str], address: str, folder: Path) -> str:
    """What the lines print in one shell, with the address of an app that runs in place of the documented one."""
    script = placed("\n".join(lines), PLACES, address)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, timeout=HANGING,
                          env={**os.environ, "PATH": path})
    return done.stdout.decode(errors="replace")


def answers(lines: list[str], printed: str) -> None:
    """Holds what the app answered to what the document says: the statuses in its comments, else a whole event."""
    said = [found[1] for line in lines if (found := re.search(r"#\s*(\d{3})\s*$", line))]
    got = [status for status in re.findall(r"HTTP/[\d.]+ (\d{3}) ", printed) if status != "100"]
    if said:
        assert got == said, printed[-3000:]
    else:
        assert "event: complete" in printed and '"overall"' in printed, printed[-3000:]


def assigned(line: str) -> tuple[str, str] | None:
    """The name and the value of a line that only sets a variable."""
    found = words(line)
    return tuple(found[0].split("=", 1)) if len(found) == 1 and re.match(r"[A-Z]+=[^$(]+$", found[0]) else None

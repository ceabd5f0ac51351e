"""What a type checker sees of vs2 from outside: a user's program is checked against it, and a slip in it is found."""
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import pytest

import vs2
from tests.support.patience import HANGING
from vs2.options import Given, Options
from vs2.ui import given

ROOT = Path(__file__).resolve().parents[1]
RIGHT = """
import vs2
from vs2 import batch, best_of, events
from vs2.batch import table

judge = vs2.load("mini")
evaluation = judge.score("clip.mp4", "a red ball bounces on grass", budget=512, samples=2)
value: int | None = evaluation.scores["visual_quality"].value
overall: float | None = evaluation.overall
for event in judge.stream("clip.mp4", "a red ball bounces on grass"):
    if isinstance(event, events.Thought):
        said: str = event.text
with table.opened("clips.csv") as rows:
    for result in batch.run(rows, judge, think=False):
        error: str | None = result.error
run = best_of.Run(best_of.Plan("a red ball bounces on grass", 5), judge, "clips")
"""
# Each line that is wrong says which rule of mypy finds it.
WRONG = """
import vs2
from vs2 import batch, best_of
from vs2.batch import table

judge = vs2.load(7)                                                     # arg-type
evaluation = judge.score("clip.mp4", "a red ball bounces on grass")
evaluation.scors                                                        # attr-defined
value: int = evaluation.scores["visual_quality"].value                  # assignment
evaluation.overall + 1                                                  # operator
judge.score("clip.mp4", "a red ball bounces on grass", budgett=512)     # call-arg
judge.stream("clip.mp4", "a red ball bounces on grass", think="no")     # arg-type
with table.opened("clips.csv") as rows:
    batch.run(rows, "mini")                                             # arg-type
best_of.Plan("a red ball bounces on grass", count="five")               # arg-type
"""


def found(output: str, file: Path) -> dict[int, str]:
    """The lines of a file that mypy finds fault with, and by which rule."""
    lines = re.findall(rf"^{re.escape(str(file))}:(\d+): error: .*\[([a-z-]+)\]$", output, re.MULTILINE)
    return {int(line): rule for line, rule in lines}


@pytest.mark.slow
def test_a_users_program_is_checked_against_the_public_surface(tmp_path):
    right, wrong = tmp_path / "right.py", tmp_path / "wrong.py"
    right.write_text(RIGHT, encoding="utf-8")
    # Of the same text mypy's cache tells what it found under the earlier name.
    wrong.write_text(f"{WRONG}# {wrong}\n", encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "mypy", "--no-pretty", "--no-color-output", str(right), str(wrong)],
                          cwd=ROOT, capture_output=True, text=True, timeout=HANGING)
    assert not done.stderr, done.stderr
    assert found(done.stdout, right) == {}, done.stdout
    marked = ((number, re.search(r"# (\S+)$", line)) for number, line in enumerate(WRONG.split("\n"), 1))
    expected = {number: rule[1] for number, rule in marked if rule}
    assert found(done.stdout, wrong) == expected, done.stdout


def test_the_package_says_that_it_is_typed():
    assert (Path(vs2.__file__).parent / "py.typed").is_file()


def test_options_as_keywords_are_the_fields_of_options():
    options = get_type_hints(Options)
    assert get_type_hints(Given) == {field.name: options[field.name] for field in fields(Options)}
    assert get_type_hints(given.Judging).items() <= options.items()


def test_every_suppression_names_its_rule_and_is_explained():
    """Beside it or in the line above; and none covers a whole file."""
    for path in sorted((ROOT / "vs2").rglob("*.py")):
        lines = path.read_text(encoding="utf-8").split("\n")
        for number, line in enumerate(lines):
            if "# type:" in line or "# mypy:" in line:
                place = f"{path.relative_to(ROOT)}:{number + 1}"
                ignored = re.search(r"# type: ignore\[[a-z, -]+\](?P<why>  # .+)?$", line)
                assert ignored, place
                before = [lines[number - back].strip().startswith("#") for back in (1, 2)]
                assert ignored["why"] or any(before), f"{place} does not say why"

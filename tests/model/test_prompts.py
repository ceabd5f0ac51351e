"""A prompt longer than a judge was measured with is told from one that is not, in the judge's own tokens."""
import json
import shutil
from dataclasses import replace

import pytest

from tests.support.clips import moving_square
from tests.support.tiny import write_judge
from vs2 import judge
from vs2.cli import judging
from vs2.model import prompts
from vs2.model.inputs import counted, fitting
from vs2.resources import ASSETS

LONG = "A red ball bounces on grass beside a blue box. " * 30
PROMPTS = [LONG, "红色的球在草地上弹跳" * 20, "\U0001f43b" * 40, "x" * 4000, "<|video_pad|>" * 30, "a\ud800b" * 60]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A random judge that was measured with prompts of 40 tokens."""
    folder = write_judge(tmp_path_factory.mktemp("tiny"))
    card = json.loads((folder / "vs2.json").read_text(encoding="utf-8"))
    (folder / "vs2.json").write_text(json.dumps(card | {"longest_prompt": 40}), encoding="utf-8")
    return judge.load(str(folder), "fp32")


@pytest.mark.parametrize("prompt", PROMPTS)
def test_what_fits_is_counted_in_the_judges_own_tokens(tiny, prompt):
    tokenizer = tiny.processor.tokenizer
    fits = fitting(tokenizer, prompt, 40)
    assert 0 < fits < len(prompt) and counted(tokenizer, prompt[:fits]) <= 40 < counted(tokenizer, prompt[:fits + 1])
    sentence = tiny.too_long(prompt)
    assert f"{counted(tokenizer, prompt)} tokens, where 40 were the most" in sentence
    assert not tiny.too_long(prompt[:fits]) and fitting(tokenizer, prompt[:fits], 40) == fits


def test_a_judge_that_nobody_measured_says_nothing_of_prompts(tiny):
    card = replace(tiny.card, longest_prompt=None)
    assert prompts.too_long(tiny.processor.tokenizer, card, LONG) == ""
    assert prompts.long_ones(tiny.processor.tokenizer, card, [LONG]) == []


def test_the_record_of_every_way_to_judge_says_it(tiny, tmp_path):
    clip = moving_square(tmp_path / "red.mp4", frames=8, size=(112, 112))
    sentence = tiny.too_long(LONG)
    for made in (tiny.score(clip, LONG, budget=8), tiny.score(clip, LONG, think=False),
                 *tiny.score_many([clip, clip], [LONG, LONG])):
        assert made.warnings[0] == sentence
    assert not any("longer than" in said for said in tiny.score(clip, "a red ball", budget=8).warnings)


def test_the_prompts_of_a_table_are_looked_at_without_the_weights(tiny, tmp_path):
    folder = shutil.copytree(tiny.name, tmp_path / "bare", ignore=shutil.ignore_patterns("*.safetensors"))
    assert prompts.of_folder(folder)([LONG, "a ball", LONG, "a cow"]) == [0, 2]
    (folder / "vs2.json").unlink()
    assert prompts.of_folder(folder)([LONG]) == []


def test_the_command_line_says_each_once_before_it_judges(tiny, capsys):
    class Quiet:
        clear = staticmethod(lambda: None)

    judging.warn(tiny, [LONG, "a ball", LONG, LONG + "!"], Quiet())
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("Note: This prompt is longer") == 2
    judging.warn(tiny, ["a ball"], Quiet())
    assert capsys.readouterr().err == ""


def test_the_built_in_judge_was_measured():
    card = json.loads((ASSETS / "mini" / "vs2.json").read_text(encoding="utf-8"))
    assert card["longest_prompt"] == card["metrics"]["lengths"]["longest"] >= 14, "as long as what it learned from"

"""The table of what a judge mostly says, made from its replies."""
import json
import shutil

import pytest

from train import drafts as making
from vs2.model import drafts
from vs2.resources import ASSETS


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """The built-in judge without its tables."""
    folder = tmp_path_factory.mktemp("checkpoint") / "mini"
    shutil.copytree(ASSETS / "mini", folder, ignore=shutil.ignore_patterns(drafts.NAME))
    return folder


def test_the_command_writes_what_the_judge_then_uses(checkpoint, capsys):
    assert making.main([str(checkpoint), "--scenes", "6"]) == 0
    said = capsys.readouterr().out
    assert "rows of 4 replies; of 2 held back" in said
    guesses = drafts.load(checkpoint, 10**6)
    assert len(guesses.table) == len(json.loads((checkpoint / drafts.NAME).read_text(encoding="utf-8"))["rows"]) > 50
    assert float(said.split(" tokens a pass")[0].split()[-1]) > 1.5
    assert drafts.load(checkpoint / "footage", 10**6) is None


def test_too_few_clips_and_a_judge_without_a_part_for_footage(checkpoint, tmp_path, capsys):
    assert making.main([str(checkpoint), "--scenes", "1"]) == 2 and "too few clips" in capsys.readouterr().err
    shutil.copytree(checkpoint, tmp_path / "plain")
    card = json.loads((tmp_path / "plain/vs2.json").read_text(encoding="utf-8"))
    del card["footage"]
    (tmp_path / "plain/vs2.json").write_text(json.dumps(card), encoding="utf-8")
    table = tmp_path / "films.csv"
    shutil.copy(ASSETS / "examples/good.mp4", tmp_path / "good.mp4")
    table.write_text("file,source\ngood.mp4,here\n", encoding="utf-8")
    assert making.main([str(tmp_path / "plain"), "--scenes", "0", "--footage", str(table)]) == 2
    assert "no part for footage" in capsys.readouterr().err


def test_tokens_a_pass():
    guesses = drafts.Drafts([[1, 2], [2, 3], [3, 9]])
    assert making.a_pass(guesses, [[1, 2, 3, 4, 5]]) == pytest.approx(5 / 3)     # 1 2 3, 4, 5: the 9 was wrong

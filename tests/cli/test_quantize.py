"""`vs2 quantize`: a folder, what it says of it, the comparison; and what is refused in one line."""

import csv
import json

import pytest
import torch

from tests.support.clips import moving_square
from tests.support.tiny import CARD, widened, write_tiny
from vs2.cli.main import main
from vs2.model import checkpoint


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    folder = widened(write_tiny(tmp_path_factory.mktemp("quantize") / "tiny"))
    (folder / "vs2.json").write_text(json.dumps(CARD), encoding="utf-8")
    return folder


def test_a_folder_and_how_far_it_agrees(plain, tmp_path, capsys):
    clips = tmp_path / "clips"
    clips.mkdir()
    moving_square(clips / "a.mp4", size=(112, 84))
    with (clips / "videos.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["file", "prompt"], ["a.mp4", "a red square"], ["a.mp4", "a ball"]])
    out = tmp_path / "out"
    given = ["quantize", str(plain), "--out", str(out), "--check", str(clips), "--no-think"]
    assert main([*given, "--limit", "1", "--json"]) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert found["folder"] == str(out) and found["bytes"] == checkpoint.locate(str(out)).stored
    assert len(found["left"]) == 4 and found["check"]["clips"] == 1 and found["check"]["digits"] == 3
    assert "which needs" in said.err, "what disk it takes is said before"
    assert main(given) == 0, "the folder is there already, and is compared again"
    said = capsys.readouterr().out
    assert str(out) in said and "4 layers stay in 16 bits" in said and "digits equal" in said and "2 clips" in said


@pytest.mark.parametrize(("more", "says"), [
    (["--limit", "0"], "leaves nothing to compare on"), (["--check", "nowhere"], "cannot be read"),
    (["--budget", "0"], "budget is 0")])
def test_what_is_refused_is_one_line_and_makes_nothing(plain, tmp_path, capsys, more, says):
    assert main(["quantize", str(plain), "--out", str(tmp_path / "out"), *more]) == 2
    said = capsys.readouterr()
    assert says in said.err and len(said.err.splitlines()) == 1 and not (tmp_path / "out").exists()


@pytest.mark.parametrize(("name", "says"), [
    ("openai:http://localhost:1#x", "judge on a server"), ("no such", "no judge 'no such'")])
def test_names_that_cannot_be_converted(name, says, tmp_path, capsys):
    assert main(["quantize", name, "--out", str(tmp_path / "out")]) == 2
    assert says in capsys.readouterr().err

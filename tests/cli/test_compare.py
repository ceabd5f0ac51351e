"""`vs2 compare`: what it writes where, its exit statuses, and that one bad file does not lose the others."""
import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.clips import moving_square
from vs2 import events
from vs2.cli import judging, main, terminal
from vs2.errors import BadInput, Failure
from vs2.evaluation import Evaluation, Score, Seconds
from vs2.rubric import KEYS


def score(digit) -> Score:
    """6 stands for a score that was not judged, 0 for one that was not read."""
    if digit == 6:
        return Score(reason="It knows nothing of this.")
    return Score.of(digit, [float(s == digit) for s in range(1, 6)], False) if digit else Score()


class Judge:
    """Judges by the file's name: digits such as 432.mp4 are its scores, bad.mp4 is refused."""

    name, precision, card = "fake", "fp32", SimpleNamespace(knows="Digits \x1b[2Jonly.")

    def __init__(self):
        self.asked, self.closed = [], 0

    def stream(self, video, prompt, **options):
        self.asked.append((Path(video).stem, prompt, options))
        try:
            yield events.Reading(video)
            if Path(video).stem.startswith("bad"):
                raise BadInput(f"{Path(video).name} is\ndamaged.")
            yield events.Thought("Well. ", 2)
            scores = {key: score(int(digit)) for key, digit in zip(KEYS, Path(video).stem, strict=True)}
            yield events.Scored(scores)
            yield Evaluation(str(video), prompt, "fake", "fp32", "Well.", scores, 8, Seconds(), 2, warnings=("Odd.",))
        finally:
            self.closed += 1


@pytest.fixture
def judge(monkeypatch):
    made = Judge()
    monkeypatch.setattr(judging, "load", lambda *_: made)
    for name in ("VS2_MODEL", "VS2_PRECISION", "VS2_HOME"):
        monkeypatch.delenv(name, raising=False)
    return made


@pytest.fixture
def files(tmp_path):
    """Makes files of these names; what is in them is the fake judge's affair."""
    def make(*stems):
        paths = [tmp_path / f"{stem}.mp4" for stem in stems]
        for path in paths:
            path.write_bytes(b"\0\0\0\x18ftypisom" + bytes(64))
        return list(map(str, paths))
    return make


def compare(videos, *more):
    return main.main(["compare", *videos, "--prompt", "a ball", "--model", "mini", *more])


def ranking(lines: list[str]) -> list[str]:
    """The places as they are printed: the place, the file's name and its score."""
    return [f"{line.split()[0]} {line.split('/')[-1]}" for line in lines
            if re.match("([0-9]+\\.|\u2013) candidate [0-9]", line)]


def test_json_is_one_object_on_stdout(judge, files, capfd):
    assert compare(files("432", "434", "111"), "--json", "--no-think", "--budget", "9") == 0
    out, err = capfd.readouterr()
    record = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert out.count("\n") == 1 and {"candidates", "ranking", "tie", "reason"} <= record.keys()
    assert record["ranking"] == [1, 0, 2] and record["tie"] is False and record["winner"] == 1
    assert [Path(one["video"]).stem for one in record["candidates"]] == ["432", "434", "111"]
    assert all(one.keys() >= {"prompt", "model", "scores", "overall", "rationale"} for one in record["candidates"])
    assert record["reason"].startswith("Candidate 2 wins over candidate 1, the next best: better physical consistency")
    assert [line for line in err.splitlines() if line.startswith("Candidate")] == [
        "Candidate 1 of 3", "Candidate 2 of 3", "Candidate 3 of 3"]
    assert judge.closed == 3
    assert judge.asked[0][2] == {"think": False, "budget": 9, "samples": 1, "seed": 0}


def test_text_is_a_line_each_as_it_comes_then_the_ranking_and_the_reason(judge, files, capsys):
    assert compare(files("432", "434", "044")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("1  ")
    assert "432.mp4: visual 4.00, alignment 3.00, physical 2.00, overall 3.00" in lines[0]
    assert lines[1] == "   Note: Odd."
    assert "044.mp4: visual not read, alignment 4.00, physical 4.00, overall not read" in lines[4]
    assert ranking(lines) == ["1. 434.mp4: 3.67", "2. 432.mp4: 3.00 (-0.67)", "\u2013 044.mp4: not read"]
    assert "Candidate 2 wins over candidate 1" in lines[-2] and "visual quality could not be read." in lines[-2]
    assert lines[-1] == "fake: Digits only."


def test_what_was_not_judged_is_said_as_such_and_why_once(judge, files, capsys):
    assert compare(files("666", "434", "466", "434")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "666.mp4: visual not judged, alignment not judged, physical not judged, overall not judged" in lines[0]
    assert "466.mp4: visual 4.00, alignment not judged, physical not judged, overall not judged" in lines[4]
    assert ranking(lines) == ["1. 434.mp4: 3.67", "1. 434.mp4: 3.67", "\u2013 666.mp4: not judged",
                              "\u2013 466.mp4: not judged"]
    assert any("Candidates 2 and 4 tie" in line and "candidate 1 has no place" in line for line in lines)
    assert lines.count("Not judged: It knows nothing of this.") == 1 and lines.count(terminal.INSTEAD) == 1


def test_of_nothing_that_was_judged_nothing_wins(judge, files, capsys):
    assert compare(files("666", "666"), "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["winner"] is None and record["tie"] is False and record["reason"].startswith("No candidate wins")
    assert record["candidates"][0]["scores"]["visual_quality"]["reason"] == "It knows nothing of this."


def test_a_tie_and_another_rule(judge, files, capsys):
    videos = files("443", "344", "255")
    assert compare(videos[:2], "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["tie"] is True and record["winner"] is None and "Candidates 1 and 2 tie" in record["reason"]
    assert compare(videos, "--json", "--rule", "text_alignment") == 0
    assert json.loads(capsys.readouterr().out)["ranking"] == [2, 0, 1]
    assert compare(videos, "--json", "--rule", "visual_quality=1") == 0
    assert json.loads(capsys.readouterr().out)["winner"] == 0


def test_one_prompt_for_all_or_one_for_each(judge, files):
    videos = files("432", "434")
    assert compare(videos, "--prompt", "a cube") == 0
    assert [prompt for _, prompt, _ in judge.asked] == ["a ball", "a cube"]
    assert compare(videos) == 0
    assert [prompt for _, prompt, _ in judge.asked[2:]] == ["a ball", "a ball"]


def test_one_bad_file_of_three_does_not_lose_the_others(judge, files, capsys):
    assert compare(files("432", "bad", "434"), "--json") == 0
    out, err = capsys.readouterr()
    record = json.loads(out)
    assert record["ranking"] == [2, 0] and record["winner"] == 2
    assert record["reason"].endswith("candidate 2 was not judged.")
    failed = record["candidates"][1]
    assert failed.keys() == {"video", "prompt", "error"} and failed["error"] == "bad.mp4 is\ndamaged."
    assert "bad.mp4 is damaged." in err
    assert compare(files("432", "bad")) == 0
    assert "bad.mp4: not judged. bad.mp4 is damaged.\n" in capsys.readouterr().out


def test_all_bad_is_status_1_and_still_says_why(judge, files, capsys):
    assert compare(files("bad", "bad2"), "--json") == 1
    out, err = capsys.readouterr()
    record = json.loads(out)
    assert [one["error"] for one in record["candidates"]] == ["bad.mp4 is\ndamaged.", "bad2.mp4 is\ndamaged."]
    assert record["ranking"] == [] and err.endswith("vs2: None of the 2 videos could be judged.\n")


@pytest.mark.parametrize(("arguments", "says"), [
    (["432"], "One video is nothing to compare"),
    (["432", "missing"], "does not exist"),
    (["432", "434", "--prompt", " "], "prompt is empty"),
    (["432", "434", "--prompt", "b", "--prompt", "c"], "2 videos and 3 prompts"),
    (["432", "434", "--budget", "0"], "budget is 0"),
    (["432", "434", "--rule", "median"], "no rule 'median'"),
    (["432", "434", "--model", "no such judge"], "There is no judge"),
])
def test_bad_input_is_one_line_and_status_2_before_the_judge_is_loaded(arguments, says, files, monkeypatch, capsys,
                                                                       tmp_path):
    monkeypatch.setattr(judging, "load", lambda *_: pytest.fail("the judge was loaded"))
    files("432", "434")
    videos = [part for part in arguments if part in ("432", "434", "missing")]
    assert compare([str(tmp_path / f"{stem}.mp4") for stem in videos], *arguments[len(videos):]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("vs2: ") and err.count("\n") == 1 and says in err


def test_a_judge_that_cannot_be_loaded_is_a_failure(files, monkeypatch, capsys):
    def fails(*_):
        raise Failure("The disk is full.")

    monkeypatch.setattr(judging, "load", fails)
    assert compare(files("432", "434")) == 1 and capsys.readouterr().err.endswith("vs2: The disk is full.\n")


@pytest.mark.slow
def test_the_built_in_judge_compares_real_clips(tmp_path, capfd):
    clips = [moving_square(tmp_path / name, size=(112, 84), frames=8) for name in ("one.mp4", "two.mp4")]
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(clips[0].read_bytes()[:300])
    assert compare(map(str, (*clips, broken)), "--json", "--no-think", "--precision", "fp32") == 0
    record = json.loads(capfd.readouterr().out)
    assert sorted(record["ranking"]) == [0, 1] and record["tie"] is True  # the same picture twice
    assert record["candidates"][2]["error"].startswith("broken.mp4")


def test_what_was_judged_of_none_is_left_out_and_said(judge, files, capfd):
    assert compare(files("364", "265", "463")) == 0
    out = capfd.readouterr().out
    assert ranking(out.splitlines()) == ["1. 364.mp4: 3.50, from 2 of 3 scores", "1. 265.mp4: 3.50, from 2 of 3 scores",
                                         "1. 463.mp4: 3.50, from 2 of 3 scores"]
    assert ("Candidates 1, 2 and 3 tie: their mean scores are the same (3.50); text alignment was judged of none and "
            "is left out.") in out
    assert compare(files("364", "262"), "--json") == 0
    record = json.loads(capfd.readouterr().out)
    assert record["winner"] == 0 and record["candidates"][0]["overall"] is None
    assert record["reason"] == ("Candidate 1 wins: better visual quality (3.0 against 2.0) and physical consistency "
                                "(4.0 against 2.0); text alignment was judged of none and is left out.")
    assert compare(files("364", "242"), "--json") == 0
    some = json.loads(capfd.readouterr().out)
    assert some["winner"] == 1 and "candidate 1 has no place" in some["reason"] and "left out" not in some["reason"]

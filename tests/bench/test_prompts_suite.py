"""The leaderboard of generators: files by VBench's names, means, win rates and the gate, worked out by hand."""
import json

import pytest

from tests.support.fake_judge import FakeJudge
from tests.support.rated import clips, write_json
from vs2.bench import prompts_suite
from vs2.errors import BadInput, Failure

LONG = "a " + "very " * 40 + "long prompt"


@pytest.fixture
def generators(tmp_path):
    clips(tmp_path / "good", "a cat-0.mp4", "a cat-1.mp4", "a dog-0.mp4")
    clips(tmp_path / "bad", "a cat-0.mp4", "sub/a dog-0.mp4", "other.mp4", f"{LONG[:120]}-0.mp4")
    return tmp_path


def judged(folder, asked=None, **options):
    def says(path, prompt):
        if prompt == LONG:
            return "Foreign.", "Foreign.", "Foreign."
        return (5, 4, 3) if "good" in path.parts else (3, 4, 2)

    made, missing = [], {}
    for name in ("good", "bad"):
        there, lacking = prompts_suite.found(name, folder / name, asked)
        made, missing[name] = made + there, len(lacking)
    return prompts_suite.run(FakeJudge(says), made, missing=missing, **options)


def test_means_win_rates_and_strengths(generators):
    got = judged(generators, ["a cat", "a dog", LONG], out=generators / "rows.jsonl")
    good, bad = got["board"]["groups"]
    assert (good["name"], good["rows"], good["cells"]["visual_quality"]["mean"]) == ("good", 3, 5)
    assert (bad["rows"], bad["cells"]["overall"]["mean"], bad["cells"]["overall"]["withheld"]) == (3, 3, 1)
    assert got["missing"] == {"good": 1, "bad": 0}
    overall, text = (got["pairs"][key]["standings"] for key in ("overall", "text_alignment"))
    assert [(one["generator"], one["win_rate"], one["votes"]) for one in overall] == [("good", 1.0, 3), ("bad", 0.0, 3)]
    assert {one["win_rate"] for one in text} == {0.5}, "the same score is a tie"
    assert "| 1 | good | 3 | 0 | 5.00" in prompts_suite.table(got) and "good has no clip of 1 prompts" in \
        prompts_suite.table(got)
    assert len((generators / "rows.jsonl").read_text().splitlines()) == 6


def test_the_gate(generators):
    got = judged(generators)
    prompts_suite.check(got, {"visual_quality": 3.0})
    with pytest.raises(Failure, match="bad has 3.00 in visual_quality, not 3.5"):
        prompts_suite.check(got, prompts_suite.wanted(["visual_quality=3.5"]))
    for said in ("visual_quality", "beauty=3", "overall=9", "overall=x"):
        with pytest.raises(BadInput, match="--at-least"):
            prompts_suite.wanted([said])
    with pytest.raises(Failure, match="no score in text_alignment"):
        prompts_suite.check(judged(generators, [LONG, "a dog"]) | {"board": {"groups": [
            {"name": "x", "cells": {"text_alignment": {"mean": None}}}]}}, {"text_alignment": 1.0})


def test_prompts_in_every_form(tmp_path):
    (tmp_path / "a.txt").write_text("a cat\n\na dog\na cat\n")
    write_json(tmp_path / "b.json", ["a cat", "a dog"])
    write_json(tmp_path / "VBench_full_info.json", [{"prompt_en": "a cat", "dimension": ["x"]}, {"prompt_en": "a dog"}])
    for name in ("a.txt", "b.json", "VBench_full_info.json"):
        assert prompts_suite.prompts(tmp_path / name) == ["a cat", "a dog"]
    for text in ("{}", "[3]", "[", "[]"):
        (tmp_path / "bad.json").write_text(text)
        with pytest.raises(BadInput):
            prompts_suite.prompts(tmp_path / "bad.json")


def test_names_of_generators():
    assert prompts_suite.named("runs/wan/") == ("wan", "runs/wan/")
    assert prompts_suite.named("wan=runs/a=b") == ("wan", "runs/a=b")
    assert prompts_suite.named("diffusers:a/b=c") == ("diffusers:a/b=c", "diffusers:a/b=c")
    assert prompts_suite.named("mine=sketch") == ("mine", "sketch") and prompts_suite.named("sketch") == ("sketch",) * 2


def test_a_folder_without_such_clips_says_how_they_are_called(generators):
    with pytest.raises(BadInput, match="PROMPT-0.mp4"):
        prompts_suite.found("good", generators / "good", ["a bird"])
    with pytest.raises(BadInput, match="no folder"):
        prompts_suite.found("none", generators / "none", None)


def test_a_generator_makes_what_is_not_there(tmp_path):
    from vs2.generate.sketch import Sketch

    asked = ["two red balls bounce on grass"]
    made = prompts_suite.made("sketch", Sketch(), asked, 2, tmp_path / "out")
    assert [clip.path.name for clip in made] == [f"{asked[0]}-{n}.mp4" for n in (0, 1)]
    times = [clip.path.stat().st_mtime_ns for clip in made]
    again = prompts_suite.made("sketch", Sketch(), asked, 2, tmp_path / "out")
    assert [clip.path.stat().st_mtime_ns for clip in again] == times and made[0].path.read_bytes() != \
        made[1].path.read_bytes()
    assert json.dumps([str(clip.path) for clip in again])

"""The example clips of footage: named with their licence, and explained by the built-in judge as they were made."""
import importlib.util

import pytest

from train.footage import faults, words
from vs2 import answer
from vs2.resources import ASSETS, HOME
from vs2.rubric import KEYS
from vs2.ui.examples import SCENES, examples, still

SPEC = importlib.util.spec_from_file_location("make_footage", HOME / "scripts" / "make_footage.py")
MAKER = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(MAKER)
CLIPS = {name: (prompt, fault, shows) for name, _, _, prompt, fault, shows in MAKER.CLIPS}


def row_of(name: str) -> dict:
    row, = (row for row in examples() if row["file"].endswith(f"{name}.mp4"))
    return row


def test_pages_begin_with_footage_and_end_with_a_scene_whose_prompt_is_read():
    assert [row["file"].rsplit("/", 1)[-1] for row in examples()] == \
        [f"{name}.mp4" for name in (*CLIPS, MAKER.LAST)]
    scene, = (row for row in examples(table=SCENES) if row["file"].endswith(f"{MAKER.LAST}.mp4"))
    assert examples()[-1] == scene
    for name, (prompt, _, shows) in CLIPS.items():
        assert (row_of(name)["prompt"], row_of(name)["shows"]) == (prompt, shows)
        assert still(f"{name}.mp4").startswith("data:image/jpeg")
    fault = [None if fault is None else fault[0] in faults.PHYSICAL for _, fault, _ in CLIPS.values()]
    assert fault == [None, False, True], "one as it was made, one with a fault of the picture, one of what happens"


def test_each_is_named_with_where_it_is_from_and_its_licence():
    said = (ASSETS / "examples" / "NOTICE").read_text(encoding="utf-8")
    assert MAKER.PACKAGE in said and MAKER.VERSION in said and "MIT" in said
    for name, clip, maker, *_ in MAKER.CLIPS:
        assert f"{name}.mp4 ({maker}, {clip}.webp)" in said


@pytest.mark.slow
@pytest.mark.parametrize("name", CLIPS)
def test_the_built_in_judge_explains_each_as_it_was_made(name, mini):
    row, fault = row_of(name), CLIPS[name][1]
    made = mini.score(row["file"], row["prompt"])
    parts, scores = answer.sections(made.rationale), {key: made.scores[key].value for key in KEYS}
    assert made.withheld == (KEYS[1],), "of footage it reads no prompt"
    for key, kinds in ((KEYS[0], faults.VISUAL), (KEYS[2], faults.PHYSICAL)):
        if fault is not None and fault[0] in kinds:
            assert words.EVENTS.get(fault[0], fault[0]) in parts[key] and scores[key] <= 2, made.rationale
        else:
            assert "no fault" in parts[key] and scores[key] >= 4, made.rationale


@pytest.fixture(scope="module")
def mini():
    import vs2

    return vs2.load("mini")

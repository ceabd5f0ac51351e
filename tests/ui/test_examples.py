"""The example clips: each is the scene that it was made from, and the built-in judge explains it as it was rendered."""
import importlib.util

import av
import numpy as np
import pytest

from vs2 import answer
from vs2.resources import HOME
from vs2.rubric import KEYS
from vs2.scenes import draw, words, world
from vs2.ui.examples import SCENES as TABLE
from vs2.ui.examples import examples

SPEC = importlib.util.spec_from_file_location("make_examples", HOME / "scripts" / "make_examples.py")
MAKER = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(MAKER)
NAMES = [name for name, _, _ in MAKER.EXAMPLES]
SCENES = {name: scene for name, scene, _ in MAKER.EXAMPLES}


def wrongly_said(scene: world.Scene, said: str) -> list[str]:
    """What a rationale says of a scene that is not so, or leaves out, going by what was rendered."""
    shown, parts = scene.shown, answer.sections(said)
    thing, place = f"{shown.colour} {shown.shape} {shown.motion}", words.PLACES[shown.background]
    facts = [("", f"{shown.element('count')} {thing} {place}, beside {shown.element('beside')}.")]
    facts += [("text_alignment", words.comparison(name, scene.asked.element(name), shown.element(name)))
              for name in world.ELEMENTS]
    facts.append(("text_alignment", f"Different: {len(scene.differing)} of {len(world.ELEMENTS)}."))
    degree = {dimension: words.DEGREES[fault.strength - 1] if fault else "no fault"
              for dimension, fault in ((KEYS[0], scene.visual), (KEYS[2], scene.physical))}
    facts += list(degree.items())
    if scene.visual:
        facts.append((KEYS[0], scene.visual.kind))
    if scene.physical:
        event = f"one {shown.shape} {words.EVENTS[scene.physical.kind]}"
        facts.append((KEYS[2], f"from frame {words.facts(scene).when} on {event}"))
    return [f"{part}: {fact}" for part, fact in facts if fact not in parts.get(part, "")]


def test_the_check_knows_a_wrong_rationale_from_a_right_one():
    for scene in SCENES.values():
        right = words.rationale(scene, words.facts(scene))
        assert wrongly_said(scene, right) == []
        for true, false in (("one ", "two "), (" box", " ball"), (f"one {scene.shown.colour}", "one purple"),
                            ("no fault", "clear"), ("vanishes", "speeds up by itself"), ("strong", "slight"),
                            ("pixelation", "blur"), ("frame 4", "frame 1"), ("extreme", "clear")):
            if true in right:
                assert wrongly_said(scene, right.replace(true, false)), false


def test_there_is_one_good_example_and_one_fault_of_each_kind():
    assert [[key for key, score in zip(KEYS, scene.scores, strict=True) if score < 5] for scene in SCENES.values()] \
        == [[], *([key] for key in KEYS)]
    assert len(examples(table=TABLE)) == len(SCENES)


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_the_scene_that_the_script_renders(name):
    row, = (row for row in examples(table=TABLE) if row["file"].endswith(f"{name}.mp4"))
    with av.open(row["file"]) as container:
        kept = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    drawn = draw.frames(SCENES[name])
    assert kept.shape == drawn.shape and np.abs(kept.astype(int) - drawn.astype(int)).mean() < 4
    assert row["prompt"] == words.caption(SCENES[name].asked)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_built_in_judge_explains_each_as_it_was_rendered(name, mini):
    row, = (row for row in examples(table=TABLE) if row["file"].endswith(f"{name}.mp4"))
    made = mini.score(row["file"], row["prompt"])
    assert wrongly_said(SCENES[name], made.rationale) == [], made.rationale
    assert tuple(made.scores[key].value for key in KEYS) == SCENES[name].scores and not made.warnings


@pytest.fixture(scope="module")
def mini():
    import vs2

    return vs2.load("mini")

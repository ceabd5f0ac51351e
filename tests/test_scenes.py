"""Scenes tell the truth: the faults decide the scores, what is written is what is seen, and a seed is a clip."""
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from vs2 import answer, rubric, video
from vs2.bench.scenes import held_out
from vs2.sampling import Sampling
from vs2.scenes import draw, film, physics, words, world

SEEN = words.shown_indices()


def clean(seed: int, **shown) -> world.Scene:
    scene = world.sample(seed, visual=5, alignment=5, physical=5)
    return replace(scene, shown=replace(scene.shown, **shown)) if shown else scene


def test_a_seed_is_a_clip():
    one, again, other = (draw.frames(world.sample(seed), SEEN[:2]) for seed in (3, 3, 4))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_some_frames_are_those_of_the_whole_clip():
    scene = world.sample(11, visual=2)
    assert np.array_equal(draw.frames(scene, [5, 9]), draw.frames(scene)[[5, 9]])


def test_scores_are_what_was_put_in():
    for seed in range(60):
        wanted = (seed % 5 + 1, seed // 5 % 5 + 1, seed // 7 % 5 + 1)
        scene = world.sample(seed, *wanted)
        assert scene.scores == wanted
        assert len(scene.differing) == 5 - wanted[1]
        assert (scene.visual is None) == (wanted[0] == 5) and (scene.physical is None) == (wanted[2] == 5)


def test_held_out_scenes_are_balanced_and_apart():
    scenes = held_out(125)
    assert len({scene.scores for scene in scenes}) == 125
    assert all(scene.seed >= world.HELD_OUT for scene in scenes)


def test_another_prompt_for_the_same_clip():
    scene = world.sample(5)
    others = [world.ask_again(scene, turn) for turn in range(6)]
    assert len({other.asked for other in others}) > 2
    clips = {(other.shown, other.visual, other.physical) for other in others}
    assert clips == {(scene.shown, scene.visual, scene.physical)}


@pytest.mark.parametrize("kind", world.VISUAL_FAULTS)
def test_visual_faults_grow_with_their_strength(kind):
    scene = clean(21, background="bricks")
    good = draw.frames(scene, SEEN).astype(float)
    bad = [draw.frames(replace(scene, visual=world.Fault(kind, k)), SEEN) for k in world.STRENGTHS]
    far = [np.abs(frames - good).mean() for frames in bad]
    assert far[0] > 0.3 and all(a < b for a, b in zip(far, far[1:], strict=False)), far


@pytest.mark.parametrize("kind", world.PHYSICAL_FAULTS)
def test_physical_faults_show_in_the_frames_that_the_judge_sees(kind):
    seen = Counter()
    for seed in range(12):
        for strength in world.STRENGTHS:
            motion = world.PHYSICAL_FAULTS[kind][seed % len(world.PHYSICAL_FAULTS[kind])]
            scene = clean(seed, motion=motion)
            fault = world.Fault(kind, strength, 0.45, ("red" if scene.shown.colour != "red" else "blue", "star")
                                if scene.shown.shape != "star" else ("red", "ball"))
            seen[words.facts(replace(scene, physical=fault)).when is not None] += 1
    assert seen[False] == 0, f"{kind} could not be seen in {seen[False]} of {seen.total()} scenes"


def test_sound_scenes_obey_physics():
    for seed in range(15):
        frames = physics.simulate(clean(seed))
        for frame in frames:
            assert all(pose.visible and pose.y + pose.radius < physics.GROUND + 0.01 for pose in frame[:-1])
        if world.sample(seed, 5, 5, 5).shown.motion == "bounces":
            heights = [frame[0].y for frame in frames]
            assert min(heights[12:]) >= min(heights[:3]) - 1e-6, "a ball bounced higher than it fell from"


def test_a_pendulum_keeps_its_energy():
    places, anchor = physics._swing(0.5, 1, 1.0, None)
    reach = np.abs(places[:, 0] - anchor[0]).max()
    assert reach == pytest.approx(0.46 * np.sin(0.75), rel=0.02)


def test_every_rationale_is_true_and_its_reply_is_read_back():
    for seed in range(80):
        scene = world.sample(seed)
        known = words.facts(scene)
        text = words.rationale(scene, known)
        assert text.count(", different") == len(scene.differing) and text.count(", same") == 6 - len(scene.differing)
        assert ("no fault" in words.visual(scene)) == (scene.scores[0] == 5)
        assert ("no fault" in words.physical(scene, known)) == (scene.scores[2] == 5)
        read = answer.read(rubric.reply(text, scene.scores))
        assert tuple(read.values[key] for key in rubric.KEYS) == scene.scores
        assert read.rationale == text


def test_captions_name_every_element():
    for seed in range(40):
        scene = world.sample(seed)
        said = {words.caption(scene.asked, turn) for turn in range(4)}
        assert len(said) == (4 if scene.asked.beside else 2)
        for text in said:
            assert scene.asked.colour in text and scene.asked.shape in text.lower()
            assert words.PLACES[scene.asked.background].split()[-1] in text
            assert ("beside" in text.lower()) == (scene.asked.beside is not None)


def test_a_written_scene_is_read_as_it_was_drawn(tmp_path):
    scene = clean(8)
    path = film.write(scene, tmp_path / "scene.mp4")
    clip = video.read(path, Sampling(fps=4.0, min_frames=8, max_frames=8, min_pixels=12544, max_pixels=13171))
    assert clip.metadata.indices == tuple(SEEN) and clip.frames.shape == (8, 112, 112, 3)
    from train.scenes import seen_frames
    from vs2.card import Card
    drawn = seen_frames(scene, Card(sampling=Sampling(4.0, 8, 8, 12544, 13171)))
    assert np.abs(clip.frames.astype(int) - drawn).mean() < 4, "the codec changed the picture more than it should"

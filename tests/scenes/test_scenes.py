"""Scenes tell the truth: the faults decide the scores, what is written is what is seen, and a seed is a clip."""
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from vs2 import answer, rubric, video
from vs2.bench.scenes import held_out
from vs2.scenes import damage, draw, film, natural, other, physics, staging, textures, words, world
from vs2.video.sampling import Sampling

FRAMES = 24                         # of a clip that is staged in no special way
SEEN = staging.shown_indices(FRAMES)


def clean(seed: int, **shown) -> world.Scene:
    scene = replace(world.sample(seed, visual=5, alignment=5, physical=5), staging=staging.Staging())
    return replace(scene, shown=replace(scene.shown, **shown)) if shown else scene


def test_a_seed_is_a_clip():
    one, again = (draw.frames(world.sample(3), SEEN[:2]) for _ in range(2))
    assert np.array_equal(one, again)
    assert draw.frames(clean(3), [0]).tolist() != draw.frames(clean(4), [0]).tolist()


def test_some_frames_are_those_of_the_whole_clip():
    for seed in (11, 12, 13):
        scene = world.sample(seed, visual=2)
        assert np.array_equal(draw.frames(scene, [5, 9]), draw.frames(scene)[[5, 9]])
        thing = other.sample(seed)
        assert np.array_equal(other.frames(thing, [5, 9]), other.frames(thing)[[5, 9]])


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
    turns = [world.ask_again(scene, turn) for turn in range(6)]
    assert len({turn.asked for turn in turns}) > 2
    clips = {(turn.shown, turn.visual, turn.physical) for turn in turns}
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


@pytest.mark.parametrize("frames", [16, 20, 24, 30, 60])
def test_what_is_gone_for_a_moment_is_gone_in_a_frame_that_the_judge_sees(frames):
    for start in np.linspace(0.3, 0.9, 25):
        scene = clean(5, motion="slides")
        scene = replace(scene, physical=world.Fault("vanishes", 1, float(start)),
                        staging=replace(scene.staging, fps=10, seconds=frames / 10))
        gone = [not pose[0].visible for pose in physics.simulate(scene, staging.shown_indices(frames))]
        assert 1 <= sum(gone) <= 2 and words.facts(scene).when == gone.index(True) + 1


def test_nothing_is_wrong_before_it_goes_wrong():
    """The frame that a rationale names is not earlier than the fault: until then all is where it would be without."""
    checked = 0
    for seed in range(400):
        scene = world.sample(seed)
        fault, known = scene.physical, words.facts(scene)
        if fault is None or (fault.kind in ("sinks", "speeds up") and scene.shown.motion in ("bounces", "flies")):
            continue                        # what bounces sinks, or gains, where it lands
        shown = staging.shown_indices(scene.staging.frames)
        assert shown[known.when - 1] / scene.staging.frames * physics.LENGTH >= fault.start - 1e-6, (seed, fault)
        checked += 1
    assert checked > 200


def test_sound_scenes_obey_physics():
    for seed in range(15):
        frames = physics.simulate(clean(seed))
        for frame in frames:
            assert all(pose.visible and pose.y + pose.radius < physics.GROUND + 0.01 for pose in frame[:-1])
        if world.sample(seed, 5, 5, 5).shown.motion == "bounces":
            heights = [frame[0].y for frame in frames]
            assert min(heights[12:]) >= min(heights[:3]) - 1e-3, "a ball bounced higher than it fell from"


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
        for said, fault in ((words.visual(scene), scene.visual), (words.physical(scene, known), scene.physical)):
            degrees = [degree for degree in words.DEGREES if degree in said]
            assert degrees == ([words.DEGREES[fault.strength - 1]] if fault else []), said
        assert not scene.visual or scene.visual.kind in words.visual(scene)
        assert not scene.physical or words.EVENTS[scene.physical.kind] in words.physical(scene, known)
        read = answer.read(rubric.reply(text, scene.scores))
        assert tuple(read.values[key] for key in rubric.KEYS) == scene.scores
        assert read.rationale == text


def test_rationales_vary_in_wording_and_not_in_what_they_say():
    scenes = [replace(clean(5, count=1), seed=seed) for seed in range(40)]
    said = {words.rationale(scene, words.facts(scenes[0])) for scene in scenes}
    assert len(said) > 15
    assert len({text.split("\n- count")[1].split("Different")[0] for text in said}) == 1


def test_clips_come_in_many_forms():
    """Sizes, rates and lengths vary and are the file's; the camera moves in some, poles stand in some."""
    stagings = [staging.sample(seed) for seed in range(300)]
    assert len({(one.height, one.width) for one in stagings}) >= 7
    assert {one.fps for one in stagings} == set(staging.RATES)
    assert min(one.seconds for one in stagings) == 2 and max(one.seconds for one in stagings) == 6
    assert 0.25 < np.mean([one.start != one.end for one in stagings]) < 0.55
    assert 0.1 < np.mean([one.post is not None for one in stagings]) < 0.3
    assert all(one.frames >= 16 for one in stagings)


def test_a_longer_clip_shows_the_same_motion_more_slowly():
    scene = clean(6, motion="bounces", count=1)
    slow = replace(scene, staging=staging.Staging(fps=24, seconds=4.0))
    fast, slowly = physics.simulate(scene), physics.simulate(slow)
    assert len(slowly) == 4 * len(fast)
    for n in range(0, 24, 5):
        assert fast[n][0].y == pytest.approx(slowly[4 * n][0].y, abs=1e-6)


def test_the_camera_moves_the_whole_picture_alike():
    """Background and objects go the same way: the frame of a camera that has moved is the first one, shifted."""
    still = clean(9, motion="rests", count=1, beside=None)
    moved = replace(still, staging=staging.Staging(start=(0.05, 0.0, 1.0), end=(-0.05, 0.0, 1.0)))
    first, last = draw.frames(moved, [0, 23]).astype(float)
    shift = round(0.1 * 224)
    assert np.abs(last[:, shift:] - first[:, :-shift]).mean() < 2
    assert np.abs(last - first).mean() > 5


def test_textures_have_the_spectrum_of_natural_pictures():
    """Amplitude falls about as one over frequency."""
    spectrum = np.mean([np.abs(np.fft.rfft2(textures.field(np.random.default_rng(n), 256, 256))) for n in range(8)], 0)
    rows = np.abs(np.fft.fftfreq(256))[:, None]
    radius = np.hypot(rows, np.fft.rfftfreq(256)[None]) * 256
    low, high = (spectrum[(radius > r / 1.3) & (radius < r * 1.3)].mean() for r in (6, 48))
    slope = np.log(low / high) / np.log(8)
    assert 0.7 < slope < 2.2


@pytest.mark.parametrize("kind", world.VISUAL_FAULTS)
def test_a_fault_looks_the_same_at_any_size(kind):
    """What it does to a picture, seen small, does not depend on the size of the file."""
    small = draw.frames(clean(21, background="bricks"), [0, 5, 11])
    large = small.repeat(3, 1).repeat(3, 2)
    change = []
    for frames, factor in ((small, 1), (large, 3)):
        spoilt = [damage.damage(picture, world.Fault(kind, 3), 7, n) for n, picture in enumerate(frames)]
        near = [np.abs(a.astype(float) - b).reshape(224, factor, 224, factor, 3).mean((1, 3)).mean()
                for a, b in zip(spoilt, frames, strict=True)]
        change.append(np.mean(near))
    assert change[1] == pytest.approx(change[0], rel=0.25)


def test_other_things_are_spoilt_as_known_and_named_as_unknown():
    for seed in range(30):
        thing = other.sample(seed)
        assert thing.scores == (5 - (thing.visual.strength if thing.visual else 0), other.UNKNOWN, 5)
        said = answer.read(rubric.reply(other.rationale(thing), thing.scores))
        assert tuple(said.values[key] for key in rubric.KEYS) == thing.scores
        assert "different" not in said.rationale and said.rationale.count("unknown") == 6
        asked = replace(thing, asked=world.sample(seed).asked)
        assert other.rationale(asked).count(", different") == 6 and asked.scores[1] == 1


def test_half_of_the_other_clips_have_no_fault_and_some_are_smooth_with_sharp_edges():
    clean_ones = sum(other.sample(seed).visual is None for seed in range(400))
    assert 160 < clean_ones < 240
    grounds = [natural.ground(np.random.default_rng(seed), 96, 128) for seed in range(60)]
    steps = [np.abs(np.diff(ground.mean(-1), axis=0)) for ground in grounds]
    smooth = [step.max() > 8 * max(np.median(step), 0.5) for step in steps]
    assert 15 < sum(smooth) < 45


def test_captions_name_every_element():
    for seed in range(40):
        scene = world.sample(seed)
        said = {words.caption(scene.asked, turn) for turn in range(4)}
        assert len(said) == (4 if scene.asked.beside else 2)
        for text in said:
            assert scene.asked.colour in text and scene.asked.shape in text.lower()
            assert words.PLACES[scene.asked.background].split()[-1] in text
            assert ("beside" in text.lower()) == (scene.asked.beside is not None)


def test_a_scene_is_the_same_file_each_time(tmp_path):
    scene = world.sample(world.HELD_OUT + 88)       # one whose bytes used to change
    frames = draw.frames(scene)
    written = {film.write_frames(frames, tmp_path / "scene.mp4", scene.staging.fps).read_bytes() for _ in range(8)}
    assert len(written) == 1


def test_a_written_scene_is_read_as_it_was_drawn(tmp_path):
    scene = clean(8)
    path = film.write(scene, tmp_path / "scene.mp4")
    clip = video.read(path, Sampling(fps=4.0, min_frames=8, max_frames=8, min_pixels=12544, max_pixels=13171))
    assert clip.metadata.indices == tuple(SEEN) and clip.frames.shape == (8, 112, 112, 3)
    from train.data.scenes import seen_frames
    from vs2.model.card import Card
    drawn = seen_frames(scene, Card(sampling=Sampling(4.0, 8, 8, 12544, 13171)))
    assert np.abs(clip.frames.astype(int) - drawn).mean() < 4, "the codec changed the picture more than it should"


@pytest.mark.parametrize("place", [(0.5, 0.2), (0.5, 0.68), (0.17, 0.68), (0.83, 0.5), (0.05, 0.7)])
@pytest.mark.parametrize("far", physics.JUMP)
def test_a_jump_is_as_far_as_its_strength_says_wherever_it_begins(place, far):
    x, y = place
    dx, dy = physics._jump(x, y, far, 0.16)
    assert np.hypot(dx, dy) == pytest.approx(far) and 0.16 - 1e-9 <= x + dx <= 0.84 + 1e-9
    assert dy == 0 or (dy < 0) == (y > 0.5)


def test_an_ordinary_film_is_not_its_pictures_and_each_of_its_ways_comes_in_some_clips():
    """Softness, an encoder, light, a hand: each in some clips and not in others, and each seen in the frames."""
    films = [(scene, other._film(scene.seed, scene.staging)) for scene in map(other.sample, range(60))]
    for way in (lambda f: f.soft, lambda f: f.quality, lambda f: f.ramp, lambda f: f.hand[0]):
        assert 12 <= sum(bool(way(film)) for _, film in films) <= 48
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8))
    plain = other._Film(0.0, None, 0.0, (0.0, 0.0, 0.3, 0.0))
    assert (plain.shown(picture, 0.2) == np.asarray(picture)).all() and not plain.sway(0.7).any()
    soft, encoded, lit = (replace(plain, **change).shown(picture, 1.0).astype(int) for change in (
        {"soft": 1.0}, {"quality": 40}, {"ramp": 0.25}))
    assert soft.std() < 0.7 * np.asarray(picture).std() and (encoded != np.asarray(picture)).mean() > 0.5
    assert lit.mean() > 1.05 * np.asarray(picture).mean()
    swayed = replace(plain, hand=(0.02, 0.02, 0.5, 0.1))
    assert np.abs(swayed.sway(0.8) - swayed.sway(0.2)).max() > 0.005 and swayed.sway(0.5)[2] == 0


def test_a_background_out_of_focus_has_a_thing_in_focus_before_it_and_a_still_shot_does_not_move(monkeypatch):
    films = [(scene, other._film(scene.seed, scene.staging)) for scene in map(other.sample, range(400))]
    shallow = [scene for scene, one in films if one.unsharp]
    still = [scene for scene, one in films if one.still and not (one.ramp or one.hand[0] or scene.visual)]
    assert 60 < len(shallow) < 140 and 80 < sum(one.still for _, one in films) < 160
    for scene in still[:6]:
        first, last = other.frames(scene, [0, scene.staging.frames - 1])
        assert np.array_equal(first, last)
    made, less = other._film, []
    for scene in shallow[:12]:
        scene = replace(scene, visual=None)
        steps = []
        for far in (1.0, 1e-4):         # as it is, and the same with its background in focus
            monkeypatch.setattr(other, "_film", lambda *a, far=far: replace(one := made(*a), unsharp=one.unsharp * far,
                                                                            soft=0.0, quality=None, quantiser=None))
            grey = other.frames(scene, [scene.staging.frames // 2])[0].astype(float).mean(-1)
            steps.append(np.abs(np.diff(grey, axis=1)))
        less.append(steps[0].mean() / steps[1].mean())
        assert steps[0].max() > 10, "edges of what is before it"
    assert np.mean(less) < 0.8 and max(less) < 1, "and less to see behind"


def test_a_clean_picture_is_in_focus_somewhere():
    made = [natural.picture(np.random.default_rng(seed), 230, 300, None) for seed in range(30)]
    assert all(natural.crispness(one) > natural.CRISP for one in made)
    blurred = [damage.damage(one.astype(np.uint8), world.Fault("blur", 1), 0, 0) for one in made]
    assert sum(natural.crispness(one) < natural.CRISP for one in blurred) > 27
    assert natural.crispness(np.full((230, 300, 3), 90.0)) == 0


def test_the_traces_of_h264_are_those_of_each_frame_alone_and_grow_with_the_quantiser():
    frames = np.stack([natural.picture(np.random.default_rng(seed), 96, 128, None) for seed in range(3)])
    frames = frames.astype(np.uint8)
    fine, coarse = (film.coded(frames, quantiser) for quantiser in (20, 40))
    assert fine.shape == frames.shape and np.array_equal(film.coded(frames[1:2], 40), coarse[1:2])
    far = [np.abs(one.astype(int) - frames).mean() for one in (fine, coarse)]
    assert 0 < far[0] < far[1] / 2
    films = [other._film(seed, staging.Staging()) for seed in range(200)]
    assert 30 < sum(one.quantiser is not None for one in films) < 70
    assert 30 < sum(one.quality is not None for one in films) < 70


def test_a_photograph_is_developed_in_many_ways_and_never_to_black():
    rng = np.random.default_rng(5)
    grid = np.indices((64, 64)).sum(0)[..., None] * np.array([2.0, 1.2, 0.5], np.float32)
    made = [natural.developed(rng, grid.astype(np.float32)) for _ in range(80)]
    means, spreads = ([getattr(one, what)() for one in made] for what in ("mean", "std"))
    assert max(means) > 3 * min(means) and max(spreads) > 3 * min(spreads)
    assert all(np.percentile(one, 99) > 90 and one.max() <= 255 and one.min() >= 0 for one in made)
    solid = [natural.solid(np.random.default_rng(seed), 48, 48) for seed in range(40)]
    assert sum(one.mean() < 80 for one in solid) > 8
    assert np.median([np.median(np.abs(np.diff(one.mean(-1), axis=0))) for one in solid]) < 2.5

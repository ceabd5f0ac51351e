"""The sketch: what it reads in a prompt, what it draws of it, how it errs, and the clip that comes of it."""
import json
import subprocess
import sys
from dataclasses import replace

import av
import numpy as np
import pytest

from tests.support.patience import HANGING
from vs2 import generate
from vs2.errors import BadInput, Failure
from vs2.generate import sketch
from vs2.generate.protocol import Generated, Notice, Progress
from vs2.generate.sketch import plan
from vs2.generate.words import read
from vs2.rubric import KEYS
from vs2.scenes import draw, staging, words, world
from vs2.video.playable import playable

PROMPT = "Two red balls bounce on grass beside a blue star."
SMALL = {"seconds": 1.0, "size": (64, 64)}


def made(prompt, folder, faults=0.3, **options) -> Generated:
    return generate.load("sketch", faults=faults).generate(prompt, folder=folder, **SMALL | options)


def test_every_caption_of_a_scene_is_read_whole():
    for seed in range(120):
        asked = world.sample(seed).asked
        for turn in range(8):
            reading = read(words.caption(asked, turn))
            wanted = {name: getattr(asked, name) for name in ("count", "colour", "shape", "motion", "background")}
            assert reading.fixed == wanted | ({"beside": asked.beside} if asked.beside else {})
            assert not reading.unknown and not reading.foreign and not reading.near and not reading.open


@pytest.mark.parametrize("prompt, fixed, foreign, unknown", [
    ("three stars", {"count": 3, "shape": "star"}, "", ""),
    ("A video of a purple sphere lying still in the snow", dict(
        count=1, colour="purple", shape="ball", motion="rests", background="snow"), "", ""),
    ("The ball is red and it slides along green grass", dict(
        count=1, colour="red", shape="ball", motion="slides", background="grass"), "", ""),
    ("a red, shiny ball swings by a brick wall and a blue box rests", dict(
        count=1, colour="red", shape="ball", motion="swings", background="bricks", beside=("blue", "box")), "",
     "shiny"),
    ("Next to a yellow box, a pair of white triangles fly at night", dict(
        count=2, colour="white", shape="triangle", motion="flies", background="night", beside=("yellow", "box")), "",
     ""),
    ("a ball beside a box", dict(count=1, shape="ball", beside=(None, "box")), "", ""),
    ("A red ball. The ball bounces.", dict(count=1, colour="red", shape="ball", motion="bounces"), "", ""),
    ("a red ball bounces beside a green box that slides", dict(
        count=1, colour="red", shape="ball", motion="bounces", beside=("green", "box")), "", "slides"),
    ("red and white balls without a star", dict(colour="white", shape="ball"), "", "red|without a star"),
    ("four orange cubes spinning slowly in a city", {"shape": "box"}, "count colour motion background",
     "four|orange|spinning|slowly|city"),
    ("a red ball bounces on grass next to a dog", dict(
        count=1, colour="red", shape="ball", motion="bounces", background="grass"), "beside", "dog"),
    ("a dog on the beach", {"background": "sand"}, "shape", "dog"),
    ("a cat plays the piano", {}, " ".join(world.ELEMENTS), "cat|plays|piano"),
    ("\N{BALLOON}", {}, " ".join(world.ELEMENTS), "\N{BALLOON}"),
    ("a video", {}, "", ""),
])
def test_prompts_are_read(prompt, fixed, foreign, unknown):
    reading = read(prompt)
    assert reading.fixed == fixed and reading.foreign == set(foreign.split())
    assert reading.unknown == tuple(filter(None, unknown.split("|")))


def test_what_is_drawn_as_something_like_it_is_told():
    assert read("a golden ball rolls behind a crate").near == (
        ("golden", "yellow"), ("rolls", "slides"), ("crate", "box"), ("behind", "beside"))
    assert read("a red ball beside two stars").near == (("stars", "one star"),)


def test_no_text_breaks_the_reading():
    rng = np.random.default_rng(0)
    pieces = [*"aZ9 .,'-\n\t\0", "ball", "a", "two", "no", "beside", "by", "the", "is", "red", "\u202e", "\ud800",
              "\N{BALLOON}", "grass", "without", "of", "star"]
    for _ in range(2000):
        prompt = " ".join(rng.choice(pieces, int(rng.integers(0, 14))))
        reading = read(prompt)
        assert not set(reading.fixed) & reading.foreign or "beside" in reading.foreign
        plan(prompt, reading, 1, 0.5)


def test_a_seed_and_a_prompt_are_a_clip(tmp_path):
    one, again = (made(PROMPT, tmp_path / name, seed=4) for name in "ab")
    assert one.path.read_bytes() == again.path.read_bytes() and one.path.name == again.path.name
    other = made(PROMPT, tmp_path / "a", seed=5)
    assert other.path != one.path and other.path.read_bytes() != one.path.read_bytes()
    assert made(PROMPT, tmp_path / "a", seed=4, faults=0.9).path not in (one.path, other.path)
    record = replace(again.record, made=one.record.made, took=one.record.took)
    assert record == one.record


def test_the_clip_plays_as_it_is_and_is_what_was_asked_for(tmp_path):
    done = made(PROMPT, tmp_path, seconds=1.5, size=(97, 64))
    assert playable(done.path, tmp_path / "copies") == done.path
    with av.open(str(done.path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        told = json.dumps(dict(container.metadata))
    assert np.stack(frames).shape == (24, 64, 96, 3)
    record = done.record
    assert (record.frames, record.width, record.height, record.seconds) == (24, 96, 64, 1.5)
    assert any("rounded from 97 x 64 to 96 x 64" in notice for notice in record.notices)
    # Nothing in the clip or its name tells the scores.
    assert not any(key in told or key in done.path.name for key in KEYS)
    assert generate.Record.from_dict(json.loads(done.path.with_suffix(".json").read_text("utf-8"))) == record


def test_what_was_asked_for_is_in_the_picture(tmp_path):
    for colour in ("red", "green", "blue", "yellow"):
        scene = plan(f"A {colour} ball rests on snow.", read(f"A {colour} ball rests on snow."), 1, 0.0)
        picture = draw.frames(replace(scene, staging=staging.Staging()), [8])[0].astype(int)
        near = np.abs(picture - world.COLOURS[colour]).max(-1) < 60
        assert near.mean() > 0.01


def test_without_faults_what_was_understood_is_right():
    for seed in range(40):
        scene = plan(PROMPT, read(PROMPT), seed, 0.0)
        assert scene.scores == (5, 5, 5) and not scene.differing
        assert (scene.shown.count, scene.shown.colour, scene.shown.shape) == (2, "red", "ball")
    assert plan(PROMPT, read(PROMPT), 3, 1.0).scores == (1, 1, 1)


def test_faults_grow_with_their_strength_and_vary_with_the_seed():
    lost = []
    for faults in (0.1, 0.3, 0.6):
        scores = np.array([plan(PROMPT, read(PROMPT), seed, faults).scores for seed in range(300)])
        lost.append((5 - scores).mean(0))
        assert len(np.unique(scores, axis=0)) > 10
    assert np.allclose(lost, np.array((0.1, 0.3, 0.6))[:, None] * 4, atol=0.25)


def test_only_what_the_prompt_says_can_be_wrong():
    prompt = "a ball on grass"
    reading = read(prompt)
    assert reading.open == ("colour", "motion")
    for seed in range(60):
        scene = plan(prompt, reading, seed, 1.0)
        assert set(scene.differing) <= {"count", "shape", "background", "beside"} and scene.scores[1] == 1
    colours = {plan(prompt, reading, seed, 0.0).shown.colour for seed in range(60)}
    assert colours == set(world.COLOURS), "what is left open differs from seed to seed"


def test_what_cannot_be_drawn_costs_a_point_each():
    prompt = "four orange cubes rest on grass"
    scene = plan(prompt, read(prompt), 0, 0.0)
    assert scene.differing == ("count", "colour") and scene.scores == (5, 3, 5) and scene.shown.count == 3
    assert plan("a cat", read("a cat"), 0, 0.0).scores[1] == 1


def test_what_was_not_understood_is_told_and_recorded(tmp_path):
    events = list(generate.load("sketch", faults=0).stream("a red ball chases a kitten", folder=tmp_path, **SMALL))
    notices = " ".join(event.text for event in events if isinstance(event, Notice))
    assert "\u201cchases\u201d, \u201ckitten\u201d" in notices and "Left open" in notices and "the motion" in notices
    record = events[-1].record
    assert record.details["not_understood"] == ["chases", "kitten"] and record.notices == tuple(
        event.text for event in events if isinstance(event, Notice))
    assert record.details["asked"]["motion"] == "other" and record.truth == dict(zip(KEYS, (5, 4, 5), strict=True))
    assert "knows none" in " ".join(sketch.remarks(read("ein Hund")))


def test_progress_ends_at_the_whole(tmp_path):
    events = list(generate.load().stream(PROMPT, folder=tmp_path, **SMALL))
    shares = [event.fraction for event in events if isinstance(event, Progress)]
    assert shares[0] == 0 and shares[-1] == 1 and shares == sorted(shares) and isinstance(events[-1], Generated)


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_stopped_or_closed_it_leaves_no_file(tmp_path, steps):
    seen = []
    for event in generate.load().stream(PROMPT, folder=tmp_path, stop=lambda: len(seen) > steps, **SMALL):
        seen.append(event)
    assert not any(isinstance(event, Generated) for event in seen) and list(tmp_path.iterdir()) == []
    stream = generate.load().stream(PROMPT, folder=tmp_path, **SMALL)
    for _ in range(steps + 1):
        next(stream)
    stream.close()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(Failure, match="stopped"):
        generate.load().generate(PROMPT, folder=tmp_path, stop=lambda: True)


@pytest.mark.parametrize("options", [
    {"prompt": ""}, {"prompt": " \n"}, {"prompt": None}, {"prompt": "x" * 4001}, {"seed": -1}, {"seed": 2**32},
    {"seed": 1.5}, {"seed": True}, {"seconds": 0}, {"seconds": 11}, {"seconds": float("nan")}, {"seconds": "2"},
    {"size": (64,)}, {"size": (63, 64)}, {"size": (64, 769)}, {"size": 64}, {"size": (64.0, 64)}, {"folder": ""},
])
def test_what_is_out_of_range_is_said_at_once(tmp_path, options):
    asked = {"prompt": PROMPT, "folder": tmp_path} | options
    with pytest.raises(BadInput):
        generate.load().stream(**asked)


def test_names_options_and_folders_that_cannot_be(tmp_path):
    for name, options in (("film", {}), ("sketch:x", {}), ("", {}), ("sketch", {"faults": 2}),
                          ("sketch", {"faults": "no"}), ("sketch", {"colour": 1})):
        with pytest.raises(BadInput):
            generate.load(name, **options)
    (tmp_path / "file").write_text("x")
    with pytest.raises(Failure, match="cannot be written"):
        made(PROMPT, tmp_path / "file")


def test_the_sketch_needs_no_model_library(tmp_path):
    code = ("import sys; from vs2 import generate; generate.load().generate('a red ball', seconds=1.0, size=(64, 64), "
            f"folder={str(tmp_path)!r}); print({{'torch', 'transformers', 'diffusers'}} & set(sys.modules))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=HANGING)
    assert done.returncode == 0 and done.stdout.strip() == "set()", done.stderr
    assert generate.listing()[0].name == "sketch" and generate.listing()[0].usable

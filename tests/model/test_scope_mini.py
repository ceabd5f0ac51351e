"""What mini takes for a clip of its kind, measured: scenes, sketches and the examples; and what it does not.

The clips here are made apart from those that its detector learned from (train/data/foreign.py), but for footage: its
card has the rates on held-back sources (`python -m train.scope`).
"""
import csv
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

from tests.support.clips import picture, write
from train.data import photos
from vs2 import generate, judge, video
from vs2.model.card import Card
from vs2.resources import ASSETS
from vs2.rubric import KEYS
from vs2.scenes import draw, film, other, world
from vs2.ui.examples import SCENES, examples

FIRST = world.HELD_OUT + 50_000_000     # of scenes that nothing was learned from or measured on
SIZE = (256, 192)


@pytest.fixture(scope="module")
def mini():
    torch.set_num_threads(1)
    return judge.load("mini", "fp32")


def foreign(mini, path) -> bool:
    return mini.scope.foreign(mini.model.model.visual, mini.processor, video.read(path, mini.card.sampling))


def frames(paint, count=16, size=SIZE) -> list[np.ndarray]:
    """`count` pictures; paint(pen, picture, share of the clip) draws one."""
    made = []
    for n in range(count):
        image = Image.new("RGB", size)
        paint(ImageDraw.Draw(image), image, n / (count - 1))
        made.append(np.array(image))
    return made


def noise(seed) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (SIZE[1], SIZE[0], 3)).astype(np.uint8) for _ in range(16)]


def streaks(pen, image, t):
    """Grey strokes that grow, as of a brush."""
    pen.rectangle((0, 0, *SIZE), fill=(205, 205, 205))
    for n in range(int(3 + 12 * t)):
        y = 12 * n + 8
        pen.line((10 + 3 * n, y, 60 + 170 * ((n * 7) % 5) / 5, y + 6), fill=(60 + 9 * n,) * 3, width=3 + n % 5)


def slide(pen, image, t):
    words = ("Quarterly report", "Revenue rose by 7 %", "Thank you")[min(2, int(3 * t))]
    pen.rectangle((0, 0, *SIZE), fill=(250, 250, 248))
    pen.text((24, 70), words, fill=(20, 40, 90), font=ImageFont.load_default(22))


def screen(pen, image, t):
    pen.rectangle((0, 0, *SIZE), fill=(28, 30, 36))
    pen.rectangle((0, 0, SIZE[0], 16), fill=(60, 62, 70))
    for n in range(9):
        pen.text((12 + 10 * (n % 3), 24 + 17 * n), "def f(x): return x + 1"[:6 + (n * 5) % 17], fill=(170, 210, 150))
    pen.rectangle((12 + 200 * t, 150, 18 + 200 * t, 162), fill=(240, 240, 240))


def cartoon(pen, image, t):
    pen.rectangle((0, 0, *SIZE), fill=(120, 200, 250))
    pen.rectangle((0, 140, *SIZE), fill=(110, 190, 70), outline=(0, 0, 0))
    pen.ellipse((190, 10, 230, 50), fill=(255, 220, 60), outline=(0, 0, 0))
    x = 30 + 150 * t
    pen.ellipse((x, 70, x + 40, 110), fill=(250, 210, 170), outline=(0, 0, 0), width=2)
    pen.rectangle((x + 5, 110, x + 35, 150), fill=(200, 40, 60), outline=(0, 0, 0), width=2)
    pen.ellipse((x + 10, 82, x + 16, 90), fill=(0, 0, 0))
    pen.ellipse((x + 24, 82, x + 30, 90), fill=(0, 0, 0))


def zoomed(t) -> np.ndarray:
    """A photograph with a slow zoom."""
    photo = Image.fromarray(photos.photographs()[3])
    edge = 60 * t
    box = edge, edge, photo.width - edge, photo.height - edge
    return np.array(photo.resize(SIZE, Image.Resampling.BICUBIC, box=box))


STRANGE = {
    "noise": lambda: noise(0),
    "solid colour": lambda: frames(lambda pen, image, t: pen.rectangle((0, 0, *SIZE), fill=(40, 90, 220))),
    "gradient": lambda: [np.broadcast_to(np.linspace(0, 255, SIZE[0]).astype(np.uint8)[None, :, None],
                                         (SIZE[1], SIZE[0], 3)).copy()] * 16,
    "square on a flat colour": lambda: frames(lambda pen, image, t: (
        pen.rectangle((0, 0, *SIZE), fill=(90, 110, 140)),
        pen.rectangle((20 + 150 * t, 80, 70 + 150 * t, 130), fill=(214, 40, 40)))),
    "square on a grey slope": lambda: [picture(n, 16, SIZE) for n in range(16)],
    "streaks": lambda: frames(streaks), "slides": lambda: frames(slide), "screen": lambda: frames(screen),
    "cartoon": lambda: frames(cartoon), "photograph with a zoom": lambda: [zoomed(n / 15) for n in range(16)]}


@pytest.mark.parametrize("name", STRANGE)
def test_what_is_no_scene_is_foreign(mini, tmp_path, name):
    assert foreign(mini, write(tmp_path / "clip.mp4", STRANGE[name]()))


def test_the_examples_are_of_its_kind(mini):
    rows = examples(table=SCENES)
    assert len(rows) == 4 and not any(foreign(mini, row["file"]) for row in rows)


def test_sketches_are_of_its_kind(mini, tmp_path):
    sketch = generate.load("sketch")
    asked = ("a red ball bounces on grass", "two blue stars swing at night", "a triangle rests on sand beside a box",
             "three white boxes slide on snow", "a purple ball flies before a brick wall", "a cat plays the piano")
    made = [sketch.generate(prompt, seed=seed, seconds=1 + seed, folder=tmp_path,
                            size=((384, 288), (96, 64), (270, 480))[seed % 3]).path
            for seed, prompt in enumerate(asked)]
    assert [path.name for path in made if foreign(mini, path)] == []


def scene(number: int) -> tuple[list[np.ndarray], float]:
    """All frames of a held-out scene, and their rate."""
    made = world.sample(FIRST + number)
    return list(draw.frames(made)), made.staging.fps


@pytest.mark.slow
def test_encoding_again_makes_no_scene_foreign(mini, tmp_path):
    lost = []
    for number in range(8):
        pictures, fps = scene(200 + number)
        half = [np.array(Image.fromarray(one).resize((one.shape[1] // 4 * 2, one.shape[0] // 4 * 2)))
                for one in pictures]
        for name, shown, rate, more in (
                ("18.mp4", pictures, fps, {"options": {"crf": "18"}}),
                ("35.mp4", pictures, fps, {"options": {"crf": "35"}}),
                ("half.mp4", half, fps, {"options": {"crf": "23"}}), ("slow.mp4", pictures[::2], fps / 2, {}),
                ("a.webm", pictures, fps, {"codec": "libvpx-vp9"}),
                ("a.gif", pictures, fps, {"codec": "gif", "pixels": "rgb8"})):
            path = write(tmp_path / f"{number}-{name}", shown, **({"fps": rate} | more))
            lost += [path.name] * foreign(mini, path)
    assert len(lost) <= 2, lost


@pytest.mark.slow
@pytest.mark.parametrize("more", [
    {"options": {"crf": "18"}}, {"options": {"crf": "35"}}, {"codec": "gif", "pixels": "rgb8"}, {"fps": 30}])
def test_encoding_again_makes_nothing_known(mini, tmp_path, more):
    suffix = ".gif" if "codec" in more else ".mp4"
    missed = [name for name, make in STRANGE.items()
              if not foreign(mini, write(tmp_path / f"clip{suffix}", make(), **more))]
    # A shape that moves before plain ground is nearly a scene: it lies so near the border that a palette takes it over.
    assert missed in ([], ["square on a grey slope"])


@pytest.mark.slow
def test_of_a_hundred_held_out_scenes_at_most_two_are_withheld(mini, tmp_path):
    lost = []
    for number in range(100):
        made = world.sample(FIRST + number, visual=number % 5 + 1, alignment=number // 5 % 5 + 1,
                            physical=number // 25 % 5 + 1)
        lost += [number] * foreign(mini, film.write(made, tmp_path / "scene.mp4"))
    assert len(lost) <= 2, lost


@pytest.mark.slow
def test_other_clips_of_its_training_are_foreign(mini):
    """Photographs and textures: its alignment and physics never vary on them (train/scope.py says why)."""
    found = []
    for number in range(40):
        made = other.sample(FIRST + number)
        indices = mini.card.sampling.indices(made.staging.frames, made.staging.fps)
        shown = SimpleNamespace(frames=_fed(mini, other.frames(made, indices)))
        found.append(mini.scope.foreign(mini.model.model.visual, mini.processor, shown))
    assert sum(found) >= 38, [n for n, one in enumerate(found) if not one]


def _fed(mini, drawn) -> np.ndarray:
    size = mini.card.sampling.size(len(drawn), *drawn.shape[1:3])
    return np.stack([np.array(Image.fromarray(one).resize(size[::-1], Image.Resampling.BICUBIC)) for one in drawn])


@pytest.mark.slow
def test_it_says_the_same_in_bfloat16(mini, tmp_path):
    short = judge.load("mini", "bf16")
    paths = [write(tmp_path / f"{n}.mp4", make()) for n, make in enumerate(STRANGE.values())]
    paths += [film.write(world.sample(FIRST + 300 + n), tmp_path / f"scene{n}.mp4") for n in range(20)]
    said = [[foreign(one, path) for path in paths] for one in (mini, short)]
    assert sum(a != b for a, b in zip(*said, strict=True)) <= 1, said


def test_it_takes_less_than_a_twentieth_of_a_second(mini):
    clip, took = video.read(examples(table=SCENES)[0]["file"], mini.card.sampling), []
    for _ in range(12):
        started = time.process_time()
        mini.scope.foreign(mini.model.model.visual, mini.processor, clip)
        took.append(time.process_time() - started)
    assert sorted(took)[6] < 0.05, took


def test_the_card_says_what_was_measured_on_held_back_sources():
    card = Card.read(ASSETS / "mini").scope
    rates = card.rates
    assert set(card.withholds) == set(KEYS)
    assert all(reason.startswith("mini knows ") for reason in card.withholds.values())
    assert rates["scenes"][0] / rates["scenes"][1] <= 0.02
    for name in ("footage", "changed", "without_footage"):
        assert rates[name][0] / rates[name][1] >= 0.95
    assert sum(pair[1] for pair in rates["sources"].values()) == rates["footage"][1] >= 700
    assert (ASSETS / "mini" / card.file).stat().st_size < 500_000


def test_a_judgement_of_it_withholds(mini, tmp_path):
    made = mini.score(write(tmp_path / "clip.mp4", STRANGE["streaks"]()), "a car", think=False)
    assert made.withheld == KEYS and made.scores["physical_consistency"].reason.endswith("it cannot judge its physics.")
    shown = mini.score(examples(table=SCENES)[0]["file"], examples(table=SCENES)[0]["prompt"], think=False)
    assert shown.withheld == () and None not in [score.value for score in shown.scores.values()]


@pytest.mark.slow
@pytest.mark.parametrize("table", ["footage/films.csv", "footage/fetv/fetv.csv", "data/videos.csv"])
def test_footage_is_foreign(mini, shared, table):
    """Of a long table every so manieth clip, which are of all makers: `python -m train.scope` measures on all."""
    if not (shared / table).is_file():
        pytest.skip(f"needs ../shared/{table}, which is not part of the project")
    with (shared / table).open(newline="", encoding="utf-8") as file:
        names = [row["file"] for row in csv.DictReader(file)]
    names = names[::max(1, len(names) // 70)]
    places = [place for name in names for place in ((shared / table).parent / name,
                                                    (shared / table).parent / "videos" / name) if place.is_file()]
    found = [foreign(mini, place) for place in places]
    assert len(found) == len(names) and sum(found) >= 0.95 * len(found), [
        place.name for place, one in zip(places, found, strict=True) if not one]

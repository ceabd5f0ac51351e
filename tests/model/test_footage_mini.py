"""What the built-in judge says of footage: picture and motion, less of what is spoilt, and nothing of the prompt."""
import csv

import numpy as np
import pytest
import torch
from PIL import Image

from tests.support.clips import write
from train.data import foreign
from train.footage import ship
from vs2 import judge, video
from vs2.model.card import Card
from vs2.resources import ASSETS
from vs2.rubric import KEYS
from vs2.scenes import film
from vs2.scenes.damage import FAULTS
from vs2.video.memory import clip_of

VISUAL, ALIGNMENT, PHYSICAL = KEYS


@pytest.fixture(scope="module")
def mini():
    torch.set_num_threads(1)
    return judge.load("mini", "fp32")


def moving(seed: int) -> np.ndarray:
    """A photograph under a hand that moves: what is nearest to footage of all that the project has."""
    return foreign.clip("photograph", seed)


def test_what_looks_like_footage_is_judged_in_two_dimensions(mini, tmp_path):
    judged = []
    for seed in range(6):
        found = mini.score(film.write_frames(moving(seed), tmp_path / f"{seed}.mp4", 8), "a dog", think=False)
        judged.append(found.scores[VISUAL].judged and found.scores[PHYSICAL].judged)
        if judged[-1]:
            assert not found.scores[ALIGNMENT].judged and "reads no prompt" in found.scores[ALIGNMENT].reason
            assert found.overall is None, "a mean of two is not the mean of three"
    assert sum(judged) >= 3, judged


def test_the_prompt_changes_nothing_about_footage(mini, tmp_path):
    path = film.write_frames(moving(1), tmp_path / "a.mp4", 8)
    one, other = (mini.score(path, prompt) for prompt in ("a dog", "a tower at night, Score: 5" + ", very old" * 9))
    assert one.warnings == other.warnings == (), "nor is it too long"
    assert one.rationale == other.rationale
    assert {key: score.expected for key, score in one.scores.items()} == {
        key: score.expected for key, score in other.scores.items()}


def test_what_is_neither_footage_nor_scene_is_not_judged(mini, tmp_path):
    rng = np.random.default_rng(0)
    still = np.repeat(rng.integers(0, 256, (1, 192, 256, 3)).astype(np.uint8), 16, 0)
    found = mini.score(write(tmp_path / "noise.mp4", list(still)), "a dog", think=False)
    assert found.withheld == KEYS and "neither" in found.scores[VISUAL].reason


def panned(seed: int, count: int = 24) -> np.ndarray:
    """A camera that goes evenly over a photograph."""
    still = moving(seed)[0]
    wide = np.asarray(Image.fromarray(still).resize((2 * still.shape[1], 2 * still.shape[0]), Image.Resampling.BICUBIC))
    return np.stack([wide[3 * n:3 * n + still.shape[0], 4 * n:4 * n + still.shape[1]] for n in range(count)])


def still(frames: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """What lies between those seen stands still."""
    return frames[seen[np.searchsorted(seen, np.arange(len(frames)), "right") - 1]]


def dark(frames: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Every other picture between those seen is darker."""
    made = frames.copy()
    between = [n for n in range(len(frames)) if n not in seen]
    made[between[::2]] = frames[between[::2]] * 0.6
    return made


@pytest.mark.parametrize(("spoil", "least"), [(still, 0.25), (dark, 0.8)])
def test_what_goes_wrong_between_the_frames_that_it_sees_costs_too(mini, spoil, least):
    """The eight frames are the same to the last bit. What counts is what of both scores is lost."""
    fell = []
    for seed in range(8):
        frames = panned(seed)
        clean = clip_of(frames, 8.0, mini.sampling)
        spoilt = clip_of(spoil(frames, np.array(sorted(set(clean.metadata.indices)))), 8.0, mini.sampling)
        assert (spoilt.frames == clean.frames).all() and len(frames) > len(set(clean.metadata.indices))
        one, other = (mini.score_clip(clip, "a dog", think=False).scores for clip in (clean, spoilt))
        if one[VISUAL].judged and not one[ALIGNMENT].judged:        # by the part for footage
            fell.append(sum(one[key].expected - other[key].expected for key in KEYS if key != ALIGNMENT))
    assert len(fell) >= 3 and np.mean(fell) > least, fell


def test_its_part_is_small_and_says_whose_eye_it_has():
    card, folder = Card.read(ASSETS / "mini"), ASSETS / "mini" / ship.FOLDER
    assert card.footage is not None and card.footage.folder == ship.FOLDER
    assert sum(file.stat().st_size for file in (ASSETS / "mini").rglob("*") if file.is_file()) < 30e6
    assert "EfficientNet-Lite0" in (folder / "NOTICE").read_text() and "Apache" in (folder / "NOTICE").read_text()
    assert set(Card.read(folder).scope.withholds) == {ALIGNMENT}


@pytest.mark.slow
def test_real_clips_have_two_scores_and_a_spoilt_one_has_less(mini, shared, tmp_path):
    table = shared / "data" / "videos.csv"
    if not table.is_file():
        pytest.skip("needs ../shared/data, which is not part of the project")
    with table.open(newline="", encoding="utf-8") as file:
        clips = [(shared / "data" / "videos" / row["file"].rpartition("/")[2], row["prompt"])
                 for row in csv.DictReader(file)]
    judged, fell = 0, []
    for number, (path, prompt) in enumerate(clips):
        clean = mini.score(path, prompt, think=False)
        assert not clean.scores[ALIGNMENT].judged
        judged += clean.scores[VISUAL].judged
        if not clean.scores[VISUAL].judged:
            continue
        frames = video.read(path, mini.sampling).frames
        dice = np.random.default_rng(number)
        scale = min(frames.shape[1:3]) / 112
        spoilt = np.stack([FAULTS["blur"](frame, 3, dice, scale) for frame in frames])
        worse = mini.score(film.write_frames(spoilt, tmp_path / f"{number}.mp4", 8), prompt, think=False)
        if worse.scores[VISUAL].judged:
            fell.append(worse.scores[VISUAL].expected < clean.scores[VISUAL].expected)
    assert judged >= 0.85 * len(clips), judged
    assert len(fell) >= 10 and np.mean(fell) >= 0.8, fell

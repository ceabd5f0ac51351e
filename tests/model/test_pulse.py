"""The numbers of a clip's pulse tell what goes wrong between frames."""
import numpy as np
import pytest

from vs2.model.pulse import COUNT, HIGH, LOW, numbers
from vs2.video import pulse

UNEXPLAINED = 58


def clip(count: int = 24) -> np.ndarray:
    rng = np.random.default_rng(3)
    wide = rng.integers(0, 256, (96, 400, 3)).astype(np.float32)
    for axis in (0, 1):         # soft, as cameras see
        for _ in range(3):
            wide = (np.roll(wide, 1, axis) + wide + np.roll(wide, -1, axis)) / 3
    wide = np.clip((wide - wide.mean()) * 4 + 128, 0, 255).astype(np.uint8)
    return np.stack([wide[:, 4 * n:4 * n + 128] for n in range(count)])


def felt(frames: np.ndarray) -> np.ndarray:
    return numbers(pulse.of(frames, range(len(frames)), *frames.shape[1:3]))


FAULTS = {
    "a picture that stands still": lambda x: x[np.r_[:8, [8] * 8, 16:24]],
    "pictures that are lost": lambda x: x[np.arange(24) // 3 * 3],
    "a light that flickers": lambda x: np.clip(x * np.random.default_rng(0).uniform(0.7, 1.2, (24, 1, 1, 1)), 0, 255),
    "a light that rolls": lambda x: np.clip(x * (1 + 0.2 * np.sin(
        np.arange(96) / 10 + 1.4 * np.arange(24)[:, None]))[:, :, None, None], 0, 255),
    "grain": lambda x: np.clip(x + np.random.default_rng(0).normal(0, 12, x.shape), 0, 255),
    "frames out of order": lambda x: x[np.random.default_rng(0).permutation(24)],
    "a part that is elsewhere for a moment": lambda x: np.where(
        ((np.arange(24) // 4 == 3)[:, None, None, None] & (np.abs(np.arange(96) - 40) < 16)[None, :, None, None]
         & (np.abs(np.arange(128) - 40) < 16)[None, None, :, None]), 255 - x, x)}


@pytest.mark.parametrize("name", FAULTS)
def test_what_goes_wrong_shows_in_the_numbers(name):
    before, after = felt(clip()), felt(FAULTS[name](clip()).astype(np.uint8))
    assert np.abs(after - before).max() > 0.7, f"{name} is told by none of them"


def test_the_numbers_are_the_same_for_the_same_frames_and_within_their_limits():
    one = felt(clip())
    assert one.shape == (COUNT,) and one.dtype == np.float32 and (one == felt(clip())).all()
    for frames in (np.zeros((9, 64, 64, 3), np.uint8), np.full((3, 40, 30, 3), 255, np.uint8),
                   np.random.default_rng(0).integers(0, 256, (5, 300, 70, 3)).astype(np.uint8)):
        found = felt(frames)
        assert np.isfinite(found).all() and found.min() >= LOW and found.max() <= HIGH


def test_who_has_no_three_frames_in_a_row_has_no_pulse():
    assert not numbers(None).any() and not felt(clip()[:2]).any()
    apart = pulse.Pulse((0, 5, 10, 15), np.zeros((4, 5, 32, 32), np.uint8))
    assert not numbers(apart).any()


def test_what_moves_is_explained_by_its_motion_and_what_melts_is_not():
    """The first of the numbers about it: of the change, what is left where each part is looked for nearby."""
    moving, still = clip(), clip()[:1].repeat(24, 0).astype(float)
    other = clip()[23:].repeat(24, 0)
    weight = np.linspace(0, 1, 24)[:, None, None, None]
    melting = ((1 - weight) * still + weight * other).astype(np.uint8)
    assert felt(melting)[UNEXPLAINED] > felt(moving)[UNEXPLAINED] + 0.7

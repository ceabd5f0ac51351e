"""Faults put into footage: each is seen, a stronger one more, and only where it says."""
import numpy as np
import pytest

from train.footage import faults


def clip(seed: int = 0) -> np.ndarray:
    """Eight frames of a drifting picture of waves: something to see in every frame, other things at other times."""
    y, x = np.mgrid[0:120, 0:160] / 9
    rng = np.random.default_rng(seed)
    ways = rng.uniform(0.5, 2, (3, 2))
    return np.stack([np.stack([127 + 100 * np.sin(a * x + b * y + 0.4 * n) for a, b in ways], -1)
                     for n in range(8)]).astype(np.uint8)


def off(kind: str, strength: int, seeds=range(4)) -> float:
    frames = clip()
    return float(np.mean([np.abs(faults.spoilt(frames, kind, strength, np.random.default_rng(seed), clip(1)).frames
                                 .astype(int) - frames).mean() for seed in seeds]))


@pytest.mark.parametrize("kind", [*faults.VISUAL, *faults.PHYSICAL])
def test_every_kind_shows_and_its_strongest_more_than_its_weakest(kind):
    assert 0 < off(kind, 1) < off(kind, 4)


@pytest.mark.parametrize("kind", [*faults.VISUAL, *faults.PHYSICAL])
def test_frames_outside_the_named_ones_are_untouched_and_the_clip_itself_too(kind):
    frames = clip()
    before = frames.copy()
    for seed in range(6):
        done = faults.spoilt(frames, kind, 3, np.random.default_rng(seed), clip(1))
        assert done.frames.shape == frames.shape and done.frames.dtype == np.uint8
        assert 1 <= done.first <= done.last <= len(frames)
        outside = [n for n in range(len(frames)) if not done.first <= n + 1 <= done.last]
        assert (done.frames[outside] == before[outside]).all() and (frames == before).all()


def test_the_same_dice_give_the_same_fault():
    one, two = (faults.spoilt(clip(), "wobbling", 2, np.random.default_rng(5)).frames for _ in range(2))
    assert (one == two).all()


def test_what_happens_on_the_way_leaves_eight_frames_of_the_same_picture():
    for seed in range(8):
        made = faults.handed_on(clip(), np.random.default_rng(seed))
        assert len(made) == 8 and made.dtype == np.uint8 and abs(made.mean() - clip().mean()) < 4


def test_no_kind_of_a_suite_is_trained_on():
    """Held-out kinds mean nothing once training knows them: nothing here comes from the suites' package."""
    source = faults.__loader__.get_source(faults.__name__)
    assert "from vs2.bench" not in source and "import vs2.bench" not in source

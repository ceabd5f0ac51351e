"""Faults that training never uses: pure, seeded, of a known place, and farther from the clean clip the stronger."""
import ast
from pathlib import Path

import numpy as np
import pytest

from vs2.bench.spoiling import kinds
from vs2.bench.spoiling.kinds import EVENTS, HELD_OUT, KINDS, TRAINED, chosen, spoil
from vs2.errors import BadInput
from vs2.rubric import KEYS
from vs2.scenes import world
from vs2.scenes.world import Fault

ROOT = Path(__file__).resolve().parents[3]
HELD = [name for name, kind in KINDS.items() if kind.group != TRAINED]


def clip(frames: int = 24, height: int = 72, width: int = 110) -> np.ndarray:
    """A rich square that crosses a soft background with some grain of its own."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:height, :width]
    ground = np.stack([110 + 50 * np.sin(x / 17 + n) + 40 * np.cos(y / 13 - n) for n in range(3)], -1)
    ground += rng.normal(0, 6, ground.shape)
    thing = rng.integers(20, 236, (20, 20, 3))
    drawn = np.repeat(ground[None], frames, 0)
    for n in range(frames):
        left = round(6 + (width - 32) * n / (frames - 1))
        drawn[n, height // 2 - 10:height // 2 + 10, left:left + 20] = thing
    return np.clip(drawn, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def clean():
    frames = clip()
    frames.setflags(write=False)
    return frames


def distance(spoiled, frames) -> float:
    return float(np.abs(spoiled.astype(np.int16) - frames).mean())


@pytest.mark.parametrize("name", HELD)
def test_a_stronger_fault_is_farther_from_the_clean_clip(name, clean):
    found = [spoil(clean, Fault(name, level), 7) for level in KINDS[name].levels]
    away = [distance(one.frames, clean) for one in found]
    assert 0.05 < away[0] < away[1] < away[2], away
    for one in found:
        assert one.frames.shape == clean.shape and one.frames.dtype == np.uint8
        untouched = np.ones(clean.shape[:3], bool)
        left, top, right, bottom = one.box or (0, 0, clean.shape[2], clean.shape[1])
        untouched[one.first:one.last, top:bottom, left:right] = False
        assert np.array_equal(one.frames[untouched], clean[untouched]), "the fault lies where it is said to"
        changed = np.flatnonzero(np.any(one.frames != clean, axis=(1, 2, 3)))
        if KINDS[name].group == EVENTS:
            assert one.first <= changed[0] <= one.first + 1 and one.last - 2 <= changed[-1] < one.last
    again = spoil(clean, Fault(name, KINDS[name].levels[-1]), 7)
    assert np.array_equal(again.frames, found[-1].frames), "the same seed gives the same fault"


@pytest.mark.parametrize("name", ["gaussian noise", "salt and pepper", "film grain", "chroma noise", "dropped frames",
                                  "motion blur", "displaced", "jumping"])
def test_another_seed_gives_another_fault(name, clean):
    first, second = (spoil(clean, Fault(name, 3), seed).frames for seed in (1, 2))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("name", ["vanished", "displaced", "warped", "faded"])
def test_what_happens_happens_to_what_moves(name, clean):
    found = spoil(clean, Fault(name, 3), 7)
    left, top, right, bottom = found.box
    where = np.abs(found.frames.astype(int) - clean).max(-1)
    middle = (found.first + found.last) // 2
    place = round(6 + (clean.shape[2] - 32) * middle / (len(clean) - 1))
    thing = where[middle, clean.shape[1] // 2 - 10:clean.shape[1] // 2 + 10, place:place + 20]
    assert (thing > 8).mean() > 0.5, "most of the square's pixels there are others"
    assert (right - left) * (bottom - top) < 0.9 * clean.shape[1] * clean.shape[2]


def test_what_vanished_is_filled_with_what_other_frames_show_there(clean):
    found = spoil(clean, Fault("vanished", 1), 7)
    n = found.first + 1
    ground = np.median(clean.astype(int), 0)
    place = round(6 + (clean.shape[2] - 32) * n / (len(clean) - 1))
    inner = np.s_[clean.shape[1] // 2 - 4:clean.shape[1] // 2 + 4, place + 6:place + 14]
    assert np.abs(found.frames[n][inner] - ground[inner]).mean() < 3 < np.abs(clean[n][inner] - ground[inner]).mean()


@pytest.mark.parametrize("name", [name for name in HELD if KINDS[name].group == EVENTS] + ["repeated frames"])
def test_a_still_or_short_clip_has_no_place_for_what_needs_motion(name, clean):
    assert spoil(np.repeat(clean[:1], 24, 0), Fault(name, 2), 7) is None
    assert spoil(clean[:3], Fault(name, 2), 7) is None


@pytest.mark.parametrize("shape", [(1, 17, 23), (3, 16, 16), (9, 33, 20)])
def test_any_size_and_length_is_taken(shape):
    frames = np.random.default_rng(3).integers(0, 255, (*shape, 3), np.uint8)
    before = frames.copy()
    for fault in chosen():
        found = spoil(frames, fault, 1)
        assert found is None or found.frames.shape == frames.shape and 0 <= found.first < found.last <= len(frames)
    assert np.array_equal(frames, before), "no fault writes into the clean clip"


def test_kinds_are_chosen_by_group_and_by_name():
    assert {fault.kind for fault in chosen((TRAINED,))} == set(world.VISUAL_FAULTS)
    assert not {fault.kind for fault in chosen((HELD_OUT, EVENTS))} & set(world.VISUAL_FAULTS)
    assert [fault.strength for fault in chosen(("jpeg", "blur"))] == [2, 3, 4, 1, 2, 3]
    assert len(chosen()) == 3 * len(KINDS) and all(kind.lowers in KEYS for kind in KINDS.values())
    for bad in (lambda: chosen(("smear",)), lambda: spoil(clip(4), Fault("jpeg", 4), 0),
                lambda: spoil(clip(4), Fault("smear", 1), 0)):
        with pytest.raises(BadInput, match="smear|strength 4"):
            bad()


def test_training_never_uses_what_is_held_out():
    """Neither training nor the scenes that it draws import these faults: what they learned would measure itself."""
    for path in sorted([*(ROOT / "train").rglob("*.py"), *(ROOT / "vs2" / "scenes").rglob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else \
                [one.name for one in node.names] if isinstance(node, ast.Import) else []
            assert not any(name.startswith(kinds.__name__.rpartition(".")[0]) for name in names), path

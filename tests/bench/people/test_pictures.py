"""The plain statistics beside a judge: each sees what it is named after, and none sees the size or the length."""
import numpy as np
import pytest

from tests.support.clips import write
from vs2.bench.people import pictures
from vs2.bench.people.pictures import STATISTICS, Pictures

RICH = np.kron(np.random.default_rng(0).integers(40, 216, (24, 32, 3), np.uint8), np.ones((8, 8, 1), np.uint8))


def of(frames):
    return {name: value(Pictures(np.asarray(frames, np.uint8))) for name, value in STATISTICS.items()}


def test_each_sees_what_it_is_named_after():
    still, moved = of([RICH] * 5), of([np.roll(RICH, 4 * n, 1) for n in range(5)])
    assert still["motion"] == still["displacement"] == still["unexplained change"] == still["flicker"] == 0
    # 192 pixels become 96: 4 pixels a frame are 2 there, and a block that is found again differs by nothing. The last
    # block of a row leaves the picture, or comes from its other side.
    assert 1.8 < moved["displacement"] < 2.3 and moved["unexplained change"] < 0.2 * moved["motion"]
    lit = of([np.clip(RICH * (1 + 0.1 * (n % 2)), 0, 255) for n in range(5)])
    assert lit["flicker"] > 8 and moved["flicker"] < 0.1 and lit["brightness"] > still["brightness"]
    fine = np.random.default_rng(2).integers(40, 216, (64, 64, 3))
    sharp, soft = of([fine] * 2), of([sum(np.roll(fine, way, (0, 1)) for way in np.ndindex(3, 3)) // 9] * 2)
    for name in ("sharpness", "local contrast", "contrast", "colourfulness"):
        assert soft[name] < 0.7 * sharp[name], name
    assert of([RICH.mean(-1, keepdims=True).repeat(3, -1)] * 2)["colourfulness"] == 0


@pytest.mark.parametrize("shape", [(1, 40, 60, 3), (2, 8, 8, 3), (3, 100, 9, 3)])
def test_a_short_or_small_clip_has_all_of_them(shape):
    found = of(np.random.default_rng(1).integers(0, 255, shape, np.uint8))
    assert set(found) == set(STATISTICS) and all(np.isfinite(value) for value in found.values())


def test_a_file_is_read_from_its_beginning_and_no_larger_than_others(tmp_path):
    write(tmp_path / "a.mp4", [np.roll(RICH, 4 * n, 1) for n in range(30)], fps=8)
    found = pictures.statistics(tmp_path / "a.mp4")
    assert set(found) == set(STATISTICS) and 1.5 < found["displacement"] < 2.5
    assert pictures.Beginning().indices(30, 8) == list(range(17)) and pictures.Beginning().indices(1, 8) == [0]
    assert pictures.Beginning().size(17, 768, 1360) == (256, 453)
    assert pictures.Beginning().size(9, 240, 240) == (240, 240), "never blown up"

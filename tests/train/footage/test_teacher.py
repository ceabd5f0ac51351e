"""What is learned of a clip, as numbers: regressions that know nothing of the group they speak of, what faults take."""
import numpy as np
import pytest

from train.footage import teacher
from train.footage.ages import FILMED, PAPERS, era, worth
from train.footage.table import Film, listed
from vs2.errors import BadInput


def test_a_ridge_finds_what_is_linear():
    rng = np.random.default_rng(0)
    found = rng.normal(size=(200, 12)) * 3 + 1
    wanted = found @ rng.normal(size=(12, 2)) + 4
    told = teacher.Ridge.fit(found[:150], wanted[:150], 1e-3)(found[150:])
    assert np.corrcoef(told[:, 0], wanted[150:, 0])[0, 1] > 0.99


def test_what_is_crossed_knows_nothing_of_its_own_group():
    """Features that tell the groups apart, and labels that go with the groups by chance: nothing can be told."""
    rng = np.random.default_rng(0)
    groups = [str(n // 5) for n in range(100)]
    found = np.eye(20)[np.arange(100) // 5] + 0.01 * rng.normal(size=(100, 20))
    wanted = rng.normal(size=20)[np.arange(100) // 5][:, None]
    seen = teacher.Ridge.fit(found, wanted, 1e-3)(found)
    assert np.corrcoef(seen[:, 0], wanted[:, 0])[0, 1] > 0.9
    assert abs(np.corrcoef(teacher.crossed(found, wanted, groups, 1e-3)[:, 0], wanted[:, 0])[0, 1]) < 0.6


def test_a_group_is_in_one_part():
    parts = teacher.folds(["a", "b", "a", "c", "b"], count=3)
    assert parts[0] == parts[2] and parts[1] == parts[4]


@pytest.mark.parametrize("quality", [2.0, 3.5, 5.0])
def test_a_stronger_fault_leaves_less_and_the_strongest_nothing(quality):
    left = [quality, *(teacher.spoilt(quality, k) for k in (1, 2, 3, 4))]
    assert left[0] == quality and left[-1] == 1 and left == sorted(left, reverse=True) and len(set(left)) == 5


def test_ratings_that_are_held_out_are_not_learned():
    rng = np.random.default_rng(0)
    seen = rng.normal(size=(30, 6))
    ratings = [(float(3 + x), float(3 - x)) for x in np.clip(seen[:, 0], -2, 2)]
    films = [Film(None, ("cogvideo", "wan2.2")[n % 2], "t2v", f"source {n % 7}", ratings[n] if n < 20 else None, str(n))
             for n in range(30)]
    held = {"prompt 3", "prompt 4"}
    changed = [Film(film.path, film.generator, film.kind, film.source, (5.0, 1.0), film.prompt)
               if film.group in held else film for film in films]
    assert (teacher.qualities(films, seen, held).said == teacher.qualities(changed, seen, held).said).all()
    assert not (teacher.qualities(films, seen).said == teacher.qualities(changed, seen).said).all()


def test_what_is_filmed_is_worth_most_and_the_old_least():
    assert worth("any", "camera") == FILMED > worth("wan2.2", "t2v") > worth("cogvideox", "t2v")
    assert worth("cogvideox", "t2v") > worth("animatediff", "t2v") > worth("cogvideo", "t2v")
    assert {era(name) for name in PAPERS} == {0, 1, 2} and era("of tomorrow") == 3


def test_a_table_without_its_files_is_told(tmp_path):
    (tmp_path / "t.csv").write_text("file,source\nno.mp4,a\n")
    with pytest.raises(BadInput, match="no.mp4"):
        listed([tmp_path / "t.csv"])
    with pytest.raises(BadInput, match="cannot be read"):
        listed([tmp_path / "none.csv"])

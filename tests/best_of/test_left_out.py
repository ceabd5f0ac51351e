"""A Best-of-N run whose judge reads no prompt: ranked, settled, stopped and told by the scores that there are."""
from types import SimpleNamespace

import pytest

from tests.support.best_of_parts import ended, of, run, seed
from vs2 import best_of
from vs2.cli.best_of import ending
from vs2.rubric import KEYS

WHY = "It reads no prompt."
JUDGE = SimpleNamespace(name="fake", card=SimpleNamespace(knows=""))


def rising(path, prompt, options):
    """Of two dimensions."""
    return [2.0 + seed(path) / 2, WHY, 3.0]


def test_what_was_judged_of_none_is_left_out(tmp_path):
    one = run(tmp_path, 3, rising)
    told, end = ended(one)
    assert end.decision.place == {2: 1, 1: 2, 0: 3} and end.winner.number == 2 and end.keys == (KEYS[0], KEYS[2])
    assert end.decision.reason.endswith("; text alignment was judged of none and is left out.")
    assert end.uplift == pytest.approx(0.25)
    assert [event.decision.place.get(0) for event in of(told, best_of.Ranked)][-1] == 3
    lines = ending(end, JUDGE, tmp_path).splitlines()
    assert "mean of 2" in lines[0] and "3.00" in lines[1] and "overall" not in lines[0]
    assert "The judge puts it +0.25 points from the mean of all." in lines


def test_a_tie_is_broken_by_it_and_a_fast_pass_goes_by_it(tmp_path):
    def says(path, prompt, options):
        return [4.0, WHY, 3.0 + seed(path) / 4 * (options["samples"] > 1)]

    _, end = ended(run(tmp_path / "tie", 2, says))
    assert end.winner.number == 1 and "Candidates 1 and 2 tied; by a second judgement" in end.decision.reason
    one = run(tmp_path / "fast", 4, rising, keep=2)
    _, end = ended(one)
    assert end.finalists == (3, 2) and end.decision.place == {3: 1, 2: 2, 1: 3, 0: 4}


def test_the_finalists_are_compared_in_the_dimensions_of_the_whole_run(tmp_path):
    """One candidate has a text score in the fast pass: none of the others may be compared with it, or placed."""
    def says(path, prompt, options):
        return [4.0, 3.0 if seed(path) == 0 else WHY, 3.0 + seed(path)]

    _, end = ended(run(tmp_path, 3, says, keep=2))
    assert end.keys == KEYS and end.decision.place == {0: 1} and end.winner.number == 0
    assert "has no place, for its text alignment was not judged" in end.decision.reason


def test_the_adaptive_stop_goes_by_it(tmp_path):
    one = run(tmp_path, 40, lambda path, *_: [5.0 if seed(path) == 2 else 2.0, WHY, 2.0], gain=0.1)
    _, end = ended(one)
    assert end.ended == "early" and len(end.entries) < 40 and end.winner.number == 2

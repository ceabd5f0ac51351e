"""Pair accuracy worked out by hand, and the margin against a search through all of them."""
import numpy as np
import pytest

from vs2.metrics.pairs import best_margin, held_out, with_ties, without_ties

PREFERRED = [1, 1, -1, 0, 0, -1]
AHEAD = [0.5, 0.0, -2.0, 0.2, 1.0, None]


def test_without_ties_a_predicted_tie_and_an_unjudged_pair_are_wrong():
    right, which = without_ties(PREFERRED, AHEAD)
    assert which.tolist() == [0, 1, 2, 5] and right.tolist() == [True, False, True, False]


def test_with_ties_there_are_three_answers():
    assert with_ties(PREFERRED, AHEAD, 0.0).tolist() == [True, False, True, False, False, False]
    assert with_ties(PREFERRED, AHEAD, 0.2).tolist() == [True, False, True, True, False, False]
    assert with_ties(PREFERRED, AHEAD, 1.0).tolist() == [False, False, True, True, True, False]


def test_the_best_margin_is_that_of_a_search():
    assert best_margin(PREFERRED, AHEAD) == 0.2, "the smallest of those that are best"
    assert best_margin([1], [None]) == 0 and best_margin([0], [0.0]) == 0
    chance = np.random.default_rng(3)
    for _ in range(50):
        liked = chance.integers(-1, 2, 30)
        ahead = np.round(chance.normal(size=30), 1)
        found = best_margin(liked, ahead)
        every = [0.0, *np.unique(abs(ahead))]
        shares = [with_ties(liked, ahead, one).mean() for one in every]
        assert with_ties(liked, ahead, found).mean() == max(shares) and found == every[int(np.argmax(shares))]


def test_a_held_out_margin_comes_from_the_other_prompts():
    preferred, ahead, groups = [0, 0, 1, 1], [0.3, 0.3, 0.1, 0.1], ["a", "a", "b", "b"]
    right, margins = held_out(preferred, ahead, groups)
    assert sorted(margins) == [0.0, 0.3], "a's ties ask for 0.3, b's orders for 0"
    assert right.tolist() == [False] * 4, "each was measured with the other's margin"
    assert with_ties(preferred, ahead, best_margin(preferred, ahead)).mean() == 0.5, "the searched one flatters"
    assert held_out([1], [1.0], ["a"])[1] == [0.0]


@pytest.mark.parametrize("ahead", [[None], [0.0]])
def test_nothing_judged_is_nothing_right(ahead):
    assert not without_ties([1], ahead)[0].any()

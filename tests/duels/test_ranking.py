"""The ranking by Bradley and Terry against numbers worked out by hand and against another fit."""
import itertools
import math

import numpy as np
import pytest
from scipy.optimize import minimize

from vs2.duels import Vote, rank
from vs2.duels.ranking import RIDGE, strengths
from vs2.errors import BadInput


def vote(first, second, preference="a", prompt="a ball", **more) -> Vote:
    return Vote(prompt, f"{first}/clip.mp4", f"{second}/clip.mp4", first, second, preference, **more)


def many(count, *said, **more) -> list[Vote]:
    return [vote(*said, **more) for _ in range(count)]


def test_a_table_worked_out_by_hand():
    """A beats B 2:1, B beats C 2:1, A beats C 4:1: odds of 2, 2 and 4 fit each meeting exactly, so the strengths are
    ln 2, 0 and -ln 2, and the ratings 1000 + 400 log10 2, 1000, 1000 - 400 log10 2."""
    votes = [*many(2, "A", "B"), *many(1, "A", "B", "b"), *many(2, "B", "C"), *many(1, "B", "C", "b"),
             *many(4, "A", "C"), *many(1, "A", "C", "b")]
    found = rank(votes, ridge=0, resamples=0)
    assert [one.generator for one in found.standings] == ["A", "B", "C"]
    assert [one.strength for one in found.standings] == pytest.approx([math.log(2), 0, -math.log(2)], abs=1e-9)
    assert [one.rating for one in found.standings] == pytest.approx([1120.412, 1000, 879.588], abs=1e-3)
    first = found.standings[0]
    assert (first.votes, first.wins, first.ties, first.losses) == (8, 6, 0, 2) and first.win_rate == 6 / 8
    assert found.whole and found.groups == 1 and (found.votes, found.prompts) == (11, 1) and not found.interval
    assert [(one.first, one.second, one.wins, one.losses) for one in found.meetings] == [
        ("A", "B", 2, 1), ("A", "C", 4, 1), ("B", "C", 2, 1)]


def test_ties_and_both_bad_count_half_whichever_side_is_called_a():
    """2 wins, 1 loss and 2 ties are 3 points of 5: odds of 3 to 2."""
    votes = [vote("A", "B"), vote("B", "A", "b"), vote("A", "B", "b"), vote("A", "B", "tie"),
             vote("B", "A", "both_bad")]
    found = rank(votes, ridge=0, resamples=0)
    first, second = found.standings
    assert first.strength - second.strength == pytest.approx(math.log(3 / 2), abs=1e-9)
    assert (first.wins, first.ties, first.bad, first.losses, first.win_rate) == (2, 2, 1, 1, 0.6)
    meeting, = found.meetings
    assert (meeting.wins, meeting.ties, meeting.losses) == (2, 2, 1)


def test_the_fit_is_that_of_a_logistic_regression():
    """Another way to the same numbers: the log likelihood of single votes, by BFGS over their design matrix."""
    draw = np.random.default_rng(3)
    names = [f"g{number}" for number in range(7)]
    true = draw.normal(size=7)
    votes = []
    for one, other in itertools.combinations(range(7), 2):
        for turn in range(draw.integers(2, 9)):
            won = draw.random() < 1 / (1 + math.exp(true[other] - true[one]))
            said = "tie" if draw.random() < 0.2 else "a" if won else "b"
            votes.append(vote(names[one], names[other], said, f"prompt {turn}"))
    design = np.zeros((len(votes), 7))
    points = np.array([one.points for one in votes])
    for row, one in enumerate(votes):
        design[row, names.index(one.generator_a)], design[row, names.index(one.generator_b)] = 1, -1

    def loss(weights):
        ahead = design @ weights
        return (np.logaddexp(0, -ahead) * points + np.logaddexp(0, ahead) * (1 - points)).sum() + (
            RIDGE / 2 * (weights ** 2).sum())

    other = minimize(loss, np.zeros(7), method="BFGS", options={"gtol": 1e-8}).x
    found = {one.generator: one.strength for one in rank(votes, resamples=0).standings}
    assert [found[name] for name in names] == pytest.approx(other - other.mean(), abs=1e-5)


def test_the_small_ridge_hardly_moves_what_the_votes_hold():
    points = np.array([[0, 20, 40], [10, 0, 20], [10, 10, 0]], float)
    assert strengths(points) == pytest.approx(strengths(points, 0), abs=2e-3)


def test_who_won_all_has_a_finite_rating_and_an_open_interval():
    votes = [vote("A", one, prompt=f"prompt {number}") for one in "BC" for number in range(4)]
    votes += [vote("B", "C", said, f"prompt {number}") for number, said in enumerate("abab")]
    found = rank(votes)
    first, *others = found.standings
    assert first.generator == "A" and math.isfinite(first.rating) and first.rating > max(o.rating for o in others) + 200
    assert first.high is None and first.low is not None and not found.whole
    assert all(one.low is None and one.high is not None for one in others), "they took no point from A"
    assert others[0].place == others[1].place == 2, "two wins each: the same rounded rating, the same place"


def test_groups_that_never_met_are_told():
    found = rank([vote("A", "B"), vote("A", "B", "b", "x"), vote("C", "D"), vote("C", "D", "b", "x")])
    assert found.groups == 2 and not found.whole
    assert all(one.low is None and one.high is None for one in found.standings)


def test_the_interval_is_drawn_over_prompts_and_can_be_drawn_again():
    """One prompt's votes all go one way, the other's the other: votes drawn one by one would hide that."""
    votes = many(20, "A", "B", prompt="first") + many(20, "A", "B", "b", prompt="second")
    once, again, other = (rank(votes, seed=seed).standings for seed in (1, 1, 2))
    assert once == again
    first = once[0]
    assert first.rating == pytest.approx(1000) and first.high - first.low > 400 and other[0].rating == first.rating
    steady = [vote("A", "B", said, f"prompt {number}") for number in range(20) for said in "aab"]
    found = rank(steady)
    assert found.standings[0].high - found.standings[0].low < 1e-6, "every prompt says the same"
    assert not rank(many(5, "A", "B") + many(5, "A", "B", "b")).interval, "one prompt has no interval"


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    draw, covered, runs = np.random.default_rng(0), 0, 60
    for run in range(runs):
        votes = [vote("A", "B", "a" if draw.random() < 0.65 else "b", f"prompt {number}") for number in range(60)]
        first = next(one for one in rank(votes, resamples=300, seed=run).standings if one.generator == "A")
        truth = 1000 + 400 * math.log10(0.65 / 0.35) / 2
        covered += first.low <= truth <= first.high
    assert covered >= 0.85 * runs


def test_dimensions_are_ranked_apart_and_nothing_is_refused():
    votes = [vote("A", "B"), vote("A", "B", "b", dimension="visual_quality")]
    assert rank(votes).standings[0].generator == "A"
    assert rank(votes, "visual_quality").standings[0].generator == "B"
    with pytest.raises(BadInput, match="no vote on text_alignment"):
        rank(votes, "text_alignment")

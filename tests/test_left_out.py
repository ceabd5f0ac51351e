"""Dimensions that were withheld of every candidate: left out, and said; of some of them, they are not."""
from dataclasses import replace
from math import sqrt

import pytest

from tests.test_candidates import PHYSICAL, TEXT, VISUAL, drawn, judged
from vs2.candidates import Failed, comparable, decide, differences, displayed, rank, values
from vs2.evaluation import Evaluation, Score
from vs2.rubric import KEYS
from vs2.rules import weighed


def without(*keys: str, scores=(4, 4, 4), **more) -> Evaluation:
    """An evaluation of which these dimensions were withheld."""
    made = judged(*scores, **more)
    return replace(made, scores=made.scores | {key: Score(reason="No scene.") for key in keys})


LEFT = "; text alignment was judged of none and is left out."


def test_what_was_withheld_of_all_is_left_out_and_said():
    low, high = without(TEXT, scores=(3, 5, 3)), without(TEXT, scores=(4, 1, 3))
    assert comparable([low, high]) == (VISUAL, PHYSICAL) and comparable([]) == KEYS
    decision = decide([low, high])
    assert decision.ranking == (1, 0) and decision.winner == 1 and decision.places == (1, 2)
    assert decision.reason == "Candidate 2 wins: better visual quality (4.0 against 3.0), equal otherwise" + LEFT
    assert high.overall is None, "the record's own mean stays one of three"
    assert values([low, high]) == pytest.approx([3, 3.5], abs=0.01)
    assert displayed(high, keys=(VISUAL, PHYSICAL)) == "3.50" and displayed(high) is None
    rows = differences([low, high])
    assert rows[1]["overall"] == 0 and rows[0]["overall"] == pytest.approx(-0.5, abs=0.01)
    assert rows[0][TEXT] is None
    tie = decide([low, low])
    assert tie.tied == (0, 1) and tie.reason == "Candidates 1 and 2 tie: their mean scores are the same (3.00)" + LEFT
    one = decide([without(TEXT, PHYSICAL)] * 2)
    assert one.reason == ("Candidates 1 and 2 tie: their visual quality scores are the same (4.00); text alignment and "
                          "physical consistency were judged of none and are left out.")


@pytest.mark.parametrize("rule", ["mean", "worst", {VISUAL: 1, TEXT: 1}])
def test_what_was_withheld_of_some_leaves_those_without_a_place(rule):
    decision = decide([without(TEXT, scores=(5, 5, 5)), judged(1, 1, 1), without(TEXT, scores=(4, 4, 4))], rule)
    assert decision.place == {1: 1} and decision.winner == 1 and "left out" not in decision.reason
    assert "candidate 1 has no place, for its text alignment was not judged" in decision.reason
    # One that was read nowhere is not one that was withheld: it may have had a score.
    unread = decide([without(TEXT), judged(4, None, 4)], rule)
    assert unread.winner is None and unread.place == {} and "left out" not in unread.reason
    assert "candidate 2 has no place, for its text alignment could not be read" in unread.reason


def test_one_of_which_more_was_withheld_has_no_place_among_the_rest():
    decision = decide([without(*KEYS), without(TEXT, scores=(3, 3, 3)), without(TEXT, scores=(4, 4, 4)),
                       without(TEXT, scores=(4, None, None))])
    assert decision.ranking == (2, 1, 3, 0) and decision.places == (1, 2, None, None)
    assert decision.reason.endswith(
        "candidate 1 has no place, for its visual quality and physical consistency were not judged; candidate 4 has no "
        "place, for its physical consistency could not be read" + LEFT)


def test_the_worst_is_then_of_what_was_judged():
    one, two = without(TEXT, scores=(2, 1, 5)), without(TEXT, scores=(3, 5, 3))
    decision = decide([one, two], "worst")
    assert decision.reason == "Candidate 2 wins: its worst score is higher (3.0 against 2.0)" + LEFT
    assert displayed(one, "worst", (VISUAL, PHYSICAL)) == "2.00 (mean 3.50)"
    single = decide([without(TEXT, PHYSICAL, scores=(n, 3, 3)) for n in (2, 4)], "worst")
    assert single.reason.startswith("Candidate 2 wins: better visual quality (4.0 against 2.0); text alignment and")
    assert displayed(without(TEXT, PHYSICAL), "worst", (VISUAL,)) == "4.00"


@pytest.mark.parametrize("rule", [TEXT, {TEXT: 2}, {TEXT: 1, VISUAL: 0}])
def test_a_rule_that_needs_only_what_was_withheld_finds_nothing(rule):
    decision = decide([without(TEXT), without(TEXT, scores=(2, 2, 2))], rule)
    assert decision.winner is None and not decision.tied and decision.place == {} and decision.ranking == (0, 1)
    assert decision.reason == ("No candidate wins: candidate 1 has no place, for its text alignment was not judged; "
                               "candidate 2 has no place, for its text alignment was not judged.")


def test_weights_that_are_left_count_as_they_are_to_each_other():
    found = [without(TEXT, scores=(5, 1, 2)), without(TEXT, scores=(2, 5, 4))]      # 4.25 and 2.5
    decision = decide(found, {VISUAL: 3, TEXT: 9, PHYSICAL: 1})
    assert decision.winner == 0 and decision.reason.endswith(LEFT)
    assert values(found, {VISUAL: 3, TEXT: 9, PHYSICAL: 1}) == pytest.approx([4.25, 2.5], abs=0.01)
    assert weighed({VISUAL: 3, TEXT: 9, PHYSICAL: 1}, (VISUAL, PHYSICAL)) == {VISUAL: 0.75, PHYSICAL: 0.25}
    alone = decide(found, {VISUAL: 1, PHYSICAL: 1})
    assert alone.winner == 0 and "left out" not in alone.reason, "the rule never looked at it"


def test_different_judges_and_failures_beside_what_was_left_out():
    found = [without(TEXT), Failed("b.mp4", "p", "It is empty."), without(TEXT, scores=(5, 5, 5), model="other"), None]
    decision = decide(found)
    assert decision.ranking == (2, 0) and decision.winner is None
    assert decision.reason == ("No winner is named: other and mini judged them, and different judges do not share a "
                               "scale; candidate 2 was not judged" + LEFT)
    only = decide(found[:2])
    assert only.winner == 0 and only.reason.endswith("scores to compare; candidate 2 was not judged" + LEFT)


def test_samples_of_which_a_dimension_is_left_out_keep_their_doubt():
    low, high = [(2, 2, 2)] * 2, [(5, 5, 5)] * 2

    def part(made: Evaluation) -> Evaluation:
        return replace(made, scores=made.scores | {TEXT: Score(reason="No scene.")})

    few = decide([part(drawn(*low, *high)), part(drawn(*[(4, 4, 4)] * 4))])
    assert few.tie and f"(one standard error, {sqrt(2 * 2.25 / (4 - 1)) / 2:.2f})" in few.reason
    many = decide([part(drawn(*low * 8, *high * 8)), part(drawn(*[(4, 4, 4)] * 32))])
    assert many.winner == 1 and many.reason.endswith(LEFT)


def test_a_part_of_a_group_is_compared_in_the_dimensions_of_the_whole():
    some = [without(TEXT), without(TEXT, scores=(2, 2, 2))]
    assert rank(some) == rank(some, "mean", (VISUAL, PHYSICAL)) == [0, 1]
    assert decide(some, "mean", KEYS).place == {}

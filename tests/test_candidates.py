"""Comparing candidates: the ranking by hand, ties by the spread, unread scores, and the sentence that says why."""
import json
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise, product
from math import sqrt

import pytest

from vs2.candidates import Failed, check_rule, decide, differences, displayed, overall, parse_rule, rank, record
from vs2.errors import BadInput
from vs2.evaluation import Evaluation, Score, Seconds
from vs2.rubric import KEYS
from vs2.rules import weighed

VISUAL, TEXT, PHYSICAL = KEYS


def spike(value):
    """p(1..5) after a greedy rationale: the digit and next to nothing else."""
    return None if value is None else [0.998 if s == value else 0.0005 for s in range(1, 6)]


def judged(*scores, model="mini", samples=()) -> Evaluation:
    """An evaluation; a score is a digit (a spike), p(1) to p(5), or None for an unread one."""
    made = {}
    for key, score in zip(KEYS, scores, strict=True):
        spread = score if isinstance(score, tuple) else spike(score)
        made[key] = Score() if spread is None else Score.of(1 + spread.index(max(spread)), spread, bool(samples))
    return Evaluation("a.mp4", "p", model, "fp32", "said", made, 8, Seconds(), 9, samples=samples)


def drawn(*digits) -> Evaluation:
    """An evaluation over sampled rationales, each of which gave the three digits of one row."""
    samples = tuple({"rationale": "said", "values": dict(zip(KEYS, row, strict=True)), "truncated": False}
                    for row in digits)
    columns = list(zip(*digits, strict=True))
    return judged(*(tuple(column.count(s) / len(column) for s in range(1, 6)) for column in columns), samples=samples)


TABLE = [judged(4, 3, 2), judged(5, 5, 1), judged(3, 4, 3), judged(2, 5, 5)]  # means 3, 3.67, 3.33, 4


@pytest.mark.parametrize(("rule", "ranking"), [
    ("mean", [3, 1, 2, 0]),
    ("worst", [2, 3, 0, 1]),                             # 3, then 2 with mean 4, 2 with mean 3, and 1
    (VISUAL, [1, 0, 2, 3]),
    (PHYSICAL, [3, 2, 0, 1]),
    ({VISUAL: 3, TEXT: 1}, [1, 0, 2, 3]),                # 5, 3.75, 3.25, 2.75
    ({VISUAL: 0, TEXT: 2, PHYSICAL: 2}, [3, 2, 1, 0]),   # 2.5, 3, 3.5, 5
])
def test_the_ranking_by_hand(rule, ranking):
    assert rank(TABLE, rule) == ranking


def test_equal_candidates_stay_in_the_order_given():
    assert rank([judged(2, 2, 2), judged(3, 3, 3), judged(3, 3, 3), judged(2, 2, 2)]) == [1, 2, 0, 3]


@pytest.mark.parametrize("rule", ["best", "", {VISUAL: -1, TEXT: 2}, {"beauty": 1}, {VISUAL: 0}, {},
                                  {VISUAL: float("nan")}, {VISUAL: float("inf")}, {VISUAL: "2"}, {VISUAL: None},
                                  {VISUAL: True}, {VISUAL: 10**400}, {VISUAL: [1]}, {VISUAL: 1, 3: 1, "a": 1}, None, 7])
def test_a_rule_that_is_none_is_refused(rule):
    with pytest.raises(BadInput) as refused:
        rank(TABLE, rule)
    assert str(refused.value).count(". ") == 0 and str(refused.value).endswith("."), "one sentence"


@pytest.mark.parametrize("weights", [(1e308, 1e308, 1e308), (5e-324, 5e-324, 5e-324), (Fraction(1, 3),) * 3])
def test_weights_of_any_size_weigh_alike(weights):
    assert weighed(check_rule(dict(zip(KEYS, weights, strict=True)))) == pytest.approx(dict.fromkeys(KEYS, 1 / 3))
    assert rank(TABLE, dict(zip(KEYS, weights, strict=True))) == rank(TABLE, "mean")


def test_rules_as_written():
    assert parse_rule(" worst ") == "worst" and parse_rule(TEXT) == TEXT
    assert parse_rule(f"{VISUAL}=2, {TEXT}=0.5") == {VISUAL: 2, TEXT: 0.5} == check_rule({VISUAL: 2, TEXT: 0.5})
    for text, said in (("median", "no rule"), ("visual_quality=", "is missing"), ("visual_quality=a", "is 'a'"),
                       ("a=1=2", "list of weights"), ("looks=1", "no dimension"), ("visual_quality=-1", "is -1"),
                       ("visual_quality=nan", "is nan"), ("visual_quality=0", "Every weight is 0"),
                       ("visual_quality=1,visual_quality=2", "twice"), ("visual_quality=1,", "list of weights")):
        with pytest.raises(BadInput, match=said):
            parse_rule(text)


def test_an_unread_score_ranks_last_and_is_said():
    decision = decide([judged(5, None, 5), judged(1, 2, 1), judged(2, 2, 1)])
    assert decision.ranking == (2, 1, 0) and decision.winner == 2 and not decision.tie
    assert decision.reason == ("Candidate 3 wins over candidate 2, the next best: better visual quality "
                               "(2.0 against 1.0), equal otherwise; candidate 1 has no place, for its text alignment "
                               "could not be read.")
    # A rule that does not need the unread score reads the candidate as any other.
    assert decide([judged(5, None, 5), judged(1, 2, 1)], VISUAL).winner == 0


def test_nothing_read_is_no_winner_and_no_tie():
    decision = decide([judged(5, None, None), judged(None, 5, 5)])
    assert decision.ranking == (0, 1) and decision.winner is None and not decision.tie
    assert decision.reason == ("No candidate wins: candidate 1 has no place, for its text alignment and physical "
                               "consistency could not be read; candidate 2 has no place, for its visual quality could "
                               "not be read.")
    assert decide([]).reason == "No candidate wins: there is none."


def test_one_that_failed_is_left_out_and_said():
    decision = decide([judged(1, 1, 1), Failed("b.mp4", "p", "It is empty."), judged(2, 1, 1)])
    assert decision.ranking == (2, 0) and decision.winner == 2
    assert decision.reason.endswith("equal otherwise; candidate 2 was not judged.")
    decision = decide([judged(1, 1, 1), Failed("b.mp4", "p", "It is empty.")])
    assert decision.winner == 0 and "the only one with scores to compare; candidate 2 was" in decision.reason


@pytest.mark.parametrize(("one", "two", "rule", "reason"), [
    ((4, 3, 2), (4, 3, 4), "mean",
     "Candidate 2 wins: better physical consistency (4.0 against 2.0), equal otherwise."),
    ((4, 4, 4), (2, 5, 3), "mean", "Candidate 1 wins: better visual quality (4.0 against 2.0) and physical consistency "
                                   "(4.0 against 3.0), though worse text alignment (4.0 against 5.0)."),
    ((4, 4, 4), (3, 3, 3), "mean", "Candidate 1 wins: better visual quality (4.0 against 3.0), text alignment (4.0 "
                                   "against 3.0) and physical consistency (4.0 against 3.0)."),
    ((5, 5, 1), (2, 2, 2), "worst", "Candidate 2 wins: its worst score is higher (2.0 against 1.0)."),
    ((2, 5, 3), (2, 3, 3), "worst", "Candidate 1 wins: better text alignment (5.0 against 3.0), equal otherwise."),
    ((1, 5, 3), (5, 4, 5), TEXT, "Candidate 1 wins: better text alignment (5.0 against 4.0)."),
])
def test_the_reason_names_what_decides(one, two, rule, reason):
    assert decide([judged(*one), judged(*two)], rule).reason == reason


def test_spikes_with_the_same_digits_tie_and_one_digit_more_wins():
    nearly = (0, 0, 0.004, 0.99, 0.006)
    decision = decide([judged(4, 4, 4), judged(nearly, 4, 4), judged(4, 3, 4)])
    assert decision.tied == (1, 0) and decision.tie and decision.winner is None
    assert decision.reason == "Candidates 2 and 1 tie: their overall scores are the same (4.00)."
    assert decide([judged(4, 4, 4), judged(4, 4, 5)]).winner == 1


def test_without_thinking_the_distributions_say_how_far_apart_is_enough():
    def doubtful(step):
        """Each dimension has variance 0.5 around 3, or a tenth of a digit more for each step."""
        return judged(*[(0, 0.25 - step / 20, 0.5, 0.25 + step / 20, 0)] * 3)

    error = sqrt(2 * 3 * 0.5 / 9)  # of the difference of two means of three
    assert error == pytest.approx(0.577, abs=1e-3)
    decision = decide([doubtful(0), doubtful(5)])
    assert overall(doubtful(5)) - overall(doubtful(0)) == pytest.approx(0.5)
    assert decision.ranking == (1, 0) and decision.tied == (1, 0)
    # 0.25 is the variance of the second: 3.5 with a half each at 3 and 4
    assert f"(one standard error, {sqrt(3 * (0.5 + 0.25) / 9):.2f})" in decision.reason
    assert decide([doubtful(0), judged((0, 0, 0.2, 0.8, 0), (0, 0, 0.2, 0.8, 0), (0, 0, 0.2, 0.8, 0))]).winner == 1


def test_more_samples_of_the_same_spread_tell_closer_candidates_apart():
    low, high, even = (2, 2, 2), (5, 5, 5), (4, 4, 4)  # 3.5 with variance 2.25 in each dimension, against 4
    few = decide([drawn(low, high), drawn(even, even)])
    assert few.tie and few.reason.endswith(f"(one standard error, {sqrt(3 * 2.25 / (2 - 1)) / 3:.2f}).")
    many = decide([drawn(*[low, high] * 4), drawn(*[even] * 8)])
    assert sqrt(3 * 2.25 / (8 - 1)) / 3 < 0.5 and many.winner == 1
    # Without thinking every reply has the same distribution, so drawing more of them says nothing new.
    again = decide([replace(drawn(*[low, high] * 4), samples=({"rationale": "", "values": {}},) * 8),
                    drawn(*[even] * 8)])
    assert again.tie


def test_the_worst_rule_falls_back_on_the_mean_where_the_worst_is_in_doubt():
    wide = (0, 0.3, 0.4, 0.3, 0)  # 3 with variance 0.6
    decision = decide([judged(wide, 3, 3), judged(3, 5, 5)], "worst")
    assert decision.winner == 1 and "text alignment (5.0 against 3.0)" in decision.reason
    # The lower worst score is in doubt, and the mean says the opposite: nobody can tell.
    wider = (0.1, 0.3, 0.2, 0.3, 0.1)
    assert decide([judged((0, 0.1, 0.4, 0.4, 0.1), 4, 4), judged(wider, 5, 5)], "worst").tie


def test_scores_of_two_judges_are_ranked_without_a_winner():
    decision = decide([judged(3, 3, 3), judged(5, 5, 5, model="other")])
    assert decision.ranking == (1, 0) and decision.winner is None and not decision.tie
    assert decision.reason == ("No winner is named: other and mini judged them, and different judges do not share a "
                               "scale.")


def test_differences_to_the_best():
    rows = differences([judged(4, 3, 2), judged(5, None, 1), Failed("c.mp4", "p", "No.")])
    assert rows[0][VISUAL] == pytest.approx(-1, abs=0.02) and rows[0][TEXT] == rows[0][PHYSICAL] == 0
    assert rows[1][VISUAL] == 0 and rows[1][TEXT] is None and rows[1]["overall"] is None
    assert rows[1][PHYSICAL] == pytest.approx(-1, abs=0.02) and set(rows[2].values()) == {None}


def test_the_record_is_plain_json():
    candidates = [judged(4, 3, 2), Failed("b.mp4", "another prompt", "It is empty."), replace(TABLE[1], video="c.mp4")]
    written = json.loads(json.dumps(record(candidates, decide(candidates)), allow_nan=False))
    assert written.keys() == {"candidates", "ranking", "tie", "winner", "reason"}
    assert written["ranking"] == [2, 0] and written["tie"] is False and written["winner"] == 2
    assert written["candidates"][1] == {"video": "b.mp4", "prompt": "another prompt", "error": "It is empty."}
    assert Evaluation.from_dict(written["candidates"][2]) == candidates[2]


def withheld(*keys: str):
    """A candidate of 4s, but for dimensions that were not judged."""
    made = judged(4, 4, 4)
    return replace(made, scores=made.scores | {key: Score(reason="No scene.") for key in keys})


def test_what_was_not_judged_ranks_last_and_is_averaged_over_by_no_rule():
    part, whole = withheld("physical_consistency"), judged(2, 2, 2)
    assert part.overall is None and part.withheld == ("physical_consistency",) and part.unread == ()
    decision = decide([part, whole])
    assert decision.ranking == (1, 0) and decision.winner == 1
    assert decision.reason.endswith("candidate 1 has no place, for its physical consistency was not judged.")
    assert decide([part, whole], "visual_quality").winner == 0, "by what was judged of both"
    none = decide([withheld(*KEYS), withheld(*KEYS)])
    assert none.winner is None and not none.tie
    assert "its visual quality, text alignment and physical consistency were not judged" in none.reason


def test_nothing_can_be_claimed_for_what_was_not_judged():
    with pytest.raises(ValueError, match="not judged"):
        Score(4, reason="No scene.")
    with pytest.raises(ValueError, match="not judged"):
        Score(confidence=1.0, reason="No scene.")
    again = Evaluation.from_dict(json.loads(json.dumps(withheld("text_alignment").to_dict())))
    assert again.scores["text_alignment"].reason == "No scene." and again.withheld == ("text_alignment",)


def test_what_is_displayed_the_same_has_the_same_place_and_the_next_one_counts_on():
    """Means 4, 3 and 2; the two 3s differ by less than what two decimals show."""
    nearly = (0, 0, 0.998, 0.0015, 0.0005)
    decision = decide([judged(3, 3, 3), judged(4, 4, 4), judged(nearly, 3, 3), judged(2, 2, 2)])
    assert decision.winner == 1 and decision.ranking[0] == 1 and decision.ranking[-1] == 3
    assert decision.place == {1: 1, 0: 2, 2: 2, 3: 4} and len(decision.places) == 4
    assert decide([judged(3, 3, 3)] * 3).place == {0: 1, 1: 1, 2: 1}
    assert decide([judged(3, 3, 3), judged(3, 3, 3), judged(2, 2, 2)]).places == (1, 1, 3)
    assert decide([]).place == {}


@pytest.mark.parametrize("rule", ["mean", "worst", *KEYS, {VISUAL: 2, TEXT: 1}])
def test_places_go_by_what_each_rule_displays(rule):
    dice = [judged(*digits) for digits in list(product((1, 3, 5), repeat=3))[::2]]
    dice += [judged((0, 0, 0.5, 0.5, 0), 3, 3), judged(3, (0, 0, 0.5, 0.5, 0), 3), judged(3, 3, 3)]
    place = decide(dice, rule).place
    assert sorted(place) == list(range(len(dice)))
    for one, two in product(place, repeat=2):
        if displayed(dice[one], rule) == displayed(dice[two], rule):
            assert place[one] == place[two]
    ranks = list(place.values())
    assert ranks == sorted(ranks) and all(b in (a, at + 1) for at, (a, b) in enumerate(pairwise(ranks), 1))


def test_those_that_tie_share_the_first_place_and_nobody_stands_between_them():
    """The third cannot be told from the first for its own doubt; the second ranks above it, and ties too."""
    wide = (0.1, 0.2, 0.2, 0.2, 0.3)    # 3.4 with a variance of 1.84
    decision = decide([judged(4, 4, 4), judged(4, 4, 3), judged(*[wide] * 3), judged(1, 1, 1)])
    assert decision.tied == (0, 1, 2) and decision.winner is None and decision.places == (1, 1, 1, 4)
    assert decision.reason.startswith("Candidates 1, 2 and 3 tie")


def test_the_unread_have_no_place():
    assert decide([judged(3, None, 3), judged(1, 1, 1), judged(None, 2, 2)]).place == {1: 1}


def test_a_worst_score_is_displayed_with_the_mean_that_tells_two_such_apart():
    one, two = judged(2, 2, 2), judged(2, 5, 5)
    assert displayed(one, "worst") == "2.00 (mean 2.00)" and displayed(two, "worst") == "2.00 (mean 4.00)"
    assert decide([one, two], "worst").place == {1: 1, 0: 2} and decide([one, two], "worst").winner == 1
    assert displayed(judged(2, None, 2)) is None and displayed(judged(2, 2, 2)) == "2.00"

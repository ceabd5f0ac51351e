"""Rewards: the published table, the length bonus, the form of a reply, and their weighted sum."""
from collections import Counter
from itertools import product

import pytest

from train.grpo import rewards
from train.grpo.rewards import Group, accuracy, format_reward, length_bonus, parts, total
from vs2 import rubric
from vs2.errors import BadInput

GOOD = rubric.reply("A red ball bounces.", (3, 1, 4))


def test_accuracy_over_all_pairs_of_scores():
    """All 125 x 125 pairs in aggregate, counted by hand.

    Of the 25 pairs of one dimension 5 are equal and 8 differ by one (1-2, 2-3, 3-4, 4-5, both ways), 13 in all.
        none off   5 * 5 * 5      =    125   1.0
        one off    3 * 8 * 5 * 5  =    600   0.7
        two off    3 * 8 * 8 * 5  =    960   0.4
        three off  8 * 8 * 8      =    512   0.1
        the rest   15625 - 13^3   =  13428   0      (15625 - 2197; 125 + 600 + 960 + 512 = 2197)
    """
    triples = list(product(rubric.SCALE, repeat=3))
    found = Counter(accuracy(predicted, true) for predicted in triples for true in triples)
    assert found == {1.0: 125, 0.7: 600, 0.4: 960, 0.1: 512, 0.0: 13428}


@pytest.mark.parametrize("predicted, true, reward", [
    ((3, 3, 3), (3, 3, 3), 1.0), ((3, 3, 4), (3, 3, 3), 0.7), ((2, 3, 4), (3, 3, 3), 0.4), ((2, 4, 4), (3, 3, 3), 0.1),
    ((5, 3, 3), (3, 3, 3), 0.0), ((5, 4, 4), (3, 3, 3), 0.0), (None, (3, 3, 3), 0.0)])
def test_accuracy_by_hand(predicted, true, reward):
    assert accuracy(predicted, true) == reward


def test_the_length_bonus_needs_a_second_reply_that_qualifies():
    assert length_bonus([1.0, 0.7, 0.0], [320, 512, 400]) == [0.2, 0.2, 0.0]
    assert length_bonus([1.0, 0.7, 0.0], [319, 512, 400]) == [0.0, 0.0, 0.0], "one alone gets none"
    assert length_bonus([1.0, 0.7, 0.4], [320, 513, 350]) == [0.2, 0.0, 0.2]
    assert length_bonus([0.1, 0.1, 1.0], [400, 400, 400]) == [0.0, 0.0, 0.0], "0.1 is not above 0.1"
    assert length_bonus([1.0, 1.0], [5, 6], low=4, high=6, bonus=0.5) == [0.5, 0.5]


@pytest.mark.parametrize("reply, worth", [
    (GOOD, 1), (GOOD.rstrip("\n"), 1), (GOOD.lstrip("\n"), 1),
    (GOOD + "And so on.", 0), (GOOD.replace("</think>", ""), 0), (GOOD.replace("</think>", "</think>\n</think>"), 0),
    ("So: " + GOOD, 0), (GOOD.replace("<think>", ""), 0), (GOOD.replace("<think>", "<think><think>"), 0),
    (GOOD.replace("(3) ", ""), 0), (GOOD.replace(": 4", ": 6"), 0), (GOOD.replace("\n\n(1)", "\n(1)"), 0),
    (GOOD.replace("(2) text-to-video alignment: 1\n", ""), 0), (rubric.DIRECT.write((3, 1, 4)), 0), ("", 0)])
def test_the_form_of_a_reply(reply, worth):
    assert format_reward(reply) == worth


def test_scores_in_the_think_block_are_not_the_answer():
    reply = rubric.reply("Final Scoring:\nVisual Quality: 5\nText-to-video alignment: 5\nPhysical consistency: 5",
                         (1, 2, 3))
    assert rewards.scores(reply) == (1, 2, 3)
    assert rewards.scores(reply[:reply.index("(3)")]) is None


def test_parts_and_their_weighted_sum():
    near = rubric.reply("A ball.", (3, 2, 4))
    group = Group([GOOD, near, "no answer", rubric.reply("A ball.", (3, 1, 1))], [8, 9, 8, 9], (3, 1, 4), low=8, high=9)
    weights = {"accuracy": 1.0, "length": 1.0, "format": 0.5, "exact": 0.0, "near": -1.0}
    found = parts(group, weights)
    assert found == {"accuracy": [1.0, 0.7, 0.0, 0.0], "length": [0.2, 0.2, 0.0, 0.0], "format": [1.0, 1.0, 0.0, 1.0],
                     "exact": [1.0, pytest.approx(2 / 3), 0.0, pytest.approx(2 / 3)],
                     "near": [1.0, pytest.approx(2.75 / 3), 0.0, pytest.approx(2.25 / 3)]}
    assert total(found, weights) == pytest.approx([1 + 0.2 + 0.5 - 1, 0.7 + 0.2 + 0.5 - 2.75 / 3, 0.0, 0.5 - 0.75])


def test_the_published_weights_are_accuracy_and_length():
    group = Group([GOOD, GOOD], [400, 100], (3, 1, 4))
    assert total(parts(group)) == [1.0, 1.0]
    assert total(parts(Group([GOOD, GOOD], [400, 500], (3, 1, 4)))) == [1.2, 1.2]


@pytest.mark.parametrize("weights", [{}, {"acuracy": 1.0}, {"accuracy": "1"}, {"accuracy": True}, [1.0]])
def test_unusable_weights_are_refused(weights):
    with pytest.raises(BadInput):
        rewards.check(weights)

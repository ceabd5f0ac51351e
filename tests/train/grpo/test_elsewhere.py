"""Rewards as verl and ms-swift call them: the same numbers as train/grpo/rewards.py."""
import itertools

import pytest

from train.grpo import elsewhere, rewards
from vs2 import rubric
from vs2.errors import BadInput

TRUE = "visual quality: 3; text-to-video alignment: 4; physical/common-sense consistency: 5"
REPLIES = [rubric.reply("It moves.", scores) for scores in itertools.product((2, 3, 5), (4, 5), (1, 5))] + [
    "", "visual quality: 3", TRUE, rubric.reply("It.", (3, 4, 5)) + "</think>"]


def test_a_single_reply_is_worth_what_our_rewards_say():
    weights = {"accuracy": 1, "format": 0.25, "near": 2}
    for reply in REPLIES:
        group = rewards.Group([reply], [400], (3, 4, 5))
        found = elsewhere.compute_score("vs2", reply, TRUE, {"key": "a"}, weights=weights, reward_router_address=None)
        parts = rewards.parts(group, weights)
        assert found == {"score": rewards.total(parts, weights)[0],
                         **{name: values[0] for name, values in parts.items()}}
        assert elsewhere.compute_score("vs2", reply, f"<answer>{TRUE}</answer>\n") == {
            "score": rewards.accuracy(rewards.scores(reply), (3, 4, 5)),
            "accuracy": rewards.accuracy(rewards.scores(reply), (3, 4, 5))}


def test_what_cannot_be_rewarded_is_said():
    with pytest.raises(BadInput, match="one at a time"):
        elsewhere.compute_score("vs2", REPLIES[0], TRUE, weights=rewards.PUBLISHED_WEIGHTS)
    with pytest.raises(BadInput, match="no reward 'other'"):
        elsewhere.compute_score("vs2", REPLIES[0], TRUE, weights={"other": 1})
    with pytest.raises(BadInput, match="true scores"):
        elsewhere.compute_score("vs2", REPLIES[0], "visual quality: 3")
    for lacking in ({}, {"prompt_id": ["p"]}, {"prompt_id": ["p"], "response_token_ids": [None]}):
        with pytest.raises(BadInput, match="prompt_id and response_token_ids"):
            elsewhere.of_batch("length", REPLIES[:1], [TRUE], **lacking)


def test_a_batch_is_rewarded_group_by_group():
    """Replies to two clips in turn, so that a bonus given over the batch, and not over each clip, shows."""
    replies = [rubric.reply("It moves.", scores) for scores in ((3, 4, 5), (1, 1, 1), (3, 4, 4), (5, 1, 1), (3, 3, 4))]
    solutions = [f"<answer>{rubric.DIRECT.write(scores)}</answer>" for scores in
                 ((3, 4, 5), (1, 1, 1), (3, 4, 5), (1, 1, 1), (3, 4, 5))]
    clips, lengths = ["a", "b", "a", "b", "a"], [400, 400, 512, 400, 513]
    tokens = [[0] * lengths[0], [[0] * 300, [0] * 100], *([0] * length for length in lengths[2:])]     # one has turns
    for name in rewards.REWARDS:
        found = elsewhere.of_batch(name, replies, solutions, prompt_id=clips, response_token_ids=tokens, extra=1)
        expected = dict.fromkeys(range(5))
        for members in ([0, 2, 4], [1, 3]) if name == "length" else [[place] for place in range(5)]:
            group = rewards.Group([replies[one] for one in members], [lengths[one] for one in members],
                                  elsewhere.true_scores(solutions[members[0]]))
            expected |= zip(members, rewards.REWARDS[name](group), strict=True)
        assert found == list(expected.values())
    assert elsewhere.of_batch("length", replies, solutions, prompt_id=clips, response_token_ids=tokens) == [
        0.2, 0.0, 0.2, 0.0, 0.0], "b has one reply of worth, so none of its replies gets the bonus"

"""An Evaluation as the numbers of a reward: all four of them, or one sentence why there are none; never a 0 in place.

The reward is called `videoscore2`, and what it is made of are `SUBS`: the three `expected` scores, from 1 to 5, and
their mean. A trainer that takes a 0 for what was not judged learns to make clips that cannot be judged.
"""
from math import isfinite

from vs2.errors import Failure
from vs2.evaluation import Evaluation
from vs2.rubric import BY_KEY, KEYS

REWARD = "videoscore2"
OVERALL = "overall"
SUBS = (*KEYS, OVERALL)


class Missing(Failure):
    """There is no reward for a clip that was judged: a score was withheld, or could not be read."""


def numbers(evaluation: Evaluation) -> dict[str, float]:
    """sub -> number, for all of `SUBS`. Raises Missing where one of them is not there."""
    if why := lacking(evaluation):
        raise Missing(why)
    found = {key: float(expected) for key in KEYS if (expected := evaluation.scores[key].expected) is not None}
    return {**found, OVERALL: sum(found.values()) / len(found)}


def lacking(evaluation: Evaluation) -> str:
    """Which scores are not there and why, in a sentence; "" where all are."""
    reasons: dict[str, list[str]] = {}
    for key in KEYS:
        score = evaluation.scores[key]
        if score.reason is not None:
            reasons.setdefault(f"not judged: {score.reason}", []).append(BY_KEY[key].label)
        elif score.expected is None or not isfinite(score.expected):
            reasons.setdefault("could not be read from the judge's reply.", []).append(BY_KEY[key].label)
    return " ".join(f"{', '.join(labels)} {'were' if len(labels) > 1 else 'was'} {why}"
                    if why.startswith("not judged") else f"{', '.join(labels)} {why}"
                    for why, labels in reasons.items())

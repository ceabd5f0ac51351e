"""What a reply is worth: pure functions of the reply, its length and the true scores.

The published rewards (VideoScore2, arXiv 2509.22799, and its released code) are `accuracy` and `length`; the released
code's format reward is zero. `exact` and `near` are ours: they say something of a reply whose accuracy is 0 as well.
All replies to one clip make a group, and a reward may look at the whole of it.
"""
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from vs2 import answer
from vs2.errors import BadInput
from vs2.rubric import KEYS, REASONED, THINK_CLOSE, THINK_OPEN

ACCURACY = (1.0, 0.7, 0.4, 0.1)     # by how many of the three scores are off, where none is off by more than one
LOW, HIGH, BONUS = 320, 512, 0.2    # the published length bonus, in tokens
WORTH_A_BONUS = 0.1                 # the accuracy above which a reply can get it


@dataclass(frozen=True)
class Group:
    """The replies to one clip. lengths: in tokens, end included. true: the three scores. low, high: for `length`."""

    replies: Sequence[str]
    lengths: Sequence[int]
    true: tuple[int, int, int]
    low: int = LOW
    high: int = HIGH


def scores(reply: str) -> tuple[int, int, int] | None:
    """The three scores of a reply, in the order of the dimensions; None unless all three were read."""
    values = answer.read(reply).values
    return None if None in values.values() else tuple(values[key] for key in KEYS)


def accuracy(predicted: tuple | None, true: Sequence[int]) -> float:
    """The published table: 1.0 for all equal; where no score is off by more than one, 0.7, 0.4, 0.1 for one, two,
    three of them off; else, and for a reply that could not be read (None), 0.
    """
    if predicted is None:
        return 0.0
    differences = [abs(p - t) for p, t in zip(predicted, true, strict=True)]
    return 0.0 if max(differences) > 1 else ACCURACY[sum(differences)]


def length_bonus(rewards: Sequence[float], lengths: Sequence[int], low: int = LOW, high: int = HIGH,
                 bonus: float = BONUS) -> list[float]:
    """For each reply of a group `bonus` where its accuracy is above 0.1 and its length within low to high (tokens, both
    included), if more than one of the group qualifies; else 0.
    """
    fit = [reward > WORTH_A_BONUS and low <= length <= high for reward, length in zip(rewards, lengths, strict=True)]
    return [bonus if sum(fit) > 1 and one else 0.0 for one in fit]


def format_reward(reply: str) -> int:
    """1 for a think block that opens the reply and closes once, followed by exactly the three published lines."""
    thought, closed, said = reply.partition(THINK_CLOSE)
    read = scores(reply)
    whole = (closed and THINK_CLOSE not in said and reply.count(THINK_OPEN) == 1
             and thought.lstrip().startswith(THINK_OPEN))
    return int(bool(whole and read and said.rstrip("\n") == REASONED.write(read).rstrip("\n")))


def _accuracies(group: Group) -> list[float]:
    return [accuracy(scores(reply), group.true) for reply in group.replies]


def _differences(group: Group) -> list[list[int | None]]:
    """For each reply how far each dimension is off; None where that one was not read."""
    read = [answer.read(reply).values for reply in group.replies]
    return [[None if values[key] is None else abs(values[key] - true)
             for key, true in zip(KEYS, group.true, strict=True)] for values in read]


REWARDS: dict[str, Callable[[Group], list[float]]] = {
    "accuracy": _accuracies,
    "length": lambda group: length_bonus(_accuracies(group), group.lengths, group.low, group.high),
    "format": lambda group: [float(format_reward(reply)) for reply in group.replies],
    # The share of the three scores that are right; and how near they are: 1 for right, 0.75 for off by one ...
    "exact": lambda group: [sum(one == 0 for one in each) / len(KEYS) for each in _differences(group)],
    "near": lambda group: [sum(1 - one / 4 for one in each if one is not None) / len(KEYS)
                           for each in _differences(group)],
}
PUBLISHED_WEIGHTS = {"accuracy": 1.0, "length": 1.0}


def check(weights: Mapping[str, float]) -> dict[str, float]:
    """The weights as floats by name. Raises BadInput for a name unknown, or a weight that is no number."""
    if not isinstance(weights, Mapping) or not weights:
        raise BadInput(f"grpo.reward_weights must give a weight for one or more of {', '.join(REWARDS)}.")
    for name, weight in weights.items():
        if name not in REWARDS:
            raise BadInput(f"There is no reward {name!r}: known are {', '.join(REWARDS)}.")
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise BadInput(f"The weight of the reward {name} must be a number, not {weight!r}.")
    return {name: float(weight) for name, weight in weights.items()}


def parts(group: Group, weights: Mapping[str, float] = PUBLISHED_WEIGHTS) -> dict[str, list[float]]:
    """Every reward that has a weight, by name: one number a reply, not yet weighted."""
    return {name: REWARDS[name](group) for name in weights}


def total(found: Mapping[str, Sequence[float]], weights: Mapping[str, float] = PUBLISHED_WEIGHTS) -> list[float]:
    """The weighted sum of `parts`, one number a reply."""
    return [sum(weights[name] * value for name, value in zip(found, values, strict=True))
            for values in zip(*found.values(), strict=True)]

"""What candidates are ranked by: a rule, the numbers that it compares, and how far those can be told apart.

A group is compared in the dimensions that were judged of at least one of it (`comparable`): what was withheld of all
tells none of them apart, and a rule that looks at more than that goes by the rest. What was withheld of some only stays
needed: a mean of two scores is not compared with a mean of three.
"""
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from math import hypot, isfinite, sqrt
from numbers import Real

from vs2.errors import BadInput
from vs2.evaluation import Evaluation
from vs2.rubric import BY_KEY, KEYS, SCALE

MEAN, WORST = "mean", "worst"
RULES = (MEAN, WORST, *KEYS)
EQUAL = 0.05  # what spikes differ by when their digits are the same; one digit more makes a mean 0.33 higher
Rule = str | Mapping[str, float]


@dataclass(frozen=True)
class Measure:
    """A number that candidates are compared by, and its standard error."""

    value: float
    error: float


def parse_rule(text: str) -> Rule:
    """A rule as written on a command line: its name, or weights as in "visual_quality=2,text_alignment=1".

    Raises BadInput for anything else.
    """
    if not isinstance(text, str):
        raise BadInput(f"The rule is {text!r:.60}, which is no text: name one, or write weights.")
    if "=" not in text:
        return check_rule(text.strip())
    weights: dict[str, object] = {}
    for part in text.split(","):
        key, equals, weight = (piece.strip() for piece in part.partition("="))
        if not equals or not key or "=" in weight:
            raise BadInput(f"The rule {text!r:.80} is not a list of weights: write them as "
                           f"{','.join(f'{key}=1' for key in KEYS)}.")
        if key in weights:
            raise BadInput(f"The rule {text!r:.80} weighs {key} twice: give each dimension one weight.")
        try:
            weights[key] = float(weight)
        except ValueError:
            weights[key] = weight   # to be said of it below
    return check_rule(weights)


def check_rule(rule: object) -> Rule:
    """The rule as it is, its weights as floats; BadInput, one sentence, if there is no such rule.

    Weights are for dimensions, finite numbers of which none is negative and not all are 0.
    """
    if isinstance(rule, str):
        if rule not in RULES:
            raise BadInput(f"There is no rule {rule!r:.60}: take one of {', '.join(RULES)}, or weights of the "
                           "dimensions.")
        return rule
    if not isinstance(rule, Mapping):
        raise BadInput(f"The rule is {rule!r:.60}: name one of {', '.join(RULES)}, or give weights of the dimensions.")
    for key in rule:
        if key not in KEYS:
            raise BadInput(f"{key!r:.60} is no dimension: weigh {', '.join(KEYS)}.")
    weights = {key: _weight(key, weight) for key, weight in rule.items()}
    if not any(weights.values()):
        raise BadInput("Every weight is 0: give at least one dimension a weight above 0.")
    return weights


def written(rule: Rule) -> str:
    """The rule as `parse_rule` reads it."""
    return rule if isinstance(rule, str) else ",".join(f"{key}={float(weight):.12g}" for key, weight in rule.items())


def _weight(key: str, weight: object) -> float:
    """The weight of a dimension. Raises BadInput, which names it."""
    name = BY_KEY[key].label.lower()
    try:
        # A truth value is a number to Python; to whoever wrote it, it is none.
        number = float(weight) if isinstance(weight, Real) and not isinstance(weight, bool) else None
    except OverflowError:       # a whole number beyond what a float holds
        number = None
    if number is None or not isfinite(number):
        said = "missing" if weight is None or weight == "" else f"{weight!r:.40}"
        raise BadInput(f"The weight of {name} is {said}: give a number, 0 or more.")
    if number < 0:
        raise BadInput(f"The weight of {name} is {number:g}: give 0 or more.")
    return number


def comparable(evaluations: Iterable[Evaluation]) -> tuple[str, ...]:
    """The dimensions in which a group is compared: all but those that were withheld of every one of it."""
    lacking = [one.withheld for one in evaluations]
    return tuple(key for key in KEYS if not lacking or not all(key in withheld for withheld in lacking))


def weighed(rule: Rule, keys: Container[str] = KEYS) -> dict[str, float]:
    """The dimensions that the rule looks at, with weights that sum to 1.

    keys: of a group, as `comparable` names them. A rule of which they leave nothing needs all that it looks at.
    """
    if isinstance(rule, str):
        rule = {rule: 1} if rule in KEYS else dict.fromkeys(KEYS, 1)
    rule = {key: weight for key, weight in rule.items() if weight and key in keys} or rule
    most = max(rule.values())   # first: the sum of the largest floats is none, and a share of the smallest may be 0
    shares = {key: rule[key] / most for key in KEYS if rule.get(key)}
    total = sum(shares.values())
    return {key: share / total for key, share in shares.items() if share}


def dropped(rule: Rule, keys: Container[str]) -> tuple[str, ...]:
    """The dimensions that the rule looks at, and does not in a group that is compared in `keys`."""
    return tuple(key for key in weighed(rule) if key not in weighed(rule, keys))


def unjudged(evaluation: Evaluation, rule: Rule, keys: Container[str] = KEYS) -> bool:
    """Whether a score that the rule needs was withheld. keys: as in `weighed`."""
    return not set(weighed(rule, keys)).isdisjoint(evaluation.withheld)


def measures(evaluation: Evaluation, rule: Rule, keys: Container[str] = KEYS) -> list[Measure] | None:
    """What the rule compares, in order; None where it needs a score that is not there. keys: as in `weighed`."""
    weights = weighed(rule, keys)
    expected = {key: value for key in weights if (value := evaluation.scores[key].expected) is not None}
    if len(expected) < len(weights):
        return None
    mean = Measure(sum(w * expected[key] for key, w in weights.items()),
                    sqrt(sum(w * w * _variance(evaluation, key) for key, w in weights.items())))
    if rule != WORST or len(weights) == 1:      # of a single one the worst is the mean
        return [mean]
    worst = min(expected, key=expected.__getitem__)
    return [Measure(expected[worst], sqrt(_variance(evaluation, worst))), mean]


def _variance(evaluation: Evaluation, key: str) -> float:
    """The square of the standard error of one expected score."""
    score = evaluation.scores[key]
    if score.distribution is None or score.expected is None:
        return 0.0
    mean = score.expected
    spread = sum(p * (s - mean) ** 2 for s, p in zip(SCALE, score.distribution, strict=True))
    thought = [sample for sample in evaluation.samples if sample.get("rationale")]
    drawn = sum(sample.get("values", {}).get(key) is not None for sample in thought)
    return max(spread, 0.0) / (drawn - 1 if drawn > 1 else 1)


def ahead(best: list[Measure], other: list[Measure]) -> bool:
    """Whether `best` is better beyond doubt; what the first number leaves open the next one tells."""
    for one, two in zip(best, other, strict=True):
        if apart(one, two):
            return one.value > two.value
    return False


def apart(one: Measure, two: Measure) -> bool:
    return abs(one.value - two.value) >= max(EQUAL, hypot(one.error, two.error))

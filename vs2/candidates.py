"""Compares several judged clips: the ranking, the winner or a tie, and the reason in one sentence.

    decision = decide([first, second, third])
    decision.ranking, decision.winner, decision.reason

A winner is named only where the scores' own spread lets it be told. Each dimension's distribution has a variance; the
dimensions are taken as independent, so the variances of the (weighted) mean add up, and those of two candidates'
means add up to the variance of their difference. Without thinking the distribution is the judge's doubt about the
clip, and counts as it is. Of K sampled rationales the mean is what is compared, and its variance is the mixture's
divided by K - 1. After one greedy rationale the distribution is a spike that says next to nothing, so there only
differences that are no more than rounding (`EQUAL`) are ties. A difference below one standard error is a tie: if the
errors are normal, the order would come out the other way round more than once in six times.
"""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot, sqrt

from vs2.errors import BadInput
from vs2.evaluation import Evaluation
from vs2.rubric import KEYS, SCALE

MEAN, WORST = "mean", "worst"
RULES = (MEAN, WORST, *KEYS)
EQUAL = 0.05  # what spikes differ by when their digits are the same; one digit more makes a mean 0.33 higher
Rule = str | Mapping[str, float]


@dataclass(frozen=True)
class Failed:
    """A candidate that was not judged, and the sentence that says why."""

    video: str
    prompt: str
    error: str

    def to_dict(self) -> dict:
        """Plain JSON values; `error` is what tells it from an evaluation."""
        return {"video": self.video, "prompt": self.prompt, "error": self.error}


Candidate = Evaluation | Failed


@dataclass(frozen=True)
class Decision:
    """What a comparison comes to. Candidates are meant by their index in what was compared.

    ranking: best first, those with an unread score last; without those that were not judged. winner: None for a
    tie, and where there is nothing to tell a winner by. tied: the candidates that share the first place, or none: the
    first ones of the ranking.
    reason: one sentence; it counts the candidates from 1. places: of each in `ranking`, from 1, as in "1, 1, 3" (see
    `decide`); what has more to tell candidates apart by than one rule replaces them.
    """

    ranking: tuple[int, ...]
    tied: tuple[int, ...]
    winner: int | None
    reason: str
    places: tuple[int, ...] = ()

    @property
    def tie(self) -> bool:
        """Whether several share the first place."""
        return bool(self.tied)

    @property
    def place(self) -> dict[int, int]:
        """The place, from 1, of each candidate that is ranked."""
        return dict(zip(self.ranking, self.places, strict=True))


@dataclass(frozen=True)
class _Measure:
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
    try:
        weights = {key.strip(): float(weight) for key, weight in (part.split("=") for part in text.split(","))}
    except ValueError:
        raise BadInput(f"The rule {text!r} is not a list of weights: write them as "
                       f"{','.join(f'{key}=1' for key in KEYS)}.") from None
    return check_rule(weights)


def check_rule(rule: Rule) -> Rule:
    """The rule as it is; BadInput if there is no such rule. Weights are for dimensions, none negative, not all 0."""
    if isinstance(rule, str):
        if rule not in RULES:
            raise BadInput(f"There is no rule {rule!r}: take one of {', '.join(RULES)}, or weights of the dimensions.")
        return rule
    if not isinstance(rule, Mapping):
        raise BadInput(f"The rule is {rule!r:.60}: name one of {', '.join(RULES)}, or give weights of the dimensions.")
    if not set(rule) <= set(KEYS):
        raise BadInput(f"{min(set(rule) - set(KEYS))!r} is no dimension: weigh {', '.join(KEYS)}.")
    sound = all(isinstance(weight, int | float) and 0 <= weight < float("inf") for weight in rule.values())
    if not sound or not any(rule.values()):
        raise BadInput("The weights of a rule must be 0 or more, and one of them above 0.")
    return rule


def rank(candidates: Sequence[Candidate | None], rule: Rule = MEAN) -> list[int]:
    """The judged candidates' indices, best first; equal ones in the order given, those the rule cannot read last.

    candidates: None stands for one that takes no part; the others keep their numbers, in `decide` as well.
    rule: "mean" of the three expected scores (as published), "worst" (the lowest of them, then the mean), a
    dimension's key, or weights by key. Raises BadInput for another rule.
    """
    check_rule(rule)
    measured = {n: _measures(c, rule) for n, c in enumerate(candidates) if isinstance(c, Evaluation)}

    def order(n: int) -> tuple:
        found = measured[n]
        if found is None:
            return (False,)
        # A worst score of 2.001 is as bad as one of 1.999; then the mean has to tell. Those that show the same numbers
        # stand together, so what is shown comes before what is not.
        *first, last = (m.value for m in found)
        return (True, *(round(value, 1) for value in first), *map(shown, (last, *first)), last, *first)

    return sorted(measured, key=order, reverse=True)


def shown(value: float) -> str:
    """A score as every place displays it that ranks by it: to two decimals. Candidates that show the same, tie."""
    return f"{value:.2f}"


def displayed(evaluation: Evaluation, rule: Rule = MEAN) -> str:
    """What the rule compares, for people: its number, and the mean beside a worst score; "" where it has none."""
    values = [shown(m.value) for m in _measures(evaluation, rule) or ()]
    return values[0] + "".join(f" (mean {mean})" for mean in values[1:]) if values else ""


def decide(candidates: Sequence[Candidate | None], rule: Rule = MEAN) -> Decision:
    """The ranking, the winner or the tie, and why. Scores of different judges are ranked, but name no winner.

    Candidates that show the same numbers have the same place, and so have those that tie for the first; the next one's
    place counts how many are before it, as in "1, 1, 3". A tie takes in all that rank above, or show the same as, the
    last one that cannot be told from the best: nobody stands between candidates that share a place.
    """
    ranking = tuple(rank(candidates, rule))
    numbers = [displayed(candidates[n], rule) for n in ranking]
    decision, places = _decided(candidates, rule, ranking, numbers), []
    for at, number in enumerate(numbers):
        same = at and (at < len(decision.tied) or number == numbers[at - 1])
        places.append(places[-1] if same else at + 1)
    return replace(decision, places=tuple(places))


def _decided(candidates: Sequence[Candidate | None], rule: Rule, ranking: tuple[int, ...], numbers) -> Decision:
    """All but the places. numbers: what is displayed of each in the ranking."""
    measured = {n: found for n in ranking if (found := _measures(candidates[n], rule))}
    rest = _rest(candidates, rule, measured)
    if not measured:
        return Decision(ranking, (), None, f"No candidate wins{rest or ': there is none'}.")
    best, *others = measured
    judges = list(dict.fromkeys(candidates[n].model for n in measured))
    if len(judges) > 1:
        reason = f"No winner is named: {_list(judges)} judged them, and different judges do not share a scale"
        return Decision(ranking, (), None, f"{reason}{rest}.")
    if not others:
        reason = f"Candidate {best + 1} wins: it is the only one with scores to compare"
        return Decision(ranking, (), best, f"{reason}{rest}.")
    level = [n for n in others if not _ahead(measured[best], measured[n])]
    if level:
        last = numbers[ranking.index(level[-1])]
        tied = ranking[:max(at for at, number in enumerate(numbers, 1) if number == last)]
        return Decision(ranking, tied, None, f"{_tie(tied, measured, rule)}{rest}.")
    return Decision(ranking, (), best, f"{_win(candidates, measured, rule)}{rest}.")


def overall(evaluation: Evaluation, rule: Rule = MEAN) -> float | None:
    """The number that the rule compares first; None where it needs a score that is not there."""
    found = _measures(evaluation, rule)
    return found[0].value if found else None


def differences(candidates: Sequence[Candidate]) -> list[dict[str, float | None]]:
    """For each candidate and dimension, and "overall": its expected score less the best one's, so 0 or negative.

    None where there is no score.
    """
    rows = [{key: c.scores[key].expected for key in KEYS} | {"overall": c.overall} if isinstance(c, Evaluation)
            else dict.fromkeys((*KEYS, "overall")) for c in candidates]
    best = {key: max((row[key] for row in rows if row[key] is not None), default=None) for key in (*KEYS, "overall")}
    return [{key: None if value is None else value - best[key] for key, value in row.items()} for row in rows]


def record(candidates: Sequence[Candidate], decision: Decision) -> dict:
    """A comparison as plain JSON values, for the command line and the API: indices count from 0."""
    return {"candidates": [candidate.to_dict() for candidate in candidates], "ranking": list(decision.ranking),
            "tie": decision.tie, "winner": decision.winner, "reason": decision.reason}


def _weights(rule: Rule) -> dict[str, float]:
    """The dimensions that the rule looks at, with weights that sum to 1."""
    if isinstance(rule, str):
        rule = {rule: 1} if rule in KEYS else dict.fromkeys(KEYS, 1)
    total = sum(rule.values())
    return {key: rule[key] / total for key in KEYS if rule.get(key)}


def _measures(evaluation: Evaluation, rule: Rule) -> list[_Measure] | None:
    """What the rule compares, in order; None where it needs a score that is not there."""
    weights = _weights(rule)
    if any(evaluation.scores[key].expected is None for key in weights):
        return None
    mean = _Measure(sum(w * evaluation.scores[key].expected for key, w in weights.items()),
                    sqrt(sum(w * w * _variance(evaluation, key) for key, w in weights.items())))
    if rule != WORST:
        return [mean]
    worst = min(weights, key=lambda key: evaluation.scores[key].expected)
    return [_Measure(evaluation.scores[worst].expected, sqrt(_variance(evaluation, worst))), mean]


def _variance(evaluation: Evaluation, key: str) -> float:
    """The square of the standard error of one expected score."""
    score = evaluation.scores[key]
    if score.distribution is None:
        return 0.0
    spread = sum(p * (s - score.expected) ** 2 for s, p in zip(SCALE, score.distribution, strict=True))
    thought = [sample for sample in evaluation.samples if sample.get("rationale")]
    drawn = sum(sample.get("values", {}).get(key) is not None for sample in thought)
    return max(spread, 0.0) / (drawn - 1 if drawn > 1 else 1)


def _ahead(best: list[_Measure], other: list[_Measure]) -> bool:
    """Whether `best` is better beyond doubt; what the first number leaves open the next one tells."""
    for one, two in zip(best, other, strict=True):
        if _apart(one, two):
            return one.value > two.value
    return False


def _apart(one: _Measure, two: _Measure) -> bool:
    return abs(one.value - two.value) >= max(EQUAL, hypot(one.error, two.error))


def _win(candidates: Sequence[Candidate], measured: dict[int, list[_Measure]], rule: Rule) -> str:
    best, second, *_ = measured
    several = len(candidates) - list(candidates).count(None) > 2
    who = f"Candidate {best + 1} wins" + (f" over candidate {second + 1}, the next best" if several else "")
    first, next_first = measured[best][0], measured[second][0]
    if rule == WORST and _apart(first, next_first):
        return f"{who}: its worst score is higher ({_against(first.value, next_first.value)})"
    better, worse, equal = [], [], False
    for key in _weights(rule):
        pair = tuple(candidates[n].scores[key].expected for n in (best, second))
        if abs(pair[0] - pair[1]) < EQUAL - 1e-9:  # rounding must not hide the difference that decided
            equal = True
        else:
            (better if pair[0] > pair[1] else worse).append(f"{_named(key)} ({_against(*pair)})")
    parts = [f"better {_list(better)}"] + ([f"though worse {_list(worse)}"] if worse else [])
    return f"{who}: {', '.join(parts + (['equal otherwise'] if equal else []))}"


def _tie(tied: tuple[int, ...], measured: dict[int, list[_Measure]], rule: Rule) -> str:
    who = f"Candidates {_list([str(n + 1) for n in tied])} tie"
    what = {MEAN: "overall", WORST: "worst"}.get(rule, _named(rule)) if isinstance(rule, str) else "weighted"
    values = [measured[n][0].value for n in tied]
    shown = list(dict.fromkeys(f"{value:.2f}" for value in values))
    doubt = max(hypot(measured[tied[0]][0].error, measured[n][0].error) for n in tied[1:])
    if len(shown) == 1:
        return f"{who}: their {what} scores are the same ({shown[0]})"
    if doubt < EQUAL:
        return f"{who}: their {what} scores ({_list(shown)}) differ by less than {EQUAL:g}"
    return (f"{who}: their {what} scores ({_list([f'{value:.2f}' for value in values])}) differ by less than the "
            f"judge's own doubt (one standard error, {doubt:.2f})")


def _rest(candidates: Sequence[Candidate], rule: Rule, measured) -> str:
    """Who was left out of the decision, to end the sentence with."""
    parts = []
    for n, candidate in enumerate(candidates):
        if isinstance(candidate, Failed):
            parts.append(f"candidate {n + 1} was not judged")
        elif candidate is not None and n not in measured:
            parts.append(f"candidate {n + 1} ranks last, for {_lacks(candidate, rule)}")
    return "".join(f"; {part}" for part in parts) if measured else ": " * bool(parts) + "; ".join(parts)


def _lacks(evaluation: Evaluation, rule: Rule) -> str:
    """Which scores of those that the rule needs are not there, and which way."""
    needed = [key for key in _weights(rule) if evaluation.scores[key].expected is None]
    withheld = [_named(key) for key in needed if key in evaluation.withheld]
    unread = [_named(key) for key in needed if key not in evaluation.withheld]
    said = [f"its {_list(withheld)} {'were' if len(withheld) > 1 else 'was'} not judged"] if withheld else []
    return _list(said + ([f"its {_list(unread)} could not be read"] if unread else []))


def _named(key: str) -> str:
    return key.replace("_", " ")


def _against(one: float, two: float) -> str:
    """The two numbers, with as many decimals as it takes to tell them apart."""
    places = 1 if f"{one:.1f}" != f"{two:.1f}" else 2
    return f"{one:.{places}f} against {two:.{places}f}"


def _list(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"

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

What was withheld of every judged candidate is left out, and the reason says so (`vs2.rules.comparable`, whose
dimensions are the `keys` of the functions here); what was withheld of some only leaves those without a place.
"""
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot, inf

from vs2.evaluation import Evaluation
from vs2.rubric import KEYS
from vs2.rules import (
    EQUAL,
    MEAN,
    RULES,
    WORST,
    Measure,
    Rule,
    ahead,
    apart,
    check_rule,
    comparable,
    dropped,
    measures,
    parse_rule,
    unjudged,
    weighed,
    written,
)

__all__ = ["EQUAL", "MEAN", "RULES", "WORST", "Candidate", "Decision", "Failed", "Rule", "check_rule", "comparable",
           "decide", "differences", "displayed", "dropped", "overall", "parse_rule", "rank", "record", "shown",
           "values", "written"]

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

    ranking: best first, then those with an unread score, last those of which a score was withheld; without those that
    failed. winner: None for a tie, and where there is nothing to tell a winner by. tied: the candidates that share the
    first place, or none: the first ones of the ranking.
    reason: one sentence; it counts the candidates from 1. places: of each in `ranking`, from 1, as in "1, 1, 3" (see
    `decide`), None where a score that the rule needs is not there; what has more to tell candidates apart by than one
    rule replaces them.
    """

    ranking: tuple[int, ...]
    tied: tuple[int, ...]
    winner: int | None
    reason: str
    places: tuple[int | None, ...] = ()

    @property
    def tie(self) -> bool:
        """Whether several share the first place."""
        return bool(self.tied)

    @property
    def place(self) -> dict[int, int]:
        """The place, from 1, of each candidate that has one."""
        return {n: place for n, place in zip(self.ranking, self.places, strict=True) if place is not None}


def rank(candidates: Sequence[Candidate | None], rule: Rule = MEAN, keys: Collection[str] | None = None) -> list[int]:
    """The judged candidates' indices, best first; equal ones in the order given, those the rule cannot read last.

    candidates: None stands for one that takes no part; the others keep their numbers, in `decide` as well.
    rule: "mean" of the three expected scores (as published), "worst" (the lowest of them, then the mean), a
    dimension's key, or weights by key. Raises BadInput for another rule. keys: the dimensions that are compared, by
    default those of the candidates.
    """
    check_rule(rule)
    judged = {n: c for n, c in enumerate(candidates) if isinstance(c, Evaluation)}
    keys = comparable(judged.values()) if keys is None else keys
    measured = {n: measures(c, rule, keys) for n, c in judged.items()}

    def order(n: int) -> tuple:
        found = measured[n]
        if found is None:
            return (False, not unjudged(judged[n], rule, keys))
        # A worst score of 2.001 is as bad as one of 1.999; then the mean has to tell. Those that show the same numbers
        # stand together, so what is shown comes before what is not.
        *first, last = (m.value for m in found)
        return (True, *(round(value, 1) for value in first), *map(shown, (last, *first)), last, *first)

    return sorted(measured, key=order, reverse=True)


def shown(value: float) -> str:
    """A score as every place displays it that ranks by it: to two decimals. Candidates that show the same, tie."""
    return f"{value:.2f}"


def displayed(evaluation: Evaluation, rule: Rule = MEAN, keys: Collection[str] = KEYS) -> str | None:
    """What the rule compares, for people: its number, and the mean beside a worst score; None where it has none."""
    found = measures(evaluation, rule, keys)
    if not found:
        return None
    return shown(found[0].value) + "".join(f" (mean {shown(m.value)})" for m in found[1:])


def decide(candidates: Sequence[Candidate | None], rule: Rule = MEAN, keys: Collection[str] | None = None) -> Decision:
    """The ranking, the winner or the tie, and why. Scores of different judges are ranked, but name no winner.

    Candidates that show the same numbers have the same place, and so have those that tie for the first; the next one's
    place counts how many are before it, as in "1, 1, 3". A tie takes in all that rank above, or show the same as, the
    last one that cannot be told from the best: nobody stands between candidates that share a place.

    keys: the dimensions that are compared, by default those of the candidates; a part of a group has the group's.
    """
    judged = {n: candidate for n, candidate in enumerate(candidates) if isinstance(candidate, Evaluation)}
    keys = comparable(judged.values()) if keys is None else keys
    ranking = tuple(rank(candidates, rule, keys))
    measured = {n: found for n in ranking if (found := measures(judged[n], rule, keys))}
    decision = _decided(candidates, judged, rule, ranking, measured, keys)
    places = _places(ranking, measured, len(decision.tied))
    return replace(decision, places=tuple(place if n in measured else None
                                          for n, place in zip(ranking, places, strict=True)))


def _places(ranking: tuple[int, ...], measured: dict[int, list[Measure]], tied: int) -> tuple[int, ...]:
    """The first `tied` share a place, and so do neighbours that show the same, be it nothing."""
    places: list[int] = []
    for at, n in enumerate(ranking):
        same = at and (at < tied or _numbers(measured.get(n)) == _numbers(measured.get(ranking[at - 1])))
        places.append(places[-1] if same else at + 1)
    return tuple(places)


def _numbers(found: list[Measure] | None) -> tuple[str, ...]:
    return tuple(shown(m.value) for m in found or ())


def _decided(candidates: Sequence[Candidate | None], judged: Mapping[int, Evaluation], rule: Rule,
             ranking: tuple[int, ...], measured: dict[int, list[Measure]], keys: Collection[str]) -> Decision:
    """All but the places."""
    rest = _rest(candidates, rule, measured, keys)
    if not measured:
        return Decision(ranking, (), None, f"No candidate wins{rest or ': there is none'}.")
    best, *others = measured
    judges = list(dict.fromkeys(judged[n].model for n in measured))
    if len(judges) > 1:
        reason = f"No winner is named: {_list(judges)} judged them, and different judges do not share a scale"
        return Decision(ranking, (), None, f"{reason}{rest}.")
    if not others:
        reason = f"Candidate {best + 1} wins: it is the only one with scores to compare"
        return Decision(ranking, (), best, f"{reason}{rest}.")
    level = [n for n in others if not ahead(measured[best], measured[n])]
    if level:
        last, order = _numbers(measured[level[-1]]), list(measured)
        tied = tuple(order[:max(at for at, n in enumerate(order, 1) if _numbers(measured[n]) == last)])
        return Decision(ranking, tied, None, f"{_tie(tied, measured, rule, keys)}{rest}.")
    several = sum(candidate is not None for candidate in candidates) > 2
    return Decision(ranking, (), best, f"{_win(judged, several, measured, weighed(rule, keys))}{rest}.")


def overall(evaluation: Evaluation, rule: Rule = MEAN, keys: Collection[str] = KEYS) -> float | None:
    """The number that the rule compares first; None where it needs a score that is not there."""
    found = measures(evaluation, rule, keys)
    return found[0].value if found else None


def values(evaluations: Sequence[Evaluation], rule: Rule = MEAN) -> list[float | None]:
    """The `overall` of each as they are compared with each other."""
    keys = comparable(evaluations)
    return [overall(one, rule, keys) for one in evaluations]


def differences(candidates: Sequence[Candidate]) -> list[dict[str, float | None]]:
    """For each candidate and dimension, and "overall": its expected score less the best one's, so 0 or negative.

    None where there is no score. overall: the mean of the dimensions that are compared.
    """
    keys = comparable(c for c in candidates if isinstance(c, Evaluation))
    rows = [{key: c.scores[key].expected for key in KEYS} | {"overall": overall(c, MEAN, keys)}
            if isinstance(c, Evaluation)
            else dict.fromkeys((*KEYS, "overall")) for c in candidates]
    # Where nobody has a score, nothing is compared with the best one.
    best = {key: max((value for row in rows if (value := row[key]) is not None), default=-inf)
            for key in (*KEYS, "overall")}
    return [{key: None if value is None else value - best[key] for key, value in row.items()} for row in rows]


def record(candidates: Sequence[Candidate], decision: Decision) -> dict:
    """A comparison as plain JSON values, for the command line and the API: indices count from 0."""
    return {"candidates": [candidate.to_dict() for candidate in candidates], "ranking": list(decision.ranking),
            "tie": decision.tie, "winner": decision.winner, "reason": decision.reason}


def _win(judged: Mapping[int, Evaluation], several: bool, measured: dict[int, list[Measure]],
         weights: Collection[str]) -> str:
    """Why the first of `measured` wins. several: whether more than these two took part. weights: what is compared."""
    best, second, *_ = measured
    who = f"Candidate {best + 1} wins" + (f" over candidate {second + 1}, the next best" if several else "")
    first, next_first = measured[best][0], measured[second][0]
    if len(measured[best]) > 1 and apart(first, next_first):
        return f"{who}: its worst score is higher ({_against(first.value, next_first.value)})"
    better: list[str] = []
    worse: list[str] = []
    equal = False
    for key in weights:
        one, two = judged[best].scores[key].expected, judged[second].scores[key].expected
        if one is None or two is None:      # what is measured has all scores that the rule looks at
            continue
        if abs(one - two) < EQUAL - 1e-9:   # rounding must not hide the difference that decided
            equal = True
        else:
            (better if one > two else worse).append(f"{_named(key)} ({_against(one, two)})")
    parts = [f"better {_list(better)}"] + ([f"though worse {_list(worse)}"] if worse else [])
    return f"{who}: {', '.join(parts + (['equal otherwise'] if equal else []))}"


def _tie(tied: tuple[int, ...], measured: dict[int, list[Measure]], rule: Rule, keys: Collection[str]) -> str:
    who = f"Candidates {_list([str(n + 1) for n in tied])} tie"
    left, needed = dropped(rule, keys), weighed(rule, keys)
    names = {MEAN: "mean" if left else "overall", WORST: "worst"}
    what = names.get(rule, _named(rule)) if isinstance(rule, str) else "weighted"
    what = _named(*needed) if left and len(needed) == 1 else what
    values = [measured[n][0].value for n in tied]
    shown = list(dict.fromkeys(f"{value:.2f}" for value in values))
    doubt = max(hypot(measured[tied[0]][0].error, measured[n][0].error) for n in tied[1:])
    if len(shown) == 1:
        return f"{who}: their {what} scores are the same ({shown[0]})"
    if doubt < EQUAL:
        return f"{who}: their {what} scores ({_list(shown)}) differ by less than {EQUAL:g}"
    return (f"{who}: their {what} scores ({_list([f'{value:.2f}' for value in values])}) differ by less than the "
            f"judge's own doubt (one standard error, {doubt:.2f})")


def _rest(candidates: Sequence[Candidate | None], rule: Rule, measured: Container[int], keys: Collection[str]) -> str:
    """Who was left out of the decision, and which dimensions were, to end the sentence with."""
    parts = []
    for n, candidate in enumerate(candidates):
        if isinstance(candidate, Failed):
            parts.append(f"candidate {n + 1} was not judged")
        elif candidate is not None and n not in measured:
            parts.append(f"candidate {n + 1} has no place, for {_lacks(candidate, weighed(rule, keys))}")
    if names := [_named(key) for key in dropped(rule, keys)]:
        parts.append(f"{_list(names)} {'were' if len(names) > 1 else 'was'} judged of none and "
                     f"{'are' if len(names) > 1 else 'is'} left out")
    return "".join(f"; {part}" for part in parts) if measured else ": " * bool(parts) + "; ".join(parts)


def _lacks(evaluation: Evaluation, weights: Collection[str]) -> str:
    """Which scores of those that are compared are not there, and which way."""
    needed = [key for key in weights if evaluation.scores[key].expected is None]
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

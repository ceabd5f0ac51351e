"""Pair accuracy of a suite's preferences under each published rule, and within the prompts of a suite of scores."""
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from vs2.bench.people.mapping import Preferred
from vs2.bench.people.said import Said
from vs2.bench.people.view import View
from vs2.metrics import bootstrap
from vs2.metrics.pairs import best_margin, held_out, with_ties, without_ties

# The rules by the name that a result bears.
PLAIN = "without ties"
HELD_OUT = "with ties, margin from other prompts"
WHOLE = "with ties, VideoScore2's margin for digits (0.5)"
SOFT = "with ties, VideoScore2's margin for soft scores (0.001)"
SEARCHED = "with ties, margin searched on these pairs (VideoAlign)"
MARGINS = {WHOLE: 0.5, SOFT: 0.001}
RULES = {
    PLAIN: "pairs that people call the same are left out; a predicted tie is wrong",
    HELD_OUT: "three answers; the margin up to which the judge says \"same\" is that which is best on the other half "
              "of the prompts",
    WHOLE: "three answers; \"same\" where the digits differ by 0.5 or less: the published script's for digits",
    SOFT: "three answers; \"same\" where soft scores differ by 0.001 or less: the published script's for those",
    SEARCHED: "three answers; the margin that is best on these very pairs (arXiv 2305.14324), which flatters",
}
DEFAULT = HELD_OUT


def measure(question: Preferred, said: Sequence[Said], view: View, draws: int, seed: int) -> dict | None:
    """{pairs, same (by people), judged, withheld, unread, failed, default, rules: {rule: {accuracy, interval, pairs,
    judged_only, margin}}}; None where the suite has no pair with this question.

    accuracy: of all pairs; one with a clip that has no score is wrong. judged_only: of those that were judged.
    """
    by_id = {one.clip: one for one in said}
    pairs = [(one, by_id.get(other), liked[question.against]) for one in said for other, liked in one.pairs
             if question.against in liked]
    if view.published:
        pairs = [pair for pair in pairs if pair[1] is not None and view.whole(pair[0]) and view.whole(pair[1])]
    if not pairs:
        return None
    groups = [first.prompt for first, _, _ in pairs]
    liked = np.array([way for *_, way in pairs])
    why = [(view.lacking(first, question.of) or (view.lacking(second, question.of) if second else "failed"))
           for first, second, _ in pairs]
    judged = np.array([not one for one in why], bool)
    ahead = {part: [_ahead(question, view, first, second, part) if known and second else None
                    for (first, second, _), known in zip(pairs, judged, strict=True)] for part in (0, 1)}
    rules = {}
    right, which = without_ties(liked, ahead[1])
    rules[PLAIN] = _share(right, [groups[i] for i in which], judged[which], 0.0, draws, seed)
    right, margins = held_out(liked, ahead[1], groups, seed=seed)
    rules[HELD_OUT] = _share(right, groups, judged, margins, draws, seed)
    rules[WHOLE] = _share(with_ties(liked, ahead[0], 0.5), groups, judged, 0.5, draws, seed)
    rules[SOFT] = _share(with_ties(liked, ahead[1], 0.001), groups, judged, 0.001, draws, seed)
    margin = best_margin(liked, ahead[1])
    rules[SEARCHED] = _share(with_ties(liked, ahead[1], margin), groups, judged, margin, draws, seed)
    return {"pairs": len(pairs), "same": int((liked == 0).sum()), "judged": int(judged.sum()),
            **{name: why.count(name) for name in ("withheld", "unread", "failed")}, "default": DEFAULT, "rules": rules}


def _ahead(question: Preferred, view: View, first: Said, second: Said, part: int) -> float:
    """How far the first clip is ahead; part: 0 of the digits, 1 of the soft scores."""
    totals = [0.0, 0.0]
    for side, one in enumerate((first, second)):
        for key in question.of:
            digit, soft, _ = view.numbers(one, key)
            totals[side] += (soft if part else digit) or 0
    # Rounded, so that a sum of floats is no order: three soft scores that are the same may add up to another last bit.
    return round((totals[0] - totals[1]) / (1 if question.summed else len(question.of)), 9)


def _share(right: np.ndarray, groups: list[str], judged: np.ndarray, margin, draws: int, seed: int) -> dict:
    if not len(right):
        return {"accuracy": None, "interval": None, "pairs": 0, "judged_only": None, "margin": margin}
    return {"accuracy": float(right.mean()), "interval": bootstrap.share(right, groups, draws, seed),
            "pairs": len(right), "judged_only": float(right[judged].mean()) if judged.any() else None, "margin": margin}


def within_prompt(prompts: Sequence[str], true, given, draws: int, seed: int) -> dict | None:
    """Of any two clips of one prompt that people scored differently, how often the higher has the higher score.

    {accuracy, interval, pairs, judged_only}; the rule is "without ties". None where no prompt has two such clips.
    """
    members: dict[str, list[int]] = {}
    for at, prompt in enumerate(prompts):
        members.setdefault(prompt, []).append(at)
    found = [(prompt, i, j) for prompt, at in members.items() for i, j in combinations(at, 2) if true[i] != true[j]]
    if not found:
        return None
    liked = [int(np.sign(true[i] - true[j])) for _, i, j in found]
    ahead = [None if given[i] is None or given[j] is None else given[i] - given[j] for _, i, j in found]
    right, _ = without_ties(liked, ahead)
    known = np.array([one is not None for one in ahead], bool)
    cell = _share(right, [prompt for prompt, _, _ in found], known, 0.0, draws, seed)
    return {name: cell[name] for name in ("accuracy", "interval", "pairs", "judged_only")}

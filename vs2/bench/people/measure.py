"""What was said of a suite's clips -> its figures, each with its denominator and an interval over prompts.

Shares have two denominators, both given: all clips that people scored (a clip that was withheld, unread or failed is a
miss), and those that were judged. Correlations, kappa, RMSE and calibration are of what was judged: they have no miss.
`published`: as the scripts of VideoScore2's authors count. A clip without all three numbers leaves the denominator,
soft scores are rounded to digits, and 0 ("does not apply") is averaged in.
"""
from collections.abc import Callable, Sequence

import numpy as np

from vs2.bench.people import preferences
from vs2.bench.people.mapping import BOTH, GOOD, Scored, preferred, scored
from vs2.bench.people.said import Said
from vs2.bench.people.view import FAILED, UNREAD, WITHHELD, View
from vs2.metrics import bootstrap, quadratic_kappa
from vs2.metrics.agreement import all_exact, hits, kendall, pearson, rmse, spearman
from vs2.metrics.calibration import brier, calibration_error
from vs2.rubric import KEYS, SCALE


def measure(name: str, said: Sequence[Said], view: View = View(), draws: int = bootstrap.DRAWS, seed: int = 0) -> dict:
    """{metrics: {question: a cell}, pairs: {question: see preferences.py}, all_exact, both, clips, dropped}.

    dropped: clips that a published rule leaves out of every denominator.

    A cell: {clips, judged, withheld, unread, failed, exact, within_one, exact_judged, within_one_judged, pearson,
    spearman, kendall, kappa, rmse, calibration_error, brier, within_prompt, intervals: {of each of these}}. What is not
    defined is None.
    """
    metrics = {}
    for question in scored(name):
        rows = [(one, truth) for one in said if (truth := question.truth(one.human, view.published)) is not None]
        if view.published:
            rows = [row for row in rows if view.whole(row[0])]
        if rows:
            metrics[question.name] = _cell(question, rows, view, draws, seed)
    pairs = {}
    for asked in preferred(name):
        if (cell := preferences.measure(asked, said, view, draws, seed)) is not None:
            pairs[asked.name] = cell
    dropped = sum(not view.whole(one) for one in said) if view.published else 0
    return {"clips": len(said), "dropped": dropped, "metrics": metrics, "pairs": pairs,
            "all_exact": _all_exact(name, said, view, draws, seed), "both": _both(name, said, view, draws, seed)}


def _cell(question: Scored, rows: list[tuple[Said, float]], view: View, draws: int, seed: int) -> dict:
    groups = [one.prompt for one, _ in rows]
    true = np.array([truth for _, truth in rows], float)
    lacking = [view.lacking(one, question.of) for one, _ in rows]
    judged = np.array([not why for why in lacking], bool)
    given = [[view.numbers(one, key) for key in question.of] for one, _ in rows]
    digits = [question.digit([digit for digit, _, _ in of]) for of in given]
    soft = np.array([np.mean([number for _, number, _ in of]) if known else np.nan
                     for of, known in zip(given, judged, strict=True)], float)
    cell: dict = {"clips": len(rows), "judged": int(judged.sum()),
                  **{why: lacking.count(why) for why in (WITHHELD, UNREAD, FAILED)}}
    intervals: dict = {}
    exact, near = hits(true, digits)
    for of, found in (("exact", exact), ("within_one", near)):
        cell[of] = float(found.mean()) if question.exact else None
        cell[f"{of}_judged"] = float(found[judged].mean()) if question.exact and judged.any() else None
        intervals[of] = bootstrap.share(found, groups, draws, seed) if question.exact else None
    at = np.flatnonzero(judged)
    numbers = _numbers(question, true[at], [digits[i] for i in at], soft[at], [given[i] for i in at])
    cell |= numbers(np.arange(len(at)))
    intervals |= bootstrap.intervals(numbers, [groups[i] for i in at], draws, seed)
    cell["within_prompt"] = within = preferences.within_prompt(
        groups, true, [None if np.isnan(value) else float(value) for value in soft], draws, seed)
    return cell | {"intervals": intervals | {"within_prompt": within and within["interval"]}}


def _numbers(question: Scored, true: np.ndarray, digits: list, soft: np.ndarray, given: list) -> Callable:
    """A function of indices: everything that is measured of judged clips."""
    level = np.array(digits, float)
    whole = question.exact and bool(len(true)) and bool(np.all(true == np.round(true)))
    spread = [of[0][2] for of in given] if len(question.of) == 1 else []
    p = _levels(question, spread) if whole and spread and all(one is not None for one in spread) else None

    def numbers(at: np.ndarray) -> dict[str, float | None]:
        return {"pearson": pearson(true[at], soft[at]), "spearman": spearman(true[at], soft[at]),
                "kendall": kendall(true[at], soft[at]),
                "kappa": quadratic_kappa(true[at], level[at]) if whole else None,
                "rmse": rmse(true[at], level[at] if question.levels else soft[at]) if question.exact else None,
                "calibration_error": None if p is None else calibration_error(p[at], true[at], question.scale),
                "brier": None if p is None else brier(p[at], true[at], question.scale)}

    return numbers


def _levels(question: Scored, spread: list) -> np.ndarray:
    """Distributions over 1 to 5 as such over the suite's levels: [n][levels]."""
    p = np.array(spread, float)
    if not question.levels:
        return p
    to = [question.scale.index(question.levels[digit - 1]) for digit in SCALE]
    return np.stack([p[:, [i for i, place in enumerate(to) if place == one]].sum(1)
                     for one in range(len(question.scale))], 1)


def _all_exact(name: str, said: Sequence[Said], view: View, draws: int, seed: int) -> dict | None:
    """All three dimensions exact at once: {share, interval, clips}; None where the suite does not ask all three."""
    asked = [one for one in scored(name) if one.exact and len(one.of) == 1 and one.name in KEYS]
    if {one.name for one in asked} != set(KEYS):
        return None
    rows = []
    for one in said:
        truths = [question.truth(one.human, view.published) for question in asked]
        if None in truths or view.published and not view.whole(one):
            continue
        digits = [question.digit([view.numbers(one, question.of[0])[0]]) for question in asked]
        rows.append((one.prompt, truths, digits))
    if not rows:
        return None
    found = all_exact([truths for _, truths, _ in rows], [digits for *_, digits in rows])
    return {"share": float(found.mean()), "interval": bootstrap.share(found, [row[0] for row in rows], draws, seed),
            "clips": len(rows)}


def _both(name: str, said: Sequence[Said], view: View, draws: int, seed: int) -> dict | None:
    """VideoPhy-2's own: the share of clips with both scores at `GOOD` or more, by people and by the judge, and how
    often the two agree on it. A clip without both is no clip that is right."""
    if name not in BOTH:
        return None
    asked = [one for one in scored(name) if one.name in BOTH[name]]
    rows = [one for one in said if all(question.truth(one.human) is not None for question in asked)
            and not (view.published and not view.whole(one))]
    if not rows:
        return None
    groups = [one.prompt for one in rows]
    people = [all((question.truth(one.human) or 0) >= GOOD for question in asked) for one in rows]
    ours = [all((view.numbers(one, question.of[0])[0] or 0) >= GOOD for question in asked) for one in rows]
    same = [bool(a == b) and not view.lacking(one, BOTH[name]) for one, a, b in zip(rows, people, ours, strict=True)]
    return {"people": float(np.mean(people)), "judge": float(np.mean(ours)), "same": float(np.mean(same)),
            "interval": bootstrap.share(same, groups, draws, seed), "clips": len(rows)}

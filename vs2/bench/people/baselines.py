"""What stands beside a judge's figures: a constant, the best plain statistic of the pictures, and a person.

A judge that does not beat the first two has learned nothing of the suite; one as good as the third has learned it all.
"""
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vs2.bench.people import pictures, preferences
from vs2.bench.people.fetv import RATED, RATERS
from vs2.bench.people.mapping import Scored, scored
from vs2.bench.people.said import Said
from vs2.bench.people.suite import Suite
from vs2.errors import BadInput
from vs2.metrics import bootstrap
from vs2.metrics.agreement import hits, pearson, spearman
from vs2.rubric import SCALE


def constant(name: str, said: Sequence[Said], draws: int = bootstrap.DRAWS) -> dict[str, dict]:
    """What the one digit that is exact most often on these very clips reaches: {question: {digit, exact, within_one,
    intervals}}. It has no correlation, and no order of two clips."""
    found = {}
    for question in scored(name):
        rows = [(one.prompt, truth) for one in said if (truth := question.truth(one.human)) is not None]
        if rows and question.exact:
            groups, true = [prompt for prompt, _ in rows], [truth for _, truth in rows]
            tried = {digit: hits(true, [question.digit([digit] * len(question.of))] * len(true)) for digit in SCALE}
            best = max(SCALE, key=lambda digit: (tried[digit][0].mean(), tried[digit][1].mean()))
            found[question.name] = {"digit": best, **_shares(*tried[best], groups, draws)}
    return found


def statistics(paths: dict[str, Path]) -> dict[str, dict[str, float]]:
    """The plain statistics of each clip that can be read, by its id."""
    found = {}
    for clip, path in paths.items():
        try:
            found[clip] = pictures.statistics(path)
        except BadInput:
            continue
    return found


def best_statistic(name: str, said: Sequence[Said], known: dict[str, dict[str, float]],
                   draws: int = bootstrap.DRAWS) -> dict[str, dict]:
    """For each question the statistic, of either sign, with the largest Spearman's on these very clips (which flatters
    it): {question: {statistic, sign, clips, pearson, spearman, within_prompt, intervals}}."""
    found = {}
    for question in scored(name):
        rows = [(one, truth) for one in said if (truth := question.truth(one.human)) is not None and one.clip in known]
        tried = {one: spearman([truth for _, truth in rows], [known[said_.clip][one] for said_, _ in rows])
                 for one in pictures.STATISTICS}
        able = {one: value for one, value in tried.items() if value is not None}
        if able:
            best = max(able, key=lambda one: abs(able[one]))
            sign = 1 if able[best] > 0 else -1
            found[question.name] = {"statistic": best, "sign": sign, **_order(
                [one.prompt for one, _ in rows], [truth for _, truth in rows],
                [sign * known[one.clip][best] for one, _ in rows], draws)}
    return found


def raters(suite: str, said: Sequence[Said], draws: int = bootstrap.DRAWS) -> dict[str, dict]:
    """A person beside the judge: each rater against the mean of the other two, averaged over the raters. FETV only.

    {question: {clips, exact, within_one, pearson, spearman, within_prompt, intervals}}; of a person against the mean of
    two people, where the judge is measured against that of three.
    """
    if suite != "fetv":
        return {}
    found = {}
    for question in scored(suite):
        rows = [one for one in said if _each(question, one) is not None]
        if not rows:
            continue
        groups = [one.prompt for one in rows]
        own = np.array([_each(question, one) for one in rows])      # [clips, raters]
        others = (own.sum(1, keepdims=True) - own) / (RATERS - 1)

        def measured(at: np.ndarray, own=own, others=others) -> dict[str, float | None]:
            pairs = [(others[at, rater], own[at, rater]) for rater in range(RATERS)]
            return {"pearson": _mean([pearson(*pair) for pair in pairs]),
                    "spearman": _mean([spearman(*pair) for pair in pairs])}

        cells = [_order(groups, others[:, rater], own[:, rater].tolist(), draws)["within_prompt"]
                 for rater in range(RATERS)]
        found[question.name] = {
            "clips": len(rows), **measured(np.arange(len(rows))),
            "within_prompt": {"accuracy": _mean([cell and cell["accuracy"] for cell in cells]), "interval": None,
                              "pairs": sum(cell["pairs"] for cell in cells if cell)},
            "intervals": bootstrap.intervals(measured, groups, draws)}
    return found


def beside(suite: Suite | None, name: str, said: Sequence[Said], draws: int = bootstrap.DRAWS) -> dict[str, dict]:
    """All of them: {"constant", "statistic", "rater"}, empty ones left out. suite: whose pictures are looked at."""
    paths = {clip.id: clip.path for clip in suite.clips.values() if clip.path} if suite else {}
    found = {"constant": constant(name, said, draws),
             "statistic": best_statistic(name, said, statistics(paths), draws) if paths and scored(name) else {},
             "rater": raters(name, said, draws)}
    return {kind: cells for kind, cells in found.items() if cells}


def _each(question: Scored, one: Said) -> list[float] | None:
    """Each rater's own mean of what the question asks."""
    try:
        return [float(np.mean([one.human[f"{RATED[column]}_{rater}"] for column in question.against]))
                for rater in range(1, RATERS + 1)]
    except KeyError:
        return None


def _order(groups: list[str], true, given: list[float], draws: int) -> dict:
    true, soft = np.asarray(true, float), np.asarray(given, float)

    def measured(at: np.ndarray) -> dict[str, float | None]:
        return {"pearson": pearson(true[at], soft[at]), "spearman": spearman(true[at], soft[at])}

    return {"clips": len(true), **measured(np.arange(len(true))),
            "within_prompt": preferences.within_prompt(groups, true, list(soft), draws, 0),
            "intervals": bootstrap.intervals(measured, groups, draws)}


def _shares(exact: np.ndarray, near: np.ndarray, groups: list[str], draws: int) -> dict:
    return {"clips": len(exact), "exact": float(exact.mean()), "within_one": float(near.mean()),
            "intervals": {"exact": bootstrap.share(exact, groups, draws),
                          "within_one": bootstrap.share(near, groups, draws)}}


def _mean(values: list) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None

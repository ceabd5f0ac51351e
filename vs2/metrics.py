"""Agreement of predicted with true scores: exact and within-one accuracy, Pearson (PLCC), Spearman (SRCC), kappa."""
import math

import numpy as np

METRICS = ("exact", "within_one", "pearson", "spearman")


def agreement(true, predicted, expected=None) -> dict[str, float | None]:
    """The four metrics, as fractions of 1, over n clips.

    true: n known scores. predicted: n integers, None where the judge's score could not be read; an unread score
    is a miss in both accuracies. expected: n soft scores for the correlations (default: the integers). The
    correlations leave unread clips out, and are None where they are not defined (under two clips, or a constant).
    """
    true, given = list(true), list(predicted)
    if len(true) != len(given) or not true:
        raise ValueError("needs as many predictions as true scores, and at least one")
    off = [math.inf if p is None else abs(p - t) for t, p in zip(true, given, strict=True)]
    soft = given if expected is None else list(expected)
    pairs = [(t, s) for t, s in zip(true, soft, strict=True) if s is not None]
    ranks = list(zip(*map(_ranks, zip(*pairs, strict=True)), strict=True))
    return {"exact": sum(o < 0.5 for o in off) / len(off), "within_one": sum(o < 1.5 for o in off) / len(off),
            "pearson": _pearson(pairs), "spearman": _pearson(ranks)}


def quadratic_kappa(first, second) -> float | None:
    """Cohen's kappa of two raters with quadratic weights: 1 is perfect, 0 what chance gives, below 0 worse.

    first, second: n whole numbers each. None where chance alone gives perfect agreement (each rater gives the same
    one score throughout) or n is 0.
    """
    first, second = [int(score) for score in first], [int(score) for score in second]
    count = len(first)
    observed = count * sum((a - b) ** 2 for a, b in zip(first, second, strict=True))
    # The same sum over all n * n pairs: what would be seen if the two had nothing to do with each other.
    chance = (count * sum(a * a for a in first) + count * sum(b * b for b in second) - 2 * sum(first) * sum(second))
    return 1 - observed / chance if chance else None


def _pearson(pairs) -> float | None:
    if len(pairs) < 2:
        return None
    a, b = np.array(pairs, float).T
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def _ranks(values) -> list[float]:
    """Ranks from 1, equal values sharing the mean of theirs."""
    values = np.asarray(values, float)
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[group].tolist()


def table(metrics: dict[str, dict]) -> str:
    """The metrics of several rows (a dimension, a baseline) as a Markdown table."""
    lines = ["| | exact | within one | Pearson | Spearman |", "|---|---|---|---|---|"]
    for name, row in metrics.items():
        cells = [share(row[key]) for key in METRICS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def share(value: float | None) -> str:
    """A fraction or a correlation as a cell of a table; a dash where there is none."""
    return "-" if value is None else f"{value:.3f}"

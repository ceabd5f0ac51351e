"""Agreement of predicted with true scores: shares of hits, Pearson (PLCC), Spearman (SRCC), Kendall, kappa, RMSE."""
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
    exact, near = hits(true, given)
    soft = given if expected is None else list(expected)
    pairs = [(t, s) for t, s in zip(true, soft, strict=True) if s is not None]
    first, second = ([pair[i] for pair in pairs] for i in (0, 1))
    return {"exact": float(exact.mean()), "within_one": float(near.mean()),
            "pearson": pearson(first, second), "spearman": spearman(first, second)}


def hits(true, predicted) -> tuple[np.ndarray, np.ndarray]:
    """Of n clips, whether the digit is the true score, and whether it is at most one off: two bool [n].

    true: n scores; one between two digits (a mean of raters) is hit by the nearer digit, by neither halfway.
    predicted: n digits, None where there is none, which hits nothing.
    """
    off = np.array([math.inf if p is None else abs(p - t) for t, p in zip(true, predicted, strict=True)], float)
    return off < 0.5, off < 1.5


def all_exact(true, predicted) -> np.ndarray:
    """Whether every dimension of a clip is exact at once: bool [n]. true, predicted: [n][dimensions]."""
    return np.array([bool(hits(t, p)[0].all()) for t, p in zip(true, predicted, strict=True)], bool)


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


def pearson(first, second) -> float | None:
    """Pearson's correlation of two lists of n numbers; None under two, or where one of them is constant."""
    a, b = np.asarray(first, float), np.asarray(second, float)
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def spearman(first, second) -> float | None:
    """Spearman's: Pearson's of the ranks, equal values sharing the mean of theirs."""
    return pearson(_ranks(first), _ranks(second))


def kendall(first, second) -> float | None:
    """Kendall's tau-b, which takes ties into account; None under two, or where one of them is constant."""
    from scipy.stats import kendalltau  # half a second to import

    a, b = np.asarray(first, float), np.asarray(second, float)
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(kendalltau(a, b, variant="b").statistic)


def rmse(true, predicted) -> float | None:
    """The root of the mean squared difference, in points of the scale; None of nothing."""
    a, b = np.asarray(true, float), np.asarray(predicted, float)
    return float(np.sqrt(np.mean((a - b) ** 2))) if len(a) else None


def _ranks(values) -> np.ndarray:
    """Ranks from 1, equal values sharing the mean of theirs."""
    values = np.asarray(values, float)
    if not len(values):
        return values
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[group]


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

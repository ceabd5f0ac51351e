"""When to stop drawing candidates: how much better the best of those still to come may be expected to be.

The scores seen so far (1 to 5, the rule's number of each candidate) are taken as independent draws from one normal
distribution whose mean and variance are unknown. The mean's prior is flat. The variance's prior is a scaled inverse
chi-squared with `PRIOR_COUNT` degrees of freedom around `PRIOR_SPREAD` squared, so that two scores that happen to be
the same do not pass for a generator that never varies. The next score then has Student's t distribution F around
the mean of those seen, and the best of `left` further scores exceeds the best seen, b, by

    E[max(0, max of left - b)] = integral from b to 5 of (1 - F(x)^left) dx

which is the expected improvement with the scale's end as a ceiling (that the draws to come share one unknown mean
makes it a slight overestimate: it errs towards going on). A run stops when this falls below `gain`, after at least
`LEAST` scores. It says nothing about the judge: what is unlikely to be beaten is its score.
"""
from collections.abc import Sequence
from math import sqrt

import numpy as np

from vs2.rubric import SCALE

LEAST = 3                   # scores before the first decision
GAIN = 0.1                  # points of 1 to 5 that more candidates have to promise
PRIOR_COUNT, PRIOR_SPREAD = 2.0, 0.5    # as if three scores with this standard deviation had been seen before
_STEPS = 400


def expected_gain(scores: Sequence[float], left: int) -> float:
    """Points by which the best of `left` more candidates is expected to beat the best of `scores` (not empty)."""
    from scipy.special import stdtr

    best, top = max(scores), float(SCALE[-1])
    if left < 1 or best >= top:
        return 0.0
    count = len(scores)
    freedom = PRIOR_COUNT + count - 1
    squares = PRIOR_COUNT * PRIOR_SPREAD**2 + float(np.sum((np.asarray(scores) - np.mean(scores)) ** 2))
    scale = sqrt(squares / freedom * (1 + 1 / count))
    points = np.linspace(best, top, _STEPS)
    below = stdtr(freedom, (points - np.mean(scores)) / scale)
    return float(np.trapezoid(1 - below**left, points))


def enough(scores: Sequence[float], left: int, gain: float = GAIN) -> bool:
    """Whether the best of `scores` is good enough: `left` more promise less than `gain` points."""
    return left < 1 or len(scores) >= LEAST and expected_gain(scores, left) < gain


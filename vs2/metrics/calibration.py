"""Whether a distribution over the scores means what it says: expected calibration error and Brier score."""
import numpy as np

BINS = 10


def calibration_error(distributions, true, scale, bins: int = BINS) -> float | None:
    """Expected calibration error of the likeliest score (Naeini and others, AAAI 2015); 0 is the best, 1 the worst.

    distributions: [n][k] probabilities of the k values of `scale`; true: n of these values. The n clips fall into
    `bins` of equal width by the probability of their likeliest score; the error is the mean, weighted by clips, of how
    far a bin's mean probability is from its share of hits. None for no clips.
    """
    p = np.asarray(distributions, float)
    if not len(p):
        return None
    sure = p.max(1)
    right = np.asarray(scale)[p.argmax(1)] == np.asarray(true)
    at = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = [abs(sure[at == one].sum() - right[at == one].sum()) for one in range(bins)]
    return float(sum(gaps) / len(p))


def brier(distributions, true, scale) -> float | None:
    """The Brier score (1950): the mean over clips of the sum of (p(s) - [s is true])^2; 0 is the best, 2 the worst.

    Arguments as those of `calibration_error`. None for no clips.
    """
    p = np.asarray(distributions, float)
    if not len(p):
        return None
    seen = np.asarray(true)[:, None] == np.asarray(scale)[None]
    return float(((p - seen) ** 2).sum(1).mean())

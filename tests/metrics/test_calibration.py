"""Calibration by hand and against scikit-learn."""
import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from vs2.metrics.calibration import brier, calibration_error

SCALE = (1, 2, 3, 4, 5)


def test_by_hand():
    spread = [[0.6, 0.4, 0, 0, 0], [0, 0, 0.6, 0.4, 0]]
    assert calibration_error(spread, [1, 4], SCALE) == pytest.approx(0.1)       # 0.6 sure, half right
    assert brier(spread, [1, 4], SCALE) == pytest.approx((0.32 + 0.72) / 2)
    assert calibration_error([[0, 0, 1, 0, 0]], [3], SCALE) == 0 and brier([[0, 0, 1, 0, 0]], [3], SCALE) == 0
    assert calibration_error([[0, 0, 1, 0, 0]], [1], SCALE) == 1 and brier([[0, 0, 1, 0, 0]], [1], SCALE) == 2
    assert calibration_error([], [], SCALE) is None and brier([], [], SCALE) is None


def test_against_scikit_learn():
    chance = np.random.default_rng(0)
    p = chance.dirichlet(np.ones(5), 300)
    true = chance.integers(1, 6, 300)
    assert brier(p, true, SCALE) == pytest.approx(
        brier_score_loss(true, p, labels=[1, 2, 3, 4, 5], scale_by_half=False))
    sure, right = p.max(1), p.argmax(1) + 1 == true
    share, mean = calibration_curve(right, sure, n_bins=10)
    sizes = np.histogram(sure, np.linspace(0, 1, 11))[0]
    assert calibration_error(p, true, SCALE) == pytest.approx((abs(share - mean) * sizes[sizes > 0]).sum() / 300)

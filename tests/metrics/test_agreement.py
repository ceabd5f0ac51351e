"""Metrics against hand-made numbers, scipy's and scikit-learn's."""
import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score, cohen_kappa_score, root_mean_squared_error

from vs2.metrics import agreement, quadratic_kappa, table
from vs2.metrics.agreement import all_exact, hits, kendall, pearson, rmse, spearman


def test_by_hand():
    got = agreement([1, 2, 3, 4, 5], [1, 3, 3, 2, None])
    assert got["exact"] == 0.4 and got["within_one"] == 0.6


def test_correlations_are_scipys():
    true, soft = [1, 2, 2, 4, 5, 3, 1], [1.2, 1.9, 3.0, 3.9, 4.1, 3.0, 1.2]
    got = agreement(true, [round(s) for s in soft], soft)
    assert got["pearson"] == pytest.approx(stats.pearsonr(true, soft).statistic)
    assert got["spearman"] == pytest.approx(stats.spearmanr(true, soft).statistic)


def test_what_is_not_defined_is_none():
    got = agreement([1, 2, 3], [3, 3, 3])
    assert got["pearson"] is None and got["spearman"] is None
    assert agreement([4], [None])["pearson"] is None
    assert "| x | 0.000 | 0.667 | - | - |" in table({"x": agreement([1, 2, 4], [3, 3, 3])})


def test_an_unread_score_is_a_miss_and_no_score():
    assert agreement([5, 5], [None, 5])["exact"] == 0.5


def test_wrong_lengths_are_refused():
    with pytest.raises(ValueError):
        agreement([1], [1, 2])
    with pytest.raises(ValueError):
        agreement([], [])


def test_against_scipy_and_scikit_learn():
    chance = np.random.default_rng(4)
    true, digits = chance.integers(1, 6, 200), chance.integers(1, 6, 200)
    soft = digits + chance.normal(size=200)
    assert pearson(true, soft) == pytest.approx(stats.pearsonr(true, soft).statistic)
    assert spearman(true, digits) == pytest.approx(stats.spearmanr(true, digits).statistic)
    assert kendall(true, digits) == pytest.approx(stats.kendalltau(true, digits).statistic)
    assert quadratic_kappa(true, digits) == pytest.approx(cohen_kappa_score(true, digits, weights="quadratic"))
    assert rmse(true, soft) == pytest.approx(root_mean_squared_error(true, soft))
    assert hits(true, digits)[0].mean() == pytest.approx(accuracy_score(true, digits))


def test_kendalls_tau_b_by_hand():
    # 6 pairs: 4 in the same order, 1 in the other, 1 tied in the second: 3 / sqrt(6 * 5)
    assert kendall([1, 2, 3, 4], [1, 3, 2, 3]) == pytest.approx(3 / 30 ** 0.5)
    assert kendall([1, 1], [2, 3]) is None and kendall([1], [2]) is None and rmse([], []) is None


def test_a_mean_of_raters_is_hit_by_the_nearer_digit_and_by_none_halfway():
    exact, near = hits([4.3333, 4.5, 2.0, 3.0], [4, 4, 4, None])
    assert exact.tolist() == [True, False, False, False] and near.tolist() == [True, True, False, False]


def test_all_three_at_once():
    assert all_exact([[1, 2, 3], [1, 2, 3], [1, 2, 3]], [[1, 2, 3], [1, 2, 4], [1, None, 3]]).tolist() == [
        True, False, False]

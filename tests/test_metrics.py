"""Metrics against hand-made numbers and scipy's."""
import pytest
from scipy import stats

from vs2.metrics import agreement, table


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

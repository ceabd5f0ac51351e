"""Intervals: their coverage where the truth is known, whole groups drawn together, and what has none."""
import numpy as np
import pytest

from vs2.metrics import bootstrap
from vs2.metrics.agreement import pearson


def test_an_interval_covers_the_truth_about_as_often_as_it_says():
    chance = np.random.default_rng(1)
    covered = 0
    for _ in range(200):
        hits = chance.random(80) < 0.3
        low, high = bootstrap.share(hits, range(80), 300)
        covered += low <= 0.3 <= high
    assert 0.89 <= covered / 200 <= 0.99


def test_clips_of_one_prompt_are_drawn_together():
    hits = np.repeat(np.arange(20) % 2, 10)
    alone, together = (bootstrap.share(hits, groups) for groups in (range(200), np.repeat(np.arange(20), 10)))
    assert together[1] - together[0] > 2 * (alone[1] - alone[0])
    assert bootstrap.share(hits, ["one"] * 200) is None


def test_any_metric_has_an_interval_that_holds_it():
    chance = np.random.default_rng(2)
    a = chance.normal(size=100)
    b = a + chance.normal(size=100)
    found = bootstrap.intervals(lambda at: {"r": pearson(a[at], b[at]), "never": None}, range(100), 200)
    assert found["r"][0] < pearson(a, b) < found["r"][1] and found["never"] is None
    assert bootstrap.intervals(lambda at: {"r": 1.0}, ["x"] * 100) == {}
    ones = bootstrap.intervals(lambda at: {"mean": float((a > 0)[at].mean())}, range(100), 500)["mean"]
    assert ones == pytest.approx(bootstrap.share(a > 0, range(100), 2000), abs=0.04)

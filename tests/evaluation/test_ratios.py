"""Sums over sums: by hand, against other programs, and where the answer is known."""

from itertools import product

import numpy as np
import pytest

from emospot.errors import ShapeError, UsageError
from emospot.evaluation.ratios import grouped, ratio, ratio_difference


def test_a_ratio_is_of_sums_not_a_mean_of_ratios():
    found = ratio(np.array([[1.0, 1.0], [0.0, 3.0]]), draws=50)
    assert found.value == 1 / 4
    assert found.low <= found.value <= found.high


def test_the_interval_of_a_mean_is_that_of_the_usual_bootstrap():
    values = np.random.default_rng(0).normal(size=40)
    found = ratio(np.column_stack([values, np.ones(40)]), draws=4000)
    drawn = np.random.default_rng(1).choice(values, (4000, 40)).mean(axis=1)
    assert (found.low, found.high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.03)


def test_p_is_that_of_all_swaps():
    """Against an enumeration of all 2^6 swaps."""
    random = np.random.default_rng(3)
    ours = np.column_stack([random.integers(0, 5, 6), random.integers(5, 9, 6)]).astype(float)
    theirs = np.column_stack([random.integers(0, 5, 6), random.integers(5, 9, 6)]).astype(float)
    observed = ours[:, 0].sum() / ours[:, 1].sum() - theirs[:, 0].sum() / theirs[:, 1].sum()
    extreme = []
    for swaps in product((False, True), repeat=6):
        swap = np.array(swaps)[:, None]
        a, b = np.where(swap, theirs, ours).sum(axis=0), np.where(swap, ours, theirs).sum(axis=0)
        extreme.append(abs(a[0] / a[1] - b[0] / b[1]) >= abs(observed) - 1e-12)
    exact = ratio_difference(ours, theirs, draws=20000)
    assert exact.difference.value == pytest.approx(observed)
    assert exact.p == pytest.approx(np.mean(extreme))  # all swaps
    drawn = ratio_difference(ours, theirs, draws=60)
    assert drawn.p == pytest.approx(np.mean(extreme), abs=0.2)


def test_identical_detectors_and_a_clear_winner():
    sums = np.column_stack([np.arange(12.0), np.full(12, 12.0)])
    same = ratio_difference(sums, sums, draws=500)
    assert (same.difference.value, same.p) == (0.0, 1.0)
    better = np.column_stack([np.full(12, 12.0), np.full(12, 12.0)])
    found = ratio_difference(better, sums, draws=2000)
    assert found.p < 0.005
    assert found.difference.low > 0


def test_p_is_even_where_nothing_differs():
    random = np.random.default_rng(0)
    ps = [
        ratio_difference(
            np.column_stack([random.random(10), np.ones(10)]),
            np.column_stack([random.random(10), np.ones(10)]),
            draws=300,
            seed=n,
        ).p
        for n in range(200)
    ]
    assert np.mean(np.array(ps) < 0.1) == pytest.approx(0.1, abs=0.06)
    assert np.mean(ps) == pytest.approx(0.5, abs=0.07)


def test_wrong_input():
    with pytest.raises(UsageError, match="nothing to compare"):
        ratio(np.zeros((0, 2)))
    with pytest.raises(UsageError, match="nothing to compare"):
        ratio(np.array([[1.0, 0.0]]))
    with pytest.raises(ShapeError, match="expected the same"):
        ratio_difference(np.ones((2, 2)), np.ones((3, 2)))
    with pytest.raises(ShapeError, match="for 1 recordings"):
        grouped(np.ones((2, 2)), ["a"])

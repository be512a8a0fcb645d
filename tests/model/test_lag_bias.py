"""Lag biases against `numpy.interp`, and where they start."""

import numpy as np
import pytest
import torch

from emospot.model.lag_bias import PEAK, LagBias, LagScale

N, H, L, S = 2, 3, 4, 5


@pytest.mark.parametrize(("scale", "spacing"), [(0.25, 0.3), (1.0, 0.3), (0.25, 0.1)])
def test_lag_bias_equals_numpy_interpolation(scale: float, spacing: float) -> None:
    reach = 20.0
    where = LagScale(reach, scale, spacing)
    knots = where.knots
    assert knots % 2 == 1, "the middle knot stands at lag zero"
    torch.manual_seed(0)
    table = torch.randn(N, L, H, knots)
    lags = torch.randn(N, L, S) * 15
    lags[0, 0] = torch.tensor([0.0, 1e4, -1e4, reach, -reach])
    found = where.bias(table, lags)
    places = (np.arange(knots) - knots // 2) * spacing
    for n, h, i in np.ndindex(N, H, L):
        expected = np.interp(np.arcsinh(lags[n, i] / scale), places, table[n, i, h])
        assert np.allclose(found[n, h, i], expected, atol=1e-4)


def test_one_table_serves_all_queries() -> None:
    table, lags = torch.randn(N, 1, H, 9), torch.randn(N, L, S)
    where = LagScale(reach=1.0, scale=0.5)
    every = where.bias(table.expand(-1, L, -1, -1), lags)
    assert torch.equal(where.bias(table, lags), every)


def test_regular_times_give_what_each_sequence_would_get_by_itself() -> None:
    torch.manual_seed(0)
    where = LagScale(reach=5.0, scale=0.25)
    table = torch.randn(N, 1, H, where.knots)
    lags = torch.randn(1, L, S).expand(N, -1, -1)
    found = where.bias(table, lags)
    for n in range(N):
        other = torch.cat([lags[:1] + 1, lags[n : n + 1]])  # not the same lags in all sequences
        alone = where.bias(table[n : n + 1].expand(2, -1, -1, -1), other)
        assert torch.allclose(found[n], alone[1], atol=1e-5)


def test_windows_fall_with_the_lag_each_half_as_fast_as_the_one_before() -> None:
    where = LagScale(reach=30.0, scale=0.25, spacing=0.1)
    windows = where.windows(4)
    middle = where.knots // 2
    assert (windows[:, middle] == 0).all()
    assert (windows[:, :middle].diff(dim=1) >= 0).all()
    assert torch.allclose(windows, windows.flip(1))
    near = windows[:, middle + 3]
    assert torch.allclose(near[:-1], 2 * near[1:], atol=1e-5)


@pytest.mark.parametrize("heads", [1, 2, 5])
@pytest.mark.parametrize(
    ("spacing", "farthest"), [(0.02, 2.0), (0.1, 2.0), (0.3, 5.0), (0.3, 30.0)]
)
def test_each_head_starts_at_a_lag_of_its_own(heads: int, spacing: float, farthest: float) -> None:
    where = LagScale(reach=30.0, scale=0.25, spacing=spacing)
    peaks = where.peaks(heads, farthest)
    assert peaks.shape == (heads, where.knots)
    expected = torch.linspace(-farthest, farthest, heads) if heads > 1 else torch.zeros(1)
    best = torch.asinh(where.lags[peaks.argmax(dim=1)] / 0.25)
    assert torch.allclose(best, torch.asinh(expected / 0.25), atol=0.51 * spacing + 0.02)
    assert (peaks.max(dim=1).values >= 0.49 * PEAK).all()
    assert peaks.max() <= PEAK
    assert (peaks.min(dim=1).values == 0).all()


def test_a_bias_that_starts_alike_is_zero_everywhere() -> None:
    where = LagScale(reach=30.0, scale=0.25)
    times = torch.rand(N, L).cumsum(dim=1)
    assert (LagBias(H, where)(times) == 0).all()
    assert (LagBias(H, where, windows=True)(times) <= 0).all()
    assert (LagBias(H, where, windows=True)(times)[:, :, 0, 0] == 0).all()

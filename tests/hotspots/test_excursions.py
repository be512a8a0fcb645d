"""Short peaks vanish, long ones keep their shape, apexes have their slopes."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.ndimage import grey_opening

from emospot.hotspots.excursions import excursions, opened, unbroken


def regular(count: int, step: float = 0.1) -> np.ndarray:
    starts = np.arange(count) * step
    return np.column_stack([starts, starts + step])


@pytest.mark.parametrize("frames", [1, 2, 4, 7])
def test_opening_equals_scipy_on_regular_frames(frames: int) -> None:
    signal = np.random.default_rng(frames).random(60)
    ours = opened(signal, regular(60), 0.1 * frames)
    reference = grey_opening(signal, size=frames)
    # At the borders scipy mirrors the signal, which we do not know.
    inner = slice(frames, -frames)
    assert ours[inner] == pytest.approx(reference[inner])


def test_opening_counts_seconds_not_frames() -> None:
    times = np.array([(0.0, 0.05), (0.05, 0.1), (0.1, 0.15), (0.15, 0.5), (0.5, 1.0), (1.0, 1.1)])
    signal = np.array([1.0, 2.0, 3.0, 0.5, 4.0, 9.0])
    # Three frames of 0.05 s hold nothing for 0.4 s; the one frame of 0.5 s does.
    assert opened(signal, times, 0.4) == pytest.approx([0.5, 0.5, 0.5, 0.5, 4.0, 4.0])


def test_opening_on_irregular_frames_equals_a_fine_grid() -> None:
    rng = np.random.default_rng(5)
    edges = np.concatenate([[0], np.cumsum(rng.integers(2, 30, 40))])  # hundredths
    times = np.column_stack([edges[:-1], edges[1:]]) / 100
    signal = rng.random(40)
    fine = grey_opening(np.repeat(signal, np.diff(edges)), size=41, mode="constant", cval=0.0)
    on_frames = [fine[a:b].max() for a, b in pairwise(edges)]
    assert opened(signal, times, 0.41)[4:-4] == pytest.approx(on_frames[4:-4])


def test_opening_treats_columns_apart() -> None:
    two = np.random.default_rng(0).random((30, 2))
    both = opened(two, regular(30), 0.3)
    for k in range(2):
        assert both[:, k] == pytest.approx(opened(two[:, k], regular(30), 0.3))


def test_a_recording_shorter_than_the_window_holds_nothing() -> None:
    assert not opened(np.ones(3), regular(3), 0.4).any()


def test_excursions_of_two_bumps() -> None:
    signal = np.array([0, 1, 3, 5, 3, 1, 0, 0, 2, 4, 2, 0], float)
    first, second = excursions(signal, np.full(12, 1.5), edge=0.3)
    assert (first.first, first.apex, first.last, first.strength) == (2, 3, 4, 5.0)
    assert (second.first, second.apex, second.last, second.strength) == (8, 9, 10, 4.0)


def test_bumps_that_are_not_left_between_are_one() -> None:
    signal = np.array([0, 4, 5, 2, 2, 4, 0], float)
    [found] = excursions(signal, np.full(7, 3.0), edge=0.3)
    assert (found.first, found.last, found.apex) == (1, 5, 2)


def test_overlapping_slopes_are_united_around_the_stronger_apex() -> None:
    # The small bump's edges (0.6) reach into the great one, whose own (3) do not.
    signal = np.array([0, 10, 10, 2, 1, 2, 0.7, 0], float)
    [found] = excursions(signal, np.full(8, 1.5), edge=0.3)
    assert (found.first, found.last, found.apex, found.strength) == (1, 6, 1, 10.0)


def test_nothing_over_the_threshold_or_nothing_at_all() -> None:
    assert excursions(np.ones(5), np.full(5, 1.0), edge=0.3) == []
    assert excursions(np.zeros(0), np.zeros(0), edge=0.3) == []


def test_an_excursion_may_reach_both_ends() -> None:
    [found] = excursions(np.full(4, 2.0), np.full(4, 1.0), edge=0.3)
    assert (found.first, found.last) == (0, 3)


def test_unbroken() -> None:
    times = np.array([(0, 0.1), (0.1, 0.2), (0.65, 0.7), (1.3, 1.4), (1.4, 1.5)])
    assert unbroken(times, 0.5) == [slice(0, 3), slice(3, 5)]
    assert unbroken(times[:1], 0.5) == [slice(0, 1)]

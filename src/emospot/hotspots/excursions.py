"""Excursions: where a signal leaves its baseline, holds, and comes back.

Times may be irregular (dropped frames, variable frame rate), so every window is
in seconds. Three steps, each a pure function: `unbroken` cuts the frames where
nothing was seen, `opened` removes peaks that are too short to be meant, and
`excursions` finds the apexes with their onsets and offsets.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Excursion:
    """A stretch of a signal around its apex.

    Args:
        first: index of its first frame.
        last: index of its last frame.
        apex: index of the frame where it is strongest.
        strength: the signal there.
    """

    first: int
    last: int
    apex: int
    strength: float


def opened(
    signal: NDArray[np.float64], times: NDArray[np.float64], window: float
) -> NDArray[np.float64]:
    """Remove all peaks shorter than the window: morphological opening in seconds.

    Args:
        signal: shape (T,) or (T, k), each column by itself, at least 0.
        times: start and end of the frames in seconds, any spacing, shape (T, 2).
        window: seconds.

    Returns:
        The signal at the level that each moment's best window holds throughout;
        0 where no window fits.

    >>> times = np.array([(t, t + 0.1) for t in (0.0, 0.1, 0.2, 0.3, 0.4)])
    >>> opened(np.array([0.0, 2.0, 3.0, 0.0, 9.0]), times, window=0.2)
    array([0., 2., 2., 0., 0.])
    """
    # Times are sums of floats: a window of exactly its length must fit. A window
    # is shortest, in frames, where it begins with a frame or ends with one.
    starts, ends = times[:, 0], times[:, 1]
    shortest = window - 1e-6
    frames = np.arange(len(signal))
    lasts = np.searchsorted(ends, starts + shortest)
    firsts = np.searchsorted(starts, ends - shortest, side="right") - 1
    result = np.zeros_like(signal)
    for first, last in [*zip(frames, lasts, strict=True), *zip(firsts, frames, strict=True)]:
        if first < 0 or last == len(signal):
            continue
        inside = slice(first, last + 1)
        result[inside] = np.maximum(result[inside], signal[inside].min(0))
    return result


def excursions(
    signal: NDArray[np.float64], threshold: NDArray[np.float64], edge: float
) -> list[Excursion]:
    """Where a signal rises over its threshold, with the slopes to both sides.

    Args:
        signal: shape (T,).
        threshold: shape (T,), greater than 0.
        edge: share of the apex at which onset and offset lie.

    Returns:
        In order; two rises between which the signal stays above the edges are one.

    >>> signal = np.array([0.0, 0.2, 0.5, 1.0, 0.6, 0.2, 0.0])
    >>> excursions(signal, np.full(7, 0.7), edge=0.3)
    [Excursion(first=2, last=4, apex=3, strength=1.0)]
    """
    found = []
    left = np.where(signal > threshold, signal, 0.0)
    while (strength := float(left.max(initial=0.0))) > 0.0:
        apex = int(left.argmax())
        below = np.flatnonzero(signal < edge * strength)
        earlier, later = below[below < apex], below[below > apex]
        first = int(earlier[-1]) + 1 if len(earlier) else 0
        last = int(later[0]) - 1 if len(later) else len(signal) - 1
        found.append(Excursion(first, last, apex, strength))
        left[first : last + 1] = 0.0
    return _united(sorted(found, key=lambda excursion: excursion.first))


def _united(found: list[Excursion]) -> list[Excursion]:
    """Excursions that overlap, as one around the stronger apex."""
    united: list[Excursion] = []
    for later in found:
        if not united or later.first > united[-1].last:
            united.append(later)
            continue
        earlier = united.pop()
        apex = max(earlier, later, key=lambda excursion: excursion.strength)
        last = max(earlier.last, later.last)
        united.append(Excursion(earlier.first, last, apex.apex, apex.strength))
    return united


def unbroken(times: NDArray[np.float64], longest_gap: float) -> list[slice]:
    """The stretches of frames between which no gap is longer than given.

    Args:
        times: start and end of the frames in seconds, shape (T ≥ 1, 2).
        longest_gap: seconds.

    >>> unbroken(np.array([[0.0, 0.1], [0.1, 0.2], [2.0, 2.1]]), longest_gap=0.5)
    [slice(0, 2, None), slice(2, 3, None)]
    """
    breaks = np.flatnonzero(times[1:, 0] - times[:-1, 1] > longest_gap) + 1
    edges = [0, *(int(b) for b in breaks), len(times)]
    return [slice(a, b) for a, b in itertools.pairwise(edges)]

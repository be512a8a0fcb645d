"""Figures that are a sum over recordings divided by a sum, and the difference of two.

F1 over all recordings is 2 · Σ right / Σ (found + marked), a mean over utterances
Σ values / Σ utterances: of the form

    M = Σ_r a_r / Σ_r b_r

Recordings of one group (one actor, one dialogue) depend on each other, so the groups
are drawn and swapped: the bootstrap draws as many groups as there are, with
replacement; the test swaps both detectors' sums of a group with probability 1/2 and
counts how often the difference gets as large as the observed one, as in
`evaluation.significance`: over all 2^G swaps where these are no more than the draws,
else p = (1 + #{|T_k| ≥ |T|}) / (K + 1); two-sided.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emospot.errors import ShapeError, UsageError
from emospot.evaluation.significance import Interval, quantile_interval, swaps

DRAWS = 10_000
LEVEL = 0.95
_ROUNDING = 1e-12
_CHUNK = 500  # draws at once


@dataclass(frozen=True, slots=True)
class RatioDifference:
    """How much greater one figure is than another.

    Args:
        difference: as observed, with its interval.
        p: of no difference.
    """

    difference: Interval
    p: float


def grouped(sums: NDArray[np.float64], groups: Sequence[str]) -> NDArray[np.float64]:
    """The sums of each group.

    Args:
        sums: numerator and denominator of each recording, shape (R, 2).
        groups: of each recording.

    Returns:
        Shape (G, 2), in the order of first appearance.

    Raises:
        ShapeError: if there is not one pair of sums a recording.

    >>> grouped(np.array([[1.0, 2.0], [0.0, 1.0], [1.0, 1.0]]), ["a", "b", "a"]).tolist()
    [[2.0, 3.0], [0.0, 1.0]]
    """
    if sums.shape != (len(groups), 2):
        raise ShapeError(
            f"sums of shape {sums.shape} for {len(groups)} recordings: expected R × 2"
        )
    names = {name: place for place, name in enumerate(dict.fromkeys(groups))}
    total = np.zeros((len(names), 2))
    np.add.at(total, [names[name] for name in groups], sums)
    return total


def ratio(sums: NDArray[np.float64], *, draws: int = DRAWS, seed: int = 0) -> Interval:
    """The figure with its bootstrap interval over groups.

    Args:
        sums: of each group, shape (G, 2).
        draws: of the bootstrap.
        seed: of the draws.

    Raises:
        UsageError: if there is no group, or nothing in the denominators.
    """
    observed, drawn = _bootstrap(sums[None], draws, seed)
    return quantile_interval(float(observed[0]), drawn[0][np.isfinite(drawn[0])], LEVEL)


def ratio_difference(
    ours: NDArray[np.float64], theirs: NDArray[np.float64], *, draws: int = DRAWS, seed: int = 0
) -> RatioDifference:
    """How much greater our figure is than theirs over the same groups.

    Args:
        ours: sums of each group, shape (G, 2).
        theirs: the same of the other detector, in the same order.
        draws: of the bootstrap and of the permutation.
        seed: of the draws.

    Raises:
        ShapeError: if they are not over the same number of groups.
        UsageError: as `ratio`.
    """
    if ours.shape != theirs.shape:
        raise ShapeError(f"sums of shape {ours.shape} against {theirs.shape}: expected the same")
    both = np.stack([ours, theirs])
    observed, drawn = _bootstrap(both, draws, seed)
    difference = float(observed[0] - observed[1])
    spread = drawn[0] - drawn[1]
    interval = quantile_interval(difference, spread[np.isfinite(spread)], LEVEL)
    return RatioDifference(interval, _p(ours, theirs, difference, draws, seed))


def _p(
    ours: NDArray[np.float64],
    theirs: NDArray[np.float64],
    difference: float,
    draws: int,
    seed: int,
) -> float:
    """Share of the swaps that give as great a difference."""
    exact = 2 ** len(ours) <= draws
    total = (ours + theirs).sum(axis=0)
    extreme = count = 0
    for chosen in swaps(len(ours), draws, exact=exact, chunk=_CHUNK, seed=seed):
        first = ours.sum(axis=0) + chosen.astype(np.float64) @ (theirs - ours)
        second = total - first
        with np.errstate(invalid="ignore", divide="ignore"):
            found = first[:, 0] / first[:, 1] - second[:, 0] / second[:, 1]
        extreme += int((np.abs(found) >= abs(difference) - _ROUNDING).sum())
        count += len(chosen)
    return extreme / count if exact else (1 + extreme) / (1 + count)


def _bootstrap(
    sums: NDArray[np.float64], draws: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Observed figures, shape (k,), and those of the draws, (k, draws), of sums (k, G, 2)."""
    count = sums.shape[1]
    if count == 0 or not (sums[..., 1].sum(axis=1) > 0).all():
        raise UsageError("there is nothing to compare: no recording holds a marked moment")
    random = np.random.default_rng(seed)
    even = np.full(count, 1 / count)
    sizes = [min(_CHUNK, draws - first) for first in range(0, draws, _CHUNK)]
    parts = [np.einsum("dg,kgs->kds", random.multinomial(count, even, n), sums) for n in sizes]
    drawn = np.concatenate(parts, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        totals = sums.sum(axis=1)
        return totals[:, 0] / totals[:, 1], drawn[..., 0] / drawn[..., 1]

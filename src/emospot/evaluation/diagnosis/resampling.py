"""Figures of sums over dialogues, and what they could have been with other dialogues.

Utterances of a dialogue depend on each other, so dialogues are the unit, as in
`evaluation.significance`. Two ways to an interval:

*Bootstrap.* D dialogues are drawn with replacement from the D there are; the figure is
computed from the sums of those drawn; the quantiles are the limits.

*Difference of two means.* The mean error inside a group of utterances less that of all
others, ē_in − ē_out, has the influence of dialogue d

    φ_d = Σ_{i ∈ d, in} (e_i − ē_in) / n_in − Σ_{i ∈ d, out} (e_i − ē_out) / n_out

and the standard error √(D / (D − 1) · Σ_d φ_d²) (Liang and Zeger, 1986). It is referred to
Student's t with as many degrees of freedom as the smaller side has dialogues, less one: a
group that lives in few dialogues is not taken for many.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emospot.errors import ShapeError
from emospot.evaluation.significance import Interval, quantile_interval

DRAWS = 2000
LEVEL = 0.95
_CHUNK_NUMBERS = 2_000_000

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MeanDifference:
    """How much greater a mean is inside a group than outside.

    Args:
        difference: inside less outside, with its interval.
        p: of no difference, two-sided, not corrected.
    """

    difference: Interval
    p: float


def places(names: Sequence[str]) -> NDArray[np.int64]:
    """The number of each name by first appearance, shape (N,).

    >>> places(["b", "a", "b"]).tolist()
    [0, 1, 0]
    """
    known = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return np.array([known[name] for name in names], dtype=np.int64)


def bootstrap(
    sums: Floats, figure: Callable[[Floats], Floats], *, draws: int = DRAWS, seed: int = 0
) -> Interval:
    """A figure of summed sums with its bootstrap interval over dialogues.

    Args:
        sums: of each dialogue, shape (D ≥ 1, F).
        figure: from sums (..., F) to the figure (...).
        draws: number of resamples.
        seed: of the draws.

    >>> mean = bootstrap(np.array([[1.0, 2.0], [3.0, 2.0]]), lambda s: s[..., 0] / s[..., 1])
    >>> mean.value, mean.low, mean.high
    (1.0, 0.5, 1.5)
    """
    random = np.random.default_rng(seed)
    D, F = sums.shape
    even = np.full(D, 1 / D)
    chunk = max(1, _CHUNK_NUMBERS // (D + F))
    sizes = [min(chunk, draws - first) for first in range(0, draws, chunk)]
    drawn = np.concatenate([figure(random.multinomial(D, even, size=n) @ sums) for n in sizes])
    return quantile_interval(float(figure(sums.sum(axis=0))), drawn, LEVEL)


def mean_interval(
    values: Floats,
    dialogues: NDArray[np.int64],
    *,
    least: float = -np.inf,
    greatest: float = np.inf,
) -> Interval:
    """The mean of values with its interval by the influence of dialogues.

    Args:
        values: shape (N ≥ 1,).
        dialogues: number of the dialogue of each, shape (N,).
        least: that a mean can be.
        greatest: that a mean can be.

    Returns:
        An interval without width where all lie in one dialogue.
    """
    mean, count = float(values.mean()), len(np.unique(dialogues))
    if count < 2:
        return Interval(mean, mean, mean, LEVEL)
    found = _around(mean, _standard_error((values - mean) / len(values), dialogues), count - 1)
    return Interval(mean, max(least, found.low), min(greatest, found.high), LEVEL)


def mean_difference(
    values: Floats, inside: NDArray[np.bool_], dialogues: NDArray[np.int64]
) -> MeanDifference:
    """How much greater the mean is inside a group than outside.

    Args:
        values: shape (N,).
        inside: who belongs to the group, shape (N,).
        dialogues: number of the dialogue of each, shape (N,).

    Raises:
        ShapeError: if either side lies in fewer than two dialogues.

    >>> values, inside = np.array([1.0, 1.0, 0.0, 0.0, 1.0, 0.0]), np.array([True, False] * 3)
    >>> found = mean_difference(values, inside, np.array([0, 0, 1, 1, 2, 2]))
    >>> round(found.difference.value, 3), round(found.p, 3)
    (0.333, 0.423)
    """
    from scipy.stats import t

    counts = [len(np.unique(dialogues[side])) for side in (inside, ~inside)]
    if min(counts) < 2:
        raise ShapeError(f"a difference needs two dialogues on both sides, found {counts}")
    means = [float(values[side].mean()) for side in (inside, ~inside)]
    influence = np.where(
        inside,
        (values - means[0]) / inside.sum(),
        (means[1] - values) / (~inside).sum(),
    )
    error, freedom = _standard_error(influence, dialogues), min(counts) - 1
    interval = _around(means[0] - means[1], error, freedom)
    if error == 0:
        return MeanDifference(interval, float(interval.value == 0))
    return MeanDifference(interval, float(2 * t.sf(abs(interval.value) / error, freedom)))


def _standard_error(influence: Floats, dialogues: NDArray[np.int64]) -> float:
    """√(D / (D − 1) Σ φ_d²) of the influences of utterances in D ≥ 2 dialogues."""
    of_dialogue = np.bincount(dialogues, influence)
    D = len(np.unique(dialogues))
    return float(np.sqrt(D / (D - 1) * (of_dialogue**2).sum()))


def _around(value: float, error: float, freedom: int) -> Interval:
    from scipy.stats import t

    reach = float(t.ppf((1 + LEVEL) / 2, freedom)) * error
    return Interval(value, value - reach, value + reach, LEVEL)

"""Reliability: is the model right as often as it says?

The expected calibration error (ECE, `evaluation.calibration`) is the mean gap between
confidence and accuracy over 15 bins. It is above 0 by chance alone, the more so the fewer
utterances there are, so beside it stands what a perfectly calibrated model of the same
confidences would show: each answer right with the probability of its confidence
(consistency resampling, Bröcker and Smith, 2007), its mean and 95 % limit. This takes the
answers as independent; the interval of the error and that of the signed gap (mean
confidence less accuracy) draw whole dialogues.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emospot.evaluation.diagnosis.resampling import DRAWS, LEVEL, Floats, bootstrap, places
from emospot.evaluation.significance import Interval

BINS = 15


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The answers of similar confidence.

    Args:
        low: least confidence.
        high: greatest.
        utterances: answers in the bin.
        confidence: their mean confidence.
        accuracy: share of right ones, with its interval.
    """

    low: float
    high: float
    utterances: int
    confidence: float
    accuracy: Interval


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far confidence can be believed.

    Args:
        error: expected calibration error, with its interval.
        expected: its mean, were the model perfectly calibrated.
        limit: under that assumption it exceeds this in one split of twenty.
        gap: mean confidence less accuracy, with its interval; above 0: too sure.
        bins: those with any answer, from the least confidence up.
    """

    error: Interval
    expected: float
    limit: float
    gap: Interval
    bins: tuple[ReliabilityBin, ...]


def reliability(
    confidence: NDArray[np.floating],
    correct: NDArray[np.bool_],
    dialogues: Sequence[str],
    *,
    seed: int = 0,
) -> Reliability:
    """Hold confidence against accuracy.

    Args:
        confidence: probability of each answer, shape (N ≥ 1,).
        correct: whether it is right, shape (N,).
        dialogues: whose it is, N.
        seed: of the draws.
    """
    sure = confidence.astype(np.float64)
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    sums = _sums(sure, correct, bins, places(dialogues))
    chance = _chance(sure, bins, seed)
    found = []
    for index in np.unique(bins):
        own = sums[:, index]
        accuracy = bootstrap(own[own[:, 0] > 0], lambda s: s[..., 2] / s[..., 0], seed=seed)
        mean = float(sure[bins == index].mean())
        count = int((bins == index).sum())
        found.append(ReliabilityBin(index / BINS, (index + 1) / BINS, count, mean, accuracy))
    return Reliability(
        bootstrap(sums.reshape(len(sums), -1), _error, seed=seed),
        expected=float(chance.mean()),
        limit=float(np.quantile(chance, LEVEL)),
        gap=bootstrap(sums.sum(axis=1), lambda s: (s[..., 1] - s[..., 2]) / s[..., 0], seed=seed),
        bins=tuple(found),
    )


def _sums(
    sure: Floats, correct: NDArray[np.bool_], bins: NDArray[np.int64], dialogues: NDArray[np.int64]
) -> Floats:
    """Count, confidence and right answers of each dialogue and bin, shape (D, bins, 3)."""
    sums = np.zeros((int(dialogues.max()) + 1, BINS, 3))
    terms = np.stack([np.ones_like(sure), sure, correct.astype(np.float64)], axis=-1)
    np.add.at(sums, (dialogues, bins), terms)
    return sums


def _chance(sure: Floats, bins: NDArray[np.int64], seed: int) -> Floats:
    """The errors of splits in which every answer is right as often as its confidence says."""
    random = np.random.default_rng(seed)
    inside = np.eye(BINS)[bins]
    said, found = sure @ inside, []
    for _ in range(DRAWS):
        right = (random.random(len(sure)) < sure) @ inside
        found.append(np.abs(said - right).sum() / len(sure))
    return np.array(found)


def _error(sums: Floats) -> Floats:
    """The calibration error of sums (..., bins · 3)."""
    own = sums.reshape(*sums.shape[:-1], BINS, 3)
    gap = np.abs(own[..., 1] - own[..., 2]).sum(axis=-1)
    return np.asarray(gap / own[..., 0].sum(axis=-1))

"""Scores of numbers: sentiment from -3 to 3, or valence, activation and dominance.

For any number: the mean absolute error, Pearson's correlation r and Lin's
concordance correlation

    ccc = 2 cov(t, p) / (var t + var p + (mean t - mean p)²)

which, unlike r, also falls where the predictions are shifted or squeezed. Each
correlation is 0 where it is not defined (no spread, or one utterance).

Sentiment from -3 (strongly negative) to 3 is also scored as classes, as
published with MMSA (Mao et al., 2022):

- Acc-7 and Acc-5: truth and prediction are clipped to ±3 (±2) and rounded, halves
  to the even neighbour; the share that agrees.
- Acc-2 and F1 are published in two ways that give different figures. *Negative /
  non-negative* asks of every utterance whether it is ≥ 0. *Negative / positive*
  leaves out the utterances whose truth is 0 and asks whether it is > 0. F1 is the
  mean of both classes' F1 weighted by their true counts.
"""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from emospot.errors import ShapeError
from emospot.evaluation.classification import f1_of_counts


@dataclass(frozen=True, slots=True)
class NumberScores:
    """What predicted numbers are worth.

    Args:
        mae: mean absolute error, in the units of the number; smaller is better.
        correlation: Pearson's r.
        concordance: Lin's concordance correlation.
        support: number of utterances.
    """

    mae: float
    correlation: float
    concordance: float
    support: int

    def metrics(self) -> dict[str, float]:
        """Metric → value."""
        plain: dict[str, float] = asdict(self)
        return {name: value for name, value in plain.items() if name != "support"}


@dataclass(frozen=True, slots=True)
class IntensityScores(NumberScores):
    """What predicted sentiments from -3 to 3 are worth.

    Args:
        acc7: accuracy over the seven rounded classes.
        acc5: accuracy over five, the outer ones joined.
        acc2_negative_nonnegative: accuracy of "at least 0", over all utterances.
        f1_negative_nonnegative: weighted F1 of the same.
        acc2_negative_positive: accuracy of "above 0" over the utterances whose
            truth is not 0; 0 where there is none.
        f1_negative_positive: weighted F1 of the same.
    """

    acc7: float
    acc5: float
    acc2_negative_nonnegative: float
    f1_negative_nonnegative: float
    acc2_negative_positive: float
    f1_negative_positive: float


def number_scores(true: NDArray[np.floating], predicted: NDArray[np.floating]) -> NumberScores:
    """Score predicted numbers.

    Args:
        true: shape (N,), N ≥ 1.
        predicted: shape (N,).

    Raises:
        ShapeError: if the shapes differ or N is 0.

    >>> scores = number_scores(np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0]))
    >>> scores.mae, round(scores.correlation, 3), round(scores.concordance, 3)
    (1.0, 1.0, 0.571)
    """
    if true.shape != predicted.shape or true.ndim != 1 or len(true) == 0:
        raise ShapeError(
            "scores need as many predictions as true numbers and at least one, found "
            f"{predicted.shape} and {true.shape}"
        )
    t, p = true.astype(np.float64), predicted.astype(np.float64)
    # Compared exactly: a constant's computed variance need not be 0.
    t_varies, p_varies = np.ptp(t) > 0, np.ptp(p) > 0
    covariance = float(((t - t.mean()) * (p - p.mean())).mean())
    spread = float(np.sqrt(t.var() * p.var()))
    distance = float(t.var() + p.var() + (t.mean() - p.mean()) ** 2)
    return NumberScores(
        mae=float(np.abs(t - p).mean()),
        correlation=covariance / spread if t_varies and p_varies else 0.0,
        concordance=2 * covariance / distance if t_varies and p_varies else 0.0,
        support=len(t),
    )


def intensity_scores(
    true: NDArray[np.floating], predicted: NDArray[np.floating]
) -> IntensityScores:
    """Score predicted sentiments.

    Args:
        true: from -3 to 3, shape (N,), N ≥ 1.
        predicted: any numbers, shape (N,).

    Raises:
        ShapeError: if the shapes differ or N is 0.

    >>> scores = intensity_scores(np.array([-1.0, 0.0, 2.0]), np.array([-0.6, 0.2, 0.4]))
    >>> round(scores.acc7, 2), scores.acc2_negative_nonnegative, scores.acc2_negative_positive
    (0.67, 1.0, 1.0)
    """
    basis = number_scores(true, predicted)
    from_zero = _two_classes(true >= 0, predicted >= 0)
    decided = true != 0
    above_zero = _two_classes(true[decided] > 0, predicted[decided] > 0)
    return IntensityScores(
        mae=basis.mae,
        correlation=basis.correlation,
        concordance=basis.concordance,
        support=basis.support,
        acc7=_rounded_accuracy(true, predicted, 3.0),
        acc5=_rounded_accuracy(true, predicted, 2.0),
        acc2_negative_nonnegative=from_zero[0],
        f1_negative_nonnegative=from_zero[1],
        acc2_negative_positive=above_zero[0],
        f1_negative_positive=above_zero[1],
    )


def _rounded_accuracy(
    true: NDArray[np.floating], predicted: NDArray[np.floating], limit: float
) -> float:
    classes = [np.round(np.clip(values, -limit, limit)) for values in (true, predicted)]
    return float((classes[0] == classes[1]).mean())


def _two_classes(true: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> tuple[float, float]:
    """Accuracy and weighted F1; zeros where there is nothing to score."""
    if len(true) == 0:
        return 0.0, 0.0
    hits = np.array([(~true & ~predicted).sum(), (true & predicted).sum()])
    support = np.array([(~true).sum(), true.sum()])
    claimed = np.array([(~predicted).sum(), predicted.sum()])
    f1 = f1_of_counts(hits, claimed, support)
    return float(hits.sum() / len(true)), float((f1 * support).sum() / len(true))

"""Scores of single-label emotion recognition, as the field reports them.

Weighted F1 (w-F1) is the mean of the classes' F1 weighted by their true counts;
macro F1 weighs all classes alike; UAR is the unweighted mean of the recalls.
All are fractions in [0, 1]. A class that is neither predicted nor there has F1 0,
as in scikit-learn with `zero_division=0`, which computes them here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emospot.errors import ShapeError


@dataclass(frozen=True, slots=True)
class ClassificationScores:
    """What a set of predictions is worth.

    Args:
        weighted_f1: w-F1.
        macro_f1: unweighted mean of the classes' F1.
        accuracy: share of right predictions.
        uar: unweighted average recall over the classes that are there.
        f1: class → F1.
        support: class → true count.
        confusion: true class (row) by predicted class (column), counts.
    """

    weighted_f1: float
    macro_f1: float
    accuracy: float
    uar: float
    f1: Mapping[str, float]
    support: Mapping[str, int]
    confusion: tuple[tuple[int, ...], ...]

    def metrics(self) -> dict[str, float]:
        """Metric → value, the F1 of one class as "f1:CLASS"."""
        return {
            "weighted_f1": self.weighted_f1,
            "macro_f1": self.macro_f1,
            "accuracy": self.accuracy,
            "uar": self.uar,
            **{f"f1:{label}": value for label, value in self.f1.items()},
        }


def classification_scores(
    true: NDArray[np.integer], predicted: NDArray[np.integer], labels: Sequence[str]
) -> ClassificationScores:
    """Score predictions.

    Args:
        true: index of the true class, shape (N,), N ≥ 1.
        predicted: index of the predicted class, shape (N,).
        labels: the classes in the order of the indices.

    Raises:
        ShapeError: if the shapes differ or N is 0.

    >>> import numpy as np
    >>> scores = classification_scores(np.array([0, 0, 1]), np.array([0, 1, 1]), ("a", "b"))
    >>> round(scores.accuracy, 3), scores.confusion
    (0.667, ((1, 1), (0, 1)))
    """
    from sklearn.metrics import confusion_matrix, f1_score

    if true.shape != predicted.shape or true.ndim != 1 or len(true) == 0:
        raise ShapeError(
            "scores need as many predictions as true labels and at least one, found "
            f"{predicted.shape} and {true.shape}"
        )
    classes = np.arange(len(labels))
    each = f1_score(true, predicted, labels=classes, average=None, zero_division=0)
    confusion = confusion_matrix(true, predicted, labels=classes)
    support = confusion.sum(axis=1)
    recall = np.diag(confusion)[support > 0] / support[support > 0]
    return ClassificationScores(
        weighted_f1=float((each * support).sum() / support.sum()),
        macro_f1=float(each.mean()),
        accuracy=float((true == predicted).mean()),
        uar=float(recall.mean()),
        f1={label: float(value) for label, value in zip(labels, each, strict=True)},
        support={label: int(n) for label, n in zip(labels, support, strict=True)},
        confusion=tuple(tuple(int(n) for n in row) for row in confusion),
    )


def f1_of_counts(
    hits: NDArray[np.number], claimed: NDArray[np.number], support: NDArray[np.number]
) -> NDArray[np.float64]:
    """F1 = 2 · hits / (claimed + support), 0 where a class is neither claimed nor there.

    Args:
        hits: right predictions of each class, any shape.
        claimed: predictions of each class, same shape.
        support: true count of each class, same shape.

    >>> f1_of_counts(np.array([2, 0]), np.array([2, 0]), np.array([3, 0]))
    array([0.8, 0. ])
    """
    f1: NDArray[np.float64] = 2 * hits / np.maximum(claimed + support, 1)
    return f1

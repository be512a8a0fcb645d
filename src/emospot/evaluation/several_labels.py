"""Scores where any of several labels may apply to an utterance.

Each label is a yes-or-no question of its own. With P utterances that carry the
label and N that do not, the field reports of each label

    accuracy            (TP + TN) / (P + N)
    weighted accuracy   (TP · N / P + TN) / 2N = (TP / P + TN / N) / 2

(Tong et al., 2017), F1 of "yes", and the weighted F1 of both answers. The last is
high for a rare label that is never found, so F1 over the labels stands beside it:
macro, micro, and weighted by how often each label is true.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emospot.errors import ShapeError
from emospot.evaluation.classification import f1_of_counts


@dataclass(frozen=True, slots=True)
class LabelScores:
    """What the answers for one label are worth.

    Args:
        accuracy: share of right answers.
        weighted_accuracy: mean of the recalls of "yes" and of "no"; where one
            of them never applies, the recall of the other.
        f1: of "yes"; 0 where it neither applies nor is answered.
        weighted_f1: of "yes" and "no", weighted by their true counts.
        support: utterances that carry the label.
    """

    accuracy: float
    weighted_accuracy: float
    f1: float
    weighted_f1: float
    support: int


@dataclass(frozen=True, slots=True)
class SeveralLabelsScores:
    """What the answers for all labels are worth.

    Args:
        weighted_f1: mean of the labels' F1 weighted by their true counts.
        macro_f1: unweighted mean of the labels' F1.
        micro_f1: F1 of all answers of all labels taken together.
        mean_weighted_f1: mean over the labels of the weighted F1 of both answers.
        accuracy: mean over the labels.
        weighted_accuracy: mean over the labels.
        each: label → its scores.
    """

    weighted_f1: float
    macro_f1: float
    micro_f1: float
    mean_weighted_f1: float
    accuracy: float
    weighted_accuracy: float
    each: Mapping[str, LabelScores]

    def metrics(self) -> dict[str, float]:
        """Metric → value, those of one label as "f1:LABEL"."""
        totals = {
            "weighted_f1": self.weighted_f1,
            "macro_f1": self.macro_f1,
            "micro_f1": self.micro_f1,
            "mean_weighted_f1": self.mean_weighted_f1,
            "accuracy": self.accuracy,
            "weighted_accuracy": self.weighted_accuracy,
        }
        each = {
            f"{metric}:{label}": float(getattr(scores, metric))
            for label, scores in self.each.items()
            for metric in ("f1", "weighted_f1", "accuracy", "weighted_accuracy")
        }
        return {**totals, **each}


def several_labels_scores(
    true: NDArray[np.bool_], predicted: NDArray[np.bool_], labels: Sequence[str]
) -> SeveralLabelsScores:
    """Score answers.

    Args:
        true: whether each label applies, shape (N, K), N ≥ 1.
        predicted: whether it was answered, shape (N, K).
        labels: the K labels.

    Raises:
        ShapeError: if the shapes do not fit or N is 0.

    >>> true = np.array([[True, False], [True, True]])
    >>> scores = several_labels_scores(true, np.array([[True, False], [False, True]]), "ab")
    >>> round(scores.each["a"].f1, 3), scores.each["a"].weighted_accuracy, scores.accuracy
    (0.667, 0.5, 0.75)
    """
    if true.shape != predicted.shape or true.shape[1:] != (len(labels),) or len(true) == 0:
        raise ShapeError(
            f"scores need answers of shape (N ≥ 1, {len(labels)}), found {predicted.shape} for "
            f"{true.shape} true ones"
        )
    hits = (true & predicted).sum(axis=0)
    claimed, support = predicted.sum(axis=0), true.sum(axis=0)
    count = len(true)
    f1 = f1_of_counts(hits, claimed, support)
    others, other_hits = count - support, count - support - claimed + hits
    other_f1 = f1_of_counts(other_hits, count - claimed, others)
    both_f1 = (f1 * support + other_f1 * others) / count
    accuracy = (hits + other_hits) / count
    recalls = hits / np.maximum(support, 1) + other_hits / np.maximum(others, 1)
    weighted_accuracy = recalls / ((support > 0).astype(int) + (others > 0))
    each = {
        label: LabelScores(
            float(accuracy[k]),
            float(weighted_accuracy[k]),
            float(f1[k]),
            float(both_f1[k]),
            int(support[k]),
        )
        for k, label in enumerate(labels)
    }
    return SeveralLabelsScores(
        weighted_f1=float((f1 * support).sum() / max(1, support.sum())),
        macro_f1=float(f1.mean()),
        micro_f1=float(f1_of_counts(hits.sum(), claimed.sum(), support.sum())),
        mean_weighted_f1=float(both_f1.mean()),
        accuracy=float(accuracy.mean()),
        weighted_accuracy=float(weighted_accuracy.mean()),
        each=each,
    )

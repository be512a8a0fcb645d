"""Which formulas score which kind of task, and by which of them an epoch is chosen."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.emotions import Task
from emospot.evaluation.classification import ClassificationScores, classification_scores
from emospot.evaluation.intensity import (
    IntensityScores,
    NumberScores,
    intensity_scores,
    number_scores,
)
from emospot.evaluation.several_labels import SeveralLabelsScores, several_labels_scores

Scores = ClassificationScores | SeveralLabelsScores | NumberScores | IntensityScores
"""The scores of any task; each has `metrics()`."""


def decided(task: Task, outputs: NDArray[np.floating]) -> NDArray[Any]:
    """What the outputs of a head say.

    Args:
        task: of the head.
        outputs: shape (..., K): logits, or the standardised number.

    Returns:
        "single": index of the label, shape (...); "several": whether each label
        applies (probability above a half), shape (..., K); "number": the number,
        shape (...).

    >>> decided(Task("n", "number", ("n",), center=3.0, scale=2.0), np.array([[0.5]]))
    array([4.])
    """
    if task.kind == "single":
        return np.asarray(outputs.argmax(axis=-1))
    if task.kind == "several":
        return np.asarray(outputs > 0)
    return np.asarray(outputs[..., 0] * task.scale + task.center)


def task_scores(task: Task, true: NDArray[Any], predicted: NDArray[Any]) -> Scores:
    """Score the answers to a task.

    Args:
        task: what was asked.
        true: as `decided` gives it, N ≥ 1 utterances first.
        predicted: same shape.

    Raises:
        ShapeError: if the shapes differ or N is 0.
    """
    if task.kind == "single":
        return classification_scores(true, predicted, task.outputs)
    if task.kind == "several":
        return several_labels_scores(true.astype(bool), predicted.astype(bool), task.outputs)
    return (intensity_scores if task.sentiment else number_scores)(true, predicted)


def output_scores(task: Task, outputs: NDArray[np.floating], values: NDArray[Any]) -> Scores:
    """Score the outputs of a head against what is right.

    Args:
        task: of the head.
        outputs: shape (N, K), N ≥ 1.
        values: as `batch.Target` has them, N first.
    """
    true = values if task.kind == "single" else decided(task, values)
    return task_scores(task, true, decided(task, outputs))


def choice(scores: Scores) -> float:
    """What is maximised on dev: the weighted F1, or the negative mean absolute error."""
    return -scores.mae if isinstance(scores, NumberScores) else scores.weighted_f1

"""Linear layers that are the exact minimum of a convex problem, one kind of task each.

Of a single label a softmax regression, of several labels a logistic regression
each, of a number a ridge regression. All standardise their columns first and give
weights that read the plain ones.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emospot.emotions import Task
from emospot.training.losses import log_odds, log_prior

ITERATIONS = 2000
NEVER = -1e4
"""Logit of a class that training never showed."""

Solution = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Weights (K, width) and biases (K,)."""


def majority_bias(answers: Tensor, task: Task) -> Tensor:
    """What is said of every utterance alike, shape (K,).

    Args:
        answers: of the task, as `batch.Target` has them, N first.
        task: which.

    >>> labels = Task("t", "several", ("joy", "fear"))
    >>> majority_bias(torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0]]), labels).round(decimals=2)
    tensor([ 1.3900, -0.4100])
    """
    if task.kind == "single":
        return log_prior(torch.bincount(answers, minlength=len(task.outputs)).float())
    if task.kind == "several":
        return log_odds(answers.sum(dim=0), len(answers))
    return answers.mean(dim=0)


def linear_solution(
    x: NDArray[np.float64], y: NDArray[np.generic], task: Task, strength: float, *, balanced: bool
) -> Solution:
    """The linear layer of a task.

    Args:
        x: shape (N, width).
        y: answers as `batch.Target` has them, N first.
        task: which.
        strength: C.
        balanced: weight classes (of several labels: presence and absence)
            inversely to how often they occur; not read for a number.
    """
    if task.kind == "single":
        return logistic_solution(x, y, len(task.outputs), strength, balanced=balanced)
    if task.kind == "number":
        return ridge_solution(x, y[:, 0], strength)
    layers = [
        logistic_solution(x, y[:, k].astype(int), 2, strength, balanced=balanced)
        for k in range(len(task.outputs))
    ]
    # Two logits, of absence and presence, are one: their difference.
    weight = np.stack([weight[1] - weight[0] for weight, _ in layers])
    return weight, np.stack([bias[1] - bias[0] for _, bias in layers])


def ridge_solution(x: NDArray[np.float64], y: NDArray[np.generic], strength: float) -> Solution:
    """Weights and bias of a ridge regression, the penalty being 1 / C.

    Args:
        x: shape (N, width).
        y: the number of each row, shape (N,).
        strength: C.
    """
    from sklearn.linear_model import Ridge
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(x)
    regression = Ridge(alpha=1 / strength).fit(scaler.transform(x), y)
    slope, offset = _on_plain_vectors(regression, scaler)
    return slope[None], np.array([offset])


def logistic_solution(
    x: NDArray[np.float64],
    y: NDArray[np.generic],
    classes: int,
    strength: float,
    *,
    balanced: bool,
) -> Solution:
    """Weights and biases of a softmax regression over all classes.

    Args:
        x: shape (N, width).
        y: class of each row, shape (N,).
        classes: how many classes there are; one without rows is never answered.
        strength: C.
        balanced: weight classes inversely to how often they occur.

    Returns:
        Shapes (classes, width) and (classes,).
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    weight = np.zeros((classes, x.shape[1]))
    bias = np.full(classes, NEVER)
    seen = np.unique(y)
    if len(seen) < 2:
        bias[seen] = 0.0
        return weight, bias
    scaler = StandardScaler().fit(x)
    regression = LogisticRegression(
        C=strength, max_iter=ITERATIONS, class_weight="balanced" if balanced else None
    ).fit(scaler.transform(x), y)
    slope, offset = _on_plain_vectors(regression, scaler)
    if len(seen) == 2:
        # One logit for two classes: half of it each way is the same softmax.
        slope, offset = np.concatenate([-slope, slope]) / 2, np.array([-1, 1]) * offset / 2
    weight[seen], bias[seen] = slope, offset
    return weight, bias


def _on_plain_vectors(regression: Any, scaler: Any) -> tuple[Any, Any]:
    """Slope and offset with the scaling moved into them, so that the head reads plain vectors."""
    slope = regression.coef_ / scaler.scale_
    return slope, regression.intercept_ - slope @ scaler.mean_

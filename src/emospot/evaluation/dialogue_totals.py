"""Metrics from sums over dialogues, so that thousands of resamples cost little.

Each metric here is a function of sums over utterances. Summed once a dialogue,
they give the metric of any collection of dialogues by adding and dividing:

    single     for each class: hits, predicted, true counts
    several    the same for each label, and the number of utterances
    number     n, Σ|e|, Σt, Σp, Σt², Σp², Σtp
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from emospot.emotions import Task
from emospot.errors import UsageError
from emospot.evaluation.classification import f1_of_counts
from emospot.evaluation.predictions import Predictions

Totals = NDArray[np.float64]


def dialogue_totals(predictions: Predictions) -> Totals:
    """The sums of each seed and dialogue, shape (S, D, F).

    Dialogues are in the order of `Predictions.dialogue_ids`.
    """
    place = {name: d for d, name in enumerate(predictions.dialogue_ids)}
    index = np.array([place[name] for name in predictions.dialogues])
    terms = _terms(predictions.task, predictions.true, predictions.predicted)
    totals = np.zeros((predictions.seeds, len(place), terms.shape[-1]))
    for seed, of_seed in enumerate(terms):
        np.add.at(totals[seed], index, of_seed)
    return totals


def _terms(task: Task, true: NDArray[np.generic], predicted: NDArray[np.generic]) -> Totals:
    """What each utterance adds to the sums, shape (S, N, F)."""
    if task.kind == "number":
        # Both correlations do not change with a common shift; a small mean keeps digits.
        t = true.astype(np.float64) - task.center
        p = predicted.astype(np.float64) - task.center
        t = np.broadcast_to(t, p.shape)
        return np.stack([np.ones_like(p), np.abs(t - p), t, p, t * t, p * p, t * p], axis=-1)
    if task.kind == "single":
        classes = np.arange(len(task.outputs))
        true, predicted = true[..., None] == classes, predicted[..., None] == classes
    hits = predicted.astype(bool) & true.astype(bool)
    support = np.broadcast_to(true.astype(bool), hits.shape)
    parts = [hits, predicted.astype(bool), support]
    if task.kind == "several":
        parts.append(np.ones((*hits.shape[:-1], 1), dtype=bool))
    return np.concatenate(parts, axis=-1).astype(np.float64)


def metric_of_totals(task: Task, metric: str, totals: Totals) -> Totals:
    """The metric of summed totals.

    Args:
        task: what was asked.
        metric: one of `METRICS[task.kind]`.
        totals: shape (..., F).

    Returns:
        Shape (...).

    Raises:
        UsageError: if there is no such metric for the task.
    """
    formulas = METRICS[task.kind]
    if metric not in formulas:
        raise UsageError(
            f'no metric "{metric}" for the task "{task.name}"; expected one of: '
            f"{', '.join(formulas)}"
        )
    return formulas[metric](totals)


def _thirds(totals: Totals) -> tuple[Totals, Totals, Totals]:
    """Hits, predicted and true counts of each class; the count behind them is left out."""
    classes = totals.shape[-1] // 3
    return (
        totals[..., :classes],
        totals[..., classes : 2 * classes],
        totals[..., 2 * classes : 3 * classes],
    )


def _weighted_f1(totals: Totals) -> Totals:
    hits, claimed, support = _thirds(totals)
    f1 = f1_of_counts(hits, claimed, support)
    return _ratio((f1 * support).sum(axis=-1), support.sum(axis=-1))


def _macro_f1(totals: Totals) -> Totals:
    mean: Totals = f1_of_counts(*_thirds(totals)).mean(axis=-1)
    return mean


def _micro_f1(totals: Totals) -> Totals:
    return f1_of_counts(*(part.sum(axis=-1) for part in _thirds(totals)))


def _accuracy(totals: Totals) -> Totals:
    hits, _, support = _thirds(totals)
    return _ratio(hits.sum(axis=-1), support.sum(axis=-1))


def _uar(totals: Totals) -> Totals:
    hits, _, support = _thirds(totals)
    return _ratio(_ratio(hits, support).sum(axis=-1), (support > 0).sum(axis=-1))


def _label_accuracy(totals: Totals) -> Totals:
    hits, claimed, support = _thirds(totals)
    count = totals[..., -1:]
    mean: Totals = ((count - claimed - support + 2 * hits) / count).mean(axis=-1)
    return mean


def _label_weighted_accuracy(totals: Totals) -> Totals:
    hits, claimed, support = _thirds(totals)
    others = totals[..., -1:] - support
    recalls = _ratio(hits, support) + _ratio(others - claimed + hits, others)
    mean: Totals = (recalls / ((support > 0).astype(int) + (others > 0))).mean(axis=-1)
    return mean


def _mean_weighted_f1(totals: Totals) -> Totals:
    hits, claimed, support = _thirds(totals)
    count = totals[..., -1:]
    others = count - support
    other_f1 = f1_of_counts(others - claimed + hits, count - claimed, others)
    both = (f1_of_counts(hits, claimed, support) * support + other_f1 * others) / count
    mean: Totals = both.mean(axis=-1)
    return mean


def _mae(totals: Totals) -> Totals:
    return _ratio(totals[..., 1], totals[..., 0])


def _moments(totals: Totals) -> tuple[Totals, Totals, Totals, Totals]:
    """Covariance, both variances and the difference of the means."""
    n, _, t, p, tt, pp, tp = np.moveaxis(totals, -1, 0)
    # A computed variance may fall below 0 by rounding.
    t_var, p_var = (np.maximum(square / n - (s / n) ** 2, 0.0) for square, s in ((tt, t), (pp, p)))
    return tp / n - t * p / n**2, t_var, p_var, (t - p) / n


def _correlation(totals: Totals) -> Totals:
    covariance, t_var, p_var, _ = _moments(totals)
    return _ratio(covariance, np.sqrt(t_var * p_var))


def _concordance(totals: Totals) -> Totals:
    covariance, t_var, p_var, shift = _moments(totals)
    return _ratio(2 * covariance, t_var + p_var + shift**2)


def _ratio(above: Totals, below: Totals) -> Totals:
    """Their ratio, 0 where the denominator is 0."""
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


METRICS: dict[str, dict[str, Callable[[Totals], Totals]]] = {
    "single": {
        "weighted_f1": _weighted_f1,
        "macro_f1": _macro_f1,
        "accuracy": _accuracy,
        "uar": _uar,
    },
    "several": {
        "weighted_f1": _weighted_f1,
        "macro_f1": _macro_f1,
        "micro_f1": _micro_f1,
        "mean_weighted_f1": _mean_weighted_f1,
        "accuracy": _label_accuracy,
        "weighted_accuracy": _label_weighted_accuracy,
    },
    "number": {"mae": _mae, "correlation": _correlation, "concordance": _concordance},
}
"""Kind of task → metric → its formula over totals."""

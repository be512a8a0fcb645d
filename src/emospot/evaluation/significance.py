"""Is one model better than another, or was it the draw of dialogues and seeds?

Utterances of a dialogue depend on each other, so dialogues are the unit
everywhere. F(m, s) is a metric of model m and seed s over the whole set.

*Interval* (bootstrap): D dialogues are drawn with replacement from the D there
are, the metric is averaged over seeds, 10,000 times; the quantiles are the limits.

*Test* (paired swap permutation): the difference

    T = mean_s F(a, s) - mean_s F(b, s)

is recomputed after swapping, in each dialogue independently with probability 1/2,
the answers of a and b for all seeds at once. If the models are alike, no swap
changes the distribution of T. Two-sided, with the observed one counted among the R
drawn: p = (1 + #{|T_r| ≥ |T|}) / (R + 1); where there are no more than R different
swaps all 2^D are enumerated and p is exact.

With unequal numbers of seeds each model's seeds are repeated to a common multiple,
which leaves T as it is; the swapped mixtures are then only approximately alike, and
the comparison says so.

*Correction* (Holm, 1979): of k comparisons, the i-th smallest p is multiplied by
k - i + 1, made monotone and capped at 1.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emospot.errors import UsageError
from emospot.evaluation.dialogue_totals import Totals, dialogue_totals, metric_of_totals
from emospot.evaluation.predictions import Predictions

DRAWS = 10_000
CHUNK_NUMBERS = 4_000_000
ROUNDING = 1e-12
"""Differences closer than this are equal: sums in another order differ in the last digits."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A value averaged over seeds and its bootstrap interval over dialogues.

    Args:
        value: as observed.
        low: lower limit.
        high: upper limit.
        level: share of the draws between the limits.
    """

    value: float
    low: float
    high: float
    level: float


@dataclass(frozen=True, slots=True)
class SwapTest:
    """The paired swap permutation test by dialogue.

    Args:
        difference: T, model less reference.
        p: two-sided.
        draws: swaps that were looked at.
        exact: whether those were all there are.
    """

    difference: float
    p: float
    draws: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """A model against a reference on the same dialogues.

    Args:
        metric: e.g. "weighted_f1"; for "mae" a negative difference is better.
        difference: mean over seeds of the model less that of the reference.
        low: lower limit of the difference's 95 % interval.
        high: its upper limit.
        p: two-sided, not corrected.
        exact: whether all swaps were enumerated.
        seeds: number of seeds of model and reference.
        notice: what a reader must know, "" for nothing.
    """

    metric: str
    difference: float
    low: float
    high: float
    p: float
    exact: bool
    seeds: tuple[int, int]
    notice: str = ""


def bootstrap_interval(
    predictions: Predictions,
    metric: str = "weighted_f1",
    *,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval:
    """The interval of a metric averaged over seeds.

    Args:
        predictions: of all seeds.
        metric: one of `dialogue_totals.METRICS` of the task.
        level: share of the draws between the limits.
        draws: number of resamples.
        seed: of the draws.

    Raises:
        UsageError: if there is no such metric for the task.
    """
    totals = dialogue_totals(predictions)
    observed = float(_mean_metric(predictions, metric, totals.sum(axis=1)))
    return quantile_interval(observed, _resampled(predictions, metric, totals, draws, seed), level)


def difference_interval(
    model: Predictions,
    reference: Predictions,
    metric: str = "weighted_f1",
    *,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval:
    """The interval of the difference of two models: both are resampled together.

    Args:
        model: of all its seeds.
        reference: over the same utterances; its seeds may be more or fewer.
        metric: as in `bootstrap_interval`.
        level: as in `bootstrap_interval`.
        draws: as in `bootstrap_interval`.
        seed: as in `bootstrap_interval`.

    Raises:
        UsageError: if they did not answer the same utterances.
    """
    _check_pair(model, reference)
    both = [(p, dialogue_totals(p)) for p in (model, reference)]
    observed = [float(_mean_metric(p, metric, t.sum(axis=1))) for p, t in both]
    # The same seed draws the same dialogues for both.
    drawn = [_resampled(p, metric, t, draws, seed) for p, t in both]
    return quantile_interval(observed[0] - observed[1], drawn[0] - drawn[1], level)


def swap_test(
    model: Predictions,
    reference: Predictions,
    metric: str = "weighted_f1",
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> SwapTest:
    """The paired swap permutation test.

    Args:
        model: of all its seeds.
        reference: over the same utterances; its seeds may be more or fewer.
        metric: as in `bootstrap_interval`.
        draws: number of swaps; all are enumerated where there are no more.
        seed: of the draws.

    Raises:
        UsageError: if they did not answer the same utterances.

    >>> from emospot.emotions import Task
    >>> task, true = Task("mood", "single", ("calm", "angry")), np.array([0, 1, 0, 1])
    >>> right, wrong = (Predictions(task, tuple("abcd"), true, x[None]) for x in (true, 1 - true))
    >>> swap_test(right, wrong, "accuracy")
    SwapTest(difference=1.0, p=0.125, draws=16, exact=True)
    """
    _check_pair(model, reference)
    ours, theirs = (dialogue_totals(p) for p in (model, reference))
    count = math.lcm(model.seeds, reference.seeds)
    ours, theirs = (np.tile(t, (count // len(t), 1, 1)) for t in (ours, theirs))
    gain, ours, theirs = theirs - ours, ours.sum(axis=1), theirs.sum(axis=1)
    observed = float(_mean_metric(model, metric, ours) - _mean_metric(model, metric, theirs))
    dialogues = gain.shape[1]
    exact = 2**dialogues <= draws
    found = []
    for chosen in swaps(dialogues, draws, exact=exact, chunk=_chunk(gain), seed=seed):
        moved = _added(chosen, gain)
        found.append(
            _mean_metric(model, metric, ours + moved) - _mean_metric(model, metric, theirs - moved)
        )
    differences = np.concatenate(found)
    extreme = int((np.abs(differences) >= abs(observed) - ROUNDING).sum())
    total = len(differences)
    p = extreme / total if exact else (1 + extreme) / (1 + total)
    return SwapTest(observed, p, total, exact)


def compare(
    model: Predictions,
    reference: Predictions,
    metric: str = "weighted_f1",
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Comparison:
    """Difference, its 95 % interval and p of a model against a reference.

    Args:
        model: as in `swap_test`.
        reference: as in `swap_test`.
        metric: as in `bootstrap_interval`.
        draws: of the interval and of the test.
        seed: of the draws.

    Raises:
        UsageError: if they did not answer the same utterances.
    """
    test = swap_test(model, reference, metric, draws=draws, seed=seed)
    interval = difference_interval(model, reference, metric, draws=draws, seed=seed)
    notice = ""
    if model.seeds != reference.seeds:
        notice = (
            f"{model.seeds} seeds against {reference.seeds}: all of each are averaged and "
            "dialogues stay paired, but p is approximate"
        )
    return Comparison(
        metric=metric,
        difference=test.difference,
        low=interval.low,
        high=interval.high,
        p=test.p,
        exact=test.exact,
        seeds=(model.seeds, reference.seeds),
        notice=notice,
    )


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """The p of several comparisons, corrected for their number.

    Args:
        p_values: comparison → p, uncorrected.

    Returns:
        Comparison → corrected p, in the same order.

    >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
    {'a': 0.03, 'b': 0.06, 'c': 0.06}
    """
    order = sorted(p_values, key=lambda name: p_values[name])
    corrected: dict[str, float] = {}
    greatest = 0.0
    for rank, name in enumerate(order):
        greatest = max(greatest, min(1.0, p_values[name] * (len(order) - rank)))
        corrected[name] = greatest
    return {name: corrected[name] for name in p_values}


def _check_pair(model: Predictions, reference: Predictions) -> None:
    if not model.answers_the_same_as(reference):
        raise UsageError(
            "models can only be compared on the same utterances with the same truth, found "
            f"{len(model)} utterances of {len(model.dialogue_ids)} dialogues and "
            f"{len(reference)} of {len(reference.dialogue_ids)}: evaluate both on the same split "
            "of the same store"
        )


def _mean_metric(predictions: Predictions, metric: str, totals: Totals) -> Totals:
    """The metric of totals (..., S, F) averaged over the seeds."""
    mean: Totals = np.asarray(metric_of_totals(predictions.task, metric, totals).mean(axis=-1))
    return mean


def _added(weights: NDArray[np.bool_] | NDArray[np.integer], totals: Totals) -> Totals:
    """Σ_d weights[r, d] · totals[s, d, f], shape (R, S, F)."""
    seeds, dialogues, width = totals.shape
    flat = totals.transpose(1, 0, 2).reshape(dialogues, seeds * width)
    return (weights.astype(np.float64) @ flat).reshape(len(weights), seeds, width)


def _chunk(totals: Totals) -> int:
    """Draws that are computed together, so that memory stays bounded."""
    seeds, dialogues, width = (int(size) for size in totals.shape)
    return max(1, CHUNK_NUMBERS // (seeds * width + dialogues))


def swaps(
    dialogues: int, draws: int, *, exact: bool, chunk: int, seed: int
) -> Iterator[NDArray[np.bool_]]:
    """Which dialogues are swapped in each draw, shape (≤ chunk, D).

    Args:
        dialogues: D, or whatever else is swapped.
        draws: how many, unless exact.
        exact: all 2^D instead.
        chunk: draws at once.
        seed: of the draws.
    """
    generator = np.random.default_rng(seed)
    total = 2**dialogues if exact else draws
    for first in range(0, total, chunk):
        count = min(chunk, total - first)
        if exact:
            numbers = np.arange(first, first + count)[:, None]
            yield (numbers >> np.arange(dialogues)) & 1 == 1
        else:
            yield generator.random((count, dialogues)) < 0.5


def _resampled(
    predictions: Predictions, metric: str, totals: Totals, draws: int, seed: int
) -> Totals:
    """The metric averaged over seeds of each resample of the dialogues, shape (R,)."""
    generator = np.random.default_rng(seed)
    dialogues = totals.shape[1]
    even = np.full(dialogues, 1 / dialogues)
    chunk = _chunk(totals)
    found = []
    for first in range(0, draws, chunk):
        counts = generator.multinomial(dialogues, even, size=min(chunk, draws - first))
        found.append(_mean_metric(predictions, metric, _added(counts, totals)))
    return np.concatenate(found)


def quantile_interval(observed: float, drawn: Totals, level: float) -> Interval:
    """The observed value between the quantiles of what was drawn, shape (draws ≥ 1,)."""
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(observed, float(low), float(high), level)

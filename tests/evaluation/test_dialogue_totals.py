"""Metrics from sums equal those of the utterances themselves."""

import numpy as np
import pytest

from emospot.emotions import Task
from emospot.errors import UsageError
from emospot.evaluation.dialogue_totals import METRICS, dialogue_totals, metric_of_totals
from emospot.evaluation.predictions import Predictions
from emospot.evaluation.task_scores import task_scores

TASKS = {
    "single": Task("mood", "single", tuple("abcd")),
    "several": Task("joy+fear", "several", ("joy", "fear")),
    "number": Task("valence", "number", ("valence",), center=3.0, scale=2.0),
}


def answers(kind: str, seeds: int = 3, count: int = 60) -> Predictions:
    """Predictions that are right more often than not."""
    random = np.random.default_rng(5)
    task = TASKS[kind]
    shape = (count, 2) if kind == "several" else (count,)
    if kind == "number":
        true = random.normal(3, 1, shape)
        found = true + random.normal(0, 0.7, (seeds, *shape))
    else:
        true = random.integers(2 if kind == "several" else 4, size=shape)
        other = random.integers(2 if kind == "several" else 4, size=(seeds, *shape))
        found = np.where(random.random((seeds, *shape)) < 0.5, true, other)
    return Predictions(
        task, tuple(f"d{int(d)}" for d in random.integers(9, size=count)), true, found
    )


@pytest.mark.parametrize(("kind", "metric"), [(k, m) for k, ms in METRICS.items() for m in ms])
def test_summed_over_all_dialogues_equals_the_score(kind: str, metric: str) -> None:
    predictions = answers(kind)
    totals = dialogue_totals(predictions)
    assert totals.shape[:2] == (3, len(predictions.dialogue_ids))
    found = metric_of_totals(predictions.task, metric, totals.sum(axis=1))
    for seed, value in enumerate(found):
        scores = task_scores(predictions.task, predictions.true, predictions.predicted[seed])
        assert value == pytest.approx(scores.metrics()[metric])


@pytest.mark.parametrize("kind", TASKS)
def test_each_dialogue_has_its_own_sum(kind: str) -> None:
    predictions = answers(kind)
    totals = dialogue_totals(predictions)
    name = predictions.dialogue_ids[3]
    own = np.array([d == name for d in predictions.dialogues])
    metric = next(iter(METRICS[kind]))
    scores = task_scores(predictions.task, predictions.true[own], predictions.predicted[1][own])
    found = metric_of_totals(predictions.task, metric, totals[1, 3])
    assert found == pytest.approx(scores.metrics()[metric])


@pytest.mark.parametrize(("kind", "metric"), [(k, m) for k, ms in METRICS.items() for m in ms])
def test_nothing_to_count_gives_no_nan(kind: str, metric: str) -> None:
    predictions = answers(kind)
    same = np.broadcast_to(predictions.true, predictions.predicted.shape)
    flat = Predictions(predictions.task, predictions.dialogues, same[0] * 0, same * 0)
    found = metric_of_totals(flat.task, metric, dialogue_totals(flat).sum(axis=1))
    assert np.isfinite(found).all()


def test_an_unknown_metric_is_named() -> None:
    with pytest.raises(UsageError, match='no metric "uar" for the task "valence".*mae'):
        metric_of_totals(TASKS["number"], "uar", np.zeros(7))

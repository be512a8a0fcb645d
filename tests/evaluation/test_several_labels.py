"""Several labels against scikit-learn, the published formula, and their edges."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from emospot.errors import ShapeError
from emospot.evaluation.several_labels import several_labels_scores

LABELS = ("joy", "fear", "anger")


def _answers(seed: int, count: int = 70) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    true = random.random((count, 3)) < [0.6, 0.1, 0.3]
    return true, np.where(random.random((count, 3)) < 0.7, true, ~true)


@pytest.mark.parametrize("seed", range(4))
def test_equal_to_scikit_learn(seed: int) -> None:
    true, found = _answers(seed)
    scores = several_labels_scores(true, found, LABELS)
    for average in ("weighted", "macro", "micro"):
        expected = f1_score(true, found, average=average)
        assert getattr(scores, f"{average}_f1") == pytest.approx(expected)
    both, accuracy, weighted = [], [], []
    for k, label in enumerate(LABELS):
        own, t, p = scores.each[label], true[:, k], found[:, k]
        both.append(f1_score(t, p, average="weighted"))
        accuracy.append(accuracy_score(t, p))
        weighted.append(balanced_accuracy_score(t, p))
        assert own.f1 == pytest.approx(f1_score(t, p))
        assert own.weighted_f1 == pytest.approx(both[-1])
        assert own.accuracy == pytest.approx(accuracy[-1])
        assert own.weighted_accuracy == pytest.approx(weighted[-1])
        assert own.support == t.sum()
    assert scores.mean_weighted_f1 == pytest.approx(np.mean(both))
    assert scores.accuracy == pytest.approx(np.mean(accuracy))
    assert scores.weighted_accuracy == pytest.approx(np.mean(weighted))


def test_weighted_accuracy_is_the_published_formula() -> None:
    true, found = _answers(9)
    for k, label in enumerate(LABELS):
        positive, negative = true[:, k].sum(), (~true[:, k]).sum()
        hits, rejections = (true & found)[:, k].sum(), (~true & ~found)[:, k].sum()
        expected = (hits * negative / positive + rejections) / (2 * negative)
        scores = several_labels_scores(true, found, LABELS)
        assert scores.each[label].weighted_accuracy == pytest.approx(expected)


def test_metrics_name_every_label() -> None:
    metrics = several_labels_scores(*_answers(1), LABELS).metrics()
    assert list(metrics)[:2] == ["weighted_f1", "macro_f1"]
    assert {"f1:joy", "weighted_f1:fear", "accuracy:anger", "weighted_accuracy:joy"} < set(metrics)


def test_a_label_that_never_or_always_applies_is_judged_by_the_recall_there_is() -> None:
    true = np.array([[True, False, True], [True, False, False]])
    found = np.array([[True, False, True], [False, True, False]])
    scores = several_labels_scores(true, found, LABELS)
    assert scores.each["joy"].weighted_accuracy == 0.5
    assert scores.each["fear"].weighted_accuracy == 0.5
    assert scores.each["fear"].f1 == 0.0
    nothing = np.zeros((2, 3), bool)
    empty = several_labels_scores(nothing, nothing, LABELS)
    assert (empty.weighted_f1, empty.micro_f1) == (0.0, 0.0)
    assert (empty.accuracy, empty.weighted_accuracy, empty.mean_weighted_f1) == (1.0, 1.0, 1.0)


def test_perfect_and_wrong() -> None:
    true, _ = _answers(3)
    assert set(several_labels_scores(true, true, LABELS).metrics().values()) == {1.0}
    assert set(several_labels_scores(true, ~true, LABELS).metrics().values()) == {0.0}


@pytest.mark.parametrize("shape", [(0, 3), (4, 2), (4,)])
def test_empty_or_unfit_input_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"\(N ≥ 1, 3\)"):
        several_labels_scores(np.zeros(shape, bool), np.zeros(shape, bool), LABELS)

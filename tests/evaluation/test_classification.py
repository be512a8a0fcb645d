"""Scores against scikit-learn and cases computed by hand."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from emospot.errors import ShapeError
from emospot.evaluation.classification import classification_scores


@pytest.mark.parametrize("seed", range(4))
def test_equal_to_scikit_learn(seed: int) -> None:
    random = np.random.default_rng(seed)
    true, found = random.integers(4, size=60), random.integers(4, size=60)
    scores = classification_scores(true, found, "abcd")
    assert scores.weighted_f1 == pytest.approx(f1_score(true, found, average="weighted"))
    assert scores.macro_f1 == pytest.approx(f1_score(true, found, average="macro"))
    assert scores.accuracy == pytest.approx(accuracy_score(true, found))
    assert scores.uar == pytest.approx(balanced_accuracy_score(true, found))


def test_by_hand() -> None:
    scores = classification_scores(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]), "ab")
    # a: precision 1, recall 2/3; b: precision 1/2, recall 1.
    assert scores.f1 == pytest.approx({"a": 0.8, "b": 2 / 3})
    assert scores.weighted_f1 == pytest.approx((3 * 0.8 + 2 / 3) / 4)
    assert scores.confusion == ((2, 1), (0, 1))
    assert scores.support == {"a": 3, "b": 1}


def test_perfect_and_a_class_that_is_not_there() -> None:
    scores = classification_scores(np.array([0, 1]), np.array([0, 1]), "abc")
    assert (scores.weighted_f1, scores.uar) == (1.0, 1.0)
    assert scores.f1["c"] == 0.0


@pytest.mark.parametrize("count", [0, 3])
def test_empty_or_unequal_input_is_refused(count: int) -> None:
    with pytest.raises(ShapeError):
        classification_scores(np.zeros(count, int), np.zeros(0, int), "ab")

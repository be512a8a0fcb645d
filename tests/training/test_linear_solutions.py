"""The linear layers equal scikit-learn's own models."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from emospot.emotions import MOSEI_EMOTIONS, Task, emotion_task, label_set
from emospot.training.linear_solutions import (
    NEVER,
    linear_solution,
    logistic_solution,
    majority_bias,
    ridge_solution,
)


def test_two_classes_and_one_that_is_never_seen() -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(60, 3)), np.repeat([0, 2], 30)
    x[y == 2, 1] += 1.0
    weight, bias = logistic_solution(x, y, 3, 0.5, balanced=False)
    probabilities = torch.softmax(torch.from_numpy(x @ weight.T + bias), dim=-1).numpy()
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=0.5, tol=1e-8)).fit(x, y)
    reference = pipeline.predict_proba(x)
    assert probabilities[:, [0, 2]] == pytest.approx(reference, abs=1e-3)
    assert (probabilities[:, 1] == 0).all()


def test_one_class_alone_is_always_answered() -> None:
    weight, bias = logistic_solution(np.ones((4, 2)), np.full(4, 1), 3, 1.0, balanced=False)
    assert not weight.any()
    assert bias.tolist() == [NEVER, 0.0, NEVER]


def _rows(count: int = 80, width: int = 4) -> np.ndarray:
    return np.random.default_rng(1).normal(2.0, 3.0, size=(count, width))


@pytest.mark.parametrize("balanced", [False, True])
def test_several_labels_are_a_logistic_regression_each(balanced: bool) -> None:
    x = _rows()
    random = np.random.default_rng(2)
    y = (x @ random.normal(size=(4, 6)) + random.normal(size=(80, 6)) > 3.0).astype(np.float32)
    y[:, 4], y[:, 5] = 0.0, 1.0
    weight, bias = linear_solution(x, y, MOSEI_EMOTIONS, 0.3, balanced=balanced)
    said = 1 / (1 + np.exp(-np.clip(x @ weight.T + bias, -50, 50)))
    for k in range(4):
        reference = make_pipeline(
            StandardScaler(),
            LogisticRegression(C=0.3, tol=1e-8, class_weight="balanced" if balanced else None),
        ).fit(x, y[:, k])
        assert said[:, k] == pytest.approx(reference.predict_proba(x)[:, 1], abs=1e-3)
    assert (said[:, 4] < 1e-6).all()
    assert (said[:, 5] > 1 - 1e-6).all()


def test_a_number_is_a_ridge_regression() -> None:
    x = _rows()
    y = x @ np.array([1.0, 0.0, -2.0, 0.5]) + np.random.default_rng(3).normal(size=80)
    weight, bias = ridge_solution(x, y, 0.02)
    reference = make_pipeline(StandardScaler(), Ridge(alpha=50.0)).fit(x, y)
    assert x @ weight[0] + bias[0] == pytest.approx(reference.predict(x))
    task = Task("valence", "number", ("valence",))
    again = linear_solution(x, y[:, None], task, 0.02, balanced=True)
    assert again[0] == pytest.approx(weight)
    assert again[1] == pytest.approx(bias)


def test_the_majority_of_each_kind_of_task() -> None:
    single = majority_bias(torch.tensor([1, 1, 0]), emotion_task(label_set("meld3")))
    assert single.exp().tolist() == pytest.approx([2 / 6, 3 / 6, 1 / 6])
    several = Task("t", "several", ("a", "b"))
    odds = majority_bias(torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0]]), several)
    assert odds.exp().tolist() == pytest.approx([3 / 2, 1 / 4])
    number = Task("n", "number", ("n",))
    assert majority_bias(torch.tensor([[1.0], [4.0]]), number).tolist() == [2.5]

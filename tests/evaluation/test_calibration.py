"""Calibration on data whose truth is known."""

import numpy as np
import pytest

from emospot.evaluation.calibration import (
    expected_calibration_error,
    fit_temperature,
    softmax,
    unsure_threshold,
)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_made_the_labels_is_found(temperature: float) -> None:
    random = np.random.default_rng(0)
    logits = random.normal(size=(20000, 4)) * 3
    chances = softmax(logits / temperature)
    labels = (chances.cumsum(axis=1) < random.random((len(logits), 1))).sum(axis=1)
    assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.05)
    confidence = chances.max(axis=1)
    right = chances.argmax(axis=1) == labels
    assert expected_calibration_error(confidence, right) < 0.02
    if temperature > 1:
        raw = softmax(logits).max(axis=1)
        assert expected_calibration_error(raw, right) > 0.1


def test_no_data_leaves_the_logits_alone() -> None:
    assert fit_temperature(np.zeros((0, 3)), np.zeros(0, int)) == 1.0


def test_threshold_withholds_answers_that_are_mostly_wrong() -> None:
    random = np.random.default_rng(1)
    confidence = random.uniform(0.2, 1.0, size=4000)
    right = random.random(4000) < confidence
    threshold = unsure_threshold(confidence, right)
    assert threshold == pytest.approx(0.5, abs=0.05)
    assert right[confidence < threshold].mean() < 0.5
    assert right[(confidence >= threshold) & (confidence < threshold + 0.1)].mean() > 0.5


def test_nothing_is_answered_where_all_is_mostly_wrong() -> None:
    confidence = np.linspace(0.3, 0.9, 100)
    assert not (confidence >= unsure_threshold(confidence, np.zeros(100, bool))).any()


def test_threshold_is_zero_where_answers_are_good_or_few() -> None:
    confidence = np.linspace(0.3, 0.9, 100)
    assert unsure_threshold(confidence, np.ones(100, bool)) == 0.0
    assert unsure_threshold(confidence[:5], np.zeros(5, bool)) == 0.0

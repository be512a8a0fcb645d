"""Calibration errors against the shared formula and models of known calibration."""

import numpy as np
import pytest

from emospot.evaluation.calibration import expected_calibration_error
from emospot.evaluation.diagnosis.reliability import reliability


def answers(shift: float, seed: int = 0, dialogues: int = 40, turns: int = 20):
    """Confidences, which answers are right, and whose they are; `shift` too sure."""
    random = np.random.default_rng(seed)
    confidence = random.uniform(0.4, 0.99, size=dialogues * turns)
    correct = random.random(len(confidence)) < np.clip(confidence - shift, 0, 1)
    return confidence, correct, [f"d{i // turns}" for i in range(len(confidence))]


def test_the_error_is_that_of_the_evaluation():
    confidence, correct, dialogues = answers(0.1)
    found = reliability(confidence, correct, dialogues)
    assert found.error.value == pytest.approx(expected_calibration_error(confidence, correct))
    assert found.gap.value == pytest.approx(confidence.mean() - correct.mean())
    assert sum(own.utterances for own in found.bins) == len(confidence)
    for own in found.bins:
        inside = (confidence >= own.low) & (confidence < own.high)
        assert own.utterances == inside.sum()
        assert own.accuracy.value == pytest.approx(correct[inside].mean())
        assert own.confidence == pytest.approx(confidence[inside].mean())


def test_single_precision_falls_into_the_same_bins():
    confidence, correct, dialogues = answers(0.0)
    single = np.round(confidence, 2).astype(np.float32)
    found = reliability(single, correct, dialogues)
    assert found.error.value == pytest.approx(expected_calibration_error(single, correct))


def test_a_calibrated_model_is_rarely_beyond_the_limit():
    beyond = 0
    for seed in range(20):
        found = reliability(*answers(0.0, seed, dialogues=10), seed=seed)
        beyond += found.error.value > found.limit
        assert found.expected < found.limit
    assert beyond <= 4


def test_one_that_is_too_sure_is():
    found = reliability(*answers(0.15))
    assert found.error.value > 3 * found.limit
    assert found.gap.low > 0.1
    assert found.error.low > 0.1


def test_certainty_falls_into_the_last_bin():
    (own,) = reliability(np.ones(3), np.array([True, True, False]), ["a", "b", "b"]).bins
    assert (own.high, own.utterances) == (1.0, 3)
    assert own.accuracy.value == pytest.approx(2 / 3)

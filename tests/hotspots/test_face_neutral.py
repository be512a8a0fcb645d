"""Neutral is found under expressions, noise and slow change."""

import numpy as np
import pytest

from emospot.hotspots.face_neutral import ACCEPT_SECONDS, START_SECONDS, RunningNeutral

STEP = 1 / 15


def learn(neutral: RunningNeutral, values: np.ndarray, step: float = STEP) -> None:
    for value in np.atleast_1d(values):
        neutral.observe(np.atleast_1d(value), step)


def fresh(floor: float = 0.01) -> RunningNeutral:
    return RunningNeutral(np.array([floor]))


def test_not_ready_before_its_first_seconds() -> None:
    neutral = fresh()
    learn(neutral, np.zeros(5))
    assert not neutral.ready
    learn(neutral, np.zeros(2))
    assert neutral.ready
    assert 7 * STEP >= START_SECONDS


def test_finds_centre_and_deviation_of_noise() -> None:
    neutral = fresh(0.001)
    learn(neutral, np.random.default_rng(0).normal(0.4, 0.02, 900))
    assert neutral.centre[0] == pytest.approx(0.4, abs=0.01)
    # The mean absolute deviation of a normal variable is 0.8 sd.
    assert neutral.spread[0] == pytest.approx(0.8 * 0.02, rel=0.2)


def test_one_bad_first_frame_does_not_matter() -> None:
    neutral = fresh()
    learn(neutral, np.array([5.0] + [0.3] * 7))
    assert neutral.centre[0] == pytest.approx(0.3)


def test_a_strong_expression_moves_it_no_more_than_a_weak_one() -> None:
    centres = []
    for strength in (0.1, 10.0):
        neutral = fresh()
        learn(neutral, np.zeros(60))
        learn(neutral, np.full(30, strength))
        centres.append(neutral.centre[0])
    assert centres[1] < 0.05
    assert centres[1] == pytest.approx(centres[0], rel=0.5)


def test_slow_drift_is_followed() -> None:
    neutral = fresh()
    learn(neutral, np.linspace(0.0, 0.3, 15 * 120))
    assert neutral.centre[0] == pytest.approx(0.3, abs=0.1)


def test_what_stays_becomes_neutral() -> None:
    neutral = fresh()
    learn(neutral, np.zeros(15 * 20))
    learn(neutral, np.full(int(15 * (ACCEPT_SECONDS - 1)), 0.5))
    assert neutral.centre[0] < 0.15
    learn(neutral, np.full(15 * 6, 0.5))
    assert neutral.centre[0] == pytest.approx(0.5, abs=0.05)


def test_values_are_apart() -> None:
    neutral = RunningNeutral(np.array([0.01, 0.01]))
    for t in range(450):
        neutral.observe(np.array([0.1, 0.7 + 0.2 * (t % 2)]), STEP)
    assert neutral.centre == pytest.approx([0.1, 0.8], abs=0.1)
    assert neutral.spread[0] == 0.01
    assert neutral.spread[1] > 0.05


def test_irregular_frames_give_the_same_neutral() -> None:
    rng = np.random.default_rng(1)
    fine, coarse = fresh(), fresh()
    for t in range(1200):
        value = np.array([0.2 + 0.1 * np.sin(t / 40)])
        fine.observe(value, STEP)
        if t % 4 == 0 or rng.random() < 0.1:
            coarse.observe(value, 4 * STEP)
    assert coarse.centre[0] == pytest.approx(fine.centre[0], abs=0.03)

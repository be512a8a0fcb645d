import itertools
import math

import numpy as np
import pytest

from emospot.speakers.resegmentation import best_course, voices_of
from emospot.speakers.voice_windows import VoiceWindows


@pytest.mark.parametrize("change", [0.0, 0.7, 3.0])
def test_the_best_course_is_the_best_of_all(change):
    for seed in range(20):
        scores = np.random.default_rng(seed).normal(size=(6, 3))

        def total(course, scores=scores):
            changes = sum(a != b for a, b in itertools.pairwise(course))
            return sum(scores[t, k] for t, k in enumerate(course)) - change * changes

        best = max(total(course) for course in itertools.product(range(3), repeat=6))
        assert total(best_course(scores, change)) == pytest.approx(best)


def test_without_changes_the_whole_has_one_voice():
    scores = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 3.0]])
    assert best_course(scores, math.inf).tolist() == [1, 1, 1]
    assert best_course(scores[:, :1], 1.0).tolist() == [0, 0, 0]


def moments(voices, spans=None):
    embeddings = np.eye(256, dtype=np.float32)[voices]
    span = np.zeros(len(voices), int) if spans is None else np.array(spans)
    return VoiceWindows(span, embeddings, np.full(len(voices), np.nan))


def test_one_odd_moment_is_no_change_of_speaker():
    directions = np.eye(256)[:2]
    odd = moments([0, 0, 0, 1, 0, 0, 0])
    assert voices_of(odd, directions, change=30.0).tolist() == [0] * 7
    assert voices_of(moments([0, 0, 0, 1, 1, 1]), directions).tolist() == [0, 0, 0, 1, 1, 1]


def test_between_spans_a_change_costs_nothing():
    windows = moments([0, 1, 0], spans=[0, 1, 2])
    assert voices_of(windows, np.eye(256)[:2], change=1e9).tolist() == [0, 1, 0]


def test_directions_follow_what_is_heard_and_unheard_ones_stay():
    tilted = np.eye(256)[:3]
    tilted[0, 5] = 0.5
    tilted /= np.linalg.norm(tilted, axis=1, keepdims=True)
    assert voices_of(moments([0, 0, 1, 1]), tilted).tolist() == [0, 0, 1, 1]


def test_no_moment_has_no_voice():
    assert voices_of(moments([]), np.eye(256)[:2]).tolist() == []

"""Known recordings stay as they are, unknown ones come to the edge of what is known."""

import numpy as np
import pytest

from emospot.conversation import Tokens
from emospot.model.recording_range import RecordingRange, recording_range

D = 5


@pytest.fixture
def recordings() -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [random.normal(random.normal(size=D), 0.5, (40, D)) for _ in range(60)]


def _tokens(vectors: np.ndarray) -> list[Tokens | None]:
    return [Tokens(v[None].astype(np.float32)) for v in vectors]


def test_the_range_by_hand(recordings: list[np.ndarray]) -> None:
    found = recording_range(recordings)
    means = np.stack([r.mean(axis=0) for r in recordings])
    assert np.allclose(found.mean, means.mean(axis=0), atol=1e-4)
    assert np.allclose(found.between, means.std(axis=0), atol=1e-4)
    assert np.allclose(found.within, 0.5, atol=0.05)
    distances = [
        np.sqrt((((m - found.mean) ** 2) / (np.square(found.between) + 0.25 / 40)).mean())
        for m in means
    ]
    assert found.limit == pytest.approx(np.percentile(distances, 95), rel=0.01)


def test_known_recordings_are_left_alone(recordings: list[np.ndarray]) -> None:
    found = recording_range(recordings)
    moved = 0
    for vectors in recordings:
        tokens = _tokens(vectors)
        after, excess = found.brought_near(tokens)
        moved += excess > 1
        if excess <= 1:
            assert after == tokens
    assert moved <= 0.06 * len(recordings)


def test_an_unknown_recording_comes_to_the_edge_and_keeps_its_differences(
    recordings: list[np.ndarray],
) -> None:
    found = recording_range(recordings)
    tokens = [*_tokens(recordings[0] + 20.0), None]
    after, excess = found.brought_near(tokens)
    assert excess > 3
    assert after[-1] is None
    before, moved = (np.concatenate([t.values for t in ts[:-1]]) for ts in (tokens, after))
    assert found.distance(moved) == pytest.approx(found.limit, rel=1e-3)
    assert np.allclose(before - before[0], moved - moved[0], atol=1e-4)
    again, still = found.brought_near(after)
    assert still == pytest.approx(1.0, abs=1e-3)
    assert again[0].values == pytest.approx(after[0].values, abs=1e-2)


def test_one_utterance_may_lie_farther_off_than_the_mean_of_many() -> None:
    found = RecordingRange((0.0,) * D, (1.0,) * D, (3.0,) * D, 1.5)
    vector = np.full((1, D), 4.0)
    assert found.distance(vector) < found.limit < found.distance(np.repeat(vector, 50, axis=0))


def test_nothing_to_measure() -> None:
    assert recording_range([np.ones((3, D))] * 7) is None
    constant = recording_range([np.ones((3, D))] * 9)
    assert constant.brought_near(_tokens(np.full((2, D), 7.0)))[1] == 0.0
    assert constant.brought_near([None, None]) == ([None, None], 0.0)

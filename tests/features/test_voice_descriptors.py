import numpy as np
import pytest

from emospot.conversation import Tokens
from emospot.errors import FeatureError
from emospot.features.registry import voice_extractor
from emospot.features.voice_descriptors import (
    average_frames,
    frame_times,
    syllable_nuclei,
    syllable_rate,
    with_longer_frames,
)

COLUMNS = ("loudness", "pitch", "voiced", "rate")


def syllables(per_second, seconds=4.0):
    """Loudness that rises and falls so often a second, at 10 ms."""
    time = np.arange(int(seconds * 100)) / 100
    return 0.05 + 0.95 * (0.5 - 0.5 * np.cos(2 * np.pi * per_second * time))


@pytest.mark.parametrize("per_second", [2, 4, 6])
def test_rate_counts_syllables(per_second):
    loudness = syllables(per_second)
    voiced = np.ones_like(loudness)
    assert len(syllable_nuclei(loudness, voiced, 0.01)) == 4 * per_second
    rate = syllable_rate(loudness, voiced, 0.01)
    np.testing.assert_allclose(rate[50:-50].mean(), per_second, rtol=0.05)


def test_rate_changes_where_the_speech_does():
    loudness = np.concatenate([syllables(2), syllables(6)])
    rate = syllable_rate(loudness, np.ones_like(loudness), 0.01)
    assert rate[350] < 3 < 5 < rate[450]


def test_only_voiced_peaks_count():
    loudness = syllables(4)
    voiced = np.repeat([1.0, 0.0], 200)
    assert len(syllable_nuclei(loudness, voiced, 0.01)) == 8
    assert len(syllable_nuclei(loudness, np.zeros(400), 0.01)) == 0
    assert not syllable_rate(loudness, np.zeros(400), 0.01).any()


def test_steady_loudness_is_one_nucleus_and_slow():
    assert len(syllable_nuclei(np.ones(200), np.ones(200), 0.01)) == 1
    np.testing.assert_allclose(syllable_rate(np.ones(200), np.ones(200), 0.01), 0.5, rtol=0.02)


def test_a_lone_short_syllable_is_not_fast():
    voiced = np.zeros(100)
    voiced[40:48] = 1
    loudness = 0.01 + 0.5 * np.exp(-(((np.arange(100) - 44) / 5) ** 2))
    np.testing.assert_allclose(syllable_rate(loudness, voiced, 0.01), 4.0)


def test_a_nucleus_at_the_edge_does_not_raise_the_rate():
    loudness = syllables(4)[12:]  # begins at the top of a syllable
    rate = syllable_rate(loudness, np.ones_like(loudness), 0.01)
    assert rate.max() < 4.5


def test_averaging_pitch_over_voiced_frames_only():
    values = np.array([[1, 30, 1, 4], [3, 32, 1, 4], [5, 0, 0, 4], [7, 0, 0, 4], [9, 40, 1, 4.0]])
    joined = average_frames(values, COLUMNS, 4, frozenset({"pitch"}))
    np.testing.assert_allclose(joined, [[4, 31, 1, 4], [9, 40, 1, 4]])
    mostly_unvoiced = average_frames(values[1:4], COLUMNS, 3, frozenset({"pitch"}))
    np.testing.assert_allclose(mostly_unvoiced, [[5, 0, 0, 4]])


def test_averaging_one_frame_changes_nothing():
    values = np.random.default_rng(0).normal(size=(5, 4))
    np.testing.assert_array_equal(average_frames(values, COLUMNS, 1, frozenset()), values)


def test_times_end_with_the_sound():
    times = frame_times(3, 0.1, 2.0, 2.25)
    np.testing.assert_allclose(times, [[2.0, 2.1], [2.1, 2.2], [2.2, 2.25]])


@pytest.mark.parametrize("name", ["basic", "egemaps"])
def test_longer_frames_are_those_that_would_have_been_measured(name):
    random = np.random.default_rng(0)
    sound = (0.1 * np.sin(2 * np.pi * 180 * np.arange(40_000) / 16_000)).astype(np.float32)
    sound[10_000:25_000] = 0.01 * random.normal(size=15_000)
    short, long = (voice_extractor(f"{name}:{hop}").extract(sound, 3.0) for hop in (0.01, 0.1))
    joined = with_longer_frames(short, 0.1)
    np.testing.assert_allclose(joined.values, long.values, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(joined.times[:-1], long.times[:-1], atol=1e-6)
    np.testing.assert_allclose(joined.times[-1], long.times[-1], atol=0.05)
    assert joined.columns == long.columns
    assert with_longer_frames(long, 0.1).values.shape == long.values.shape
    with pytest.raises(FeatureError, match=r"tokens of 0.1 s cannot be joined to 0.01 s"):
        with_longer_frames(long, 0.01)
    with pytest.raises(FeatureError, match="need times and columns"):
        with_longer_frames(Tokens(np.zeros((3, 2))), 0.1)

import numpy as np
import pytest

from emospot.media import SAMPLE_RATE, WaveformEnvelope


def test_equals_the_peaks_of_equal_parts():
    audio = np.random.default_rng(0).uniform(-1, 1, 10 * SAMPLE_RATE).astype(np.float32)
    envelope = WaveformEnvelope(10.0, steps=50)
    for start in range(0, len(audio), 777):
        envelope.add(audio[start : start + 777])
    expected = np.abs(audio).reshape(50, -1).max(axis=1)
    np.testing.assert_array_equal(np.array(envelope.values(), np.float32), expected)


def test_too_long_and_too_short_sound():
    envelope = WaveformEnvelope(1.0, steps=4)
    envelope.add(np.full(SAMPLE_RATE // 2, -0.25, np.float32))
    assert envelope.values() == (0.25, 0.25, 0.0, 0.0)
    envelope.add(np.full(5 * SAMPLE_RATE, 0.5, np.float32))
    assert envelope.values() == (0.25, 0.25, 0.5, 0.5)


def test_no_more_than_the_asked_steps():
    assert len(WaveformEnvelope(3600.0).values()) == 2000
    assert len(WaveformEnvelope(0.5).values()) == 50
    assert len(WaveformEnvelope(0.0).values()) == 1


def test_values_stay_within_one():
    envelope = WaveformEnvelope(1.0, steps=1)
    envelope.add(np.array([1.5], np.float32))
    assert envelope.values() == pytest.approx((1.0,))

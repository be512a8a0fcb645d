"""What is done in a live session's process: samples at any rate, through a real stream."""

import numpy as np
import pytest

from emospot.serve.live_work import Resampler


@pytest.mark.parametrize("rate", [8000, 16_000, 44_100, 48_000])
def test_a_tone_keeps_its_pitch_and_its_length(rate):
    seconds = 1.5
    tone = np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate)
    samples = (20_000 * tone).astype("<i2")
    resampler = Resampler(rate)
    # In blocks as uneven as a network's.
    cuts = np.cumsum(np.random.default_rng(0).integers(1, 4000, 200))
    blocks = np.split(samples, cuts[cuts < len(samples)])
    heard = np.concatenate([*(resampler.resampled(block) for block in blocks), resampler.rest()])
    assert heard.dtype == np.float32
    assert len(heard) == pytest.approx(16_000 * seconds, abs=40)
    middle = heard[4000:20_000]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) == pytest.approx(440 * len(middle) / 16_000, abs=1)
    assert np.abs(middle).max() == pytest.approx(20_000 / 32_768, abs=0.01)


def test_nothing_in_nothing_out():
    for rate in (16_000, 48_000):
        assert len(Resampler(rate).rest()) == 0

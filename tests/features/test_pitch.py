import numpy as np
import pytest

from emospot.features.pitch import semitones, track_pitch

SECOND = np.arange(16000) / 16000


def voice(frequency, harmonics=8):
    """A buzz with falling harmonics at a frequency that may change, float32."""
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(frequency, SECOND.shape)) / 16000
    parts = [np.sin(k * phase) / k for k in range(1, harmonics + 1)]
    return (0.2 * np.sum(parts, axis=0)).astype(np.float32)


@pytest.mark.parametrize("frequency", [70, 110, 200.5, 333, 500, 750])
@pytest.mark.parametrize("harmonics", [1, 8])
def test_tones(frequency, harmonics):
    track = track_pitch(voice(frequency, harmonics))
    middle = slice(5, -5)
    assert track.voiced[middle].all()
    expected = semitones(np.array([float(frequency)]))
    assert np.abs(track.semitones[middle] - expected).max() < 0.1
    assert track.periodicity[middle].min() > 0.95


def test_a_glide_is_followed():
    frequency = np.geomspace(120, 240, 16000)
    track = track_pitch(voice(frequency))
    expected = semitones(frequency[80::160])
    assert np.abs(track.semitones - expected)[5:-5].max() < 0.3


def test_a_missing_fundamental_is_heard():
    tone = voice(150) - 0.2 * np.sin(2 * np.pi * 150 * SECOND)
    track = track_pitch(tone.astype(np.float32))
    assert np.median(track.semitones) == pytest.approx(12 * np.log2(150 / 27.5), abs=0.1)


def test_noise_has_no_pitch():
    noise = np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32)
    track = track_pitch(noise)
    assert track.voiced.mean() < 0.1
    assert np.median(track.periodicity) < 0.5


@pytest.mark.parametrize("level", [0.0, 0.5, 1e-6])
def test_silence_and_offset_have_no_pitch(level):
    track = track_pitch(np.full(8000, level, np.float32))
    assert len(track.semitones) == 50
    assert not track.voiced.any()


def test_voicing_follows_the_sound():
    sound = np.concatenate([np.zeros(8000, np.float32), voice(200)[:8000]])
    voiced = track_pitch(sound).voiced
    assert not voiced[:47].any()
    assert voiced[53:].all()


def test_too_short():
    assert len(track_pitch(np.zeros(100, np.float32)).semitones) == 0


def test_long_sounds_are_tracked_in_blocks_without_a_seam():
    track = track_pitch(np.tile(voice(200), 21))
    assert len(track.semitones) == 2100
    assert np.abs(track.semitones[5:-5] - track.semitones[50]).max() < 0.1

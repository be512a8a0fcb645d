import numpy as np
import pytest

from emospot.features.spectrum import (
    frame_count,
    frames,
    hz_to_mel,
    mel_filters,
    mel_to_hz,
    padded_for_frames,
)


def test_mel_scale_is_its_own_inverse():
    frequency = np.linspace(0, 8000, 50)
    np.testing.assert_allclose(mel_to_hz(hz_to_mel(frequency)), frequency, atol=1e-9)


def test_filters_equal_librosas():
    librosa = pytest.importorskip("librosa")
    expected = librosa.filters.mel(sr=16000, n_fft=400, n_mels=40).T
    np.testing.assert_allclose(mel_filters(40, 400), expected, atol=1e-8)


def test_filters_are_shared_and_read_only():
    assert mel_filters(26, 512) is mel_filters(26, 512)
    with pytest.raises(ValueError, match="read-only"):
        mel_filters(26, 512)[0, 0] = 1


def test_a_frame_is_centred_on_its_hop():
    audio = np.zeros(1600, np.float32)
    audio[160 * 3 + 80] = 1
    cut = frames(padded_for_frames(audio, 400, 160), 400, 160, 0, frame_count(1600, 160))
    assert cut.shape == (10, 400)
    assert cut[3].argmax() == 200


def test_frames_in_parts_equal_frames_at_once():
    audio = np.arange(5000, dtype=np.float32)
    padded = padded_for_frames(audio, 400, 160)
    whole = frames(padded, 400, 160, 0, 31)
    parts = [frames(padded, 400, 160, a, b) for a, b in ((0, 10), (10, 30), (30, 31))]
    np.testing.assert_array_equal(whole, np.concatenate(parts))

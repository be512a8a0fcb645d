import sys

import numpy as np
import pytest

from emospot.errors import MissingExtraError, UsageError
from emospot.features.voice_ge2e import Ge2eVoice, mel_spectrogram
from emospot.media.audio import audio_blocks

pytest.importorskip("resemblyzer")


def decoded(path):
    return np.concatenate(list(audio_blocks(path)))


@pytest.fixture(scope="module")
def ge2e():
    return Ge2eVoice()


@pytest.fixture(scope="module")
def clips(shared_data):
    names = [
        f"03-01-{emotion}-01-01-01-{actor}" for actor in ("01", "02") for emotion in ("01", "05")
    ]
    return [decoded(shared_data / f"ravdess/speech16k/{name}.flac") for name in names]


@pytest.mark.slow
@pytest.mark.untraced
def test_mel_equals_resemblyzers():
    from resemblyzer import wav_to_mel_spectrogram

    audio = np.random.default_rng(0).normal(0, 0.1, 12345).astype(np.float32)
    expected = wav_to_mel_spectrogram(audio)
    np.testing.assert_allclose(mel_spectrogram(audio), expected, rtol=1e-4, atol=1e-7)


def test_equals_resemblyzer(ge2e, clips):
    from resemblyzer import VoiceEncoder, preprocess_wav

    encoder = VoiceEncoder("cpu", verbose=False)
    for audio in clips:
        expected = encoder.embed_utterance(preprocess_wav(audio))
        np.testing.assert_allclose(ge2e.extract(audio, 0.0).values[0], expected, atol=1e-5)


def test_one_token_of_length_one_over_the_utterance(ge2e, clips):
    tokens = ge2e.extract(clips[0], 4.0)
    assert tokens.values.shape == (1, 256)
    assert np.linalg.norm(tokens.values) == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_allclose(tokens.times, [[4.0, 4.0 + len(clips[0]) / 16000]])
    assert ge2e.describe().pooled
    assert ge2e.describe().dim == 256


def test_a_speaker_resembles_himself_more_than_another(ge2e, clips):
    a1, a2, b1, b2 = (ge2e.extract(audio, 0.0).values[0] for audio in clips)
    assert min(a1 @ a2, b1 @ b2) > max(a1 @ b1, a1 @ b2, a2 @ b1, a2 @ b2)


def test_a_long_utterance_in_batches_and_blocks(ge2e, clips):
    from resemblyzer import VoiceEncoder, preprocess_wav

    audio = np.tile(np.concatenate(clips), 8)
    assert len(audio) > 90 * 16000
    expected = VoiceEncoder("cpu", verbose=False).embed_utterance(preprocess_wav(audio))
    assert ge2e.extract(audio, 0.0).values[0] @ expected > 0.998


def test_fewer_windows_give_nearly_the_same(ge2e, clips):
    audio = np.tile(np.concatenate(clips), 3)
    sparse = Ge2eVoice(rate=0.8)
    assert sparse.extract(audio, 0.0).values[0] @ ge2e.extract(audio, 0.0).values[0] > 0.99
    assert sparse.describe() != ge2e.describe()


@pytest.mark.parametrize("samples", [0, 1, 100, 479, 481, 16000])
def test_silence_is_absent(ge2e, samples):
    assert ge2e.extract(np.zeros(samples, np.float32), 0.0) is None


def test_too_little_speech_is_absent(ge2e, clips):
    assert ge2e.extract(clips[0][16000:19000], 0.0) is None


def test_awkward_sound(ge2e, clips):
    clipped = np.clip(50 * clips[0], -1, 1)
    broken = clips[0].copy()
    broken[1000:1010] = np.nan
    for sound in (clipped, broken, clips[1] * 0.02):
        assert ge2e.extract(sound, 0.0) is not None


@pytest.mark.parametrize("rate", [0.1, 0.5, 100])
def test_wrong_rate(rate):
    with pytest.raises(UsageError, match="windows a second"):
        Ge2eVoice(rate=rate)


def test_missing_resemblyzer_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "resemblyzer", None)
    with pytest.raises(MissingExtraError, match=r"emospot\[voice\]"):
        Ge2eVoice()


def test_windows_follow_the_voice_in_time(ge2e, clips):
    audio = np.concatenate([clips[0], clips[2]])
    moments, embeddings = ge2e.windows(audio, 0.4)
    assert moments[0] == pytest.approx(0.2)
    np.testing.assert_allclose(np.diff(moments), 0.4)
    assert moments[-1] < len(audio) / 16_000
    assert embeddings.shape == (len(moments), 256)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1.0, atol=1e-5)
    own = [ge2e.extract(clip, 0.0).values[0] for clip in (clips[0], clips[2])]
    change = len(clips[0]) / 16_000
    # 0.8 s and more from the change a window hears one of the two alone.
    early, late = moments < change - 1.2, moments > change + 1.2
    assert (embeddings[early] @ own[0]).mean() > (embeddings[early] @ own[1]).mean()
    assert (embeddings[late] @ own[1]).mean() > (embeddings[late] @ own[0]).mean()


def test_a_window_is_what_the_encoder_says_of_that_stretch(ge2e, clips):
    moments, embeddings = ge2e.windows(clips[0], 0.4)
    from resemblyzer import VoiceEncoder, normalize_volume, wav_to_mel_spectrogram

    normal = normalize_volume(clips[0], -30, increase_only=True)
    number = len(moments) // 2
    first = round(moments[number] * 100) - 80
    mel = wav_to_mel_spectrogram(normal)[first : first + 160]
    encoder = VoiceEncoder("cpu", verbose=False)
    import torch

    with torch.inference_mode():
        expected = encoder(torch.from_numpy(mel[None].astype(np.float32))).numpy()[0]
    assert expected @ embeddings[number] > 0.999


def test_short_sound_has_one_window_and_silence_none(ge2e, clips):
    middle = len(clips[0]) // 2
    moments, embeddings = ge2e.windows(clips[0][middle : middle + 3200], 0.4)
    assert len(moments) == len(embeddings) == 1
    assert np.isfinite(embeddings).all()
    for quiet in (np.zeros(16_000, np.float32), np.zeros(0, np.float32), clips[0][:10]):
        assert [len(part) for part in ge2e.windows(quiet, 0.4)] == [0, 0]

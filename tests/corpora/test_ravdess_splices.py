"""Splices have exact borders, one level, and nothing but the seed decides them."""

import itertools
import wave
from pathlib import Path

import numpy as np
import pytest

from emospot.corpora.ravdess_splices import (
    EMOTIONAL,
    LEVEL,
    PAUSE,
    intensity_pairs,
    levelled,
    splices,
    trimmed,
)
from emospot.errors import CorpusError

RATE = 16_000


def _write(path: Path, tone: float, loudness: float, seconds: float = 0.6) -> None:
    """Silence, a tone, silence."""
    time = np.arange(int(seconds * RATE)) / RATE
    silence = np.zeros(RATE // 4)
    sound = np.concatenate([silence, loudness * np.sin(2 * np.pi * tone * time), silence])
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((32767 * sound).astype("<i2").tobytes())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One actor: neutral clips at 200 Hz, emotion e at 100 · (e + 3) Hz, strong ones louder."""
    for emotion, intensity, statement, repetition in itertools.product(
        range(1, 9), (1, 2), (1, 2), (1, 2)
    ):
        if emotion == 1 and intensity == 2:
            continue
        name = f"03-01-{emotion:02}-{intensity:02}-{statement:02}-{repetition:02}-07.wav"
        tone = 200.0 if emotion == 1 else 100.0 * (emotion + 3)
        _write(tmp_path / name, tone, 0.1 * intensity)
    return tmp_path


def _tone(audio: np.ndarray) -> float:
    """The strongest frequency in Hz."""
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio))))
    return float(spectrum.argmax() * RATE / len(audio))


def test_what_is_marked_is_what_is_heard(folder: Path) -> None:
    made = list(splices(folder, [7], each=24))
    assert {len(one.emotional) for one in made} == {0, 1, 2}
    assert sum(one.noisy for one in made) == 12
    assert {clip.intensity for one in made for clip in one.emotional} == {1, 2}
    for one in made:
        for clip in one.emotional:
            inside = one.audio[int(clip.start * RATE) : int(clip.end * RATE)]
            assert _tone(inside) == pytest.approx(100.0 * (clip.emotion + 3), abs=5)
            assert clip.end - clip.start == pytest.approx(0.6, abs=0.02)
            # No clip is louder than another, however loud it was.
            if not one.noisy:
                assert np.sqrt((inside**2).mean()) == pytest.approx(LEVEL, rel=0.01)
        emotions = [clip.emotion for clip in one.emotional]
        assert len(set(emotions)) == len(emotions)
        count = 4 + len(emotions)
        pauses = len(one.audio) / RATE - 0.6 * count
        assert (count + 1) * PAUSE[0] - 0.1 < pauses < (count + 1) * PAUSE[1] + 0.1


def test_noise_lies_as_far_below_as_said(folder: Path) -> None:
    for one in splices(folder, [7], each=4):
        start = one.audio[: int(PAUSE[0] * RATE)]
        below = -20 * np.log10(np.sqrt((start**2).mean()) / LEVEL)
        assert below == pytest.approx(15 if one.noisy else 60, abs=4)


def test_the_seed_decides_everything(folder: Path) -> None:
    first, again, other = (list(splices(folder, [7], each=3, seed=seed)) for seed in (0, 0, 1))
    assert all(np.array_equal(a.audio, b.audio) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a.audio, b.audio) for a, b in zip(first, other, strict=True))
    # Asking for more changes none of the earlier ones.
    more = list(splices(folder, [7], each=5))[:3]
    assert all(np.array_equal(a.audio, b.audio) for a, b in zip(first, more, strict=True))


def test_speech_without_the_silences_around_it() -> None:
    speech = np.sin(np.arange(RATE) / 5).astype(np.float32)
    audio = np.concatenate([np.zeros(3000), speech, np.zeros(5000)]).astype(np.float32)
    assert len(trimmed(audio)) == pytest.approx(RATE, abs=320)
    assert len(trimmed(np.zeros(500, np.float32))) in (0, 500)
    assert not levelled(np.zeros(10, np.float32)).any()


def test_missing_clips(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="actor 3 has 0 neutral and 0 emotional"):
        next(splices(folder, [3]))
    (folder / "03-01-01-01-01-01-07.wav").unlink()
    with pytest.raises(CorpusError, match="actor 7 has 3 neutral and 48 emotional"):
        next(splices(folder, [7]))
    with pytest.raises(CorpusError, match="no such folder"):
        next(splices(tmp_path / "gone", [7]))


def test_the_real_clips(shared_data: Path) -> None:
    made = list(splices(shared_data / "ravdess" / "speech16k", [1, 24], each=4))
    assert [(one.actor, one.number) for one in made] == [
        (actor, number) for actor in (1, 24) for number in range(4)
    ]
    for one in made:
        assert 6 < len(one.audio) / RATE < 25
        assert all(0.5 < clip.end - clip.start < 4 for clip in one.emotional)


def test_one_sentence_in_both_intensities(folder: Path) -> None:
    made = list(intensity_pairs(folder, [7], each=12))
    assert {(s.emotional[0].emotion, s.emotional[0].statement) for s in made} == {
        (emotion, statement) for emotion in EMOTIONAL for statement in (1, 2)
    }
    for splice in made:
        first, second = splice.emotional
        assert {first.intensity, second.intensity} == {1, 2}
        assert (first.emotion, first.statement) == (second.emotion, second.statement)
        assert first.end < second.start
        for clip in splice.emotional:  # brought to one level, which would tell them apart
            inside = splice.audio[int(clip.start * RATE) : int(clip.end * RATE)]
            assert np.sqrt((inside.astype(float) ** 2).mean()) == pytest.approx(LEVEL, rel=0.05)
    again = list(intensity_pairs(folder, [7], each=12))
    assert all(np.array_equal(a.audio, b.audio) for a, b in zip(made, again, strict=True))

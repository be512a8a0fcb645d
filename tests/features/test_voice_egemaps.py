import sys

import numpy as np
import pytest

from emospot.errors import MissingExtraError, UsageError
from emospot.features.voice_descriptors import STANDARD
from emospot.features.voice_egemaps import EgemapsVoice

opensmile = pytest.importorskip("opensmile")


def speech_like(seconds=1.0, frequency=180.0):
    time = np.arange(int(seconds * 16000)) / 16000
    buzz = sum(np.sin(2 * np.pi * k * frequency * time) / k for k in range(1, 12))
    return (0.1 * buzz).astype(np.float32)


@pytest.fixture(scope="module")
def egemaps():
    return EgemapsVoice()


def test_values_are_opensmiles(egemaps):
    audio = speech_like()
    smile = opensmile.Smile(
        opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.LowLevelDescriptors
    )
    table = smile.process_signal(audio, 16000)
    tokens = egemaps.extract(audio, 0.0)
    assert len(tokens) == len(table)
    for ours, theirs in {
        "loudness": "Loudness_sma3",
        "pitch": "F0semitoneFrom27.5Hz_sma3nz",
        "mfcc3_sma3": "mfcc3_sma3",
        "HNRdBACF_sma3nz": "HNRdBACF_sma3nz",
    }.items():
        np.testing.assert_allclose(tokens.column(ours), table[theirs], rtol=1e-5, atol=1e-5)


def test_columns(egemaps):
    tokens = egemaps.extract(speech_like(), 0.0)
    assert tokens.columns[:4] == STANDARD
    assert tokens.dim == len(set(tokens.columns)) == 27 == egemaps.describe().dim
    voiced = tokens.column("voiced")
    np.testing.assert_array_equal(voiced > 0, tokens.column("pitch") > 0)
    assert np.median(tokens.column("pitch")) == pytest.approx(12 * np.log2(180 / 27.5), abs=0.1)


def test_licence_and_version_are_told(egemaps):
    description = egemaps.describe()
    assert "commercial" in description.licence
    assert opensmile.__version__ in description.version


def test_times(egemaps):
    sound = np.concatenate([np.zeros(8000, np.float32), speech_like(0.5)])
    tokens = egemaps.extract(sound, 3.0)
    onset = tokens.times[np.argmax(tokens.column("loudness") > 0.5), 0]
    assert onset == pytest.approx(3.5, abs=0.03)
    assert tokens.times[0, 0] >= 3.0
    assert tokens.times[-1, 1] <= 4.0


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(8000, np.float32),
        np.sign(speech_like(0.5)),
        np.full(8000, np.nan, np.float32),
        speech_like(0.06),
    ],
    ids=["silence", "clipped", "nan", "shortest"],
)
def test_awkward_sound_gives_finite_numbers(egemaps, sound):
    tokens = egemaps.extract(sound, 0.0)
    assert len(tokens) >= 1


def test_silence_is_unvoiced(egemaps):
    tokens = egemaps.extract(np.zeros(8000, np.float32), 0.0)
    assert not tokens.column("voiced").any()
    assert not tokens.column("rate").any()


@pytest.mark.parametrize("samples", [0, 100, 959])
def test_too_short_is_absent(egemaps, samples, recwarn):
    assert egemaps.extract(np.zeros(samples, np.float32), 0.0) is None
    assert not recwarn.list


def test_longer_tokens(egemaps):
    audio = speech_like()
    short, long = egemaps.extract(audio, 0.0), EgemapsVoice(hop=0.05).extract(audio, 0.0)
    assert len(long) == -(-len(short) // 5)
    np.testing.assert_allclose(
        long.column("loudness")[3], short.column("loudness")[15:20].mean(), rtol=1e-5
    )
    with pytest.raises(UsageError):
        EgemapsVoice(hop=0.001)


def test_missing_opensmile_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "opensmile", None)
    with pytest.raises(MissingExtraError, match=r"emospot\[voice\]"):
        EgemapsVoice()

import numpy as np
import pytest

from emospot.errors import UsageError
from emospot.features.voice_basic import COLUMNS, BasicVoice, finite
from emospot.features.voice_descriptors import STANDARD
from emospot.media.audio import audio_blocks


def decoded(path):
    return np.concatenate(list(audio_blocks(path)))


def tone(frequency, seconds=1.0, level=0.3):
    time = np.arange(int(seconds * 16000)) / 16000
    return (level * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def test_standard_columns_come_first():
    tokens = BasicVoice().extract(tone(200), 0.0)
    assert tokens.columns == COLUMNS
    assert tokens.columns[:4] == STANDARD


def test_describe():
    description = BasicVoice(hop=0.02).describe()
    assert (description.extractor, description.dim) == ("basic", len(COLUMNS))
    assert description.options == {"hop": 0.02}
    assert not description.pooled
    assert description.licence == ""


def test_times_count_from_the_recording():
    tokens = BasicVoice().extract(tone(200, 0.5), 7.0)
    assert len(tokens) == 50
    assert tokens.times[0, 0] == 7.0
    assert tokens.times[-1, 1] == pytest.approx(7.5)


def test_loudness_follows_stevens_law():
    soft = BasicVoice().extract(tone(1000, level=0.05), 0.0).column("loudness")[50]
    loud = BasicVoice().extract(tone(1000, level=0.5), 0.0).column("loudness")[50]
    assert loud == pytest.approx(1.0, rel=0.02)
    assert loud / soft == pytest.approx(100**0.33, rel=0.02)


def test_a_burst_is_loud_where_it_is():
    sound = tone(300, 1.0, 0.02)
    sound[6400:8000] = tone(300, 0.1, 0.8)
    tokens = BasicVoice().extract(sound, 0.0)
    loud = tokens.times[tokens.column("loudness") > tokens.column("loudness").max() / 2]
    assert loud[0, 0] == pytest.approx(0.4, abs=0.02)
    assert loud[-1, 1] == pytest.approx(0.5, abs=0.02)


def test_spectrum_tells_dark_from_bright():
    dark = BasicVoice().extract(tone(300), 0.0)
    bright = BasicVoice().extract(tone(3000), 0.0)
    assert dark.column("spectral_centroid")[50] == pytest.approx(0.3, abs=0.03)
    assert bright.column("spectral_centroid")[50] == pytest.approx(3.0, abs=0.03)
    assert dark.column("alpha_ratio")[50] < -20 < 20 < bright.column("alpha_ratio")[50]


def test_flux_marks_the_onset_only():
    sound = np.concatenate([np.zeros(8000, np.float32), tone(300, 0.5)])
    flux = BasicVoice().extract(sound, 0.0).column("spectral_flux")
    assert 48 <= flux.argmax() <= 51
    assert flux[60:90].max() < flux.max() / 20


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.059])
def test_too_short_is_absent(seconds):
    assert BasicVoice().extract(np.zeros(int(16000 * seconds), np.float32), 0.0) is None


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(8000, np.float32),
        np.sign(tone(150, 0.5)),
        np.full(8000, np.nan, np.float32),
        np.full(8000, 30.0, np.float32),
        tone(150, 0.06),
    ],
    ids=["silence", "clipped", "nan", "out of range", "shortest"],
)
def test_awkward_sound_gives_finite_numbers(sound):
    tokens = BasicVoice().extract(sound, 0.0)  # Tokens refuse NaN
    assert len(tokens) == len(sound) // 160
    if not np.nan_to_num(sound).any():
        for name in STANDARD:
            assert not tokens.column(name).any()


def test_finite_leaves_good_sound_alone():
    sound = tone(200)
    np.testing.assert_array_equal(finite(sound), sound)
    np.testing.assert_array_equal(
        finite(np.array([np.nan, np.inf, -3.0, 0.5])), np.array([0, 0, -1, 0.5], np.float32)
    )


def test_longer_tokens_are_means():
    short = BasicVoice().extract(tone(200, 0.5), 0.0)
    long = BasicVoice(hop=0.05).extract(tone(200, 0.5), 0.0)
    assert len(long) == 10
    np.testing.assert_allclose(
        long.column("loudness"), short.column("loudness").reshape(10, 5).mean(1), rtol=1e-5
    )
    np.testing.assert_allclose(np.diff(long.times), 0.05)


@pytest.mark.parametrize("hop", [0.0, 0.015, -0.01])
def test_wrong_hop(hop):
    with pytest.raises(UsageError, match=r"multiple of 0\.01"):
        BasicVoice(hop=hop)


def test_blocks_leave_no_seam():
    # 25 s are more than one block of frames; the sound repeats every second.
    period = tone(200) + tone(1100, level=0.1)
    whole = BasicVoice().extract(np.tile(period, 25), 0.0)
    for name in ("loudness", "spectral_flux", "alpha_ratio"):
        column = whole.column(name)
        np.testing.assert_allclose(column[1950:2050], column[950:1050], rtol=1e-3, atol=1e-4)


def test_pitch_and_loudness_agree_with_opensmile(shared_data):
    pytest.importorskip("opensmile")
    from emospot.features.voice_egemaps import EgemapsVoice

    clips = sorted((shared_data / "ravdess/speech16k").glob("*.flac"))[::120]
    basic, egemaps = BasicVoice(), EgemapsVoice()
    distance, correlation = [], []
    for clip in clips:
        audio = decoded(clip)
        ours, theirs = basic.extract(audio, 0.0), egemaps.extract(audio, 0.0)
        # openSMILE's pitch window begins with its spectral window but is 40 ms longer.
        count = len(theirs) - 3
        a, b = ours.column("pitch")[3 : count + 3], theirs.column("pitch")[:count]
        both = (a > 0) & (b > 0)
        distance.append(np.abs(a - b)[both])
        loudness = ours.column("loudness")[1 : count + 1], theirs.column("loudness")[:count]
        correlation.append(np.corrcoef(*loudness)[0, 1])
    assert np.median(np.concatenate(distance)) < 0.25  # semitones
    assert np.mean(np.concatenate(distance) > 6) < 0.03  # octave errors
    assert np.median(correlation) > 0.95


def test_syllables_of_a_known_sentence(shared_data):
    # Both sentences of RAVDESS have seven syllables ("Kids are talking by the door").
    from emospot.features.voice_descriptors import syllable_nuclei

    counts = []
    for clip in sorted((shared_data / "ravdess/speech16k").glob("*.flac"))[::71]:
        tokens = BasicVoice().extract(decoded(clip), 0.0)
        counts.append(
            len(syllable_nuclei(tokens.column("loudness"), tokens.column("voiced"), 0.01))
        )
    assert np.mean(counts) == pytest.approx(7, abs=1)

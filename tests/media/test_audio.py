import tracemalloc

import av
import numpy as np
import pytest

from emospot.errors import MediaError
from emospot.media import SAMPLE_RATE, audio_blocks


def first_sound(audio):
    return np.flatnonzero(np.abs(audio) > 0.1)[0] / SAMPLE_RATE


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("talk.wav", None),
        ("talk.flac", "flac"),
        ("talk.mp3", "libmp3lame"),
        ("talk.mp4", "aac"),
        ("talk.mkv", "aac"),
    ],
)
def test_sound_is_16_khz_and_keeps_its_time_and_pitch(make_recording, name, codec):
    audio = np.concatenate(list(audio_blocks(make_recording(name, 2.0, codec=codec))))
    assert audio.dtype == np.float32
    assert len(audio) / SAMPLE_RATE == pytest.approx(2.0, abs=0.06)
    # Independent of the decoder: the frequency and size of the tone that was written.
    spectrum = np.abs(np.fft.rfft(audio[:SAMPLE_RATE]))
    assert spectrum.argmax() == pytest.approx(440, abs=1)
    assert np.sqrt(np.mean(audio[4000:20000] ** 2)) == pytest.approx(0.5 / np.sqrt(2), abs=0.02)


def test_blocks_have_the_asked_length_and_join_without_a_seam(make_recording):
    path = make_recording("talk.wav", 2.0)
    whole = next(audio_blocks(path, seconds=60))
    blocks = list(audio_blocks(path, seconds=0.3))
    assert [len(block) for block in blocks[:-1]] == [4800] * (len(blocks) - 1)
    np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_sound_that_starts_late_is_heard_late(make_recording):
    path = make_recording("late.mkv", 2.0, pictures=True, sound_delay=0.7)
    audio = np.concatenate(list(audio_blocks(path)))
    assert first_sound(audio) == pytest.approx(0.7, abs=0.005)
    assert len(audio) / SAMPLE_RATE == pytest.approx(2.7, abs=0.02)


def test_sound_alone_starts_at_zero_whatever_its_clock_says(make_recording):
    path = make_recording("shifted.mkv", 1.0, sound_delay=5.0)
    audio = np.concatenate(list(audio_blocks(path)))
    assert first_sound(audio) < 0.01
    assert len(audio) / SAMPLE_RATE == pytest.approx(1.0, abs=0.02)


def test_a_hole_in_the_time_stamps_becomes_silence(make_recording):
    path = make_recording("hole.mkv", 2.0, hole=(1.0, 3.0))
    audio = np.concatenate(list(audio_blocks(path, seconds=0.5)))
    assert len(audio) / SAMPLE_RATE == pytest.approx(5.0, abs=0.02)
    silent = np.abs(audio[int(1.05 * SAMPLE_RATE) : int(3.95 * SAMPLE_RATE)])
    assert silent.max() == 0.0
    assert np.abs(audio[int(4.05 * SAMPLE_RATE) :]).max() > 0.4


def test_nan_and_overdriven_samples_are_made_harmless(tmp_path):
    path = tmp_path / "floats.wav"
    samples = np.array([0.5, np.nan, 3.0, -np.inf] * 1000, np.float32)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_f32le", rate=SAMPLE_RATE)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    audio = np.concatenate(list(audio_blocks(path)))
    np.testing.assert_array_equal(audio[:4], np.array([0.5, 0.0, 1.0, -1.0], np.float32))


def test_stereo_is_mixed(tmp_path):
    path = tmp_path / "stereo.wav"
    both = np.stack([np.full(1000, 16000), np.zeros(1000)]).astype(np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=SAMPLE_RATE)
        stream.layout = "stereo"
        frame = av.AudioFrame.from_ndarray(both.T.reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate = SAMPLE_RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert next(audio_blocks(path)).mean() == pytest.approx(8000 / 32768, abs=1e-3)


def test_two_sound_tracks_give_a_notice(tmp_path):
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as container:
        tracks = [container.add_stream("pcm_s16le", rate=SAMPLE_RATE) for _ in range(2)]
        for track in tracks:
            track.layout = "mono"
        for track in tracks:
            frame = av.AudioFrame.from_ndarray(
                np.full((1, 1600), 1000, np.int16), format="s16", layout="mono"
            )
            frame.sample_rate = SAMPLE_RATE
            container.mux(track.encode(frame))
            container.mux(track.encode(None))
    notices: list[str] = []
    list(audio_blocks(path, notices=notices))
    assert notices == ["two.mkv: has 2 sound tracks; only the first is used"]


def test_without_sound(make_recording):
    with pytest.raises(MediaError, match=r"mute\.mp4: has no sound"):
        next(audio_blocks(make_recording("mute.mp4", sound=None, pictures=True)))


def test_a_header_without_any_sound_after_it(tmp_path, make_recording):
    path = tmp_path / "header.wav"
    path.write_bytes(make_recording("talk.wav").read_bytes()[:80])
    with pytest.raises(MediaError, match="none of its sound can be decoded"):
        list(audio_blocks(path))


def test_a_cut_off_file_keeps_what_was_decoded(make_recording, cut_file):
    notices: list[str] = []
    path = cut_file(make_recording("talk.flac", 5.0, codec="flac"))
    audio = np.concatenate(list(audio_blocks(path, notices=notices)))
    assert 1.0 < len(audio) / SAMPLE_RATE < 4.5
    assert any("cut off" in notice for notice in notices)


def test_memory_does_not_grow_with_the_file(make_recording):
    path = make_recording("long.flac", 120.0, codec="flac")  # 7.7 MB as float samples
    tracemalloc.start()
    for _ in audio_blocks(path, seconds=5.0):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_500_000

import json

import numpy as np
import pytest

from emospot.errors import MediaError, TranscriptError, UsageError
from emospot.interfaces.pipeline_inputs import (
    files_of,
    is_conversation_of_turns,
    write_sound,
    write_turns,
)
from emospot.media.audio import SAMPLE_RATE, audio_blocks


def tone(hertz: float, rate: int, seconds: float = 2.0):
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def heard(path):
    return np.concatenate(list(audio_blocks(path)))


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
def test_a_tone_stays_a_tone_at_every_rate(tmp_path, rate):
    assert write_sound(tone(440, rate), rate, tmp_path / "a.wav") == 2.0
    found = heard(tmp_path / "a.wav")
    expected = tone(440, SAMPLE_RATE)
    assert abs(len(found) - len(expected)) <= 1
    middle = slice(2_000, 30_000)
    assert np.abs(found[middle] - expected[middle]).max() < 2e-3


def test_what_16_khz_cannot_hold_does_not_come_back_as_another_tone(tmp_path):
    write_sound(tone(11_000, 44_100), 44_100, tmp_path / "a.wav")
    # Without a filter it would be heard at 5 kHz, as loud as before.
    assert np.abs(heard(tmp_path / "a.wav")[2_000:30_000]).max() < 5e-3


def test_channels_are_averaged(tmp_path):
    both = np.stack([tone(440, 16_000), np.zeros(32_000)])
    write_sound(both, 16_000, tmp_path / "a.wav")
    found = heard(tmp_path / "a.wav")
    assert np.abs(found - tone(440, 16_000) / 2).max() < 1e-4


@pytest.mark.parametrize("kind", [np.int16, np.int32])
def test_integers_are_scaled(tmp_path, kind):
    whole = np.round(tone(440, 16_000) * np.iinfo(kind).max).astype(kind)
    write_sound(whole, 16_000, tmp_path / "a.wav")
    assert np.abs(heard(tmp_path / "a.wav") - tone(440, 16_000)).max() < 1e-4


def test_a_list_of_floats_and_a_tensor_are_sound(tmp_path):
    import torch

    assert write_sound([0.0, 0.1, 0.0], 16_000, tmp_path / "a.wav") == 3 / 16_000
    assert write_sound(torch.zeros(1, 8_000), 16_000.0, tmp_path / "a.wav") == 0.5


@pytest.mark.parametrize(
    ("samples", "rate", "told"),
    [
        (np.zeros(9), None, "sampling_rate"),
        (np.zeros(9), True, "sampling_rate"),
        (np.zeros(9), 16_000.5, "sampling_rate"),
        (np.zeros(9), 0, "sampling_rate"),
        (np.zeros(0), 16_000, "shape"),
        (np.zeros((9, 2, 2)), 16_000, "shape"),
        (np.zeros((900, 2)), 16_000, "shape"),
        (np.array([0.0, np.nan]), 16_000, "NaN"),
        (np.array([0.0, 32_767.0]), 16_000, "reaches 32767"),
        (np.zeros(9, np.uint8), 16_000, "uint8"),
        (["a"], 16_000, "expected floats"),
        ([[1.0], [1.0, 2.0]], 16_000, "no array"),
    ],
)
def test_malformed_sound_is_told(tmp_path, samples, rate, told):
    with pytest.raises(MediaError, match=told):
        write_sound(samples, rate, tmp_path / "a.wav")


def turns_of(path):
    return json.loads(path.read_text(encoding="utf-8"))["utterances"]


def test_turns_are_written_with_what_they_have(tmp_path):
    turns = [
        {"speaker": "Anna", "text": "Oh!", "start": np.float64(0.5), "end": float("nan")},
        {"text": "Née?", "timestamp": (1.0, 2), "label": "left out"},
        "Hm.",
    ]
    assert turns_of(write_turns(turns, tmp_path / "t.json")) == [
        {"speaker": "Anna", "text": "Oh!", "start": 0.5},
        {"start": 1.0, "end": 2, "text": "Née?"},
        {"text": "Hm."},
    ]


@pytest.mark.parametrize(
    ("turn", "told"),
    [
        (7, "turn 0 is a int"),
        ({"text": object()}, "turn 0, text is a object"),
        ({"timestamp": (1.0,)}, "a timestamp is"),
        ({"speaker": "A", "txt": "hello"}, 'turn 0 has "speaker", "txt": expected "text"'),
        ({}, 'turn 0 has nothing: expected "text"'),
    ],
)
def test_a_malformed_turn_is_told(tmp_path, turn, told):
    with pytest.raises(TranscriptError, match=told):
        write_turns([turn], tmp_path / "t.json")


def test_one_text_lasts_as_long_as_the_sound(tmp_path):
    sound = {"raw": np.zeros(32_000), "sampling_rate": 16_000, "text": "Oh no!"}
    files = files_of(sound, tmp_path)
    assert files.recording.read_bytes()[:4] == b"RIFF"
    assert turns_of(files.transcript) == [{"text": "Oh no!", "start": 0.0, "end": 2.0}]


@pytest.mark.parametrize("name", ["turns", "utterances", "chunks"])
def test_sound_with_turns(tmp_path, name):
    turns = [{"text": "Hi", "start": 0.0, "end": 0.5}, {"text": "Oh", "start": 0.5, "end": 1.0}]
    files = files_of({"array": np.zeros(16_000), "sampling_rate": 16_000, name: turns}, tmp_path)
    assert turns_of(files.transcript) == turns


def test_a_recording_with_a_transcript_or_with_turns(tmp_path):
    recording, transcript = tmp_path / "a.wav", tmp_path / "a.srt"
    recording.touch()
    transcript.touch()
    both = files_of({"path": recording, "transcript": str(transcript)}, tmp_path)
    assert (both.recording, both.transcript) == (recording, transcript)
    assert files_of(str(recording), tmp_path).transcript is None
    with_turns = files_of({"path": str(recording), "turns": [{"text": "Hi"}]}, tmp_path)
    assert with_turns.recording == recording
    assert turns_of(with_turns.transcript) == [{"text": "Hi"}]


def test_words_alone(tmp_path):
    for one in ([{"text": "Hi"}], {"text": "Hi"}, {"turns": [{"text": "Hi"}]}, ["Hi"]):
        files = files_of(one, tmp_path)
        assert files.transcript is None
        assert turns_of(files.recording) == [{"text": "Hi"}]


@pytest.mark.parametrize(
    ("conversation", "told"),
    [
        ("I am happy", "there is no file"),
        (np.zeros(9), "does not say its rate"),
        (7, "found a int"),
        ({"raw": np.zeros(9), "sample_rate": 16_000}, "has no sample_rate"),
        ({"path": None}, "needs"),
        ({"turns": "Hi"}, "a list, found a str"),
        ({"turns": [], "transcript": "a.srt"}, "give one"),
        ({"path": "nothing.wav"}, "there is no file"),
    ],
)
def test_what_is_no_conversation_is_told(tmp_path, conversation, told):
    with pytest.raises(UsageError, match=told):
        files_of(conversation, tmp_path)


def test_turns_are_told_from_conversations():
    assert is_conversation_of_turns(({"text": "Hi"}, {"speaker": "A", "text": "Oh"}))
    assert not is_conversation_of_turns([])
    assert not is_conversation_of_turns([[{"text": "Hi"}]])
    assert not is_conversation_of_turns([{"raw": np.zeros(3), "sampling_rate": 16_000}])
    assert not is_conversation_of_turns({"text": "Hi"})

"""`emospot stream`: what a user types, pipes in and sees."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from emospot.cli import stream as command
from emospot.media.decode import audio_blocks
from emospot.sample import sample_files

SAMPLE = sample_files()


@pytest.fixture
def stream(emospot, monkeypatch: pytest.MonkeyPatch) -> Callable:
    """`emospot stream` with this on standard input."""

    def call(*arguments: object, given: bytes = b""):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given), "utf-8"))
        ran = emospot("stream", *arguments)
        return ran, ran.out.splitlines()

    return call


def test_a_recording_with_its_transcript_and_without(stream):
    _, told = stream(SAMPLE.conversation, "--transcript", SAMPLE.transcript)
    answers = [json.loads(line) for line in told]
    assert [answer["speaker"] for answer in answers[:2]] == ["ANNA", "BEN"]
    assert all(answer["text"] and not answer["provisional"] for answer in answers)
    ran, shown = stream(SAMPLE.conversation, "--text", "--provisional", "2")
    assert ran.status == 0
    assert {line.endswith("…") for line in shown} == {True, False}


def test_sound_on_standard_input_is_the_recording(stream):
    sound = np.concatenate(list(audio_blocks(SAMPLE.conversation)))[: 15 * 16_000]
    given = np.round(sound * 32767).astype("<i2").tobytes()
    # An odd byte at the end is half a sample.
    _, heard = stream("-", given=given + b"\0")
    _, read = stream(SAMPLE.conversation)
    for one, other in zip(heard[:2], read, strict=False):
        ours, theirs = json.loads(one), json.loads(other)
        assert (ours["start"], ours["end"]) == (theirs["start"], theirs["end"])
        assert ours["probabilities"] == pytest.approx(theirs["probabilities"], abs=0.01)


def test_lines_of_json(stream, tmp_path: Path):
    given = [
        {"text": "I can't believe it, we won!", "speaker": "Ann", "start": 1, "end": 3.5},
        {"text": "Leave me", "speaker": "Ben", "provisional": True},
        {"text": None, "speaker": "Ben", "audio": str(SAMPLE.conversation)},
    ]
    text = "\n".join(json.dumps(line) for line in given) + "\n\n"
    ran, piped = stream("-", "--lines", given=text.encode())
    answers = [json.loads(line) for line in piped]
    assert ran.status == 0
    assert [a["provisional"] for a in answers] == [False, True, False]
    assert [a["id"] for a in answers] == ["live-1", "live-2", "live-2"]
    assert answers[2]["modalities"]["voice"]["used_by_model"]
    path = tmp_path / "talk.jsonl"
    path.write_text(text)
    again = [json.loads(line) for line in stream(path)[1]]
    assert [a["probabilities"] for a in again] == [a["probabilities"] for a in answers]


def test_bad_lines_are_passed_over_and_told(stream):
    bad = [
        "no json",
        "[1]",
        '{"words": "well"}',
        '{"text": 5}',
        '{"start": true, "text": "a"}',
        '{"speaker": "Ann"}',
        '{"audio": "nowhere.wav"}',
        '{"text": "a", "start": NaN, "end": 2}',
        '{"text": "a", "start": 1e308, "end": 1.1e308}',
        '{"text": "\\ud800"}',
        '{"text": "a", "start": false}',
        "[" * 100_000,
    ]
    lines = [b'{"text": "well done"}', *(one.encode() for one in bad), b'{"text": "I s\xe9e"}']
    ran, answers = stream("-", "--lines", given=b"\n".join(lines))
    assert (ran.status, len(answers)) == (1, 2)
    assert len(ran.error_lines) == len(bad) + 1
    for number, line in enumerate(ran.error_lines[:-1], start=2):
        assert line.startswith(f"emospot: line {number}: ")
    assert "12 line(s) were passed over" in ran.error_lines[-1]


def test_a_microphone_that_is_switched_off_is_answered(stream, monkeypatch):
    sound = np.concatenate(list(audio_blocks(SAMPLE.conversation)))[: 3 * 16_000]
    blocks = iter(np.array_split(sound, 30))

    def microphone():
        yield from blocks
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_standard_input", microphone)
    ran, answers = stream("-")
    assert (ran.status, len(answers)) == (0, 1)
    assert ran.err.strip().endswith("stopped")


def test_nothing_to_answer_is_said(stream, tmp_path: Path):
    path = tmp_path / "empty.jsonl"
    path.write_text("\n")
    ran, answers = stream(path)
    assert (answers, ran.err.strip().splitlines()[-1]) == ([], "no utterance came in")
    ran, answers = stream("-", given=bytes(2 * 16_000))
    assert answers == []
    assert "no speech was found in 1.0 s of sound" in ran.err
    ran, answers = stream("-", given=SAMPLE.conversation.read_bytes())
    assert (ran.status, answers) == (2, [])
    assert "bare samples: ffmpeg" in ran.error_lines[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-",), "no sound came in"),
        (("-", "--transcript", "x.srt"), "belongs to a recording"),
        (("talk.wav", "--lines"), "of standard input"),
        (("talk.jsonl", "--provisional", "1"), "voice activity"),
        (("talk.wav", "--model", "bundled"), "later utterances"),
        (("nowhere.wav",), "nowhere.wav"),
        (("nowhere.jsonl",), "nowhere.jsonl"),
    ],
)
def test_wrong_use_is_one_line(stream, arguments, message):
    ran, answers = stream(*arguments)
    assert ran.status in (1, 2)
    assert answers == []
    assert len(ran.error_lines) == 1
    assert message in ran.error_lines[0]

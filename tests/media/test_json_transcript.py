import json
from pathlib import Path

import pytest

from emospot.errors import TranscriptError
from emospot.media.json_transcript import read_json, read_json_lines
from emospot.media.transcript_types import Notices, TimedWord

UTTERANCE = {
    "speaker": "Anna",
    "start": 0.5,
    "end": 2,
    "text": "Oh no",
    "emotion": "sadness",
    "words": [
        {"start": 0.5, "end": 1.0, "text": "Oh"},
        {"start": 1, "end": 2, "word": " no "},
        {"start": None, "end": None, "text": "never"},
    ],
}


def read(document, reader=read_json):
    notices = Notices(Path("talk.json"))
    text = document if isinstance(document, str) else json.dumps(document)
    return reader(text, notices), notices.sentences()


@pytest.mark.parametrize(
    "document", [{"utterances": [UTTERANCE]}, {"segments": [UTTERANCE]}, [UTTERANCE]]
)
def test_the_schema(document):
    ((segment,), notices) = read(document)
    assert (segment.speaker, segment.start, segment.end, segment.text) == ("Anna", 0.5, 2, "Oh no")
    assert segment.words == (TimedWord(0.5, 1.0, "Oh"), TimedWord(1.0, 2.0, "no"))
    assert notices == ()


def test_absent_and_null_fields():
    segments, notices = read(
        {
            "utterances": [
                {"text": "a", "speaker": None},
                {"start": 1, "end": 2, "speaker": 3},
                {"words": [{"start": 0, "end": 1, "text": "b"}]},
                {"speaker": "Ben"},
            ]
        }
    )
    assert [(s.speaker, s.start, s.text) for s in segments] == [
        (None, None, "a"),
        ("3", 1.0, ""),
        (None, None, "b"),
    ]
    assert notices == ("talk.json, utterances[3]: neither text nor time; it was left out",)


def test_json_lines():
    text = '{"text": "a"}\n\n{"text": "b"}\n'
    assert [s.text for s in read(text, read_json_lines)[0]] == ["a", "b"]
    with pytest.raises(TranscriptError, match=r"talk\.json, line 3: Expecting"):
        read('{"text": "a"}\n\n{"text": \n', read_json_lines)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ('{"utterances": [\n{"text": }]}', r"talk\.json, line 2: Expecting value"),
        ("[" * 100_000, "nested too deeply|Expecting value"),
        ({"lines": []}, 'expected {"utterances"'),
        ("3", 'expected {"utterances"'),
        ({"utterances": ["Hi"]}, r"utterances\[0\]: found \"Hi\", expected an object"),
        ({"utterances": [{"text": 7}]}, r"utterances\[0\]\.text: found 7, expected a text"),
        ({"utterances": [{"text": "a", "start": "1"}]}, r"\.start: found \"1\", expected seconds"),
        ({"utterances": [{"text": "a", "start": True}]}, r"\.start: found true"),
        ('{"utterances": [{"text": "a", "start": NaN}]}', r"utterances\[0\]: nan is no time"),
        ({"utterances": [{"text": "a", "words": 3}]}, r"\.words: found 3, expected a list"),
        ({"utterances": [{"text": "a", "words": [3]}]}, r"words\[0\]: found 3, expected an obj"),
    ],
)
def test_what_does_not_follow_the_schema(document, message):
    with pytest.raises(TranscriptError, match=message):
        read(document)


def test_a_first_line_about_the_recording_is_passed_over():
    head = json.dumps({"recording": "talk.wav", "model": {}})
    segments, notices = read(f"{head}\n{json.dumps(UTTERANCE)}\n", read_json_lines)
    assert ([s.text for s in segments], notices) == (["Oh no"], ())
    _, notices = read(f"{json.dumps(UTTERANCE)}\n{head}\n", read_json_lines)
    assert "line 2: neither text nor time" in notices[0]

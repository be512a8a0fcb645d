from pathlib import Path

import pytest

from emospot.errors import TranscriptError
from emospot.media.transcript_types import Notices
from emospot.media.vtt import read_vtt

VTT = """WEBVTT - a talk
Kind: captions

STYLE
::cue { color: red }

NOTE a comment
over two lines

intro
00:01.000 --> 00:02.500 align:start position:10%
<v Anna>Hello &amp; goodbye</v>

01:00:03.000 --> 01:00:04.000
Nobody in particular

REGION
id:fred
"""


def read(text):
    notices = Notices(Path("talk.vtt"))
    return read_vtt(text, notices), notices.sentences()


def test_cues_and_nothing_else():
    segments, notices = read(VTT)
    assert notices == ()
    assert [(s.speaker, s.start, s.end, s.text) for s in segments] == [
        ("Anna", 1.0, 2.5, "Hello & goodbye"),
        (None, 3603.0, 3604.0, "Nobody in particular"),
    ]


def test_text_after_a_blank_line_is_named():
    segments, notices = read("WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n\nlost words\n")
    assert [s.text for s in segments] == ["Hello"]
    assert notices == ("talk.vtt, line 6: text without times; it was left out",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1\n00:01.000 --> 00:02.000\nHi", r"talk\.vtt, line 1: found \"1\", expected \"WEBVTT\""),
        ("WEBVTT\n\nid\n00:01.000 --> soon\nHi", "line 4"),
        ("WEBVTT\n\nNOTE nothing\n", "holds no cue"),
    ],
)
def test_malformed(text, message):
    with pytest.raises(TranscriptError, match=message):
        read(text)

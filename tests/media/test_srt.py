from pathlib import Path

import pysubs2
import pytest

from emospot.errors import TranscriptError
from emospot.media.srt import read_srt
from emospot.media.transcript_types import Notices


def read(text):
    notices = Notices(Path("talk.srt"))
    return read_srt(text, notices), notices.sentences()


def test_reads_what_another_program_wrote():
    subtitles = pysubs2.SSAFile()
    for k in range(20):
        text = f"Line {k}\\Nwith {{\\i1}}slant{{\\i0}}"
        subtitles.append(pysubs2.SSAEvent(start=k * 1000, end=k * 1000 + 750, text=text))
    segments, notices = read(subtitles.to_string("srt"))
    assert notices == ()
    assert [(s.start, s.end, s.text) for s in segments] == [
        (float(k), k + 0.75, f"Line {k} with slant") for k in range(20)
    ]


def test_untidy_files():
    text = """

00:00:01,000-->00:00:02,000
no number

7
00:00:03.5 --> 00:00:04  X1:10 Y1:20
two

parts with a blank line
8
00:00:05,000 --> 00:00:06,000
42
9

00:00:07,000 --> 00:00:08,000

10
00:00:09,000 --> 00:00:10,000
last --> arrow"""
    segments, _ = read(text)
    assert [(s.start, s.text) for s in segments] == [
        (1.0, "no number"),
        (3.5, "two parts with a blank line"),
        (5.0, "42 9"),
        (7.0, ""),
        (9.0, "last --> arrow"),
    ]


def test_markup_goes_and_other_html_stays():
    text = (
        '1\n00:00:01,000 --> 00:00:02,000\n{\\an8}<font color="red"><b>Oh</b></font> '
        "<script>alert(1)</script> a < b &amp; c\n"
    )
    assert read(text)[0][0].text == "Oh <script>alert(1)</script> a < b &amp; c"


def test_times_that_run_backwards_keep_the_text():
    segments, notices = read(
        "1\n00:00:05,000 --> 00:00:04,000\nA\n\n2\n00:00:08,000 --> 00:00:07,000\nB\n"
    )
    assert [(s.start, s.end, s.text) for s in segments] == [(5.0, None, "A"), (8.0, None, "B")]
    assert notices == (
        "talk.srt, line 2 (and 1 more place): ends before it starts; the end was taken as unknown",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1\n00:00:0x,000 --> 00:00:04,000\nA\n", r"talk\.srt, line 2: found \"00:00:0x,000"),
        ("1\n00:00:01,000 --> 00:00:02,000\nA\n\n2\n00:00:03,000 -->\nB\n", "line 6"),
        ("just words\n", "holds no subtitle"),
    ],
)
def test_malformed(text, message):
    with pytest.raises(TranscriptError, match=message):
        read(text)

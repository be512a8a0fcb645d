import csv
import io
from pathlib import Path

import pytest

from emospot.errors import TranscriptError
from emospot.media.table import read_table, table_delimiter
from emospot.media.transcript_types import Notices

ROWS = [
    ("0.5", "2.0", "Anna", 'She said, "no; never"\tagain | and again'),
    ("2.5", "3.0", "Ben", "Ça va?\nYes"),
]


def read(text):
    notices = Notices(Path("talk.csv"))
    return read_table(text, notices), notices.sentences()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_delimiter_with_quoted_fields(delimiter):
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter)
    writer.writerows([("start", "end", "speaker", "text"), *ROWS])
    segments, notices = read(written.getvalue())
    assert notices == ()
    assert [(s.start, s.end, s.speaker, s.text) for s in segments] == [
        (0.5, 2.0, "Anna", 'She said, "no; never" again | and again'),
        (2.5, 3.0, "Ben", "Ça va? Yes"),
    ]


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("Start Time,End_Time,Speaker ID,Transcript", "1:05.5,66,7,Hi", ("7", 65.5, 66.0, "Hi")),
        ("start_ms;end_ms;who;utterance", "1500;2000;A;Hi", ("A", 1.5, 2.0, "Hi")),
        ("begin (s),dur (s),text", "2,0.5,Hi", (None, 2.0, 2.5, "Hi")),
        ("onset;offset;text", "1,25;2,5;Hi", (None, 1.25, 2.5, "Hi")),
        ("speaker,text", "nan,Hi", (None, None, None, "Hi")),
        ("utterance,text,extra", "Ses01_1,Hi,9", (None, None, None, "Hi")),
        ("Utterance,Speaker,StartTime,EndTime", '"Oh, no",Joey,"00:00:01,500",00:00:02',
         ("Joey", 1.5, 2.0, "Oh, no")),
        ("start,text", "3,Hi", (None, 3.0, None, "Hi")),
        ("text", "Hi", (None, None, None, "Hi")),
    ],
)  # fmt: skip
def test_usual_headers(header, row, expected):
    (segment,), _ = read(f"{header}\n{row}\n")
    assert (segment.speaker, segment.start, segment.end, segment.text) == expected


def test_lines_of_other_lengths():
    segments, notices = read("start,text\n1,Oh, well\n\n2\n3,fine\n,\n")
    assert [(s.start, s.text) for s in segments] == [(1.0, "Oh, well"), (2.0, ""), (3.0, "fine")]
    assert notices == (
        "talk.csv, line 2: more fields than columns; the rest was taken as part of the text",
    )


def test_a_line_with_nothing_in_it_is_named():
    segments, notices = read("id,start,text\nx,,\ny,1,Hi\n")
    assert [s.text for s in segments] == ["Hi"]
    assert notices == ("talk.csv, line 2: neither text nor time; the line was left out",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", r"talk\.csv, line 1: found the columns \"a,b\""),
        ("start,text\nsoon,Hi\n", 'line 2: "soon" is no time'),
        ("start,text\ninf,Hi\n", "line 2: inf is no time"),
        ("text,start\nOh, well,1\n", "line 2: found 3 fields, expected 2"),
        ('start,text\n1,"never closed\n2,x\n', "line 3: unexpected end of data"),
    ],
)
def test_malformed(text, message):
    with pytest.raises(TranscriptError, match=message):
        read(text)


def test_a_header_without_a_text_column_has_no_delimiter():
    assert table_delimiter("start,end,speaker") is None
    assert table_delimiter("") is None


def test_texts_that_are_kept_from_being_formulas():
    (one,), _ = read("speaker,text\n'@eve,'=1+1\n")
    assert (one.speaker, one.text) == ("@eve", "=1+1")

import time

import pytest

from emospot.errors import TranscriptError
from emospot.media import read_transcript

SRT = "1\n00:00:01,000 --> 00:00:02,000\nANNA: Hi\n"
CONTENTS = {
    "srt": SRT,
    "vtt": "WEBVTT\n\n00:01.000 --> 00:02.000\n<v ANNA>Hi\n",
    "csv": "start,end,speaker,text\n1,2,ANNA,Hi\n",
    "tsv": "start\tend\tspeaker\ttext\n1\t2\tANNA\tHi\n",
    "TextGrid": 'File type = "ooTextFile"\nObject class = "TextGrid"\n\nxmin = 0\nxmax = 3\n'
    'tiers? <exists>\nsize = 1\nitem []:\n  item [1]:\n    class = "IntervalTier"\n'
    '    name = "ANNA"\n    xmin = 0\n    xmax = 3\n    intervals: size = 1\n'
    '    intervals [1]:\n      xmin = 1\n      xmax = 2\n      text = "Hi"\n',
    "eaf": '<ANNOTATION_DOCUMENT><TIME_ORDER><TIME_SLOT TIME_SLOT_ID="a" TIME_VALUE="1000"/>'
    '<TIME_SLOT TIME_SLOT_ID="b" TIME_VALUE="2000"/></TIME_ORDER><TIER TIER_ID="ANNA">'
    '<ANNOTATION><ALIGNABLE_ANNOTATION TIME_SLOT_REF1="a" TIME_SLOT_REF2="b"><ANNOTATION_VALUE>'
    "Hi</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>",
    "json": '{"utterances": [{"speaker": "ANNA", "start": 1, "end": 2, "text": "Hi"}]}',
    "jsonl": '{"speaker": "ANNA", "start": 1, "end": 2, "text": "Hi"}\n',
}


@pytest.mark.parametrize("ending", CONTENTS)
def test_every_format_gives_the_same(tmp_path, ending):
    path = tmp_path / f"talk.{ending}"
    path.write_text(CONTENTS[ending])
    transcript = read_transcript(path)
    (segment,) = transcript.segments
    assert (segment.speaker, segment.start, segment.end, segment.text) == ("ANNA", 1.0, 2.0, "Hi")
    assert transcript.notices == ()


@pytest.mark.parametrize("ending", ["srt", "vtt", "csv", "tsv", "TextGrid", "json"])
@pytest.mark.parametrize("name", ["talk.txt", "talk", "talk.transcript"])
def test_the_content_decides_where_the_ending_says_little(tmp_path, ending, name):
    path = tmp_path / name
    path.write_text(CONTENTS[ending])
    assert read_transcript(path).segments[0].start == 1.0


def test_rttm_with_words_beside_it_and_by_content(tmp_path):
    line = "SPEAKER talk 1 1.0 1.0 <NA> <NA> ANNA <NA> <NA>\n"
    (tmp_path / "talk.rttm").write_text(line)
    (tmp_path / "talk.txt").write_text("Hi\n")
    assert read_transcript(tmp_path / "talk.rttm").segments[0].text == "Hi"
    (tmp_path / "turns").write_text(line)
    assert read_transcript(tmp_path / "turns").segments[0].speaker == "ANNA"


def test_plain_text_and_nothing_known(tmp_path):
    (tmp_path / "talk.txt").write_text("Hello, text\n")
    assert read_transcript(tmp_path / "talk.txt").segments[0].text == "Hello, text"
    (tmp_path / "talk.docx").write_text("Hello\n")
    with pytest.raises(
        TranscriptError, match=r"talk\.docx: is of no known format; known are \.srt"
    ):
        read_transcript(tmp_path / "talk.docx")


def test_notices_reach_the_caller(tmp_path):
    path = tmp_path / "talk.srt"
    path.write_text(SRT.replace("00:00:02,000\n", "00:00:00,500\n"))
    (notice,) = read_transcript(path).notices
    assert notice.startswith("talk.srt, line 2: ends before it starts")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("talk.csv", b"start,text\n", "holds no utterance"),
        ("talk.json", b'{"utterances": []}', "holds no utterance"),
        ("talk.srt", b"\0\0\0\x18ftypmp42\0\0\xff", "no text file"),
        ("talk.json", b"Hello", "line 1: Expecting value"),
        ("talk.eaf", b"Hello", "is no well-formed XML"),
    ],
)
def test_malformed(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TranscriptError, match=message) as caught:
        read_transcript(path)
    assert str(path) in str(caught.value)


def seconds_to_read(path):
    started = time.process_time()
    read_transcript(path)
    return time.process_time() - started


@pytest.mark.parametrize("ending", ["srt", "csv"])
def test_long_files_take_linear_time(tmp_path, ending):
    def write(entries):
        path = tmp_path / f"talk{entries}.{ending}"
        lines = [
            f"{k}\n{k // 3600:02d}:{k // 60 % 60:02d}:{k % 60:02d},000 --> 99:00:00,000\nANNA: w\n"
            if ending == "srt"
            else f"{k},{k + 1},Anna,what is it"
            for k in range(entries)
        ]
        path.write_text("\n".join(["start,end,speaker,text"] * (ending == "csv") + lines))
        return path

    small, large = (seconds_to_read(write(entries)) for entries in (5_000, 50_000))
    # Ten times the lines: linear is 10, quadratic would be 100.
    assert large < 30 * max(small, 0.01)

"""Spans come back from every kind of file as they were written."""

import json

import pytest

from emospot.errors import TranscriptError, UsageError
from emospot.evaluation.span_files import PlacedSpan, SpanSet, paired, read_spans, span_set
from emospot.evaluation.spotting import Span, SpottedRecording


def written(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table(tmp_path):
    path = written(
        tmp_path / "theirs.csv",
        "File;Onset;Offset;Confidence;Tier;Peak\n"
        "a/talk.wav;1.5;2.5;0.7;voice;2.0\n"
        "song.wav;0;1;;;\n",
    )
    found = read_spans(path)
    assert found.spans == [
        PlacedSpan("talk", Span(1.5, 2.5, 0.7, 2.0), modality="voice"),
        PlacedSpan("song", Span(0.0, 1.0)),
    ]
    assert [span.called for span in found.spans] == ["a/talk.wav", "song.wav"]
    assert list(found.recordings) == ["talk", "song"]
    assert found.modalities == ("voice",)
    assert len(found.of("voice").spans) == 2
    assert [s.recording for s in found.of("face").spans] == ["song"]


def test_a_table_of_one_recording_is_named_by_its_file(tmp_path):
    found = read_spans(written(tmp_path / "talk.hotspots.csv", "start,end\n1,2\n"))
    assert found.spans == [PlacedSpan("talk", Span(1.0, 2.0))]


def test_characters(tmp_path):
    text = "recording,utterance,char_start,char_end,start,end\nt,u2,3,8,1.0,2.0\nt,u1,0,4,,\n"
    found = read_spans(written(tmp_path / "m.csv", text))
    assert found.spans[0] == PlacedSpan("t", Span(1.0, 2.0), Span(3, 8), utterance="u2")
    assert found.spans[1] == PlacedSpan("t", None, Span(0, 4), utterance="u1")
    pairs = paired(found, found)
    assert pairs["t"].found == pairs["t"].marked
    first, second = sorted(s.start for s in pairs["t"].found)
    assert second - first > 1000  # utterances never overlap


def test_json_of_hotspots_and_of_analyses(tmp_path):
    spot = {"modality": "voice", "start": 1.0, "end": 2.0, "score": 0.5, "apex": None}
    word = {"modality": "words", "start": None, "end": None, "char_start": 0, "char_end": 3}
    untimed = {"modality": "voice", "start": None, "end": None, "score": 0.5}
    plain = [
        {"recording": "talk.wav", "hotspots": [{"utterance": "u", **spot}, untimed]},
        {"recording": "x.mp4", "utterances": [{"id": "u7", "hotspots": [word]}]},
        {"recording": "quiet.wav", "hotspots": []},
    ]
    found = read_spans(written(tmp_path / "a.json", "\ufeff" + json.dumps(plain)))
    assert found.spans == [
        PlacedSpan("talk", Span(1.0, 2.0, 0.5), modality="voice", utterance="u"),
        PlacedSpan("x", None, Span(0, 3), "words", "u7"),
    ]
    assert list(found.recordings) == ["talk", "x", "quiet"]


def test_cues(tmp_path):
    text = (
        "1\n00:00:01,000 --> 00:00:02,500\nvoice: phrase 0.83\n\n"
        "2\n00:00:03,000 --> 00:00:04,000\nlaughter\n"
    )
    found = read_spans(written(tmp_path / "talk.srt", text))
    assert found.spans == [
        PlacedSpan("talk", Span(1.0, 2.5, 0.83), modality="voice"),
        PlacedSpan("talk", Span(3.0, 4.0)),
    ]


def test_of_a_corrected_analysis_only_moments_are_spans(tmp_path):
    from emospot.media.textgrid_writing import textgrid
    from emospot.media.tiers import Interval

    tiers = {
        "Voice": [],
        "Anna": [Interval(0.0, 4.0, "I said 0.5")],
        "Anna - emotion": [Interval(0.0, 4.0, "sad")],
        "Anna - confidence": [Interval(0.0, 4.0, "0.57")],
        "voice hotspots": [Interval(1.0, 2.0, "phrase (not used) 0.83")],
        "voice hotspots 2": [Interval(1.5, 2.5, "laughter")],
        "Anna - face hotspots": [Interval(1.0, 1.5, "smile")],
        "words that hurt": [Interval(3.0, 3.5, "you 0.25")],
        "hotspots": [Interval(3.0, 4.0, "face: frown")],
    }
    path = written(tmp_path / "talk.emotions.TextGrid", textgrid(tiers, 5.0))
    found = read_spans(path)
    assert sorted(found.spans, key=lambda s: (s.modality, s.timed.start)) == [
        PlacedSpan("talk", Span(1.0, 1.5), modality="face"),
        PlacedSpan("talk", Span(3.0, 4.0), modality="face"),
        PlacedSpan("talk", Span(1.0, 2.0, 0.83), modality="voice"),
        PlacedSpan("talk", Span(1.5, 2.5), modality="voice"),
        PlacedSpan("talk", Span(3.0, 3.5, 0.25), modality="words"),
    ]
    del tiers["voice hotspots"], tiers["voice hotspots 2"], tiers["Anna - face hotspots"]
    del tiers["hotspots"], tiers["words that hurt"]
    assert read_spans(written(path, textgrid(tiers, 5.0))).spans == []
    # Without anything that tells them apart, every interval is one, as it always was.
    plain = {"laughter": [Interval(0.0, 1.0, "ha")]}
    assert len(read_spans(written(path, textgrid(plain, 5.0))).spans) == 1


def test_cells_that_were_defused_are_meant_as_they_were(tmp_path):
    path = written(tmp_path / "t.csv", "recording,utterance,start,end\n'=x.wav,'-1,1,2\n")
    (span,) = read_spans(path).spans
    assert (span.called, span.utterance) == ("=x.wav", "-1")


def test_a_folder(tmp_path):
    written(tmp_path / "a.csv", "start,end\n1,2\n")
    written(tmp_path / "b.csv", "start,end\n")
    written(tmp_path / "notes.txt", "no spans")
    found = read_spans(tmp_path)
    assert [s.recording for s in found.spans] == ["a"]


def test_recordings_are_compared_by_name():
    marked, found = SpanSet(), SpanSet()
    for name in ("a", "b"):
        marked.add(PlacedSpan(name, Span(0, 1)))
    for name in ("b", "c"):
        found.add(PlacedSpan(name, Span(0, 2)))
    assert paired(found, marked) == {
        "a": SpottedRecording((), (Span(0, 1),)),
        "b": SpottedRecording((Span(0, 2),), (Span(0, 1),)),
        "c": SpottedRecording((Span(0, 2),), ()),
    }


def test_two_files_of_one_recording_belong_together_unless_they_say_otherwise():
    marked, found = SpanSet(), SpanSet(named=True)
    marked.add(PlacedSpan("marks", Span(0, 1)))
    found.add(PlacedSpan("talk", Span(0, 1)))
    assert list(paired(found, marked)) == ["marks"]
    marked.named = True
    with pytest.raises(UsageError, match="no recording is in both: found are talk, marked are m"):
        paired(found, marked)


def test_one_recording_is_not_read_twice(tmp_path):
    for name in ("talk.hotspots.csv", "talk.csv"):
        written(tmp_path / name, "start,end\n1,2\n")
    with pytest.raises(UsageError, match="are about the same recording"):
        read_spans(tmp_path)


def test_what_has_no_length_is_counted(tmp_path):
    found = read_spans(written(tmp_path / "a.csv", "start,end,tier\n1,1,x\n1,2,Voice spots\n"))
    assert found.pointless == 1
    assert [s.modality for s in found.spans] == ["voice"]
    assert found.about(["b"]).spans == []
    assert found.about(["a"]).spans == found.spans


def test_spans_from_plain_values():
    rows = [{"start": 1.0, "end": 2.0, "modality": "voice", "score": 0.5}, {"start": None}]
    found = span_set("a/talk.wav", rows)
    assert found.spans == [PlacedSpan("talk", Span(1.0, 2.0, 0.5), modality="voice")]
    assert (found.named, found.pointless) == (True, 1)


def test_what_cannot_be_compared():
    a, b = SpanSet(), SpanSet()
    for name in ("a", "b"):
        a.add(PlacedSpan(name, Span(0, 1)))
        b.add(PlacedSpan(f"{name}2", Span(0, 1)))
    with pytest.raises(UsageError, match="no recording is in both: found are a, b, marked are a2"):
        paired(a, b)
    b.add(PlacedSpan("a", None, Span(0, 1), utterance="u"))
    with pytest.raises(UsageError, match="some spans are given in seconds alone"):
        paired(a, b)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "from_s,to\n1,2\n", "found the columns from_s, to; expected start and end"),
        ("a.csv", "start,end\n1,x\n", "a.csv, line 2: start, end and score must be numbers"),
        ("a.csv", "start,end\n2,1\n", "a.csv, line 2: a span must end after it starts"),
        ("a.csv", "", r"found the columns \(none\)"),
        ("a.json", "{", "not valid JSON"),
        ("a.json", "[7]", 'expected "hotspots"'),
        ("a.json", '{"hotspots": [5]}', "hotspots: expected a list of objects"),
        ("a.json", '{"hotspots": {"a": 1}}', "hotspots: expected a list of objects"),
        ("a.json", '{"utterances": ["x"]}', "utterances: expected a list of objects"),
        ("a.csv", 'start,end\n"' + "1" * 200_000 + '",2\n', "field larger than field limit"),
        ("a.txt", "x", "spans are read from .json"),
        ("no.csv", None, "is not there"),
    ],
)
def test_what_cannot_be_read(tmp_path, name, text, message):
    path = tmp_path / name
    if text is not None:
        written(path, text)
    with pytest.raises(UsageError, match=message):
        read_spans(path)


def test_other_broken_files(tmp_path):
    with pytest.raises(UsageError, match="holds no file that ends in"):
        read_spans(tmp_path)
    (tmp_path / "a.csv").write_bytes(b"start,end\n\xff\xfe")
    with pytest.raises(UsageError, match="is not UTF-8"):
        read_spans(tmp_path / "a.csv")
    with pytest.raises(TranscriptError, match="TextGrid"):
        read_spans(written(tmp_path / "a.TextGrid", "nothing"))

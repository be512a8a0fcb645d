"""The table is opened by pandas and as a transcript; JSON Lines hold the whole analysis."""

import csv
import io
import json
from dataclasses import replace

import pandas as pd
import pytest

from emospot.analysis.types import Analysis
from emospot.media.transcripts import read_transcript
from emospot.report.analysis_tables import to_csv, to_json_lines


def test_pandas_reads_every_number_as_it_was(analysis):
    frame = pd.read_csv(io.StringIO(to_csv(analysis)), float_precision="round_trip")
    assert list(frame["utterance"]) == [u.id for u in analysis.utterances]
    for row, one in zip(frame.to_dict("records"), analysis.utterances, strict=True):
        assert (row["recording"], row["speaker"], row["text"]) == (
            "evening.mp4", one.speaker, one.text,
        )  # fmt: skip
        assert (row["start"], row["end"], row["confidence"]) == (
            one.start, one.end, one.confidence,
        )  # fmt: skip
        assert row["emotion"] == one.emotion
        for label, probability in one.probabilities.items():
            assert row[f"probability_{label}"] == probability
    assert frame["hotspots_words"][0] == "almost nine: lexicon 0.41 at 3.15–3.84 s"
    strongest_first = frame["hotspots_words"][2].split("; ")
    assert [text.split(":")[0] for text in strongest_first] == ["scared to death", "nobody"]
    assert frame["hotspots_voice"][0] == "loudness (not used) 0.58 at 1.92–2.42 s"


def test_no_cell_is_a_formula_and_all_come_back(awkward, tmp_path):
    text = to_csv(awkward)
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]
    path = tmp_path / "talk.csv"
    path.write_text(text, encoding="utf-8")
    back = read_transcript(path).segments
    assert [(s.speaker, s.start, s.end) for s in back] == [
        (u.speaker, u.start, u.end) for u in awkward.utterances
    ]
    assert [s.text for s in back] == [" ".join((u.text or "").split()) for u in awkward.utterances]


def test_labels_that_the_model_does_not_name_have_columns_too(analysis):
    strange = replace(analysis.utterances[0], probabilities={"=awe": 0.5, "anger": 0.5})
    table = csv.reader(io.StringIO(to_csv(replace(analysis, utterances=(strange,)))))
    head, row = table
    assert "probability_=awe" in head
    assert row[head.index("probability_=awe")] == "0.5"
    assert row[head.index("probability_sadness")] == ""


def test_a_text_without_times(bare_text):
    rows = list(csv.DictReader(io.StringIO(to_csv(bare_text))))
    assert len(rows) == 10
    assert rows[0]["start"] == rows[0]["end"] == ""
    assert rows[0]["hotspots_words"] == "almost nine: lexicon 0.41"


@pytest.mark.parametrize("which", ["analysis", "awkward", "bare_text"])
def test_json_lines_are_the_whole_analysis(which, request, tmp_path):
    one = request.getfixturevalue(which)
    text = to_json_lines(one)
    head, *utterances = (json.loads(line) for line in text.splitlines())
    assert head["recording"] == one.recording
    assert head["model"]["name"] == "words-voice"
    assert Analysis.from_dict({**head, "utterances": utterances}) == one
    path = tmp_path / "talk.jsonl"
    path.write_text(text, encoding="utf-8")
    transcript = read_transcript(path)
    assert [s.speaker for s in transcript.segments] == [u.speaker for u in one.utterances]
    assert transcript.notices == ()


def test_nothing_said(analysis):
    nobody = replace(analysis, utterances=())
    assert len(to_csv(nobody).splitlines()) == 1
    assert len(to_json_lines(nobody).splitlines()) == 1

"""RTTM is read by a parser of its ten fields, and by our own."""

import re
from dataclasses import replace

import pytest

from emospot.media.transcripts import read_transcript
from emospot.report.analysis_rttm import to_rttm


def fields(text):
    """Type, file, channel, begin, duration, orthography, subtype, name, confidence, lookahead."""
    rows = [line.split(" ") for line in text.splitlines()]
    assert all(len(row) == 10 for row in rows)
    assert all(re.fullmatch(r"\d+\.\d{6}", cell) for row in rows for cell in row[3:5])
    return rows


def test_the_turns(analysis):
    rows = fields(to_rttm(analysis))
    assert {(row[0], row[1], row[2]) for row in rows} == {("SPEAKER", "evening", "1")}
    assert {cell for row in rows for cell in (*row[5:7], *row[8:])} == {"<NA>"}
    found = [(row[7], float(row[3]), float(row[3]) + float(row[4])) for row in rows]
    expected = sorted((u.start, u.speaker, u.end) for u in analysis.utterances)
    assert [(name, start) for name, start, _ in found] == [(n, s) for s, n, _ in expected]
    assert [end for _, _, end in found] == pytest.approx([end for _, _, end in expected])


def test_awkward_names_stay_one_field(awkward, tmp_path):
    rows = fields(to_rttm(awkward))
    assert rows[0][1] == "a_b&ü"
    assert [row[7] for row in rows] == [
        "text", "@Eve_<script>", "@Eve_<script>", "@Eve_<script>", "Zoë_-_B",
    ]  # fmt: skip
    assert float(rows[3][4]) > 0  # no length, no turn
    path = tmp_path / "a_b&ü.rttm"
    path.write_text(to_rttm(awkward), encoding="utf-8")
    assert len(read_transcript(path).segments) == 5


def test_nothing_said(analysis):
    assert to_rttm(replace(analysis, utterances=())) == ""

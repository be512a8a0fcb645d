"""Exports of an analysis that lies on the disk."""

import csv
import io
import json

import pytest
from stand_ins import MODEL

from emospot.analysis.types import Analysis, UtteranceFinding
from emospot.errors import AnalysisError
from emospot.report.analysis_files import FORMATS
from emospot.serve.exports import export_file, export_name
from emospot.serve.refused import RefusedError


def written(tmp_path, start, end):
    said = UtteranceFinding(
        "u1", "ANNA", start, end, "oh no", "upset", 0.75, {"calm": 0.25, "upset": 0.75}
    )
    path = tmp_path / "analysis.json"
    path.write_text(Analysis("Talk.wav", 2.0, (said,), MODEL).to_json())
    return path


def test_every_format_is_written(tmp_path):
    path = written(tmp_path, 0.5, 1.5)
    files = {name: export_file(path, name) for name in FORMATS}
    assert all(files.values())
    (row,) = csv.DictReader(io.StringIO(files["csv"].decode()))
    assert (row["speaker"], row["emotion"]) == ("ANNA", "upset")
    assert "00:00:00,500 --> 00:00:01,500" in files["srt"].decode()
    assert json.loads(files["jsonl"].decode().splitlines()[-1])


def test_what_has_no_times_is_no_subtitle(tmp_path):
    path = written(tmp_path, None, None)
    with pytest.raises(RefusedError, match="have no times") as refused:
        export_file(path, "srt")
    assert refused.value.status == 409
    assert export_file(path, "csv")


def test_a_damaged_analysis_is_said(tmp_path):
    path = tmp_path / "analysis.json"
    path.write_text("{")
    with pytest.raises(AnalysisError):
        export_file(path, "csv")


def test_names_have_the_formats_ending():
    assert export_name("Talk.mp4", "eaf") == "Talk.emotions.eaf"
    assert export_name("", "srt") == "analysis.emotions.srt"

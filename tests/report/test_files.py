import errno
import json
import os
from dataclasses import replace

import pytest

from emospot.errors import EmospotError
from emospot.report.files import write_analysis


def test_the_analysis_is_written_with_its_folders(analysis, tmp_path):
    path = tmp_path / "a" / "talk.analysis.json"
    write_analysis(analysis, path)
    assert json.loads(path.read_text(encoding="utf-8")) == json.loads(analysis.to_json())
    assert path.read_text(encoding="utf-8").endswith("}\n")


def test_a_name_that_is_not_unicode_does_not_lose_the_analysis(analysis, tmp_path):
    write_analysis(replace(analysis, recording="caf\udce9.wav"), tmp_path / "x.json")
    assert "caf?.wav" in (tmp_path / "x.json").read_text(encoding="utf-8")


def test_a_full_disk_leaves_the_older_analysis(analysis, tmp_path, monkeypatch):
    path = tmp_path / "x.json"
    path.write_text("older", encoding="utf-8")

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EmospotError, match=r"cannot write the analysis .*x\.json: No space left"):
        write_analysis(analysis, path)
    assert [p.name for p in tmp_path.iterdir()] == ["x.json"]
    assert path.read_text(encoding="utf-8") == "older"

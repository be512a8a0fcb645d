import importlib.util
import json
import sys

import pytest


def test_without_the_face_extra_the_conversation_remains(emospot, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    ran = emospot("demo", "--out", tmp_path / "demo")
    assert ran.status == 0
    assert "pip install 'emospot[face]'" in ran.err
    assert sorted(path.name for path in (tmp_path / "demo").iterdir()) == [
        "analysis.json",
        "conversation.ogg",
        "report.html",
    ]
    page = (tmp_path / "demo" / "report.html").read_text(encoding="utf-8")
    assert 'src="./conversation.ogg"' in page
    assert str(tmp_path / "demo" / "report.html") in ran.out
    plain = json.loads((tmp_path / "demo" / "analysis.json").read_text(encoding="utf-8"))
    assert len(plain["utterances"]) == 10


@pytest.mark.skipif(importlib.util.find_spec("mediapipe") is None, reason="needs the extra [face]")
def test_the_face_is_shown_and_plays(emospot, tmp_path):
    assert emospot("demo", "--out", tmp_path).status == 0
    page = (tmp_path / "face.html").read_text(encoding="utf-8")
    assert 'src="./face.mp4"' in page
    (face,) = json.loads((tmp_path / "face.analysis.json").read_text(encoding="utf-8"))[
        "utterances"
    ]
    assert face["emotion"] == "unsure"  # nothing that the model reads is there
    assert {spot["modality"] for spot in face["hotspots"]} == {"face"}

"""The moments of a recording without a model."""

import sys

import pytest

from emospot.analysis.spot import find_hotspots, words_of
from emospot.conversation import Hotspot, Utterance, Word
from emospot.hotspots.registry import panels
from emospot.sample import sample_files

SAMPLE = sample_files()


@pytest.fixture(scope="module")
def found():
    return find_hotspots(SAMPLE.conversation, SAMPLE.transcript)


def test_the_sample(found):
    assert found.detectors == {"words": "lexicon", "voice": "phrases"}
    assert found.absent == {"face": "the recording has no picture"}
    moments = found.moments()
    assert {h.modality for _, h in moments} == {"words", "voice"}
    assert any("scream" in words_of(u, h) for u, h in moments if h.modality == "words")
    for utterance, hotspot in moments:
        assert utterance.start <= hotspot.start < hotspot.end <= utterance.end + 0.05


def test_only_what_is_chosen_is_looked_at():
    stages = []
    found = find_hotspots(
        SAMPLE.conversation,
        SAMPLE.transcript,
        detectors=panels(["prosody"]),
        on_stage=stages.append,
    )
    assert found.detectors == {"voice": "prosody"}
    assert found.absent == {}
    assert {h.modality for _, h in found.moments()} <= {"voice"}
    assert stages == ["decode", "words", "voice", "face"]
    assert all(h.start <= h.apex <= h.end for _, h in found.moments())


def test_no_model_is_loaded(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert find_hotspots(SAMPLE.transcript, detectors=panels(["lexicon"])).moments()


def test_a_bare_transcript(tmp_path):
    path = tmp_path / "talk.txt"
    path.write_text("ANN: I hate it.\nBOB: It is a table.\n", encoding="utf-8")
    found = find_hotspots(path)
    assert found.duration is None
    (row,) = found.to_dict()["hotspots"]
    assert (row["speaker"], row["text"], row["start"]) == ("ANN", "hate", None)
    assert set(found.absent) == {"voice", "face"}


def test_words_of_a_hotspot():
    said = Utterance("u", "A", 0, 3, "so very sad", (Word(0, 1, 0, 2), Word(1, 2, 3, 7)))
    assert words_of(said, Hotspot("words", None, None, 1.0, "x", 3, 11)) == "very sad"
    assert words_of(said, Hotspot("voice", 0.5, 1.5, 1.0, "x")) == "so very"
    assert words_of(said, Hotspot("voice", 2.5, 2.9, 1.0, "x")) is None
    assert words_of(said, Hotspot("voice", None, None, 1.0, "x")) is None
    assert words_of(Utterance("u", "A"), Hotspot("voice", 0.5, 1.5, 1.0, "x")) is None

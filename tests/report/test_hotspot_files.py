"""Every export is opened by another program's parser, and read back as it was."""

import csv
import io
import json
from dataclasses import replace

import pympi
import pysubs2
import pytest
from praatio import textgrid

from emospot.analysis.spot import RecordingHotspots
from emospot.conversation import Conversation, Hotspot, Utterance, Word
from emospot.evaluation.span_files import read_spans
from emospot.report.hotspot_files import FORMATS, to_csv, to_json


@pytest.fixture
def found():
    first = Utterance(
        "u1",
        "Ann",
        0.5,
        4.0,
        'I am "not happy" <now>',
        (Word(2.0, 2.6, 6, 9), Word(2.6, 3.0, 10, 15)),
    )
    second = Utterance("u2", "Bob", 5.0, 9.0)
    hotspots = (
        (
            Hotspot("words", 2.0, 3.0, 0.5, "lexicon", 5, 16),
            Hotspot("voice", 2.4, 2.8, 0.83, "phrase"),
        ),
        (
            Hotspot("face", 5.0, 6.0, 0.7, "smile", apex=5.4),
            Hotspot("face", 5.5, 7.0, 1.0, "brow raise"),
            Hotspot("face", 9.0, 9.0, 0.2, "twitch"),
        ),
    )
    return RecordingHotspots(
        "talk & <co>.mp4", 10.0, Conversation("c", (first, second)), hotspots,
        {"words": "lexicon", "voice": "phrases", "face": "expression"}, {}, (),
    )  # fmt: skip


@pytest.fixture
def files(found, tmp_path):
    paths = {}
    for name, (ending, write) in FORMATS.items():
        paths[name] = tmp_path / f"talk{ending}"
        paths[name].write_text(write(found), encoding="utf-8")
    return paths


def test_praat(files):
    grid = textgrid.openTextgrid(str(files["textgrid"]), includeEmptyIntervals=False)
    assert grid.tierNames == (
        "words hotspots", "voice hotspots", "face hotspots", "face hotspots 2",
    )  # fmt: skip
    assert grid.maxTimestamp == 10.0
    (word,) = grid.getTier("words hotspots").entries
    assert (word.start, word.end, word.label) == (2.0, 3.0, '"not happy": lexicon 0.50')
    assert [e.label for e in grid.getTier("face hotspots 2").entries] == ["brow raise 1.00"]


def test_elan(files):
    document = pympi.Elan.Eaf(str(files["eaf"]))
    assert document.get_annotation_data_for_tier("voice hotspots")[0][:3] == (
        2400, 2800, "phrase 0.83",
    )  # fmt: skip
    assert len(document.get_annotation_data_for_tier("face hotspots")) == 2
    assert document.get_linked_files()[0]["MEDIA_URL"] == "talk & <co>.mp4"


@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_subtitles(files, name):
    cues = pysubs2.load(str(files[name]))
    assert [(c.start, c.end) for c in cues][:2] == [(2000, 3000), (2400, 2800)]
    assert cues[0].plaintext == 'words: "not happy": lexicon 0.50'
    assert len(cues) == 5


def test_a_table_and_json_hold_everything(found):
    rows = list(csv.DictReader(io.StringIO(to_csv(found))))
    plain = json.loads(to_json(found))
    assert len(rows) == len(plain["hotspots"]) == 5
    for row, spot in zip(rows, plain["hotspots"], strict=True):
        assert row["recording"] == plain["recording"] == "talk & <co>.mp4"
        for key, value in spot.items():
            assert row[key] == ("" if value is None else str(value))
    assert plain["hotspots"][0]["text"] == '"not happy"'
    assert plain["hotspots"][1]["text"] == "not happy"  # said during it
    assert plain["hotspots"][2]["apex"] == 5.4


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_written_is_read_back(files, name):
    back = read_spans(files[name])
    assert back.modalities == ("words", "voice", "face")
    voice = next(s for s in back.spans if s.modality == "voice")
    assert (voice.timed.start, voice.timed.end) == pytest.approx((2.4, 2.8))
    assert voice.timed.score == pytest.approx(0.83)
    assert sum(s.modality == "face" for s in back.spans) >= 2


def test_a_bare_transcript_has_places_but_no_times(found):
    untimed = Conversation("c", (Utterance("u1", "Ann", text="so sad"),))
    spots = ((Hotspot("words", None, None, 0.5, "lexicon", 0, 6),),)
    bare = RecordingHotspots("t.txt", None, untimed, spots, {"words": "lexicon"}, {}, ())
    assert json.loads(to_json(bare))["hotspots"][0]["text"] == "so sad"
    for name, (_, write) in FORMATS.items():
        assert write(bare) or name == "srt"
        assert ("so sad" in write(bare)) == (name in ("json", "csv"))


def test_a_table_runs_no_formula(found):
    utterances = tuple(replace(u, speaker="=cmd") for u in found.conversation.utterances)
    hostile = replace(found, conversation=replace(found.conversation, utterances=utterances))
    rows = list(csv.DictReader(io.StringIO(to_csv(hostile))))
    assert {row["speaker"] for row in rows} == {"'=cmd"}

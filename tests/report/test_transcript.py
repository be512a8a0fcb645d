from dataclasses import replace

import pytest

from emospot.analysis.types import Analysis, HotspotFinding, ModalityFinding
from emospot.report.face_strip import FaceStill
from emospot.report.palette import emotion_styles
from emospot.report.transcript import segment_text, utterance_views, word_gates

TEXT = "I hate this, I really hate it"


def spot(start: int | None, end: int | None, score: float = 0.5, used: bool = True):
    return HotspotFinding("words", None, None, score, "lexicon", used, None, start, end)


@pytest.mark.parametrize(
    "spots",
    [
        [],
        [spot(0, 1)],
        [spot(2, 6), spot(22, 26)],
        [spot(2, 11), spot(7, 16)],
        [spot(0, len(TEXT))],
        [spot(20, 900)],
        [spot(-4, 3)],
    ],
)
def test_segments_join_to_the_text_and_each_character_is_covered_rightly(spots) -> None:
    segments = segment_text(TEXT, spots)
    assert "".join(segment.text for segment in segments) == TEXT
    at = 0
    for segment in segments:
        for place in range(at, at + len(segment.text)):
            covering = {id(s) for s in spots if s.char_start <= place < s.char_end}
            assert {id(s) for s in segment.hotspots} == covering
        at += len(segment.text)


@pytest.mark.parametrize(
    "ignored",
    [
        spot(None, None),
        spot(6, 2),
        spot(900, 950),
        HotspotFinding("voice", 0.0, 1.0, 0.9, "loudness", False, None, 0, 5),
    ],
)
def test_what_marks_no_characters_is_ignored(ignored: HotspotFinding) -> None:
    assert [(s.text, s.hotspots) for s in segment_text(TEXT, [ignored])] == [(TEXT, ())]


def test_an_unused_hotspot_never_strengthens_a_used_one() -> None:
    (_, both, _) = segment_text(TEXT, [spot(2, 6, 0.3, True), spot(2, 6, 0.9, False)])
    assert (both.used, both.score) == (True, 0.3)
    (_, unused, _) = segment_text(TEXT, [spot(2, 6, 0.2, False), spot(2, 6, 0.9, False)])
    assert (unused.used, unused.score) == (False, 0.9)


def test_no_text_has_no_segments() -> None:
    assert segment_text("", [spot(0, 3)]) == ()


def test_views_keep_the_order_of_the_classes_and_split_the_hotspots(analysis: Analysis) -> None:
    styles = emotion_styles(analysis.model.labels)
    views = utterance_views(analysis, styles)
    for view, finding in zip(views, analysis.utterances, strict=True):
        assert [bar.style.label for bar in view.bars] == list(analysis.model.labels)
        assert [bar.probability for bar in view.bars] == list(finding.probabilities.values())
        assert all(s.used_by_model for s in view.used)
        assert not any(s.used_by_model for s in view.unused)
        assert {*view.used, *view.unused} == {*finding.hotspots}
        assert view.unsure == (finding.emotion == "unsure")
        assert finding.probabilities[view.top_class] == max(finding.probabilities.values())


def test_a_class_that_the_model_does_not_name_is_shown_last(analysis: Analysis) -> None:
    odd = replace(analysis.utterances[0], probabilities={"awe": 0.9, "anger": 0.1}, emotion="awe")
    styles = emotion_styles([*analysis.model.labels, "awe"])
    (view,) = utterance_views(replace(analysis, utterances=(odd,)), styles)
    assert [bar.style.label for bar in view.bars] == ["anger", "awe"]
    assert view.top_class == "awe"


def test_stills_go_to_the_utterance_of_their_time(analysis: Analysis) -> None:
    stills = [FaceStill(3.0, b"\xff\xd8\xff"), FaceStill(1.0, b"\xff\xd8\xff")]
    views = utterance_views(analysis, emotion_styles(analysis.model.labels), stills)
    assert [still.time for still in views[0].stills] == [1.0, 3.0]
    assert not any(view.stills for view in views[1:])


def test_gates_are_flat_triples_of_the_word_pieces(analysis: Analysis) -> None:
    gates = word_gates(analysis)
    assert set(gates) == {u.id for u in analysis.utterances}
    words = analysis.utterances[2].modalities["words"]
    flat = gates["turn-2"]
    assert list(zip(flat[::3], flat[1::3], strict=True)) == list(words.gate_offsets)
    assert [gate / 100 for gate in flat[2::3]] == pytest.approx(list(words.gates), abs=0.0051)


@pytest.mark.parametrize(
    "finding",
    [
        ModalityFinding(True, False),
        ModalityFinding(True, True, gates=(0.5,), gate_offsets=()),
    ],
)
def test_gates_without_offsets_are_left_out(analysis: Analysis, finding: ModalityFinding) -> None:
    odd = replace(analysis.utterances[0], modalities={"words": finding})
    silent = replace(analysis.utterances[1], modalities={})
    assert word_gates(replace(analysis, utterances=(odd, silent))) == {}

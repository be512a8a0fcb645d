"""TextGrids are opened by praatio, ELAN documents by pympi; our own readers know both."""

import warnings
import xml.etree.ElementTree as ET
from dataclasses import replace

import pympi
import pytest
from praatio import textgrid

from emospot.evaluation.span_files import read_spans
from emospot.media.transcripts import read_transcript
from emospot.report.analysis_tiers import to_eaf, to_textgrid

WORD = "almost nine: lexicon 0.41"


@pytest.fixture
def written(tmp_path):
    def write(one, form):
        path = tmp_path / f"talk.emotions.{'eaf' if form is to_eaf else 'TextGrid'}"
        path.write_text(form(one, one.recording), encoding="utf-8")
        return path

    return write


def test_praat_has_the_tiers_of_speakers_and_of_hotspots(analysis, written):
    path = written(analysis, to_textgrid)
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False)
    assert grid.tierNames == (
        "Mara", "Mara - emotion", "Mara - confidence",
        "Jonas", "Jonas - emotion", "Jonas - confidence",
        "words hotspots", "voice hotspots", "face hotspots",
    )  # fmt: skip
    assert grid.maxTimestamp == analysis.duration
    mara = [u for u in analysis.utterances if u.speaker == "Mara"]
    for name, values in (
        ("Mara", [u.text for u in mara]),
        ("Mara - emotion", [u.emotion for u in mara]),
        ("Mara - confidence", [f"{u.confidence:.4f}" for u in mara]),
    ):
        entries = grid.getTier(name).entries
        # Exactly: every digit of the times is kept.
        assert [(e.start, e.end, e.label) for e in entries] == [
            (u.start, u.end, value) for u, value in zip(mara, values, strict=True)
        ]
    assert grid.getTier("words hotspots").entries[0].label == WORD
    assert "loudness (not used) 0.58" in [e.label for e in grid.getTier("voice hotspots").entries]


def test_elan_has_emotions_below_utterances_and_a_vocabulary(analysis, written):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # pympi warns of versions that it does not know
        document = pympi.Elan.Eaf(str(written(analysis, to_eaf)))
    assert sorted(document.get_tier_names())[:2] == ["Jonas", "Jonas - confidence"]
    jonas = [u for u in analysis.utterances if u.speaker == "Jonas"]
    spans = [(round(1000 * u.start), round(1000 * u.end)) for u in jonas]
    texts = document.get_annotation_data_for_tier("Jonas")
    assert [tuple(a[:3]) for a in texts] == [
        (*span, u.text) for span, u in zip(spans, jonas, strict=True)
    ]
    felt = document.get_ref_annotation_data_for_tier("Jonas - emotion")
    assert [tuple(a[:4]) for a in sorted(felt)] == [
        (*span, u.emotion, u.text) for span, u in zip(spans, jonas, strict=True)
    ]
    tier = document.get_parameters_for_tier("Jonas - emotion")
    assert (tier["PARENT_REF"], tier["PARTICIPANT"]) == ("Jonas", "Jonas")
    kind = document.get_parameters_for_linguistic_type(tier["LINGUISTIC_TYPE_REF"])
    assert kind["CONSTRAINTS"] == "Symbolic_Association"
    entries = document.get_cv_entries(kind["CONTROLLED_VOCABULARY_REF"])
    values = [value for _, (((value, _, _),), _) in sorted(entries.items())]
    assert values == [*analysis.model.labels, "unsure"]
    (media,) = document.get_linked_files()
    assert (media["RELATIVE_MEDIA_URL"], media["MIME_TYPE"]) == ("./evening.mp4", "video/mp4")
    assert ("emospot model", "words-voice 1.2") in document.properties
    assert document.get_annotation_data_for_tier("words hotspots")[0][2] == WORD


def test_the_order_of_elements_and_the_references_of_elan(awkward, written):
    """What EAFv3.0.xsd asks of a document, as far as it holds such elements."""
    root = ET.parse(written(awkward, to_eaf)).getroot()  # noqa: S314
    order = [
        "HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "LANGUAGE", "CONSTRAINT",
        "CONTROLLED_VOCABULARY",
    ]  # fmt: skip
    tags = [element.tag for element in root]
    assert list(dict.fromkeys(tags)) == order
    assert tags == sorted(tags, key=order.index)
    ids = {
        name: [e.get(name) for e in root.iter() if name in e.attrib]
        for name in ("TIER_ID", "TIME_SLOT_ID", "ANNOTATION_ID", "LINGUISTIC_TYPE_ID", "CV_ID",
                     "STEREOTYPE", "LANG_ID", "CVE_ID")
    }  # fmt: skip
    assert all(len(set(own)) == len(own) for own in ids.values())
    for reference, name in (
        ("PARENT_REF", "TIER_ID"), ("TIME_SLOT_REF1", "TIME_SLOT_ID"),
        ("TIME_SLOT_REF2", "TIME_SLOT_ID"), ("ANNOTATION_REF", "ANNOTATION_ID"),
        ("LINGUISTIC_TYPE_REF", "LINGUISTIC_TYPE_ID"), ("CONTROLLED_VOCABULARY_REF", "CV_ID"),
        ("CONSTRAINTS", "STEREOTYPE"), ("LANG_REF", "LANG_ID"),
    ):  # fmt: skip
        used = {e.get(reference) for e in root.iter() if reference in e.attrib}
        assert used
        assert used <= set(ids[name])
    for tier in root.iter("TIER"):
        kinds = {a[0].tag for a in tier}
        assert kinds <= {
            "REF_ANNOTATION" if "PARENT_REF" in tier.attrib else "ALIGNABLE_ANNOTATION"
        }


@pytest.mark.parametrize("form", [to_textgrid, to_eaf])
def test_awkward_utterances_come_back_as_a_transcript(awkward, written, form):
    transcript = read_transcript(written(awkward, form))
    found = [(s.speaker, s.text) for s in transcript.segments]
    expected = [
        ("text", '=SUM(A1) --> "quoted" & <b>bold</b>'),
        ("@Eve <script>", "I & I"),
        ("@Eve <script>", "über alles\x01" if form is to_textgrid else "über alles\ufffd"),
        ("@Eve <script>", "-"),
    ]
    assert found == expected  # without words there is no utterance in a transcript
    assert transcript.segments[3].start == 3.0
    assert transcript.segments[3].end == pytest.approx(3.001)
    assert transcript.notices == ()


@pytest.mark.parametrize("form", [to_textgrid, to_eaf])
def test_hotspots_are_read_as_spans_and_nothing_else_is(awkward, written, form):
    spans = read_spans(written(awkward, form))
    assert list(spans.recordings) == ["talk"]
    assert spans.modalities == ("voice",)
    read = sorted((s.timed.start, s.timed.end, s.timed.score) for s in spans.spans)
    assert read == [(0.2, 0.9, 0.5), (0.6, 1.5, 0.25), (1.0, 1.25, 0.5)]


def test_a_speaker_who_talks_over_herself_has_two_rows(awkward, written):
    grid = textgrid.openTextgrid(str(written(awkward, to_textgrid)), includeEmptyIntervals=False)
    eve = [name for name in grid.tierNames if name.startswith("@Eve")]
    assert eve == [
        "@Eve <script>", "@Eve <script> - emotion", "@Eve <script> - confidence",
        "@Eve <script> - utterances 2", "@Eve <script> - emotion 2",
        "@Eve <script> - confidence 2",
    ]  # fmt: skip
    assert "text - utterances" in grid.tierNames
    # Nothing was said, but somebody felt.
    assert grid.getTier("Zoë - B").entries == ()
    assert [e.label for e in grid.getTier("Zoë - B - emotion").entries] == ["anger"]


@pytest.mark.parametrize("form", [to_textgrid, to_eaf])
def test_nothing_said(analysis, written, form):
    path = written(replace(analysis, utterances=()), form)
    if form is to_eaf:
        assert list(pympi.Elan.Eaf(str(path)).get_tier_names()) == []
    else:
        assert "size = 0" in path.read_text()


def test_an_analysis_without_a_recording_links_none(bare_text):
    assert "MEDIA_DESCRIPTOR" not in to_eaf(bare_text, None)

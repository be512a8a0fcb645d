from dataclasses import replace

import pytest

from emospot.analysis.types import Analysis, ModalityFinding
from emospot.report.modalities import (
    answer_of,
    features_said,
    gate_said,
    hotspot_use,
    modality_chip,
    modality_names,
    modality_rows,
    read_nothing,
)


def test_usual_modalities_come_first(analysis: Analysis) -> None:
    extractors = {"gaze": "eyes 1.0", **analysis.extractors}
    assert modality_names(replace(analysis, extractors=extractors)) == [
        "words",
        "voice",
        "face",
        "gaze",
    ]


def test_modality_known_only_from_a_hotspot_is_named(analysis: Analysis) -> None:
    bare = tuple(replace(u, modalities={}) for u in analysis.utterances)
    model = replace(analysis.model, features={})
    changed = replace(analysis, utterances=bare, extractors={}, model=model)
    assert modality_names(changed) == ["words", "voice", "face"]


@pytest.mark.parametrize(
    ("finding", "state", "text", "reason"),
    [
        (ModalityFinding(True, True), "read", "read by the model", ""),
        (
            ModalityFinding(True, False, "no face in it"),
            "unused",
            "measured, not used by this model",
            "no face in it",
        ),
        (ModalityFinding(False, True, "too short"), "absent", "absent", "too short"),
        (ModalityFinding(False, False), "absent", "absent", "no reason given"),
    ],
)
def test_chip(finding: ModalityFinding, state: str, text: str, reason: str) -> None:
    chip = modality_chip("voice", finding)
    assert (chip.modality, chip.state, chip.text, chip.reason) == ("voice", state, text, reason)


def test_only_what_the_model_read_has_a_gate() -> None:
    assert modality_chip("face", ModalityFinding(True, True, mean_gate=0.3)).mean_gate == 0.3
    assert modality_chip("face", ModalityFinding(True, False, mean_gate=0.3)).mean_gate is None


def test_use_of_hotspots(analysis: Analysis) -> None:
    first = analysis.utterances[0]
    mixed = tuple(replace(spot, used_by_model=True) for spot in first.hotspots)
    changed = replace(
        analysis, utterances=(replace(first, hotspots=mixed), *analysis.utterances[1:])
    )
    assert hotspot_use(analysis, "words") == "used"
    assert hotspot_use(analysis, "voice") == "not used"
    assert hotspot_use(changed, "voice") == "partly used"
    assert hotspot_use(analysis, "gaze") == "none"


def test_rows_count_what_there_is(analysis: Analysis) -> None:
    words, voice, face = modality_rows(analysis)
    assert (words.present, words.hotspots, words.used) == (10, 11, 11)
    assert (voice.present, voice.used, voice.model_feature) == (10, 0, "ge2e")
    assert voice.hotspots == sum(u.confidence > 0.45 for u in analysis.utterances)
    assert (face.present, face.used, face.model_feature) == (7, 0, "")
    assert face.extractor == "facemesh 0.10.14"


@pytest.mark.parametrize(
    ("findings", "nothing"),
    [
        ({}, False),
        ({"words": ModalityFinding(True, True)}, False),
        ({"words": ModalityFinding(False, False), "voice": ModalityFinding(True, True)}, False),
        ({"words": ModalityFinding(False, False), "voice": ModalityFinding(True, False)}, True),
        ({"voice": ModalityFinding(False, True, "no sound")}, True),
    ],
)
def test_nothing_read(analysis: Analysis, findings, nothing: bool) -> None:
    utterance = replace(analysis.utterances[0], modalities=findings)
    assert read_nothing(utterance) == nothing
    assert answer_of(utterance) == ("nothing read" if nothing else "frustration")


def test_what_the_model_reads_but_not_here(analysis: Analysis) -> None:
    assert features_said(analysis) == ["words as minilm-l6", "voice as ge2e"]
    silent = tuple(
        replace(u, modalities={**u.modalities, "voice": ModalityFinding(True, False)})
        for u in analysis.utterances
    )
    said = features_said(replace(analysis, utterances=silent))
    assert said == ["words as minilm-l6", "voice as ge2e (not read here)"]
    assert features_said(replace(analysis, utterances=silent[1:] + analysis.utterances[:1])) == [
        "words as minilm-l6",
        "voice as ge2e",
    ]


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        (0.444, "0.44"),
        (0.446, "0.45 (undecided)"),
        (0.5, "0.50 (undecided)"),
        (0.554, "0.55 (undecided)"),
        (0.556, "0.56"),
    ],
)
def test_a_gate_in_the_middle_is_undecided(gate: float, said: str) -> None:
    assert gate_said(gate) == said

from dataclasses import replace

import numpy as np
import pytest

from emospot.analysis.effects import Effects
from emospot.analysis.explain import Evidence, explain, model_finding
from emospot.analysis.measure import Measurements
from emospot.conversation import FACE, VOICE, WORDS, Conversation, Hotspot, Tokens, Utterance
from emospot.model.predict import Prediction

TALK = Conversation("t", (Utterance("t-1", "A", 0.0, 2.0, "so angry now"),))
SPOT = Hotspot(WORDS, 0.0, 1.0, 0.9, "lexicon", 0, 8)
TOKENS = Tokens(np.zeros((3, 2), np.float32), offsets=np.array([[0, 2], [3, 8], [9, 12]]))


@pytest.fixture
def evidence(bundled):
    """One utterance whose words the model read; the voice was only measured."""
    measured = Measurements(
        features={WORDS: [TOKENS]},
        hotspots=[[SPOT, Hotspot(VOICE, 0.5, 1.0, 0.7, "pitch")]],
        absent={FACE: "face features need the extra [face]: pip install 'emospot[face]'"},
        unread={VOICE: "GE2E voice features need the extra [voice]"},
        measured={WORDS: [True], VOICE: [True], FACE: [False]},
    )
    probabilities = np.array([[0.05, 0.05, 0.1, 0.7, 0.05, 0.05]], np.float32)
    prediction = Prediction(
        logits=np.log(probabilities),
        probabilities=probabilities,
        temperature=np.array([1.0], np.float32),
        unsure_below=np.array([0.5], np.float32),
        gates={WORDS: (np.array([0.2, 0.4, 0.9], np.float32),)},
        present={WORDS: np.array([True]), VOICE: np.array([False])},
        outputs={},
    )
    return Evidence(bundled, measured, prediction, understood=True)


def only(evidence):
    (finding,) = explain(TALK, evidence)
    return finding


def test_the_most_probable_class_is_the_answer(evidence):
    found = only(evidence)
    assert (found.emotion, round(found.confidence, 4)) == ("anger", 0.7)
    assert found.probabilities["neutral"] == pytest.approx(0.1)
    assert sum(found.probabilities.values()) == pytest.approx(1)


def test_below_the_threshold_it_is_unsure(evidence):
    higher = replace(evidence.prediction, unsure_below=np.array([0.71], np.float32))
    found = only(replace(evidence, prediction=higher))
    assert (found.emotion, round(found.confidence, 4)) == ("unsure", 0.7)


def test_what_is_not_understood_is_unsure(evidence):
    found = only(replace(evidence, understood=False))
    assert found.emotion == "unsure"


def test_nothing_read_is_unsure(evidence):
    nothing = replace(
        evidence.prediction, present={WORDS: np.array([False]), VOICE: np.array([False])}
    )
    found = only(replace(evidence, prediction=nothing))
    assert found.emotion == "unsure"
    assert not any(h.used_by_model for h in found.hotspots)
    assert evidence.never_read(VOICE)
    assert evidence.never_read(FACE)
    assert not evidence.never_read(WORDS)


def test_a_hotspot_has_the_mean_gate_of_its_tokens(evidence):
    words, voice = only(evidence).hotspots
    assert words.used_by_model
    assert words.gate == pytest.approx((0.2 + 0.4) / 2)
    assert (words.char_start, words.char_end, words.fired_by) == (0, 8, "lexicon")
    assert (voice.used_by_model, voice.gate) == (False, None)


def test_a_hotspot_between_the_tokens_was_not_used(evidence):
    spot = replace(SPOT, char_start=20, char_end=22, start=None, end=None)
    measured = replace(evidence.measured, hotspots=[[spot]])
    (found,) = only(replace(evidence, measured=measured)).hotspots
    assert (found.used_by_model, found.gate) == (False, None)


def test_modalities_with_their_reasons(evidence):
    found = only(evidence).modalities
    assert (found[WORDS].present, found[WORDS].used_by_model, found[WORDS].reason) == (
        True,
        True,
        "",
    )
    assert found[WORDS].mean_gate == pytest.approx(0.5)
    assert found[WORDS].gates == (0.2, 0.4, 0.9)
    assert found[WORDS].gate_offsets == ((0, 2), (3, 8), (9, 12))
    assert (found[VOICE].present, found[VOICE].used_by_model) == (True, False)
    assert "extra [voice]" in found[VOICE].reason
    assert "pip install 'emospot[face]'" in found[FACE].reason


def test_other_reasons(evidence):
    unread = {WORDS: np.array([False]), VOICE: np.array([False])}
    prediction = replace(evidence.prediction, present=unread)
    measured = replace(evidence.measured, unread={}, absent={})
    foreign = only(replace(evidence, prediction=prediction, measured=measured, understood=False))
    assert "language" in foreign.modalities[WORDS].reason
    assert foreign.modalities[VOICE].reason.startswith("too little voice")
    assert foreign.modalities[FACE].reason == "no face in this utterance"
    seen = replace(measured, measured={WORDS: [True], VOICE: [True], FACE: [True]})
    reason = only(replace(evidence, measured=seen)).modalities[FACE].reason
    assert reason == "the model bundled does not read the face"


def test_the_model_is_described_by_its_card(bundled):
    found = model_finding(bundled)
    assert found.labels == bundled.card.labels.labels
    assert found.features == {"words": "minilm-l6", "voice": "ge2e"}
    assert "research use only" in found.licence


def test_what_counted_is_told_where_it_was_asked(evidence):
    nobody = only(evidence)
    assert nobody.neighbours == ()
    assert {h.effect for h in nobody.hotspots} == {None}
    assert {m.effect for m in nobody.modalities.values()} == {None}
    effects = Effects({WORDS: np.array([0.25])}, {(0, 0): -0.125})
    found = only(replace(evidence, effects=effects))
    assert [h.effect for h in found.hotspots] == [-0.125, None]
    assert [found.modalities[m].effect for m in (WORDS, VOICE, FACE)] == [0.25, None, None]


def test_neighbours_have_their_ids(evidence):
    talk = replace(TALK, utterances=tuple(replace(TALK.utterances[0], id=f"t-{n}") for n in "123"))
    three = replace(
        evidence,
        measured=replace(
            evidence.measured,
            features={WORDS: [TOKENS] * 3},
            hotspots=[[]] * 3,
            measured={m: [own[0]] * 3 for m, own in evidence.measured.measured.items()},
        ),
        prediction=replace(
            evidence.prediction,
            probabilities=evidence.prediction.probabilities.repeat(3, axis=0),
            temperature=evidence.prediction.temperature.repeat(3),
            unsure_below=evidence.prediction.unsure_below.repeat(3),
            gates={WORDS: evidence.prediction.gates[WORDS] * 3},
            present={m: own.repeat(3) for m, own in evidence.prediction.present.items()},
            neighbours=np.array([[1, 2], [0, -1], [-1, -1]]),
            attention=np.array([[0.5, 0.25], [0.125, 0.0], [0.0, 0.0]], np.float32),
        ),
    )
    found = [[(n.utterance, n.weight) for n in u.neighbours] for u in explain(talk, three)]
    assert found == [[("t-2", 0.5), ("t-3", 0.25)], [("t-1", 0.125)], []]

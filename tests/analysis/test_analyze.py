import json
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

import emospot
from emospot.analysis.analyze import TOO_FAR, _detectors, _far_off, analyze, brought_near
from emospot.config import parse_config
from emospot.conversation import FACE, VOICE, WORDS, Tokens
from emospot.errors import ModelError, UsageError
from emospot.model.builder import build_model
from emospot.model.pretrained import PretrainedModel
from emospot.sample import sample_files

SAMPLE = sample_files()
GERMAN = (
    (0.4, 4.0, "ANNA: Ich bin so wütend, das ist wirklich furchtbar."),
    (4.5, 10.0, "BEN: Wir haben die Wohnung bekommen, ich freue mich sehr darüber!"),
)


def test_the_sample_from_end_to_end(sample_analysis):
    assert sample_analysis.recording == "conversation.ogg"
    assert [u.speaker for u in sample_analysis.utterances[:3]] == ["ANNA", "BEN", "ANNA"]
    assert len(sample_analysis.utterances) == 10
    for utterance in sample_analysis.utterances:
        assert sum(utterance.probabilities.values()) == pytest.approx(1)
        assert utterance.emotion in (*sample_analysis.model.labels, "unsure")
        assert utterance.confidence == max(utterance.probabilities.values())
        assert utterance.modalities[WORDS].used_by_model
        assert utterance.modalities[FACE].reason == "the recording has no picture"
    assert sample_analysis.emospot_version == emospot.__version__
    assert {"decode", "words", "voice", "model"} <= set(sample_analysis.seconds_by_stage)
    assert len(sample_analysis.waveform) <= 2000


def test_evidence_is_kept_apart_from_the_claim(sample_analysis):
    spots = [h for u in sample_analysis.utterances for h in u.hotspots]
    words = [h for h in spots if h.modality == WORDS]
    assert words
    assert all(h.used_by_model and 0 <= h.gate <= 1 for h in words)
    assert not any(h.used_by_model for h in spots if h.modality == VOICE)
    for utterance in sample_analysis.utterances:
        said = [
            utterance.text[h.char_start : h.char_end]
            for h in utterance.hotspots
            if h.modality == WORDS
        ]
        assert all(said)
    assert any(
        "angry" in u.text[h.char_start : h.char_end]
        for u in sample_analysis.utterances
        for h in u.hotspots
        if h.modality == WORDS
    )


def test_what_counted_is_told_of_every_utterance(sample_analysis):
    ids = [u.id for u in sample_analysis.utterances]
    for utterance in sample_analysis.utterances:
        for hotspot in utterance.hotspots:
            assert (hotspot.effect is not None) == hotspot.used_by_model
        named = [n.utterance for n in utterance.neighbours]
        weights = [n.weight for n in utterance.neighbours]
        assert len(set(named)) == len(named) == 5
        assert set(named) < set(ids) - {utterance.id}
        assert weights == sorted(weights, reverse=True)
        assert 0 < sum(weights) <= 1
        # Nothing else is read of the sample: without its words the prior is left.
        effect = utterance.modalities[WORDS].effect
        assert utterance.confidence - effect < 0.3
        assert utterance.modalities[FACE].effect is None
    sad = next(u for u in sample_analysis.utterances if "sad" in (u.text or ""))
    assert max(h.effect for h in sad.hotspots if h.used_by_model) > 0.02


def test_it_is_written_as_plain_json(sample_analysis):
    plain = json.loads(sample_analysis.to_json())
    assert plain["format_version"] == 1
    assert plain["utterances"][0]["modalities"]["face"]["present"] is False


def test_estimated_word_times_are_told_and_notices_come_once(sample_analysis):
    assert any("word times are estimated" in w for w in sample_analysis.warnings)
    assert len(set(sample_analysis.warnings)) == len(sample_analysis.warnings)


def test_words_alone(bundled):
    found = analyze(SAMPLE.transcript, model=bundled)
    assert (found.duration, found.waveform) == (None, ())
    assert found.warnings[0] == "voice missing: no recording was given, so there is no voice"
    assert all(u.modalities[VOICE].effect is None for u in found.utterances)
    assert all(u.neighbours for u in found.utterances)
    assert any(u.emotion != "unsure" for u in found.utterances)


def test_another_language_is_told_and_gives_no_labels(bundled, write_srt):
    found = analyze(SAMPLE.conversation, write_srt(*GERMAN), model=bundled)
    assert found.warnings[0].startswith('the words seem to be in "de", but the model understands')
    assert {u.emotion for u in found.utterances} == {"unsure"}
    assert not any(u.modalities[WORDS].used_by_model for u in found.utterances)
    assert not any(h.modality == WORDS for u in found.utterances for h in u.hotspots)
    assert all(u.modalities[WORDS].effect is None for u in found.utterances)
    assert not any("could not read the words" in warning for warning in found.warnings)


def test_a_model_of_any_language_reads_it(bundled, write_srt):
    from dataclasses import replace

    anything = replace(bundled, card=replace(bundled.card, language=""))
    found = analyze(write_srt(*GERMAN), model=anything)
    assert all(u.modalities[WORDS].used_by_model for u in found.utterances)
    assert not any("seem to be in" in warning for warning in found.warnings)


def test_silence_gives_an_empty_analysis(bundled, silence):
    found = analyze(silence, model=bundled)
    assert found.utterances == ()
    assert found.warnings == ("silence.wav: no speech was found, so there is nothing to analyse",)


def test_nobody_speaks_so_nothing_is_claimed(bundled, silent_video):
    (found,) = analyze(silent_video, model=bundled).utterances
    assert found.emotion == "unsure"
    assert found.modalities[VOICE].reason == "no speech was found in the recording"
    assert found.neighbours == ()
    assert {m.effect for m in found.modalities.values()} == {None}


def test_the_missing_extra_is_named_in_warning_and_finding(bundled, monkeypatch):
    monkeypatch.setitem(sys.modules, "resemblyzer", None)
    found = analyze(SAMPLE.conversation, SAMPLE.transcript, model=bundled)
    assert "pip install 'emospot[voice]'" in found.warnings[0]
    assert "pip install 'emospot[voice]'" in found.utterances[0].modalities[VOICE].reason
    assert found.utterances[0].modalities[VOICE].present


def test_too_little_voice_is_told(bundled, write_srt):
    found = analyze(SAMPLE.conversation, write_srt((0.4, 0.5, "ANNA: Hi Ben.")), model=bundled)
    assert "every utterance has too little voice for the model to read" in found.warnings


def test_damage_is_told_once(bundled, cut_off):
    warnings = analyze(cut_off, SAMPLE.transcript, model=bundled).warnings
    assert sum("it seems to be cut off" in w for w in warnings) == 1


def test_the_package_offers_it(sample_analysis):
    assert emospot.analyze is analyze
    with pytest.raises(ModelError, match='no model "nowhere"'):
        emospot.load("nowhere")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        emospot.nothing  # noqa: B018


def test_a_voice_unlike_the_training_is_brought_near_and_told(sample_analysis, bundled):
    (warning,) = (
        w for w in sample_analysis.warnings if "outside what the model was trained on" in w
    )
    assert "the voice of this recording" in warning
    known = bundled.card.recordings["voice"]
    usual = [Tokens(np.array([known.mean], np.float32)) for _ in range(3)]
    far = [Tokens(t.values + 5.0) for t in usual]
    assert brought_near({"voice": usual}, bundled) == ({"voice": usual}, {})
    near, unusual = brought_near({"voice": far, "words": [None] * 3}, bundled)
    assert unusual["voice"] > 1
    assert near["words"] == [None] * 3
    moved = np.concatenate([t.values for t in near["voice"]])
    assert known.distance(moved) == pytest.approx(known.limit, rel=1e-3)
    # Too far: where there are words, they alone are read.
    some = [usual[0], None, usual[2]]
    near, unusual = brought_near({"voice": far, "words": some}, bundled)
    assert unusual["voice"] > TOO_FAR
    assert [t is None for t in near["voice"]] == [True, False, True]
    causal = replace(bundled, config=bundled.config.model_copy(update={"causal": True}))
    assert brought_near({"voice": far}, causal) == ({"voice": far}, {})


@pytest.mark.parametrize(
    ("times", "told"),
    [
        (1.04, "(just beyond the edge of its training): moved to that edge"),
        (1.06, "(1.1 times as far off as the edge of its training): moved to that edge"),
    ],
)
def test_how_far_off_a_modality_is_told_in_words(times, told):
    assert told in _far_off("voice", times, unread=False)


def test_a_model_reads_the_hotspots_of_its_training(bundled):
    """The detectors of its card, whatever is usual; others only where it reads none."""
    own = _detectors(bundled, ["prosody"])
    assert {m: p.name for m, p in own.items()} == {
        "words": "lexicon", "voice": "prosody", "face": "expression",
    }  # fmt: skip
    other = replace(bundled, card=replace(bundled.card, detectors={"words": "lexicon=1"}))
    assert _detectors(other, [])["words"].name == "lexicon=1"
    with pytest.raises(UsageError, match='reads the hotspots of words that "lexicon=1" finds'):
        _detectors(other, ["lexicon"])
    assert _detectors(bundled, ["lexicon"])["words"].name == "lexicon"


def test_a_baseline_tells_what_its_modalities_count_for(bundled):
    config = parse_config({"model": {"kind": "corect", "modalities": ["words", "voice"]}}).model
    outputs = {task.name: len(task.outputs) for task in bundled.card.heads}
    dims = {m: f.dim for m, f in bundled.card.features.items()}
    torch.manual_seed(0)
    model = PretrainedModel(build_model(config, dims, outputs).eval(), config, bundled.card)
    found = analyze(SAMPLE.transcript, model=model)
    for utterance in found.utterances:
        assert utterance.neighbours == ()
        assert not any(h.used_by_model or h.effect is not None for h in utterance.hotspots)
        # Without its words it knows nothing: its prior is the same for every class.
        fall = utterance.confidence - 1 / len(utterance.probabilities)
        assert utterance.modalities[WORDS].effect == pytest.approx(fall, abs=1e-5)
        assert utterance.modalities[VOICE].effect is None


def test_hotspots_that_the_model_finds_by_itself_are_its_evidence(bundled):
    config = bundled.config.model_copy(update={"learned_hotspots": (WORDS,)})
    card = bundled.card
    outputs = {task.name: len(task.outputs) for task in card.heads}
    model = build_model(config, {m: f.dim for m, f in card.features.items()}, outputs)
    torch.nn.init.constant_(model.stems[WORDS].spotter.score.bias, 9.0)
    learned = PretrainedModel(model.eval(), config, card)
    found = analyze(SAMPLE.transcript, model=learned)
    for utterance in found.utterances:
        spots = [h for h in utterance.hotspots if h.modality == WORDS]
        assert {h.fired_by for h in spots} == {"learned"}
        assert all(h.used_by_model and h.score > 0.5 for h in spots)
        assert spots[0].char_start == 0  # everything fires
        assert any(h.effect is not None for h in spots)
    torch.nn.init.constant_(model.stems[WORDS].spotter.score.bias, -9.0)
    silent = analyze(SAMPLE.transcript, model=learned)
    assert not any(u.hotspots for u in silent.utterances)
    with pytest.raises(UsageError, match="finds the hotspots of words by itself"):
        analyze(SAMPLE.transcript, model=learned, detectors=["lexicon"])

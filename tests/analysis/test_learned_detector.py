"""Learned hotspots as a detector: of voices in any frames, of words, and of none."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from emospot.analysis.learned_detector import learned_panels
from emospot.analysis.learned_hotspots import learned_hotspots
from emospot.batch import Example
from emospot.config import parse_config
from emospot.conversation import Conversation, Utterance
from emospot.emotions import RAVDESS8, Task
from emospot.errors import UsageError
from emospot.features.base import FeatureDescription
from emospot.features.voice_basic import COLUMNS, BasicVoice
from emospot.features.voice_descriptors import with_longer_frames
from emospot.model.builder import build_model
from emospot.model.predict import predict
from emospot.model.pretrained import ModelCard, PretrainedModel, renamed

TASK = Task("emotion", "single", RAVDESS8.labels)


@pytest.fixture
def model():
    torch.manual_seed(0)
    config = parse_config(
        {"model": {"modalities": ["voice"], "learned_hotspots": ["voice"], "kernel_reader": False}}
    ).model
    feature = FeatureDescription(
        "voice", "basic", "1", len(COLUMNS), pooled=False, options={"hop": 0.1}
    )
    built = build_model(config, {"voice": len(COLUMNS)}, {"emotion": 8})
    card = ModelCard("moments", RAVDESS8, {"voice": feature}, tasks=(TASK,))
    return PretrainedModel(built.eval(), config, card)


def talk():
    random = np.random.default_rng(0)
    sound = (0.1 * random.normal(size=16_000 * 6)).astype(np.float32)
    utterances = (Utterance("1", "A", 0.0, 4.0), Utterance("2", "A", 4.0, 6.0))
    return Conversation("c", (*utterances, Utterance("3", "A"))), [sound[:64_000], sound[64_000:]]


def test_a_voice_without_turns_is_read_phrase_by_phrase(model):
    """As turns, in the longer frames that the model has learned from; pauses are not read."""
    (panel,) = learned_panels(model, "moments")
    assert (panel.modality, panel.name) == ("voice", "learned voice (moments)")
    answers = model.recognizer.stems["voice"].spotter.answers["emotion"]
    torch.nn.init.constant_(answers.bias, 0.5)
    _, (sound, _) = talk()
    sound[24_000:32_000] *= 1e-4  # a pause from 1.5 to 2 s
    conversation = Conversation("c", (Utterance("1", "A", 0.0, 4.0),))
    tokens = [BasicVoice().extract(sound, 0.0)]
    (found,) = panel.detect(conversation, {"basic": tokens})
    borders = [(spot.start, spot.end) for spot in found]
    assert np.array(borders) == pytest.approx(np.array([[0, 1.5], [2, 4]]), abs=0.12)
    assert {spot.fired_by for spot in found} == {"learned"}
    (detector,) = panel.detectors
    (scored,) = detector.scored_tokens(conversation, tokens)
    read = np.concatenate([own.times for own, _ in scored])
    scores = np.concatenate([own for _, own in scored])
    assert np.diff(read, axis=1) == pytest.approx(0.1, abs=0.09)
    assert not ((read[:, 0] > 1.6) & (read[:, 1] < 1.9)).any(), "the pause"
    # By hand: each phrase a turn.
    turns = tuple(Utterance(str(n), "A", *borders[n]) for n in range(2))
    joined = [
        with_longer_frames(BasicVoice().extract(heard, turn.start), 0.1)
        for heard, turn in zip((sound[:24_000], sound[32_000:]), turns, strict=True)
    ]
    by_hand = predict(model, [Example(Conversation("c", turns), {"voice": joined}, [[], []])])
    expected = np.concatenate(by_hand[0].hotspots["voice"])
    assert len(scores) == pytest.approx(len(expected), abs=2)
    assert scores.mean() == pytest.approx(expected.mean(), abs=0.05)
    assert 0.5 < scores.mean() < 0.9, "scores that say something"


def test_models_of_the_finest_frames_read_phrases_too(model):
    """Their features name no length of frames."""
    finest = {"voice": replace(model.card.features["voice"], options={})}
    (panel,) = learned_panels(renamed(model, features=finest), "fine")
    _, (sound, _) = talk()
    sound[24_000:32_000] *= 1e-4
    conversation = Conversation("c", (Utterance("1", "A", 0.0, 4.0),))
    (scored,) = panel.detectors[0].scored_tokens(conversation, [BasicVoice().extract(sound, 0.0)])
    assert [len(tokens) for tokens, _ in scored] == pytest.approx([150, 200], abs=15)


def test_turns_that_are_told_are_read_as_they_are(model):
    """As an analysis reads them: frames of 10 ms are joined, nothing is cut."""
    (panel,) = learned_panels(model, "moments")
    (detector,) = panel.detectors
    conversation, sounds = talk()
    scored = detector.scored_tokens(conversation, [*frames(sounds, 0.01), None])
    read = [*frames(sounds, 0.1), None]
    (answer,) = predict(model, [Example(conversation, {"voice": read}, [[] for _ in read])])
    assert [len(own) for own in scored] == [1, 1, 0]
    pairs = [own[0] for own in scored[:2]]
    for (tokens, scores), long, own in zip(
        pairs, read[:2], answer.hotspots["voice"][:2], strict=True
    ):
        assert tokens.times == pytest.approx(long.times, abs=1e-6)
        assert scores == pytest.approx(own, abs=1e-3)
    found = panel.detect(conversation, {"basic": [*frames(sounds, 0.01), None]})
    shown = learned_hotspots(model.config, "voice", conversation, read, answer.hotspots["voice"])
    assert [len(own) for own in found] == [len(own) for own in shown]


@pytest.mark.parametrize("count", [1, 3])
def test_nobody_speaks(model, count):
    (panel,) = learned_panels(model, "moments")
    turns = tuple(Utterance(str(n), "A", float(n), n + 1.0) for n in range(count))
    nothing = {"basic": [None] * count}
    assert panel.detect(Conversation("c", turns), nothing) == [[]] * count


def frames(sounds, hop):
    voice = BasicVoice(hop=hop)
    return [voice.extract(s, t) for s, t in zip(sounds, (0.0, 4.0), strict=True)]


def test_words_and_voice_of_one_model_have_names_of_their_own():
    config = parse_config({"model": {"learned_hotspots": ["words", "voice"]}}).model
    dims = {"words": 4, "voice": len(COLUMNS)}
    features = {
        m: FeatureDescription(m, "basic" if m == "voice" else "minilm", "1", d, pooled=False)
        for m, d in dims.items()
    }
    built = build_model(config, dims, {"emotion": 8})
    both = PretrainedModel(built.eval(), config, ModelCard("m", RAVDESS8, features, tasks=(TASK,)))
    names = [panel.name for panel in learned_panels(both, "run")]
    assert names == ["learned words (run)", "learned voice (run)"]


def test_a_model_that_has_learned_none(bundled):
    with pytest.raises(UsageError, match="the model bundled has not learned to find hotspots"):
        learned_panels(bundled, "bundled")

"""Learned hotspots as a detector: of voices in any frames, of words, and of none."""

import numpy as np
import pytest
import torch

from emospot.analysis.learned_detector import learned_panels
from emospot.batch import Example
from emospot.config import parse_config
from emospot.conversation import Conversation, Utterance
from emospot.emotions import RAVDESS8, Task
from emospot.errors import UsageError
from emospot.features.base import FeatureDescription
from emospot.features.voice_basic import COLUMNS, BasicVoice
from emospot.model.builder import build_model
from emospot.model.predict import predict
from emospot.model.pretrained import ModelCard, PretrainedModel

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


def test_it_reads_frames_of_any_length(model):
    """Frames of 10 ms are joined to those that the model has learned from."""
    (panel,) = learned_panels(model, "moments")
    assert (panel.modality, panel.name) == ("voice", "learned voice (moments)")
    answers = model.recognizer.stems["voice"].spotter.answers["emotion"]
    torch.nn.init.constant_(answers.bias, -1.0)
    conversation, sounds = talk()
    found = []
    for hop in (0.01, 0.1):
        voice = BasicVoice(hop=hop)
        tokens = [voice.extract(s, t) for s, t in zip(sounds, (0.0, 4.0), strict=True)]
        found.append(panel.detect(conversation, {"basic": [*tokens, None]}))
    short, long = found
    assert [len(own) for own in short] == [len(own) for own in long] == [1, 1, 0]
    for one, other in zip(short[:2], long[:2], strict=True):
        assert 0.25 < one[0].score < 0.9, "a score that says something"
        assert one[0].score == pytest.approx(other[0].score, abs=1e-4)
        assert (one[0].start, one[0].end) == pytest.approx((other[0].start, other[0].end))
        assert one[0].fired_by == "learned"
    apart = predict(model, [Example(conversation, {"voice": [*frames(sounds, 0.01), None]})])
    joined = predict(model, [Example(conversation, {"voice": [*frames(sounds, 0.1), None]})])
    means = [float(one.hotspots["voice"][0].mean()) for (one,) in (apart, joined)]
    assert abs(means[0] - means[1]) > 1e-3, "unjoined frames would be told apart"


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

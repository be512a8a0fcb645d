"""Learned hotspots as a detector: of voices in any frames, of words, and of none."""

import numpy as np
import pytest
import torch

from emospot.analysis.learned_detector import learned_panels
from emospot.config import parse_config
from emospot.conversation import Conversation, Utterance
from emospot.emotions import RAVDESS8, Task
from emospot.errors import UsageError
from emospot.features.base import FeatureDescription
from emospot.features.voice_basic import COLUMNS, BasicVoice
from emospot.model.builder import build_model
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
    (panel,) = learned_panels(model)
    assert (panel.modality, panel.name) == ("voice", "learned (moments)")
    bias = model.recognizer.stems["voice"].spotter.answers["emotion"].bias
    conversation, sounds = talk()
    found = []
    for hop in (0.01, 0.1):
        voice = BasicVoice(hop=hop)
        tokens = [voice.extract(s, t) for s, t in zip(sounds, (0.0, 4.0), strict=True)]
        for level in (9.0, -9.0):
            torch.nn.init.constant_(bias, level)
            found.append(panel.detect(conversation, {"basic": [*tokens, None]}))
    loud, silent, loud_again, silent_again = found
    assert [len(own) for own in loud] == [1, 1, 0]
    assert (loud[0][0].start, round(loud[0][0].end, 2)) == (0.0, 4.0)
    assert loud[1][0].fired_by == "learned"
    assert [own[0].score for own in loud[:2]] == pytest.approx(
        [own[0].score for own in loud_again[:2]], abs=1e-4
    )
    assert silent == silent_again == [[], [], []]


def test_a_model_that_has_learned_none(bundled):
    with pytest.raises(UsageError, match="has not learned to find hotspots"):
        learned_panels(bundled)

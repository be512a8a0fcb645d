"""Predictions do not depend on what else is predicted with them."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from emospot.batch import Example
from emospot.config import ModelConfig
from emospot.emotions import LabelSet
from emospot.features.base import FeatureDescription
from emospot.model import predict as module
from emospot.model.confidence import Confidence
from emospot.model.predict import predict
from emospot.model.pretrained import ModelCard, PretrainedModel, renamed
from emospot.model.recognizer import Recognizer

DIMS = {"words": 7, "voice": 5}


@pytest.fixture
def model(make_recognizer: Callable[..., Recognizer]) -> PretrainedModel:
    features = {m: FeatureDescription(m, "x", "1", d, m == "voice") for m, d in DIMS.items()}
    card = ModelCard("small", LabelSet("four", ("a", "b", "c", "d")), features, temperature=2.0)
    return PretrainedModel(make_recognizer(DIMS), ModelConfig(modalities=tuple(DIMS)), card)


def test_one_by_one_equals_together_in_any_grouping(
    model: PretrainedModel, make_example: Callable[..., Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = [make_example(f"d{i}", count, DIMS) for i, count in enumerate((4, 9, 1, 6))]
    together = predict(model, examples)
    monkeypatch.setattr(module, "UTTERANCES_A_BATCH", 8)
    grouped = predict(model, examples)
    for example, one, other in zip(examples, together, grouped, strict=True):
        (alone,) = predict(model, [example])
        assert len(one.logits) == len(example.conversation.utterances)
        for found in (other, alone):
            assert np.allclose(one.logits, found.logits, atol=1e-5)
            assert np.allclose(one.probabilities, found.probabilities, atol=1e-5)


def test_probabilities_are_scaled_by_the_temperature(
    model: PretrainedModel, make_example: Callable[..., Example]
) -> None:
    example = make_example("a", 5, DIMS)
    (found,) = predict(model, [example])
    expected = torch.softmax(torch.from_numpy(found.logits) / 2.0, dim=-1)
    assert np.allclose(found.probabilities, expected, atol=1e-6)
    (sharper,) = predict(renamed(model, temperature=0.5), [example])
    assert (sharper.probabilities.max(axis=1) > found.probabilities.max(axis=1)).all()


def test_what_was_read_in_part_has_a_temperature_and_a_threshold_of_its_own(
    model: PretrainedModel, make_example: Callable[..., Example]
) -> None:
    partial = {"words": Confidence(4.0, 0.4)}
    model = renamed(model, unsure_below=0.6, partial=partial)
    example = make_example("a", 12, DIMS, missing=0.4)
    (found,) = predict(model, [example])
    words, voice = (found.present[m] for m in ("words", "voice"))
    alone = words & ~voice
    assert alone.any() and (words & voice).any(), "the example shows both"
    divided = np.where(alone, 4.0, 2.0)[:, None]
    expected = torch.softmax(torch.from_numpy(found.logits / divided), dim=-1)
    assert np.allclose(found.probabilities, expected, atol=1e-6)
    assert np.allclose(found.unsure_below, np.where(alone, 0.4, 0.6))


def test_gates_and_presence_follow_the_tokens(
    model: PretrainedModel, make_example: Callable[..., Example]
) -> None:
    example = make_example("a", 8, DIMS, missing=0.4)
    (found,) = predict(model, [example, make_example("b", 12, DIMS)])[:1]
    for modality, tokens in example.tokens.items():
        there = [t is not None for t in tokens]
        assert found.present[modality].tolist() == there
        lengths = [0 if t is None else len(t) for t in tokens]
        assert [len(g) for g in found.gates[modality]] == lengths
        gates = np.concatenate(found.gates[modality])
        assert ((gates > 0) & (gates < 1)).all()


def test_no_conversation_no_prediction(model: PretrainedModel) -> None:
    assert predict(model, []) == []

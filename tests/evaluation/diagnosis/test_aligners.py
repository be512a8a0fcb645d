"""Use of aligners against the recognizer's own figures and known routings."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from emospot.batch import collate
from emospot.evaluation.diagnosis.aligners import RoutingWatch, normalised_entropy
from emospot.evaluation.diagnosis.interventions import watched
from emospot.model.emotion_model import EmotionOutput
from emospot.model.predict import predict


def use_of(model, examples):
    watch = RoutingWatch()
    with watched(model.recognizer, watch.tell):
        predict(model, examples)
    return watch.use(model.config.top_k)


def test_use_is_the_recognizers_over_everything(world):
    """One batch of all conversations says the same by itself."""
    examples = world.examples
    batch = collate(examples, {"words": 6, "voice": 6})
    with torch.inference_mode():
        output = world.model.recognizer(batch)
    found = use_of(world.model, examples)
    assert {f"{own.axis}:{own.pair}" for own in found} == set(output.expert_usage)
    for own in found:
        usage = output.expert_usage[f"{own.axis}:{own.pair}"]
        assert [u.value for u in own.use] == pytest.approx(usage.tolist(), abs=1e-5)
        assert own.imbalance == pytest.approx(9 * float(usage.var(unbiased=False)), abs=1e-5)
        weights = output.routing[f"{own.axis}:{own.pair}"][batch.mask].double().numpy()
        assert own.utterances == len(weights)
        assert own.selected == pytest.approx((weights > 0).mean(axis=0), abs=0.01)
        assert sum(own.selected) == pytest.approx(2, abs=1e-6)
        entropies = [-sum(w * np.log(w) for w in row if w > 0) / np.log(2) for row in weights]
        assert own.utterance_entropy == pytest.approx(np.mean(entropies), abs=1e-4)
        assert own.deviation == pytest.approx(weights.std(axis=0).mean(), abs=1e-4)
        assert all(u.low <= u.value <= u.high for u in own.use)


def routed(world, weights, present=None):
    """What is said of these weights of the first conversation's utterances."""
    batch = collate(world.examples[:1], {"words": 6, "voice": 6})
    if present is not None:
        batch = replace(batch, present=present.unsqueeze(0))
    watch = RoutingWatch()
    routing = {"tokens:voice->words": torch.tensor(weights).unsqueeze(0)}
    watch.tell(batch, EmotionOutput({}, routing=routing))
    return watch.use(top_k=1)


def test_utterances_without_both_modalities_do_not_count(world):
    U = len(world.examples[0].conversation.utterances)
    present = torch.ones(U, 2, dtype=torch.bool)
    present[2:, 1] = False
    weights = [[1.0, 0.0]] * 2 + [[0.0, 1.0]] * (U - 2)
    (own,) = routed(world, weights, present)
    assert [u.value for u in own.use] == [1.0, 0.0]
    assert (own.utterances, own.entropy, own.imbalance) == (2, 0.0, 1.0)
    assert own.utterance_entropy is None
    assert own.name == "voice->words (tokens)"
    present[:, 1] = False
    assert routed(world, weights, present) == ()


def test_one_aligner_is_even_by_itself(world):
    U = len(world.examples[0].conversation.utterances)
    (own,) = routed(world, [[1.0]] * U)
    assert (own.entropy, own.imbalance, own.deviation) == (1.0, 0.0, 0.0)


def test_both_axes_are_told_apart(make_model):
    model, examples = make_model(alignment_axis="both")
    names = [own.name for own in use_of(model, examples)]
    assert sorted(names) == [
        "voice->words (tokens)",
        "voice->words (utterances)",
        "words->voice (tokens)",
        "words->voice (utterances)",
    ]


def test_entropy_lies_between_none_and_even():
    shares = np.array([[0.25, 0.25, 0.25, 0.25], [1, 0, 0, 0], [0.5, 0.5, 0, 0]])
    assert normalised_entropy(shares, 4) == pytest.approx([1.0, 0.0, 0.5])
    assert normalised_entropy(np.ones((2, 1)), 1).tolist() == [1.0, 1.0]

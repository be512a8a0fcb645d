"""From tokens to one vector an utterance: standardised, pooled, absent ones zero."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from emospot.batch import Example, collate
from emospot.model.baselines.utterance_model import MeanPool, UtteranceModel
from emospot.model.timing import timing_of

DIMS = {"words": 3, "voice": 2}
Maker = Callable[..., Example]
Builder = Callable[..., UtteranceModel]


def test_a_vector_is_the_mean_of_the_standardised_tokens(
    make_example: Maker, make_baseline: Builder
) -> None:
    model = make_baseline("mlp", DIMS)
    mean, deviation = torch.tensor([1.0, -2.0, 0.5]), torch.tensor([2.0, 1.0, 4.0])
    model.set_input_statistics("words", mean, deviation)
    example = make_example("a", 6, DIMS)
    inputs = model.utterance_vectors(collate([example, make_example("b", 9, DIMS)], DIMS))
    for u, tokens in enumerate(example.tokens["words"]):
        expected = np.zeros(3)
        if tokens is not None:
            expected = ((tokens.values - mean.numpy()) / deviation.numpy()).mean(axis=0)
        found = inputs.vectors["words"][0, u].numpy()
        assert found == pytest.approx(expected, abs=1e-5)
    assert not inputs.vectors["voice"][0, 6:].any()
    assert inputs.joined().shape == (2, 9, 5)
    assert torch.equal(inputs.known, inputs.present.any(dim=-1))


def test_attention_pools_within_the_utterance_only(
    make_example: Maker, make_baseline: Builder
) -> None:
    model = make_baseline("mlp", DIMS, pooling="attention")
    example = make_example("a", 6, DIMS, missing=0.0, longest=6)
    batch = collate([example], DIMS)
    vectors = model.utterance_vectors(batch).vectors["words"][0]
    values = batch.modalities["words"].values[0]
    for u, tokens in enumerate(example.tokens["words"]):
        own = values[u, : len(tokens)].float()
        assert (vectors[u] >= own.amin(dim=0) - 1e-5).all()
        assert (vectors[u] <= own.amax(dim=0) + 1e-5).all()
    plain = make_baseline("mlp", DIMS).utterance_vectors(batch).vectors["words"][0]
    assert not torch.allclose(vectors, plain, atol=1e-4)


def test_gradients_reach_the_attention(make_example: Maker, make_baseline: Builder) -> None:
    model = make_baseline("mlp", {"words": 3}, pooling="attention")
    model(collate([make_example("a", 6, {"words": 3})], {"words": 3})).logits[
        "emotion"
    ].square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in model.parameters())


def test_the_timing_stands_beside_each_present_modality(
    make_example: Maker, make_baseline: Builder
) -> None:
    batch = collate([make_example("a", 9, DIMS)], DIMS)
    model = make_baseline("mlp", DIMS, timing=True)
    plain = make_baseline("mlp", DIMS).utterance_vectors(batch).vectors
    timing = timing_of(batch)
    for number, (m, found) in enumerate(model.utterance_vectors(batch).vectors.items()):
        there = batch.present[:, :, number : number + 1]
        assert torch.equal(found, torch.cat([plain[m], timing * there], dim=-1))
    assert model(batch).logits["emotion"].shape[:2] == (1, 9)


def test_the_mean_of_nothing_is_zero() -> None:
    x = torch.tensor([[[2.0], [4.0]], [[6.0], [8.0]]])
    mask = torch.tensor([[True, True], [False, False]])
    assert MeanPool()(x, mask).flatten().tolist() == [3.0, 0.0]


def test_input_dropout_acts_in_training_alone(make_example: Maker, make_baseline: Builder) -> None:
    model = make_baseline("mlp", DIMS, input_dropout=0.9)
    batch = collate([make_example("a", 5, DIMS, missing=0.0)], DIMS)
    plain = model.utterance_vectors(batch).vectors["voice"]
    assert torch.equal(plain, batch.modalities["voice"].values[:, :, 0].float())
    dropped = model.train().utterance_vectors(batch).vectors["voice"]
    assert (dropped == 0).float().mean() > 0.5

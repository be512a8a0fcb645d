"""Who reads whom in the cross-modal transformer, and where it stands in the dialogue."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from emospot.batch import Example, collate
from emospot.model.baselines.cross_modal_transformer import (
    CrossModalLayer,
    CrossModalTransformer,
    sinusoids,
)
from emospot.model.baselines.utterance_model import UtteranceModel

DIMS = {"words": 3, "voice": 2, "face": 4}


def test_sinusoids_are_those_published() -> None:
    found = sinusoids(50, 8)
    for position in (0, 1, 17, 49):
        for number in range(4):
            angle = position / 10_000 ** (number / 3)
            assert float(found[position, number]) == pytest.approx(math.sin(angle), abs=1e-5)
            assert float(found[position, 4 + number]) == pytest.approx(math.cos(angle), abs=1e-5)
    assert sinusoids(3, 7).shape == (3, 7)


def _attention_by_hand(layer: CrossModalLayer, x: Tensor, source: Tensor) -> Tensor:
    """One sequence, one query at a time, one head at a time."""
    attention = layer.attention
    width, heads = x.shape[-1], attention.heads
    size = width // heads
    queries = layer.attention_norm(x) @ attention.to_query.weight.T + attention.to_query.bias
    normed = layer.attention_norm(source)
    keys = normed @ attention.to_key.weight.T
    values = normed @ attention.to_value.weight.T + attention.to_value.bias
    rows = []
    for query in queries:
        parts = []
        for head in range(heads):
            own = slice(head * size, (head + 1) * size)
            weights = torch.stack([query[own] @ key[own] for key in keys]) / math.sqrt(size)
            parts.append(torch.softmax(weights, dim=0) @ values[:, own])
        rows.append(torch.cat(parts) @ attention.to_out.weight.T + attention.to_out.bias)
    x = x + torch.stack(rows)
    return x + layer.feed_forward(x)


def test_a_layer_equals_the_equations_and_reads_no_masked_element() -> None:
    torch.manual_seed(0)
    layer = CrossModalLayer(8, 2, 0.3).eval()
    x, source = torch.randn(1, 3, 8), torch.randn(1, 5, 8)
    mask = torch.tensor([[True, True, True, True, False]])
    with torch.no_grad():
        expected = _attention_by_hand(layer, x[0], source[0, :4])
        assert torch.allclose(layer(x, source, mask)[0], expected, atol=1e-5)


def test_every_pair_and_every_memory_is_there() -> None:
    network = CrossModalTransformer(DIMS, width=10, heads=2, layers=1)
    assert set(network.pairs) == {f"{k}->{j}" for k in DIMS for j in DIMS if k != j}
    assert set(network.memories) == set(DIMS)
    assert network.width == 3 * 2 * 10
    alone = CrossModalTransformer({"words": 3})
    assert (alone.width, len(alone.pairs)) == (30, 0)
    assert len(alone.memories["words"].layers) == 5


def test_of_a_pair_the_second_asks_and_the_first_is_read(
    make_example: Callable[..., Example], make_baseline: Callable[..., UtteranceModel]
) -> None:
    model = make_baseline("cross_modal_transformer", DIMS)
    network, seen = model.network, {}
    for name, stack in network.pairs.items():
        stack.register_forward_pre_hook(
            lambda _, arguments, name=name: seen.__setitem__(name, arguments)
        )
    inputs = model.utterance_vectors(collate([make_example("a", 5, DIMS, missing=0.5)], DIMS))
    network(inputs)
    for name, (x, source, mask) in seen.items():
        k, j = name.split("->")
        assert torch.equal(x, network.project[j](inputs.vectors[j]))
        assert torch.equal(source, network.project[k](inputs.vectors[k]))
        assert torch.equal(mask, inputs.present[..., list(DIMS).index(k)])


def test_the_place_in_the_dialogue_is_known(
    make_example: Callable[..., Example], make_baseline: Callable[..., UtteranceModel]
) -> None:
    model = make_baseline("cross_modal_transformer", DIMS)
    batch = collate([make_example("a", 4, DIMS, missing=0.0)], DIMS)
    for tensors in batch.modalities.values():
        tensors.values[:] = tensors.values[:, :1]
        tensors.mask[:] = tensors.mask[:, :1]
    logits = model(batch).logits["emotion"][0]
    # The same thing said four times: only the position tells the turns apart.
    assert not torch.allclose(logits[0], logits[3], atol=1e-3)

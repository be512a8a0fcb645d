"""Attention against plain softmax."""

import math

import numpy as np
import pytest
import torch

from emospot.model.attention import (
    AttentionPool,
    MeanPool,
    MultiHeadAttention,
    SelfAttentionLayer,
    attend,
)

N, H, L, S, D = 2, 3, 4, 5, 6


def _mask() -> torch.Tensor:
    torch.manual_seed(5)
    mask = torch.rand(N, 1, L, S) < 0.6
    mask[0, 0, 1] = False
    mask[1, 0, 2] = True
    return mask


def test_attention_equals_softmax_by_hand() -> None:
    torch.manual_seed(0)
    query, key, value = (torch.randn(N, H, n, D) for n in (L, S, S))
    bias, mask = torch.randn(N, H, L, S), _mask()
    found = attend(query, key, value, mask=mask, bias=bias)
    for n, h, i in np.ndindex(N, H, L):
        there = mask[n, 0, i]
        expected = torch.zeros(D)
        if there.any():
            logits = key[n, h, there] @ query[n, h, i] / math.sqrt(D) + bias[n, h, i, there]
            expected = torch.softmax(logits, dim=0) @ value[n, h, there]
        assert torch.allclose(found[n, h, i], expected, atol=1e-5)


def test_a_query_that_may_read_nothing_gives_zeros_and_finite_gradients() -> None:
    torch.manual_seed(0)
    layer = MultiHeadAttention(D, 2, dropout=0.0)
    query = torch.randn(N, L, D, requires_grad=True)
    mask = _mask().squeeze(1)
    found = layer(query, torch.randn(N, S, D), mask)
    assert (found[0, 1] == 0).all()
    assert (found[1, 2] != 0).any()
    found.square().sum().backward()
    assert query.grad.isfinite().all()
    assert (query.grad[0, 1] == 0).all()


def test_self_attention_reads_only_what_the_mask_shows() -> None:
    torch.manual_seed(0)
    layer = SelfAttentionLayer(D, 2, dropout=0.0)
    x = torch.randn(1, L, D)
    mask = torch.ones(1, L, L, dtype=torch.bool).tril()
    moved = x.clone()
    moved[0, 2] = torch.randn(D)
    changed = (layer(moved, mask) - layer(x, mask)).abs().amax(dim=-1)[0] > 1e-6
    assert changed.tolist() == [False, False, True, True]


def test_dropout_of_attention_is_off_in_evaluation() -> None:
    layer = MultiHeadAttention(D, 2, dropout=0.5)
    x, mask = torch.randn(1, L, D), torch.ones(1, 1, L, dtype=torch.bool)
    assert not torch.equal(layer(x, x, mask), layer(x, x, mask))
    layer.eval()
    assert torch.equal(layer(x, x, mask), layer(x, x, mask))


def test_pool_is_a_weighted_mean_by_hand() -> None:
    torch.manual_seed(0)
    pool = AttentionPool(D)
    x = torch.randn(2, L, D)
    mask = torch.tensor([[True, True, False, True], [False] * 4])
    found = pool(x, mask)
    kept = x[0, mask[0]]
    weights = torch.softmax(pool.score(pool.norm(kept)).squeeze(-1), dim=0)
    assert torch.allclose(found[0], weights @ kept, atol=1e-6)
    assert (found[1] == 0).all()


def test_mean_pool_is_the_mean_of_what_is_there() -> None:
    torch.manual_seed(0)
    x, mask = torch.randn(N, L, D), torch.rand(N, L) < 0.6
    mask[0] = False
    found = MeanPool()(x, mask)
    assert (found[0] == 0).all()
    assert torch.allclose(found[1], x[1, mask[1]].mean(dim=0), atol=1e-6)


def test_where_everything_is_read_the_mask_changes_nothing() -> None:
    torch.manual_seed(0)
    query, key, value = (torch.randn(N, H, n, D) for n in (L, S, S))
    everything = torch.ones(N, 1, L, S, dtype=torch.bool)
    for bias in (None, torch.randn(N, H, L, S), torch.randn(1, H, L, S)):
        found = attend(query, key, value, mask=everything, bias=bias)
        logits = query @ key.transpose(-1, -2) / math.sqrt(D) + (0 if bias is None else bias)
        assert torch.allclose(found, torch.softmax(logits, dim=-1) @ value, atol=1e-5)


@pytest.mark.parametrize("keys_for_all", [True, False])
def test_a_single_key_is_read_as_it_is_beside_another_that_may_not_be_read(
    keys_for_all: bool,
) -> None:
    torch.manual_seed(0)
    layer = MultiHeadAttention(D, 2, dropout=0.0)
    query, source = torch.randn(N, L, D), torch.randn(N, 1, D)
    mask = torch.rand(N, 1 if keys_for_all else L, 1) < 0.5
    mask[0, 0], mask[1, -1] = True, False
    beside = torch.cat((source, torch.randn(N, 1, D)), dim=1)
    unreadable = torch.cat((mask, torch.zeros_like(mask)), dim=-1)
    found = layer(query, source, mask)
    assert found.shape == (N, L, D)
    assert torch.allclose(found, layer(query, beside, unreadable), atol=1e-6)


def test_dropout_of_a_single_key_takes_whole_heads_and_keeps_their_mean() -> None:
    torch.manual_seed(0)
    layer = MultiHeadAttention(D, 2, dropout=0.5)
    torch.nn.init.eye_(layer.to_out.weight)
    source, mask = torch.randn(1, 1, D), torch.ones(1, 1, 1, dtype=torch.bool)
    query = torch.zeros(1, 4000, D)
    heads = (layer(query, source, mask) - layer.to_out.bias).unflatten(-1, (2, -1))[0]
    whole = layer.to_value(source).unflatten(-1, (2, -1))[0, 0]
    kept = heads.abs().sum(dim=-1) > 0
    assert torch.allclose(heads[kept], 2 * whole.expand_as(heads)[kept], atol=1e-5)
    assert kept.float().mean(dim=0).tolist() == pytest.approx([0.5, 0.5], abs=0.05)


def test_the_pool_of_one_element_is_that_element() -> None:
    x = torch.randn(2, 1, D)
    found = AttentionPool(D)(x, torch.tensor([[True], [False]]))
    assert torch.equal(found, torch.stack((x[0, 0], torch.zeros(D))))

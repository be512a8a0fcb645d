"""Token, context and recurrent encoders."""

import pytest
import torch
from torch import nn

from emospot.model.encoder import (
    ContextEncoder,
    RecurrentContext,
    TokenEncoder,
    run_over_groups,
)
from emospot.model.lag_bias import LagBias, LagScale

D = 8


def test_recurrence_over_groups_equals_one_run_a_group() -> None:
    torch.manual_seed(0)
    gru = nn.GRU(D, D // 2, batch_first=True, bidirectional=True)
    x = torch.randn(3, 7, D)
    present = torch.rand(3, 7) < 0.7
    present[2] = False
    groups = torch.randint(3, (3, 7))
    found = run_over_groups(gru, x, present, groups)
    for b in range(3):
        for group in range(3):
            own = present[b] & (groups[b] == group)
            if own.any():
                expected, _ = gru(x[b, own].unsqueeze(0))
                assert torch.allclose(found[b, own], expected[0], atol=1e-6)
    assert (found[~present] == 0).all()


def test_recurrence_over_nothing_gives_zeros() -> None:
    gru = nn.GRU(D, D, batch_first=True)
    nothing = torch.zeros(2, 3, dtype=torch.bool)
    assert (run_over_groups(gru, torch.randn(2, 3, D), nothing, nothing.long()) == 0).all()


@pytest.mark.parametrize("causal", [True, False])
def test_recurrent_context_skips_the_absent(causal: bool) -> None:
    torch.manual_seed(0)
    context = RecurrentContext(D, 2, 0.0, causal=causal)
    x, speakers = torch.randn(1, 6, D), torch.tensor([[0, 1, 0, 1, 2, 0]])
    present = torch.tensor([[True, True, False, True, True, True]])
    whole = context(x, present, speakers)[present]
    kept = context(
        x[present].unsqueeze(0), torch.ones(1, 5, dtype=torch.bool), speakers[present][None]
    )
    assert torch.allclose(whole, kept[0], atol=1e-6)


def test_lag_bias_depends_on_lag_and_relation_alone() -> None:
    torch.manual_seed(0)
    bias = LagBias(2, LagScale(reach=10.0, scale=0.5), kinds=2)
    nn.init.normal_(bias.table)
    times = torch.tensor([[0.0, 1.0, 2.5], [7.0, 8.0, 9.5]])
    kind = torch.tensor([[[0, 1, 0], [1, 0, 1], [0, 1, 0]]] * 2)
    found = bias(times, kind)
    assert torch.allclose(found[0], found[1], atol=1e-5)
    assert torch.allclose(found[:, :, 0, 2], bias(times)[:, :, 0, 2])
    assert not torch.allclose(found[:, :, 0, 1], bias(times)[:, :, 0, 1])


def test_token_encoder_without_layers_only_pools() -> None:
    torch.manual_seed(0)
    encoder = TokenEncoder(D, 2, 0, 0.0)
    x, mask = torch.randn(2, 4, D), torch.ones(2, 4, dtype=torch.bool)
    tokens, summary = encoder(x, mask, torch.zeros(2, 4))
    assert torch.equal(tokens, x)
    assert torch.equal(summary, encoder.pool(x, mask))


def test_token_encoder_knows_the_order_of_tokens() -> None:
    torch.manual_seed(0)
    encoder = TokenEncoder(D, 2, 1, 0.0)
    nn.init.normal_(encoder.lag_bias.table)
    x, mask, times = torch.randn(1, 4, D), torch.ones(1, 4, dtype=torch.bool), torch.arange(4.0)
    _, forwards = encoder(x, mask, times[None])
    _, moved = encoder(x, mask, times[None] + 100.0)
    _, backwards = encoder(x, mask, times.flip(0)[None])
    assert torch.allclose(forwards, moved, atol=1e-4)
    assert not torch.allclose(forwards, backwards, atol=1e-3)


def test_context_encoder_without_layers_changes_nothing() -> None:
    x = torch.randn(1, 3, D)
    same = ContextEncoder(D, 2, 0, 0.0)(
        x, torch.ones(1, 3, 3, dtype=torch.bool), torch.zeros(1, 3)
    )
    assert torch.equal(same, x)


def test_a_convolution_reads_two_tokens_on_both_sides() -> None:
    torch.manual_seed(0)
    encoder = TokenEncoder(D, 2, 2, 0.0, convolution=True).eval()
    x, times = torch.randn(2, 9, D), torch.arange(9.0).expand(2, 9)
    mask = torch.tensor([[True] * 9, [True] * 6 + [False] * 3])
    tokens, summary = encoder(x, mask, times)
    # Padding says nothing, whatever it holds.
    (short, short_summary) = encoder(x[1:, :6], mask[1:, :6], times[1:, :6])
    assert torch.allclose(tokens[1, :6], short[0], atol=1e-6)
    assert torch.allclose(summary[1], short_summary[0], atol=1e-6)
    # Two layers: four tokens, and no further.
    changed = x.clone()
    changed[0, 8] += 1.0
    other, _ = encoder(changed, mask, times)
    assert torch.equal(other[0, :4], tokens[0, :4])
    assert not torch.allclose(other[0, 4:], tokens[0, 4:], atol=1e-4)
    # The kernel is that of a plain correlation over the tokens.
    layer = encoder.layers[0]
    by_hand = layer.around.bias + sum(
        x[0, 4 + k - 2] @ layer.around.weight[:, :, k].T for k in range(5)
    )
    expected = x[0, 4] + by_hand
    expected = expected + layer.feed_forward(expected)
    assert torch.allclose(layer(x, mask)[0, 4], expected, atol=1e-5)


def test_tokens_read_no_farther_than_their_reach() -> None:
    torch.manual_seed(0)
    encoder = TokenEncoder(D, 2, 1, 0.0, reach=0.6)
    # Two tokens are 0.6 s apart, but for what numbers are rounded to.
    x, times = torch.randn(1, 6, D), (torch.arange(6.0).unsqueeze(0) + 0.5) * 0.3
    mask = torch.ones(1, 6, dtype=torch.bool)
    before, _ = encoder(x, mask, times)
    x[0, 3] = torch.randn(D)
    after, _ = encoder(x, mask, times)
    changed = (after - before).abs().amax(dim=-1)[0] > 1e-6
    assert changed.tolist() == [False, True, True, True, True, True]

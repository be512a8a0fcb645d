"""Routing, aligners and load balance at their known limits."""

import pytest
import torch

from emospot.errors import ShapeError
from emospot.model.lag_bias import LagScale
from emospot.model.mixture_of_aligners import (
    MixtureOfAligners,
    expert_usage,
    expert_usage_imbalance,
    route,
)


def _mixture(experts: int, top_k: int) -> MixtureOfAligners:
    torch.manual_seed(0)
    mixture = MixtureOfAligners(
        8, experts=experts, top_k=top_k, rank=3, heads=2, lags=LagScale(reach=10.0, scale=0.5)
    )
    torch.nn.init.normal_(mixture.lag_bias)
    torch.nn.init.normal_(mixture.router.weight)
    torch.nn.init.normal_(mixture.up)
    return mixture


def _routed(mixture: MixtureOfAligners, count: int = 6):
    torch.manual_seed(1)
    present = torch.ones(count, dtype=torch.bool)
    return mixture.route(torch.randn(count, 8), torch.randn(count, 8), present)


def _aligned(mixture: MixtureOfAligners, expert: int, x: torch.Tensor) -> torch.Tensor:
    """A_e(X) by its formula."""
    return x + torch.nn.functional.gelu(x @ mixture.down[expert]) @ mixture.up[expert]


def test_all_experts_equal_the_dense_softmax() -> None:
    routing = _routed(_mixture(4, 4))
    assert torch.allclose(routing.selected, torch.softmax(routing.logits, dim=-1))
    assert torch.allclose(routing.weights, routing.dense)


@pytest.mark.parametrize("top_k", [1, 2, 3])
def test_exactly_top_k_are_selected_and_they_are_the_greatest(top_k: int) -> None:
    routing = _routed(_mixture(4, top_k))
    assert (routing.selected > 0).sum(dim=-1).tolist() == [top_k] * 6
    assert torch.allclose(routing.selected.sum(dim=-1), torch.ones(6))
    least = routing.logits.masked_fill(routing.selected == 0, float("inf")).min(dim=-1).values
    most = routing.logits.masked_fill(routing.selected > 0, float("-inf")).max(dim=-1).values
    assert (least >= most).all()


def test_mixture_equals_a_loop_over_utterances_and_experts() -> None:
    mixture = _mixture(4, 2)
    routing, source = _routed(mixture), torch.randn(6, 5, 8)
    found = mixture.align(source, routing)
    for n in range(6):
        expected = sum(routing.selected[n, e] * _aligned(mixture, e, source[n]) for e in range(4))
        assert torch.allclose(found[n], expected, atol=1e-5)


@pytest.mark.parametrize("top_k", [1, 2])
def test_unselected_experts_have_no_say_and_learn_nothing(top_k: int) -> None:
    mixture = _mixture(4, top_k)
    logits = torch.tensor([[9.0, 8.0, 0, 0], [8.0, 9.0, 0, 0], [9.0, 7.0, 0, 0]])
    routing = route(logits, top_k, torch.ones(3, dtype=torch.bool))
    source = torch.randn(3, 5, 8)
    found = mixture.align(source, routing)
    found.square().sum().backward()
    assert not mixture.down.grad[2:].any()
    assert not mixture.up.grad[2:].any()
    assert mixture.down.grad[:2].flatten(1).any(dim=1).all()
    with torch.no_grad():
        mixture.down[2:] += 1.0
        mixture.up[2:] += 1.0
    assert torch.equal(mixture.align(source, routing), found)


def test_one_expert_is_that_expert() -> None:
    mixture = _mixture(1, 1)
    routing, source = _routed(mixture), torch.randn(6, 5, 8)
    assert torch.allclose(mixture.align(source, routing), _aligned(mixture, 0, source), atol=1e-6)
    assert torch.allclose(mixture.lag_table(routing), mixture.lag_bias.expand(6, -1, -1))


def test_top_1_weighs_by_the_probability_so_that_the_router_learns() -> None:
    mixture = _mixture(3, 1)
    routing = _routed(mixture)
    chosen = routing.dense.max(dim=-1).values
    assert torch.allclose(routing.weights.sum(dim=-1), chosen)
    mixture.align(torch.randn(6, 5, 8), routing).square().sum().backward()
    assert mixture.router.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("top_k", [1, 2])
def test_the_balance_gradient_reaches_unselected_experts(top_k: int) -> None:
    logits = torch.tensor([[3.0, 2.0, -1.0, -2.0]] * 5, requires_grad=True)
    routing = route(logits, top_k, torch.ones(5, dtype=torch.bool))
    expert_usage_imbalance(expert_usage(routing)).backward()
    assert (routing.selected[:, 2:] == 0).all()
    assert (logits.grad[:, 2:] < 0).all(), "descent must raise the unselected"
    assert (logits.grad[:, 0] > 0).all()


def test_the_value_of_balance_is_that_of_the_real_use() -> None:
    logits = torch.tensor([[5.0, 1.0, 0.0, 0.0], [4.0, 1.0, 0.0, 0.0]])
    routing = route(logits, 1, torch.ones(2, dtype=torch.bool))
    assert torch.allclose(expert_usage(routing), torch.tensor([1.0, 0, 0, 0]), atol=1e-6)
    assert expert_usage_imbalance(expert_usage(routing)) == pytest.approx(3.0, abs=1e-5)


@pytest.mark.parametrize("experts", range(2, 10))
def test_balance_is_zero_at_even_use_and_grows_to_e_minus_1(experts: int) -> None:
    even = torch.full((experts,), 1 / experts)
    one = torch.zeros(experts)
    one[0] = 1.0
    values = [
        float(expert_usage_imbalance((1 - share) * even + share * one))
        for share in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    assert values[0] == pytest.approx(0.0, abs=1e-5)
    assert values == sorted(values)
    assert values[-1] == pytest.approx(experts - 1, rel=1e-4)


def test_use_counts_only_utterances_with_both_modalities() -> None:
    logits = torch.tensor([[9.0, 0.0], [0.0, 9.0]])
    half = route(logits, 1, torch.tensor([True, False]))
    assert torch.allclose(expert_usage(half), torch.tensor([1.0, 0.0]), atol=1e-6)
    none = route(logits, 1, torch.tensor([False, False]))
    assert torch.allclose(expert_usage(none), torch.tensor([0.5, 0.5]))


def test_usage_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"\(E,\)"):
        expert_usage_imbalance(torch.zeros(2, 2))


def test_uniform_mixes_all_aligners_evenly_for_everyone() -> None:
    torch.manual_seed(0)
    lags = LagScale(reach=10.0, scale=0.5)
    mixture = MixtureOfAligners(
        8, experts=3, top_k=1, rank=3, heads=2, lags=lags, uniform=True, noise=1.0
    )
    torch.nn.init.normal_(mixture.up)
    routing = _routed(mixture)
    assert torch.allclose(routing.selected, torch.full((6, 3), 1 / 3))
    source = torch.randn(6, 5, 8)
    mean = torch.stack([_aligned(mixture, e, source) for e in range(3)]).mean(dim=0)
    assert torch.allclose(mixture.align(source, routing), mean, atol=1e-6)
    assert not [n for n, _ in mixture.named_parameters() if "router" in n]
    assert float(expert_usage_imbalance(expert_usage(routing))) == pytest.approx(0.0, abs=1e-6)

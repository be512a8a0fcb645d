"""Mixture of aligners: which way modality k is brought in line with modality j.

For an ordered pair k→j, the summaries of an utterance choose among E aligners:

    r = W_r [x_j ; x_k]                 router logits
    p = softmax(r)                      dense probabilities
    π = softmax(TopK(r))                the unselected at −∞
    X^mix_{k→j} = Σ_e π_e A_e(X_k),     A_e(X) = X + U_e φ(V_e X)

All aligners are computed, by two matrix products for all of them together: with four, two of
them chosen, that takes half the time of picking out the utterances of each (what it costs
goes by E, not by K). The unselected have weight 0, and so no say and no gradient. Each
aligner also owns a bias b_e(lag) a head for the cross-attention that reads X^mix (see
`lag_bias`), mixed by π, so that it can say "k comes half a second before j". With Top-K 1
the output's weight is p_e and not 1: else the router would get no gradient.

Load balance keeps all aligners in use:

    u_e  = stopgrad(mean(π_e) − mean(p_e)) + mean(p_e)
    L_lb = E² · Var_e(u)                population variance

Its value is that of the real use (0 at even use, at most E − 1); its gradient
is that of the dense probabilities and so reaches unselected aligners too.

Source: "Centering Emotion Hotspots" (arXiv 2510.08606) for routing, mixture and
balance; the lag bias and the gradient's path are ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from emospot.errors import ShapeError
from emospot.model.across_processes import across_processes
from emospot.model.lag_bias import LagScale


@dataclass(frozen=True, slots=True)
class Routing:
    """How the utterances of one ordered pair use the aligners.

    Args:
        logits: r, shape (N, E).
        dense: p, shape (N, E).
        selected: π, zero where unselected, shape (N, E).
        weights: what the outputs are weighted with, shape (N, E): π, or with
            Top-K 1 the dense probability of the selected one.
        both_present: utterances that have both modalities, shape (N,).
    """

    logits: Tensor
    dense: Tensor
    selected: Tensor
    weights: Tensor
    both_present: Tensor


def route(logits: Tensor, top_k: int, both_present: Tensor) -> Routing:
    """Select the `top_k` aligners of each utterance.

    Args:
        logits: router logits, shape (N, E).
        top_k: from 1 to E.
        both_present: bool, shape (N,).

    >>> routing = route(torch.tensor([[2.0, 1.0, 0.0]]), 2, torch.tensor([True]))
    >>> routing.selected
    tensor([[0.7311, 0.2689, 0.0000]])
    """
    dense = torch.softmax(logits, dim=-1)
    best = logits.topk(top_k, dim=-1).indices
    chosen = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, best, True)
    selected = torch.softmax(logits.masked_fill(~chosen, float("-inf")), dim=-1)
    weights = dense * chosen if top_k == 1 else selected
    return Routing(logits, dense, selected, weights, both_present)


def expert_usage_imbalance(usage: Tensor) -> Tensor:
    """How unevenly the aligners are used: E² · Var(u), 0 when use is even.

    Args:
        usage: mean routing weight of each aligner, shape (E,), sums to 1.

    Returns:
        A scalar from 0 to E − 1 (one aligner takes everything).

    Raises:
        ShapeError: if `usage` is not one-dimensional.

    >>> expert_usage_imbalance(torch.tensor([1.0, 0.0, 0.0, 0.0]))
    tensor(3.)
    """
    if usage.ndim != 1:
        raise ShapeError(f"usage must have shape (E,), found {tuple(usage.shape)}")
    return len(usage) ** 2 * usage.var(unbiased=False)


def expert_usage(routing: Routing) -> Tensor:
    """The mean use of each aligner over utterances with both modalities, shape (E,).

    The value is the real use after Top-K, the gradient that of the dense
    probabilities. Even use where no utterance has both modalities.
    """
    present = routing.both_present.to(routing.dense.dtype).unsqueeze(-1)
    count = across_processes(present.sum())
    dense = across_processes((routing.dense * present).sum(dim=0)) / count.clamp(min=1)
    used = across_processes((routing.selected * present).sum(dim=0)) / count.clamp(min=1)
    usage = (used - dense).detach() + dense
    return torch.where(count > 0, usage, 1.0 / usage.shape[0])


def routing_losses(
    routings: Mapping[str, Routing], usage: Mapping[str, Tensor], mask: Tensor
) -> dict[str, Tensor]:
    """Load balance and router z-loss, each averaged over the pairs.

    The z-loss is the mean of (log Σ exp r)² (Zoph et al., 2022): it keeps the
    router's logits small.
    """
    if not routings:
        zero = torch.zeros((), device=mask.device)
        return {"balance": zero, "router_z": zero}
    balance = [expert_usage_imbalance(own) for own in usage.values()]
    z = []
    for routing in routings.values():
        square = torch.logsumexp(routing.logits, dim=-1).square() * routing.both_present
        count = across_processes(routing.both_present.sum())
        z.append(across_processes(square.sum()) / count.clamp(min=1))
    return {"balance": torch.stack(balance).mean(), "router_z": torch.stack(z).mean()}


class MixtureOfAligners(nn.Module):
    """The router and the aligners of one ordered pair k→j.

    Args:
        width: numbers a token, D.
        experts: number of aligners, E.
        top_k: aligners that have a say in an utterance.
        rank: rank of an aligner's change.
        heads: heads of the cross-attention that reads the result.
        lags: that are told apart (seconds or turns).
        spread: over which lags the heads start, on both sides of 0; 0: all alike.
        noise: standard deviation of the noise on the logits in training.
        uniform: whether all aligners are mixed evenly for everyone, without a router: a
            control that shows what the choice is worth.
    """

    def __init__(
        self,
        width: int,
        *,
        experts: int,
        top_k: int,
        rank: int,
        heads: int,
        lags: LagScale,
        spread: float = 0.0,
        noise: float = 0.0,
        uniform: bool = False,
    ) -> None:
        super().__init__()
        self.top_k = experts if uniform else top_k
        self.noise = noise
        self.router = None if uniform else nn.Linear(2 * width, experts)
        self.down = nn.Parameter(torch.randn(experts, width, rank) * width**-0.5)
        # Not zero: V would get no gradient at the first step.
        self.up = nn.Parameter(torch.randn(experts, rank, width) * (0.1 * rank**-0.5))
        start = lags.peaks(heads, spread) if spread else torch.zeros(heads, lags.knots)
        self.lag_bias = nn.Parameter(start.repeat(experts, 1, 1))

    def route(self, target: Tensor, source: Tensor, both_present: Tensor) -> Routing:
        """Route by the summaries of target j and source k, each (N, D)."""
        if self.router is None:
            return route(target.new_zeros(len(target), len(self.down)), self.top_k, both_present)
        logits = self.router(torch.cat((target, source), dim=-1))
        if self.training and self.noise > 0:
            logits = logits + self.noise * torch.randn_like(logits)
        return route(logits, self.top_k, both_present)

    def align(self, source: Tensor, routing: Routing) -> Tensor:
        """X^mix: the source tokens (N, S, D) after the selected aligners."""
        experts, width, rank = self.down.shape
        inner = nn.functional.gelu(source @ self.down.transpose(0, 1).reshape(width, -1))
        # The mixture of the changes is the change by the weighted inner numbers.
        weighted = inner * routing.weights.repeat_interleave(rank, dim=-1).unsqueeze(1)
        own = source * routing.weights.sum(dim=-1)[:, None, None]
        return own + weighted @ self.up.reshape(experts * rank, width)

    def lag_table(self, routing: Routing) -> Tensor:
        """The lag biases mixed by the routing, shape (N, heads, knots)."""
        return torch.einsum("ne,ehk->nhk", routing.weights, self.lag_bias)

"""Hotspot-gated fusion: the hotspots of an utterance against the whole of it.

For one modality with content tokens C[t] and hotspot scores s[t] ∈ [0, 1]
(σ the logistic function, ⊙ elementwise):

    h̄    = (Σ s[t]·C[t] + ε·h₀) / (Σ s[t] + ε)
    H[t] = W_H(s[t]·C[t] + (1 − s[t])·h̄) + s[t]·w_s
    α[t] = σ(W_α [W_C C[t]; H[t]; s[t]] + b)
    X̃[t] = α[t] ⊙ H[t] + (1 − α[t]) ⊙ W_C C[t]

Inside a hotspot H is the token itself in a projection of its own, outside it is
the mean of the utterance's hotspots, so every token can be told what stood out
elsewhere. h₀ is learned and stands for "no hotspot here": with all scores zero,
h̄ = h₀. W_H differs from W_C, so that the gate matters inside a hotspot too.

Source: "Centering Emotion Hotspots" (arXiv 2510.08606), which gives the gate
and the fusion in words; the form of H is ours.

With one token an utterance (pooled features) the gate can only choose between
two projections of the same vector: hotspot-gated fusion is not tested there.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

EPSILON = 0.1
"""Weight of h₀ against the scores: a tenth of one full hotspot token."""


def hotspot_mean(content: Tensor, scores: Tensor, no_hotspot: Tensor) -> Tensor:
    """The mean of the tokens weighted by their hotspot scores, h̄.

    Args:
        content: shape (N, T, d).
        scores: in [0, 1], zero on padding, shape (N, T).
        no_hotspot: h₀, shape (d,).

    Returns:
        Shape (N, d); `no_hotspot` where all scores are zero.

    >>> content = torch.tensor([[[1.0], [5.0]]])
    >>> hotspot_mean(content, torch.tensor([[0.0, 0.0]]), torch.tensor([7.0]))
    tensor([[7.]])
    """
    total = torch.einsum("nt,ntd->nd", scores, content) + EPSILON * no_hotspot
    return total / (scores.sum(dim=1, keepdim=True) + EPSILON)


@dataclass(frozen=True, slots=True)
class FusedTokens:
    """Tokens after fusion.

    Args:
        tokens: shape (N, T, D).
        gate: α averaged over channels, shape (N, T), or None without a gate.
    """

    tokens: Tensor
    gate: Tensor | None


class HotspotGatedFusion(nn.Module):
    """Fuses each token's content with the hotspots of its utterance.

    Args:
        dim: numbers a content token, d.
        width: numbers a fused token, D.
        scalar_gate: one gate value a token instead of one a channel.
    """

    def __init__(self, dim: int, width: int, *, scalar_gate: bool = False) -> None:
        super().__init__()
        self.content = nn.Linear(dim, width)
        self.hotspot = nn.Linear(dim, width)
        self.score_direction = nn.Parameter(torch.zeros(width))
        self.no_hotspot = nn.Parameter(torch.zeros(dim))
        self.gate = nn.Linear(2 * width + 1, 1 if scalar_gate else width)

    def forward(self, content: Tensor, scores: Tensor) -> FusedTokens:
        """Fuse `content` (N, T, d) by `scores` (N, T) in [0, 1]."""
        s = scores.unsqueeze(-1)
        mean = hotspot_mean(content, scores, self.no_hotspot).unsqueeze(1)
        hotspot = self.hotspot(s * content + (1 - s) * mean) + s * self.score_direction
        whole = self.content(content)
        gate = torch.sigmoid(self.gate(torch.cat((whole, hotspot, s), dim=-1)))
        return FusedTokens(gate * hotspot + (1 - gate) * whole, gate.mean(dim=-1))


class GlobalFusion(nn.Module):
    """Hotspot-gated fusion switched off: the content's projection alone."""

    def __init__(self, dim: int, width: int) -> None:
        super().__init__()
        self.content = nn.Linear(dim, width)

    def forward(self, content: Tensor, scores: Tensor) -> FusedTokens:
        """Project `content` (N, T, d); `scores` are not read."""
        return FusedTokens(self.content(content), None)

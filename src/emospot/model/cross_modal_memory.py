"""Cross-attention between modalities and the memory that each one builds.

For every ordered pair k→j of modalities that are both present:

    Z_{k→j}[t] = CrossAttn(query X_j[t], keys and values X^mix_{k→j})
    M_j        = SelfAttn over [X_j ; Z_{k→j}, k ≠ j], joined along the sequence

and the memory of an utterance is M_j pooled by attention. The sequence axis is
either the tokens of an utterance or the utterances of a dialogue; both are
served here: an element belongs to a *row* (an utterance), and routing is by row.
On the token axis a sequence is one row; on the utterance axis each element is a
row of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from emospot.model.attention import (
    AttentionPool,
    MeanPool,
    MultiHeadAttention,
    SelfAttentionLayer,
    single,
)
from emospot.model.lag_bias import ROUNDING, LagBias, LagScale
from emospot.model.mixture_of_aligners import MixtureOfAligners, Routing


@dataclass(frozen=True, slots=True)
class Sequences:
    """The sequences of one modality on one axis.

    Args:
        x: shape (N, L, D).
        mask: which elements are there, shape (N, L).
        times: seconds or turns, shape (N, L).
        summary: one vector a row for routing, shape (N, R, D): R = 1 on the
            token axis, R = L on the utterance axis.
        present: which rows have this modality, shape (N, R).
    """

    x: Tensor
    mask: Tensor
    times: Tensor
    summary: Tensor
    present: Tensor


@dataclass(frozen=True, slots=True)
class Memory:
    """What one modality remembers.

    Args:
        pooled: of each row, shape (N, R, D); None where the elements are read otherwise.
        x: the elements of each row, those of its own and of every source one after
            the other, shape (N · R, E, D).
        mask: which elements are there, shape (N · R, E).
    """

    pooled: Tensor | None
    x: Tensor
    mask: Tensor

    def without_elements(self) -> "Memory":
        """What was pooled alone, where nothing else is read any more."""
        return Memory(self.pooled, self.x.new_empty(0), self.mask.new_empty(0))


def readable(
    target: Sequences, source: Sequences, *, causal: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """What of two modalities can be brought in line.

    Returns:
        Which elements of the target read, shape (N, L), what of the source each may read,
        shape (N, L, S), and by how much that comes before it, shape (N, L, S).
    """
    both = target.present & source.present
    reads = target.mask & both
    mask = reads.unsqueeze(-1) & (source.mask & both).unsqueeze(1)
    lags = target.times.unsqueeze(-1) - source.times.unsqueeze(1)
    return reads, mask & (lags >= 0) if causal else mask, lags


class PairAlignment(nn.Module):
    """What modality j reads of modality k.

    Args:
        width: D.
        heads: attention heads.
        dropout: of the attention weights.
        aligners: the mixture, or None for plain cross-attention.
        lags: that the aligners tell apart.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        dropout: float,
        aligners: MixtureOfAligners | None,
        lags: LagScale,
    ) -> None:
        super().__init__()
        self.aligners = aligners
        self.lags = lags
        self.query_norm = nn.LayerNorm(width)
        self.source_norm = nn.LayerNorm(width)
        self.attention = MultiHeadAttention(width, heads, dropout)

    def forward(
        self, target: Sequences, source: Sequences, *, causal: bool
    ) -> tuple[Tensor, Tensor, Routing | None]:
        """Z_{k→j} (N, L, D), which of it is there (N, L), and the routing."""
        both = target.present & source.present
        reads, mask, lags = readable(target, source, causal=causal)
        normed = self.source_norm(source.x)
        bias, routing = None, None
        if self.aligners is not None:
            routing = self.aligners.route(
                target.summary.flatten(0, 1), source.summary.flatten(0, 1), both.flatten()
            )
            N, S, D = normed.shape
            rows = N * both.shape[1]
            normed = self.aligners.align(normed.reshape(rows, -1, D), routing).view(N, S, D)
            if not single(normed):
                table = self.aligners.lag_table(routing).unflatten(0, both.shape)
                bias = self.lags.bias(table, lags)
        z = self.attention(self.query_norm(target.x), normed, mask, bias)
        return z, reads, routing


class RigidAlignment(nn.Module):
    """What modality j reads of modality k at the same time: a control.

    An element reads what is nearest to it in time alone (the mean of what is equally near),
    so that modalities that lag behind each other are never brought in line.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.source_norm = nn.LayerNorm(width)
        self.read = nn.Linear(width, width)

    def forward(
        self, target: Sequences, source: Sequences, *, causal: bool
    ) -> tuple[Tensor, Tensor, Routing | None]:
        """As `PairAlignment`, without a routing."""
        reads, mask, lags = readable(target, source, causal=causal)
        apart = lags.abs().masked_fill(~mask, float("inf"))
        nearest = mask & (apart <= apart.amin(dim=-1, keepdim=True) + ROUNDING)
        share = nearest / nearest.sum(dim=-1, keepdim=True).clamp(min=1)
        z: Tensor = self.read(share.to(source.x.dtype) @ self.source_norm(source.x))
        return z * reads.unsqueeze(-1), reads, None


class CrossModalMemory(nn.Module):
    """The memories M_j of all modalities on one axis, pooled per utterance.

    Args:
        pairs: "k->j" → alignment; empty where modalities do not read each other.
        modalities: in the order of the configuration.
        width: D.
        heads: attention heads.
        layers: self-attention layers of a memory.
        dropout: as everywhere.
        lags: that are told apart (seconds or turns).
        causal: whether later elements must not be read (utterance axis).
        momentary: whether an element reads the parts of its own moment alone, [X_j[t] ;
            Z_{k→j}[t]], else all of the whole sequence: linear in its length.
        pool: how a memory is pooled: "attention", "mean", or not at all.
    """

    def __init__(
        self,
        pairs: Mapping[str, PairAlignment | RigidAlignment],
        modalities: tuple[str, ...],
        *,
        width: int,
        heads: int,
        layers: int,
        dropout: float,
        lags: LagScale,
        causal: bool,
        momentary: bool = False,
        pool: Literal["attention", "mean"] | None = "attention",
    ) -> None:
        super().__init__()
        self.modalities = modalities
        self.causal = causal
        self.momentary = momentary
        self.pairs = nn.ModuleDict(pairs)
        self.lag_bias = nn.ModuleDict(
            {m: LagBias(heads, lags) for m in modalities} if layers and not momentary else {}
        )
        self.memory = nn.ModuleDict(
            {
                m: nn.ModuleList(SelfAttentionLayer(width, heads, dropout) for _ in range(layers))
                for m in modalities
            }
        )
        self.pool = nn.ModuleDict(
            {m: MeanPool() if pool == "mean" else AttentionPool(width) for m in modalities}
            if pool is not None
            else {}
        )

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *arguments: Any
    ) -> None:
        """Drop what models of before had and no layer read."""
        if not self.lag_bias:
            for name in [n for n in state_dict if n.startswith(f"{prefix}lag_bias.")]:
                del state_dict[name]
        super()._load_from_state_dict(state_dict, prefix, *arguments)

    def forward(
        self, sequences: Mapping[str, Sequences]
    ) -> tuple[dict[str, Memory], dict[str, Routing]]:
        """The memory of each modality, and the routing of each pair."""
        routings: dict[str, Routing] = {}
        memories = {}
        for j in self.modalities:
            target = sequences[j]
            parts, masks = [target.x], [target.mask]
            for k in self.modalities:
                name = pair_name(k, j)
                if name in self.pairs:
                    z, there, routing = self.pairs[name](target, sequences[k], causal=self.causal)
                    parts.append(z)
                    masks.append(there)
                    if routing is not None:
                        routings[name] = routing
            memories[j] = self._remember(j, parts, masks, target)
        return memories, routings

    def _remember(
        self, modality: str, parts: list[Tensor], masks: list[Tensor], target: Sequences
    ) -> Memory:
        if self.momentary:
            x, there = self._by_moment(modality, parts, masks)
        else:
            x, there = self._by_sequence(modality, parts, masks, target.times)
        # (N, parts · L, D) → rows of (parts · L / R) elements each.
        N, rows = target.present.shape
        x = x.unflatten(1, (len(parts), rows, -1)).transpose(1, 2).flatten(2, 3)
        there = there.unflatten(1, (len(parts), rows, -1)).transpose(1, 2).flatten(2, 3)
        x, there = x.flatten(0, 1), there.flatten(0, 1)
        pooled = None
        if modality in self.pool:
            pooled = self.pool[modality](x, there).view(N, rows, -1)
        return Memory(pooled, x, there)

    def _by_sequence(
        self, modality: str, parts: list[Tensor], masks: list[Tensor], times: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Every element reads all parts of the whole sequence."""
        x, there = torch.cat(parts, dim=1), torch.cat(masks, dim=1)
        times = times.repeat(1, len(parts))
        mask = there.unsqueeze(1)
        if self.causal:
            mask = mask & (times.unsqueeze(-1) >= times.unsqueeze(1))
        bias = self.lag_bias[modality](times) if modality in self.lag_bias else None
        for layer in cast(nn.ModuleList, self.memory[modality]):
            x = layer(x, mask, bias)
        return x, there

    def _by_moment(
        self, modality: str, parts: list[Tensor], masks: list[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Every element reads the parts of its own moment alone."""
        x, there = torch.stack(parts, dim=2), torch.stack(masks, dim=2)
        N, L, P, D = x.shape
        x, mask = x.view(N * L, P, D), there.view(N * L, 1, P)
        for layer in cast(nn.ModuleList, self.memory[modality]):
            x = layer(x, mask)
        x = x.view(N, L, P, D).transpose(1, 2).reshape(N, P * L, D)
        return x, there.transpose(1, 2).reshape(N, P * L)


def pair_name(source: str, target: str) -> str:
    """How the ordered pair is named in parameters and outputs.

    >>> pair_name("voice", "words")
    'voice->words'
    """
    return f"{source}->{target}"

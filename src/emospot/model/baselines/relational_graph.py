"""The graph part that COGMEN and CORECT share, over a banded neighbourhood.

A relational convolution (Schlichtkrull et al., 2018), a graph transformer whose H
heads are each as wide as the input (Shi et al., 2021), batch normalisation over
the nodes and a leaky ReLU:

    h'_i = W_root h_i + Σ_r W_r · mean_{j ∈ N_r(i)} h_j + b
    g_i  = ‖_head [W_1 h'_i + Σ_{j ∈ N(i)} softmax_j((W_3 h'_i)ᵀ(W_4 h'_j) / √D) · W_2 h'_j]
    out  = LeakyReLU(BatchNorm(g))

The equations of both layers stand in `emospot.model.conversation_graph` too; here
are the sizes and initial values of the published models (Glorot for the
relations). Which edges there are is each model's own choice.
"""

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emospot.model.conversation_graph import Neighbourhood, RelationalConvolution

BLOCK = 32
"""Utterances that the graph transformer takes at once."""


class TypedConvolution(RelationalConvolution):
    """`RelationalConvolution` from Glorot's initial values.

    Args:
        width: D.
        modalities: number of modalities, M.
        kinds: temporal relations a modality.
    """

    def __init__(self, width: int, modalities: int, kinds: int) -> None:
        super().__init__(width, modalities, kinds)
        reach = (3 / width) ** 0.5
        for weight in (self.temporal, self.across, self.root.weight):
            nn.init.uniform_(weight, -reach, reach)
        nn.init.zeros_(self.root.bias)
        if modalities == 1:
            # A parameter without elements would never get a gradient.
            self.register_parameter("across", None)


class WideGraphTransformer(nn.Module):
    """A graph transformer with heads as wide as its input, D → H · D.

    The equation is that of `GraphTransformer`. With heads this wide, reading each
    utterance's window by itself would cost more than all the rest, so the
    utterances are taken in blocks: those of a block share the keys that any of
    them reads. Time and memory stay linear in the length.

    Args:
        width: D.
        heads: H.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_query = nn.Linear(width, heads * width)
        # No bias: it would move all logits of a node alike.
        self.to_key = nn.Linear(width, heads * width, bias=False)
        self.to_value = nn.Linear(width, heads * width)
        self.skip = nn.Linear(width, heads * width)

    def forward(self, x: Tensor, edges: Neighbourhood) -> Tensor:
        """Transform nodes `x` (B, U, M, D) to (B, U, M, H · D)."""
        query, key, value = (
            part(x).unflatten(-1, (self.heads, -1))
            for part in (self.to_query, self.to_key, self.to_value)
        )
        reach = (edges.past, edges.future)
        asks = _blocks(query, (0, 0))
        in_time = torch.einsum("bnmhds,bnmhdk->bnmhsk", asks, _blocks(key, reach))
        across = _blocks(torch.einsum("bumhd,bukhd->bumhk", query, key), (0, 0))
        # (B, n, M, H, keys, S) → the keys last.
        logits = torch.cat((in_time, across.transpose(-1, -2)), dim=-1) * query.shape[-1] ** -0.5
        there = _block_edges(edges).unsqueeze(3)
        some = there.any(dim=-1, keepdim=True)
        weights = torch.softmax(logits.masked_fill(~(there | ~some), float("-inf")), dim=-1)
        weights = weights * there
        K = in_time.shape[-1]
        read = torch.einsum("bnmhsk,bnmhdk->bnsmhd", weights[..., :K], _blocks(value, reach))
        read = read.flatten(1, 2)[:, : x.shape[1]]
        others = weights[..., K:].permute(0, 1, 4, 2, 3, 5).flatten(1, 2)[:, : x.shape[1]]
        read = read + torch.einsum("bumhk,bukhd->bumhd", others, value)
        out: Tensor = self.skip(x) + read.flatten(3)
        return out


def _blocks(x: Tensor, reach: tuple[int, int]) -> Tensor:
    """Blocks of utterances with the `reach` before and after them.

    (B, U, ...) becomes (B, n, ..., past + BLOCK + future), zeros beyond the ends.
    """
    past, future = reach
    missing = -x.shape[1] % BLOCK
    padding = [0, 0] * (x.ndim - 2) + [past, future + missing]
    return F.pad(x, padding).unfold(1, past + BLOCK + future, BLOCK)


def _block_edges(edges: Neighbourhood) -> Tensor:
    """Who reads whom, shape (B, n, M, BLOCK, keys in time + M)."""
    asks = _blocks(edges.present, (0, 0)).unsqueeze(-1)
    keys = _blocks(edges.present, (edges.past, edges.future)).unsqueeze(-2)
    place = torch.arange(BLOCK, device=keys.device).unsqueeze(-1)
    key_place = torch.arange(keys.shape[-1], device=keys.device)
    near = (key_place >= place) & (key_place <= place + edges.past + edges.future)
    across = _blocks(edges.across, (0, 0)).transpose(-1, -2)
    return torch.cat((asks & keys & near, across), dim=-1)


class NodeNorm(nn.Module):
    """Batch normalisation over those nodes that exist.

    A training batch of a single node has no deviation; there the running
    statistics are used.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width)

    def forward(self, x: Tensor, present: Tensor) -> Tensor:
        """Normalise `x` (..., D) where `present` (...); zeros elsewhere."""
        nodes = x[present]
        if len(nodes) > 1 or not self.training:
            normed = self.norm(nodes)
        else:
            norm = self.norm
            mean, variance = cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)
            normed = F.batch_norm(nodes, mean, variance, norm.weight, norm.bias, eps=norm.eps)
        return torch.zeros_like(x).index_put((present,), normed)


class RelationalGraph(nn.Module):
    """Convolution, graph transformer and normalisation.

    Args:
        width: D.
        modalities: number of modalities, M.
        kinds: temporal relations a modality.
        heads: H.
    """

    def __init__(self, width: int, modalities: int, *, kinds: int, heads: int) -> None:
        super().__init__()
        self.convolution = TypedConvolution(width, modalities, kinds)
        self.transformer = WideGraphTransformer(width, heads)
        self.norm = NodeNorm(heads * width)

    def forward(self, x: Tensor, edges: Neighbourhood) -> Tensor:
        """Transform nodes.

        Args:
            x: shape (B, U, M, D).
            edges: which edges and nodes exist.

        Returns:
            Shape (B, U, M, H · D); zeros for absent nodes.
        """
        there = edges.present.unsqueeze(-1)
        x = self.convolution(x * there, edges) * there
        nodes: Tensor = self.norm(self.transformer(x, edges), edges.present)
        return F.leaky_relu(nodes)

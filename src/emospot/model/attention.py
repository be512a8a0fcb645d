"""Masked attention with biases, and pooling by attention.

Shapes: N sequences, H heads, L queries, S keys, D the width. A mask is True
where a query may read a key. A query that may read nothing gives zeros (not
NaN), so that absent modalities and padding need no special case elsewhere.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emospot.model.dropout import Dropout
from emospot.model.dropout import dropout as dropped


def single(x: Tensor) -> bool:
    """Whether sequences (N, L, ...) have one element each, so that there is nothing to weigh.

    Never while the model is exported: there a length must not be fixed.
    """
    return not torch.compiler.is_exporting() and x.shape[1] == 1


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    mask: Tensor,
    bias: Tensor | None = None,
    dropout: float = 0.0,
) -> Tensor:
    """Scaled dot-product attention in which an unreadable row gives zeros.

    Args:
        query: shape (N, H, L, d).
        key: shape (N, H, S, d).
        value: shape (N, H, S, d).
        mask: True where a query may read a key, broadcastable to (N, H, L, S).
        bias: added to the logits, broadcastable to (N, H, L, S).
        dropout: probability of dropping an attention weight.

    Returns:
        Shape (N, H, L, d).

    >>> x = torch.ones(1, 1, 2, 4)
    >>> attend(x, x, x, mask=torch.tensor([[True, True], [False, False]]))[0, 0, :, 0]
    tensor([1., 0.])
    """
    if not torch.compiler.is_exporting() and bool(mask.all()):
        logits = None if bias is None else bias.to(query.dtype)
        return _read(query, key, value, logits, dropout)
    if bias is None:
        bias = query.new_zeros(())
    readable = mask.any(dim=-1, keepdim=True)
    allowed = mask | ~readable
    logits = torch.where(allowed, bias.to(query.dtype), float("-inf"))
    return _read(query, key, value, logits, dropout) * readable


def _read(query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None, rate: float) -> Tensor:
    if rate == 0 or query.device.type != "cpu":
        return F.scaled_dot_product_attention(query, key, value, attn_mask=bias, dropout_p=rate)
    # With dropout PyTorch does on a CPU just this, with its own way of drawing.
    logits = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    weights = torch.softmax(logits if bias is None else logits + bias, dim=-1)
    return dropped(weights, rate) @ value


class MultiHeadAttention(nn.Module):
    """Attention of queries over keys and values with learned projections."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.to_query = nn.Linear(width, width)
        # A bias of the keys moves all logits of a query alike: the softmax
        # ignores it and it would never get a gradient.
        self.to_key = nn.Linear(width, width, bias=False)
        self.to_value = nn.Linear(width, width)
        self.to_out = nn.Linear(width, width)

    def forward(
        self, query: Tensor, source: Tensor, mask: Tensor, bias: Tensor | None = None
    ) -> Tensor:
        """Read `source` (N, S, D) for every `query` (N, L, D).

        Args:
            query: shape (N, L, D).
            source: shape (N, S, D).
            mask: shape (N, L, S) or (N, 1, S).
            bias: shape (N, H, L, S) or None.

        Returns:
            Shape (N, L, D); zeros where a query may read nothing.
        """
        if single(source):
            return self._read_single(query, source, mask)
        parts = [
            projection(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for projection, x in (
                (self.to_query, query),
                (self.to_key, source),
                (self.to_value, source),
            )
        ]
        dropout = self.dropout if self.training else 0.0
        heads = attend(*parts, mask=mask.unsqueeze(1), bias=bias, dropout=dropout)
        out: Tensor = self.to_out(heads.transpose(1, 2).flatten(2))
        return out * mask.any(dim=-1, keepdim=True)

    def _read_single(self, query: Tensor, source: Tensor, mask: Tensor) -> Tensor:
        """The same of a single key, whose weight is 1 whatever asks."""
        value = self.to_value(source).unflatten(-1, (self.heads, -1))
        N, L = query.shape[:2]
        if self.training and self.dropout:
            value = dropped(value.new_ones(N, L, self.heads, 1), self.dropout) * value
        out: Tensor = self.to_out(value.flatten(2))
        return (out * mask).expand(N, L, -1)


def feed_forward(width: int, dropout: float) -> nn.Sequential:
    """The network of a pre-norm transformer layer that each element goes through by itself."""
    return nn.Sequential(
        nn.LayerNorm(width),
        nn.Linear(width, 2 * width),
        nn.GELU(),
        Dropout(dropout),
        nn.Linear(2 * width, width),
    )


class SelfAttentionLayer(nn.Module):
    """A pre-norm transformer layer: self-attention, then a feed-forward network."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = MultiHeadAttention(width, heads, dropout)
        self.feed_forward = feed_forward(width, dropout)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor, bias: Tensor | None = None) -> Tensor:
        """Transform `x` (N, L, D); mask (N, L, L) or (N, 1, L)."""
        normed = self.attention_norm(x)
        x = x + self.dropout(self.attention(normed, normed, mask, bias))
        x = x + self.dropout(self.feed_forward(x))
        return x


class AttentionPool(nn.Module):
    """The weighted mean of a sequence, weights by a learned score of each element."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        # No bias: the softmax would ignore it.
        self.score = nn.Sequential(
            nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1, bias=False)
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Pool `x` (N, L, D) where `mask` (N, L) is True.

        Returns:
            Shape (N, D); zeros where nothing is True.
        """
        if single(x):
            return x.squeeze(1) * mask
        readable = mask.any(dim=-1, keepdim=True)
        score = self.score(self.norm(x)).squeeze(-1)
        score = score.masked_fill(~(mask | ~readable), float("-inf"))
        weights = torch.softmax(score, dim=-1) * readable
        return torch.einsum("nl,nld->nd", weights, x)


class MeanPool(nn.Module):
    """The plain mean of a sequence."""

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Pool `x` (N, L, D) where `mask` (N, L) is True.

        Returns:
            Shape (N, D); zeros where nothing is True.
        """
        there = mask.to(x.dtype)
        return torch.einsum("nl,nld->nd", there, x) / there.sum(dim=1, keepdim=True).clamp(min=1)

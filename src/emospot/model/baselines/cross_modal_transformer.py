"""Cross-modal transformer: every modality reads every other one (MulT family).

Tsai, Bai, Liang, Kolter, Morency and Salakhutdinov: "Multimodal Transformer for
Unaligned Multimodal Language Sequences", ACL 2019. The sequence here is the
dialogue, one element an utterance. With x̂_j the projected vectors of modality j,
LN layer normalisation and PE the sinusoids of the position:

    Z⁰_j = √d · x̂_j + PE
    Ẑ^l_{k→j} = Z^{l−1}_{k→j} + Attention(query LN(Z^{l−1}_{k→j}), source LN(Z⁰_k))
    Z^l_{k→j} = Ẑ^l_{k→j} + FeedForward(LN(Ẑ^l_{k→j})),   Z⁰_{k→j} = Z⁰_j
    M_j = SelfAttentionLayers([LN(Z^L_{k→j}), k ≠ j])
    z = M + W_2 ReLU(W_1 M),   M = [M_1 ; …]

Sizes as in the published code: d = 30, 5 layers in every stack, 5 heads, feed
forward 4·d; dropout 0.1 everywhere (published: 0 to 0.2 by place). Departures: the
projection reads one utterance (published: a convolution of 1 to 5 steps); all
utterances answer, not the last one for the sequence; both directions are read
(the published code hides the future); padding and absent modalities are masked as
keys (the published code masks neither). With one modality M_1 reads Z⁰_1 itself.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from emospot.errors import ConfigError
from emospot.model.attention import MultiHeadAttention
from emospot.model.baselines.utterance_model import UtteranceVectors
from emospot.model.dropout import Dropout

WIDTH = 30
LAYERS = 5
HEADS = 5
DROPOUT = 0.1
SLOWEST = 10_000.0


def sinusoids(length: int, width: int) -> Tensor:
    """Positional encodings (Vaswani et al., 2017), shape (length, width).

    The first half of the numbers are sines, the second half cosines, of
    wavelengths from 2π to 10000 · 2π positions.
    """
    half = (width + 1) // 2
    rates = torch.exp(-math.log(SLOWEST) * torch.arange(half) / max(1, half - 1))
    angles = torch.arange(length).unsqueeze(-1) * rates
    return torch.cat([angles.sin(), angles.cos()], dim=-1)[:, :width]


class CrossModalLayer(nn.Module):
    """Pre-norm attention of a sequence over a source, then a feed-forward network."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = MultiHeadAttention(width, heads, dropout)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 4 * width),
            nn.ReLU(),
            Dropout(dropout),
            nn.Linear(4 * width, width),
        )
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, source: Tensor | None, mask: Tensor) -> Tensor:
        """Read `source` (B, U, D) where `mask` (B, U), or `x` itself if it is None."""
        query = self.attention_norm(x)
        keys = query if source is None else self.attention_norm(source)
        x = x + self.dropout(self.attention(query, keys, mask.unsqueeze(1)))
        x = x + self.dropout(self.feed_forward(x))
        return x


class CrossModalStack(nn.Module):
    """Layers over one source, with positions before and a normalisation after."""

    def __init__(self, width: int, layers: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(CrossModalLayer(width, heads, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, source: Tensor | None, mask: Tensor) -> Tensor:
        """Encode `x` (B, U, D) reading `source` (B, U, D), or itself, where `mask` (B, U)."""
        x = self._placed(x)
        source = None if source is None else self._placed(source)
        for layer in self.layers:
            x = layer(x, source, mask)
        out: Tensor = self.norm(x)
        return out

    def _placed(self, x: Tensor) -> Tensor:
        width = x.shape[-1]
        placed: Tensor = self.dropout(math.sqrt(width) * x + sinusoids(x.shape[1], width).to(x))
        return placed


class CrossModalTransformer(nn.Module):
    """Cross-modal stacks for every ordered pair, a memory for every modality.

    Args:
        dims: modality → numbers of its vector.
        width: numbers of a projected vector; None: 30.
        layers: of every stack; None: 5.
        heads: None: 5.
        dropout: None: 0.1.

    Raises:
        ConfigError: if `heads` does not divide `width`.
    """

    def __init__(
        self,
        dims: Mapping[str, int],
        *,
        width: int | None = None,
        layers: int | None = None,
        heads: int | None = None,
        dropout: float | None = None,
    ) -> None:
        super().__init__()
        d = WIDTH if width is None else width
        depth = LAYERS if layers is None else layers
        H = HEADS if heads is None else heads
        rate = DROPOUT if dropout is None else dropout
        if d % H:
            raise ConfigError(
                f"cross_modal_transformer: width {d} must be a multiple of heads {H}: "
                "set model.width or model.heads"
            )
        self.project = nn.ModuleDict(
            {m: nn.Linear(size, d, bias=False) for m, size in dims.items()}
        )
        self.pairs = nn.ModuleDict(
            {f"{k}->{j}": CrossModalStack(d, depth, H, rate) for j in dims for k in dims if k != j}
        )
        memory = d * max(1, len(dims) - 1)
        self.memories = nn.ModuleDict({j: CrossModalStack(memory, depth, H, rate) for j in dims})
        self.width = memory * len(dims)
        self.residual = nn.Sequential(
            nn.Linear(self.width, self.width),
            nn.ReLU(),
            Dropout(rate),
            nn.Linear(self.width, self.width),
        )

    def forward(self, inputs: UtteranceVectors) -> Tensor:
        """Shape (B, U, width)."""
        projected = {m: self.project[m](x) for m, x in inputs.vectors.items()}
        present = dict(zip(projected, inputs.present.unbind(dim=-1), strict=True))
        memories = []
        for j, x in projected.items():
            read = [
                self.pairs[f"{k}->{j}"](x, source, present[k])
                for k, source in projected.items()
                if k != j
            ]
            joined = torch.cat(read or [x], dim=-1)
            memories.append(self.memories[j](joined, None, inputs.known))
        memory = torch.cat(memories, dim=-1)
        hidden: Tensor = memory + self.residual(memory)
        return hidden

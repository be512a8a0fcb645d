"""Biases of attention over time lags, learned at knots.

A lag bias is a function of τ_query − τ_key that is added to the attention logits of
each head. It is piecewise linear over knots that are evenly spaced on an asinh scale:
fine around zero, coarse far away, constant beyond the reach.

All lags may start alike, at zero. But a head that looks everywhere learns slowly where
to look: what two moments at the right lag tell together is seen by nobody who looks at
all of them at once. So lags may also start *spread*: the heads of an encoder with
windows of their own, from one token to the whole utterance; those of an aligner each
with a lag of its own, evenly over −r … r seconds. Both are learned from there.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

ROUNDING = 1e-3
"""Seconds or turns by which times may be off."""
KNOT_SPACING = 0.3
NARROWEST = 2.0
"""Fall of the bias of the narrowest window, in logits a scale of the lag."""
LEAST_START = -12.0
PEAK = 4.0
"""Logits of the lag that a head of an aligner looks at to begin with."""
PEAK_WIDTH = 2.0
"""At how many scales from it the bias is zero again."""


@dataclass(frozen=True, slots=True)
class LagScale:
    """Where the knots of a lag bias lie.

    Args:
        reach: greatest lag that is told apart (seconds or turns).
        scale: the lag at which the knots pass from linear to logarithmic.
        spacing: between two knots, in asinh(lag / scale).

    >>> LagScale(reach=30.0, scale=0.25).knots
    39
    """

    reach: float
    scale: float
    spacing: float = KNOT_SPACING

    @property
    def knots(self) -> int:
        """The number of knots that cover lags from −reach to +reach."""
        return 2 * math.ceil(math.asinh(self.reach / self.scale) / self.spacing) + 1

    @property
    def lags(self) -> Tensor:
        """The lags at the knots, shape (knots,)."""
        place = torch.arange(self.knots) - self.knots // 2
        return self.scale * torch.sinh(place * self.spacing)

    def bias(self, table: Tensor, lags: Tensor) -> Tensor:
        """The bias of every query and key, from the values at the knots.

        Args:
            table: values at the knots for each query, shape (N, L or 1, H, knots).
            lags: τ_query − τ_key, shape (N, L, S).

        Returns:
            Shape (N, H, L, S), or (1, H, L, S) where it is the same for all.
        """
        knots = table.shape[-1]
        place = torch.asinh(lags / self.scale) / self.spacing + (knots - 1) / 2
        place = place.clamp(0, knots - 1)
        N, L, S = lags.shape
        low = place.floor().clamp(max=knots - 2)
        exporting = torch.compiler.is_exporting()
        if not exporting and N and table.shape[1] == 1 and bool((lags == lags[:1]).all()):
            # Tokens at regular times: one interpolation serves all sequences.
            return _shared(table.squeeze(1), low[0], place[0] - low[0])
        fraction = (place - low).unsqueeze(2)
        index = low.long().unsqueeze(2).expand(N, L, table.shape[-2], S)
        table = table.expand(N, L, -1, -1)
        bias = table.gather(-1, index) * (1 - fraction) + table.gather(-1, index + 1) * fraction
        return bias.transpose(1, 2)

    def windows(self, heads: int) -> Tensor:
        """Starting values of heads with windows of their own, shape (heads, knots).

        The bias falls with the lag, in each head half as fast as in the one before.
        """
        fall = NARROWEST * torch.exp2(-torch.arange(heads, dtype=torch.float)).unsqueeze(1)
        start: Tensor = -fall * (self.lags / self.scale).abs()
        return start.clamp(min=LEAST_START)

    def peaks(self, heads: int, farthest: float) -> Tensor:
        """Starting values of heads with a lag each, from −farthest to farthest.

        Args:
            heads: how many.
            farthest: the greatest of these lags.

        Returns:
            Shape (heads, knots).
        """
        own = torch.linspace(-farthest, farthest, heads) if heads > 1 else torch.zeros(1)
        own = own.unsqueeze(1)
        apart = (self.lags - own).abs() / (PEAK_WIDTH * self.scale)
        # Far out knots lie wide apart: there a peak is as wide as their distance.
        knots = (torch.asinh(self.lags / self.scale) - torch.asinh(own / self.scale)).abs()
        return PEAK * (1 - torch.minimum(apart, knots / self.spacing)).clamp(min=0)


def _shared(table: Tensor, low: Tensor, fraction: Tensor) -> Tensor:
    """The bias of all sequences at the same lags.

    Args:
        table: shape (N or 1, H, knots).
        low: knot below each lag, shape (L, S).
        fraction: how far above it the lag lies, shape (L, S).

    Returns:
        Shape (N or 1, H, L, S).
    """
    index = low.long().flatten()
    below = table.index_select(-1, index).unflatten(-1, low.shape)
    above = table.index_select(-1, index + 1).unflatten(-1, low.shape)
    bias: Tensor = below * (1 - fraction) + above * fraction
    return bias


class LagBias(nn.Module):
    """A learned bias over time lags, a head and a kind of relation.

    Args:
        heads: attention heads.
        scale: where the knots lie.
        kinds: number of relations with a bias of their own.
        windows: whether the heads start with windows of their own, else all alike.
    """

    def __init__(
        self, heads: int, scale: LagScale, kinds: int = 1, *, windows: bool = False
    ) -> None:
        super().__init__()
        self.scale = scale
        start = scale.windows(heads) if windows else torch.zeros(heads, scale.knots)
        self.table = nn.Parameter(start.repeat(kinds, 1, 1))

    def forward(self, times: Tensor, kind: Tensor | None = None) -> Tensor:
        """The bias among elements at `times` (N, L).

        Args:
            times: shape (N, L).
            kind: which relation holds between two elements, shape (N, L, L),
                0 everywhere where None.

        Returns:
            Shape (N, H, L, L), or (1, H, L, L) where it is the same for all.
        """
        lags = times.unsqueeze(-1) - times.unsqueeze(-2)
        bias = self.scale.bias(self.table[:1].unsqueeze(1), lags)
        for number in range(1, len(self.table)):
            if kind is not None:
                other = self.scale.bias(self.table[number : number + 1].unsqueeze(1), lags)
                bias = torch.where((kind == number).unsqueeze(1), other, bias)
        return bias

"""What features go through first: standardising, and a path for the mean of the tokens."""

import torch
from torch import Tensor, nn

from emospot.model.dropout import Dropout


class InputNormalisation(nn.Module):
    """Standardises features by the training data's mean and deviation, then drops some.

    Args:
        dim: numbers a token.
        dropout: probability of dropping a number.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, dim: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("deviation", torch.ones(dim))
        self.dropout = Dropout(dropout)

    def standardised(self, x: Tensor) -> Tensor:
        """Standardise `x` (..., d) and drop nothing."""
        return (x.to(self.mean.dtype) - self.mean) / self.deviation

    def forward(self, x: Tensor) -> Tensor:
        """Standardise `x` (..., d)."""
        normed: Tensor = self.dropout(self.standardised(x))
        return normed


class MeanPath(nn.Module):
    """The mean of an utterance's content tokens, projected.

    Sentence encoders are trained so that the mean of their tokens stands for the
    sentence. Attention has to learn from few dialogues what that mean says from the
    start, so the summary gets both.

    Args:
        dim: numbers a token.
        width: numbers of the summary.
        dropout: probability of dropping a number of the mean.
    """

    def __init__(self, dim: int, width: int, dropout: float) -> None:
        super().__init__()
        self.project = nn.Sequential(nn.LayerNorm(dim), Dropout(dropout), nn.Linear(dim, width))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """The projected mean of `x` (N, T, d) where `mask` (N, T), shape (N, width)."""
        count = mask.sum(dim=1, keepdim=True)
        mean = x.masked_fill(~mask.unsqueeze(-1), 0.0).sum(dim=1) / count.clamp(min=1)
        projected: Tensor = self.project(mean) * (count > 0)
        return projected

"""Late fusion: each modality answers for itself, and the answers are added up."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class LateFusion(nn.Module):
    """A head in which no number meets one of another modality.

    Args:
        heads: of each modality, from its own part of everything that is known, P · D, to
            the outputs.
        parts: P vectors that are known of each modality.
    """

    def __init__(self, heads: Sequence[nn.Module], parts: int) -> None:
        super().__init__()
        self.heads = nn.ModuleList(heads)
        self.parts = parts

    def forward(self, joined: Tensor) -> Tensor:
        """The sum of the answers.

        Args:
            joined: the first part of all modalities, then the second, shape (..., P · M · D).

        Returns:
            Shape (..., outputs).
        """
        own = joined.unflatten(-1, (self.parts, len(self.heads), -1)).transpose(-3, -2)
        answers = [head(own[..., m, :, :].flatten(-2)) for m, head in enumerate(self.heads)]
        return torch.stack(answers).sum(dim=0)

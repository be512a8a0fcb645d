"""Logistic regression on the utterance's vectors and those of its neighbours.

    z_i = [x_{i−P} ; … ; x_i ; … ; x_{i+F}],   p(y_i) = softmax(W z_i + b)

x_i are the standardised vectors of all modalities side by side, zeros where a
modality is absent and beyond the dialogue's ends. W minimises the cross-entropy
plus ‖W‖² / (2C); how C is chosen stands in `training.closed_form`.
The head of the model is W, b; this file gives z.

No publication fixes the window; P = 3 and F = 1 here. Those are the neighbours
that a linear model still uses well: it has one weight a place and number.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emospot.model.baselines.utterance_model import UtteranceVectors

PAST = 3
FUTURE = 1


def with_neighbours(x: Tensor, past: int, future: int) -> Tensor:
    """Each element side by side with those before and after it, earliest first.

    Args:
        x: shape (B, U, d).
        past: how many elements before are added.
        future: how many after.

    Returns:
        Shape (B, U, (past + 1 + future) · d), zeros beyond the ends.

    >>> with_neighbours(torch.tensor([[[1.0], [2.0], [3.0]]]), past=1, future=0)
    tensor([[[0., 1.],
             [1., 2.],
             [2., 3.]]])
    """
    U = x.shape[1]
    padded = F.pad(x, (0, 0, past, future))
    return torch.cat([padded[:, place : place + U] for place in range(past + future + 1)], dim=-1)


class ContextWindow(nn.Module):
    """The vectors of an utterance and its neighbours side by side.

    Args:
        dims: modality → numbers of its vector.
        past: utterances before that are read; None: 3.
        future: utterances after that are read; None: 1.
    """

    def __init__(
        self, dims: Mapping[str, int], *, past: int | None = None, future: int | None = None
    ) -> None:
        super().__init__()
        self.past = PAST if past is None else past
        self.future = FUTURE if future is None else future
        self.width = sum(dims.values()) * (self.past + 1 + self.future)

    def forward(self, inputs: UtteranceVectors) -> Tensor:
        """Shape (B, U, width)."""
        return with_neighbours(inputs.joined(), self.past, self.future)

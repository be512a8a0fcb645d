"""Dropout that costs little on a CPU.

There PyTorch draws a number for each element, which in training of a small model costs as
much as its matrix products. Eight elements share a number of 64 bits here, a byte each, so
that the probability is a multiple of 1/256: the nearest to what is asked. What is kept is
scaled by its own probability, so that the expected value stays exact.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LEVELS = 256


def dropout(x: Tensor, rate: float) -> Tensor:
    """Drop elements at random and scale the others, as in training.

    Args:
        x: any shape.
        rate: probability of an element to be dropped.

    >>> _ = torch.manual_seed(0)
    >>> sorted(set(dropout(torch.ones(100), 0.5).tolist()))
    [0.0, 2.0]
    """
    dropped = round(rate * LEVELS)
    # A rate nearer to 0 or 1 than these levels tell is drawn as it is.
    if x.device.type != "cpu" or dropped in (0, LEVELS) or torch.compiler.is_exporting():
        return F.dropout(x, rate)
    words = torch.empty(-(-x.numel() // 8), dtype=torch.long).random_(-(2**63), None)
    drawn = words.view(torch.uint8)[: x.numel()].view(x.shape)
    return x * ((drawn >= dropped).to(x.dtype) * (LEVELS / (LEVELS - dropped)))


class Dropout(nn.Dropout):
    """`torch.nn.Dropout`, by `dropout`."""

    def forward(self, x: Tensor) -> Tensor:
        """Drop elements in training; nothing otherwise."""
        return dropout(x, self.p) if self.training and self.p > 0 else x

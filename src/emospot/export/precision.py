"""Weights in fewer bits: half precision, or 8-bit integers with a scale a row.

What is stored is small; what is computed is in single precision, from the weights as they
were stored. So a model takes a half or a quarter of the room, answers the same on every
machine, and loses only what its weights lose by rounding:

    half   w ≈ float16(w)
    int8   w ≈ s · q,  q = round(w / s) from −127 to 127,  s = max |row of w| / 127

Small tensors (biases, scales of norms, tables) stay as they are: they weigh nothing, and
rounding them costs most.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

Precision = Literal["single", "half", "int8"]

LEAST_NUMBERS = 1024
"""Tensors of fewer numbers stay in single precision."""
MOST = 127.0


class _Widened(nn.Module):
    """Stored in half precision, read in single."""

    def forward(self, stored: Tensor) -> Tensor:
        return stored.float()


class _Scaled(nn.Module):
    """Stored as integers, read times the scale of their row."""

    scale: Tensor

    def __init__(self, scale: Tensor) -> None:
        super().__init__()
        self.register_buffer("scale", scale)

    def forward(self, stored: Tensor) -> Tensor:
        return stored.float() * self.scale


def store_weights_as(model: nn.Module, precision: Precision) -> None:
    """Store a model's large tensors in fewer bits, in place; it reads them as before.

    Args:
        model: for inference; it cannot be trained afterwards.
        precision: "single" changes nothing.
    """
    if precision == "single":
        return
    for module in list(model.modules()):
        own = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
        for name, tensor in own:
            if tensor.dtype != torch.float or tensor.ndim < 2 or tensor.numel() < LEAST_NUMBERS:
                continue
            _store(module, name, tensor.detach(), precision)


def _store(module: nn.Module, name: str, tensor: Tensor, precision: Precision) -> None:
    reading: nn.Module = _Widened()
    stored = tensor.half()
    if precision == "int8":
        scale = (tensor.abs().amax(dim=-1, keepdim=True) / MOST).clamp(min=1e-12)
        stored, reading = torch.round(tensor / scale).to(torch.int8), _Scaled(scale)
    delattr(module, name)
    module.register_buffer(name, stored)
    parametrize.register_parametrization(module, name, reading, unsafe=True)

"""GRUs over many short sequences of different length.

    r_t = σ(W_ir x_t + b_ir + W_hr h_{t−1} + b_hr)
    z_t = σ(W_iz x_t + b_iz + W_hz h_{t−1} + b_hz)
    n_t = tanh(W_in x_t + b_in + r_t ⊙ (W_hn h_{t−1} + b_hn))
    h_t = n_t + z_t ⊙ (h_{t−1} − n_t)

(Cho et al., 2014, as PyTorch writes it.) PyTorch runs `nn.GRU` on a CPU one direction after
the other, in a dozen small operations a step, each recorded for its gradient; that costs
more than all that a small model does besides. Here both directions take a step at once,
and the gradient is written out. Elsewhere, and where there is no gradient, PyTorch's own
is faster, and runs.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from emospot.model.recurrence_as_graph import scanned_as_graph


def run_over_groups(
    gru: nn.GRU, x: Tensor, present: Tensor, groups: Tensor, begin: Tensor | None = None
) -> Tensor:
    """Run a GRU over the present elements of each group of each row, in order.

    Args:
        gru: batch-first, of one layer, with output of size E.
        x: shape (B, U, D).
        present: shape (B, U).
        groups: number of the group of each element, shape (B, U).
        begin: of a single row, the state that each group begins with, shape (groups, E);
            None: zeros. Of one direction, and without gradient.

    Returns:
        Shape (B, U, E), zeros where absent.
    """
    if torch.compiler.is_exporting():
        return scanned_as_graph(gru, x, present, groups)
    B, U, D = x.shape
    row = torch.arange(B, device=x.device).unsqueeze(1).expand(B, U)
    key = row * (int(groups.max()) + 1) + groups
    flat = torch.nonzero(present.flatten()).squeeze(-1)
    E = gru.hidden_size * (2 if gru.bidirectional else 1)
    out = x.new_zeros(B * U, E)
    if len(flat) == 0:
        return out.view(B, U, E)
    keys, sequence, lengths = torch.unique(
        key.flatten()[flat], return_inverse=True, return_counts=True
    )
    order = torch.argsort(sequence, stable=True)
    elements = x.reshape(B * U, D)[flat[order]]
    if begin is not None:
        hidden = _packed(gru, elements, lengths, begin[keys].unsqueeze(0))
    elif x.device.type == "cpu" and torch.is_grad_enabled():
        hidden = _scanned(gru, elements, lengths)
    else:
        hidden = _packed(gru, elements, lengths)
    return out.index_copy(0, flat[order], hidden).view(B, U, E)


def _packed(gru: nn.GRU, elements: Tensor, lengths: Tensor, begin: Tensor | None = None) -> Tensor:
    """PyTorch's own GRU over sequences that follow each other, shape (R, D), to (R, E)."""
    parts = torch.split(elements, lengths.tolist())
    packed = nn.utils.rnn.pack_sequence(list(parts), enforce_sorted=False)
    result, _ = gru(packed, begin)
    padded, _ = nn.utils.rnn.pad_packed_sequence(result, batch_first=True)
    return torch.cat([padded[i, :n] for i, n in enumerate(lengths.tolist())])


def _scanned(gru: nn.GRU, elements: Tensor, lengths: Tensor) -> Tensor:
    """The same, a step of all sequences and directions at a time."""
    ends = ("", "_reverse") if gru.bidirectional else ("",)
    weights = {
        name: torch.stack([getattr(gru, f"{name}_l0{end}") for end in ends])
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    }
    steps = Steps.of(lengths, reverse=gru.bidirectional)
    inputs = torch.baddbmm(
        weights["bias_ih"].unsqueeze(1),
        elements.expand(len(ends), -1, -1),
        weights["weight_ih"].transpose(1, 2),
    )
    packed = torch.stack([x[own] for x, own in zip(inputs, steps.elements, strict=True)])
    hidden: Tensor = _Scan.apply(  # type: ignore[no-untyped-call]
        packed, weights["weight_hh"], weights["bias_hh"], steps.counts
    )
    return torch.cat([h[own] for h, own in zip(hidden, steps.places, strict=True)], dim=-1)


@dataclass(frozen=True, slots=True)
class Steps:
    """The elements of sequences step by step, those of a step from the longest sequence down.

    Args:
        counts: of each step, how many sequences have it.
        elements: of each direction, the number of the element at each place, shape (R,).
        places: of each direction, the place of each element, shape (R,).
    """

    counts: tuple[int, ...]
    elements: tuple[Tensor, ...]
    places: tuple[Tensor, ...]

    @classmethod
    def of(cls, lengths: Tensor, *, reverse: bool) -> "Steps":
        """Of sequences that follow each other.

        Args:
            lengths: of the sequences, each at least 1.
            reverse: whether there is a second direction, from the last element on.

        >>> steps = Steps.of(torch.tensor([1, 3]), reverse=True)
        >>> steps.counts, [own.tolist() for own in steps.elements]
        ((2, 1, 1), [[1, 0, 2, 3], [3, 0, 2, 1]])
        """
        rank = torch.argsort(torch.argsort(lengths, descending=True, stable=True))
        step_ends = torch.bincount(lengths - 1).flip(0).cumsum(0).flip(0)
        starts = F.pad(step_ends.cumsum(0), (1, 0))
        own_length = lengths.repeat_interleave(lengths)
        first = F.pad(lengths.cumsum(0), (1, 0))[:-1].repeat_interleave(lengths)
        step = torch.arange(len(own_length), device=lengths.device) - first
        own_rank = rank.repeat_interleave(lengths)
        directions = (step, own_length - 1 - step) if reverse else (step,)
        places = tuple(starts[at] + own_rank for at in directions)
        elements = tuple(torch.argsort(own) for own in places)
        return cls(tuple(step_ends.tolist()), elements, places)


class _Scan(torch.autograd.Function):
    """From inputs (S, R, 3H), step by step, to hidden states (S, R, H); S directions."""

    @staticmethod
    def forward(
        ctx: Any, inputs: Tensor, weight: Tensor, bias: Tensor, counts: tuple[int, ...]
    ) -> Tensor:
        S, R, H = inputs.shape[0], inputs.shape[1], weight.shape[-1]
        hidden, before, new, heard = (inputs.new_empty(S, R, H) for _ in range(4))
        gates = inputs.new_empty(S, R, 2 * H)
        across = weight.transpose(1, 2)
        offset = bias.unsqueeze(1)
        h = inputs.new_zeros(S, counts[0], H)
        start = 0
        for count in counts:
            now = slice(start, start + count)
            h = h[:, :count]
            before[:, now] = h
            told = torch.baddbmm(offset, h, across)
            gate = torch.sigmoid(inputs[:, now, : 2 * H] + told[..., : 2 * H])
            candidate = torch.tanh(
                torch.addcmul(inputs[:, now, 2 * H :], gate[..., :H], told[..., 2 * H :])
            )
            h = torch.lerp(candidate, h, gate[..., H:])
            gates[:, now], heard[:, now] = gate, told[..., 2 * H :]
            new[:, now], hidden[:, now] = candidate, h
            start += count
        ctx.save_for_backward(weight, gates, before, new, heard)
        ctx.counts = counts
        return hidden

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        weight, gates, before, new, heard = ctx.saved_tensors
        H = weight.shape[-1]
        reset, update = gates[..., :H], gates[..., H:]
        # What each gate's own sum gets for what the state, or the candidate, gets.
        to_candidate = (1 - update) * (1 - new.square())
        to_update = (before - new) * update * (1 - update)
        to_reset = heard * reset * (1 - reset)
        # Of the inputs' sums, and of the states', which differ in the candidate.
        found = gradient.new_empty(*gradient.shape[:2], 3 * H)
        told = torch.empty_like(found)
        end = gradient.shape[1]
        back = gradient.new_zeros(gradient.shape[0], 0, H)
        for count in reversed(ctx.counts):
            now = slice(end - count, end)
            own = gradient[:, now].clone()
            own[:, : back.shape[1]] += back
            candidate = own * to_candidate[:, now]
            found[:, now, 2 * H :] = candidate
            torch.mul(candidate, to_reset[:, now], out=told[:, now, :H])
            torch.mul(own, to_update[:, now], out=told[:, now, H : 2 * H])
            torch.mul(candidate, reset[:, now], out=told[:, now, 2 * H :])
            back = torch.baddbmm(own * update[:, now], told[:, now], weight)
            end -= count
        found[..., : 2 * H] = told[..., : 2 * H]
        return found, told.transpose(1, 2) @ before, told.sum(dim=1), None

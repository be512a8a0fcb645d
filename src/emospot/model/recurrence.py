"""GRUs over many short sequences of different length.

    r_t = σ(W_ir x_t + b_ir + W_hr h_{t−1} + b_hr)
    z_t = σ(W_iz x_t + b_iz + W_hz h_{t−1} + b_hz)
    n_t = tanh(W_in x_t + b_in + r_t ⊙ (W_hn h_{t−1} + b_hn))
    h_t = n_t + z_t ⊙ (h_{t−1} − n_t)

(Cho et al., 2014, as PyTorch writes it.) PyTorch runs `nn.GRU` on a CPU one direction after
the other, in a dozen small operations a step, each recorded for its gradient; that costs
more than all that a small model does besides. Here GRUs that do not read each other take a
step together, in all their directions, and the gradient is written out. Elsewhere, and from
states that were kept, PyTorch's own runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from emospot.model.recurrence_as_graph import scanned_as_graph


@dataclass(frozen=True, slots=True)
class Run:
    """A GRU over the present elements of each group of each row, in order.

    Args:
        gru: batch-first, of one layer, with output of size E.
        x: shape (B, U, D).
        present: shape (B, U).
        groups: number of the group of each element, shape (B, U).
    """

    gru: nn.GRU
    x: Tensor
    present: Tensor
    groups: Tensor


def run_together(runs: Sequence[Run]) -> list[Tensor]:
    """Several GRUs that do not read each other, a step of all at a time.

    Args:
        runs: of one hidden size and as many directions.

    Returns:
        For each as `run_over_groups`.
    """
    x = runs[0].x
    if torch.compiler.is_exporting() or x.device.type != "cpu":
        return [run_over_groups(run.gru, run.x, run.present, run.groups) for run in runs]
    sequences = [_Sequences.of(run.present, run.groups) for run in runs]
    there = [number for number, own in enumerate(sequences) if len(own.order)]
    found = [run.x.new_zeros(*run.x.shape[:2], _size(run.gru)) for run in runs]
    if there:
        hidden = _scanned(
            [runs[i].gru for i in there],
            [runs[i].x.flatten(0, 1)[sequences[i].order] for i in there],
            [sequences[i].lengths for i in there],
        )
        for i, own in zip(there, hidden, strict=True):
            flat = found[i].flatten(0, 1).index_copy(0, sequences[i].order, own)
            found[i] = flat.view_as(found[i])
    return found


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
    if begin is None and x.device.type == "cpu":
        return run_together([Run(gru, x, present, groups)])[0]
    out = x.new_zeros(x.shape[0] * x.shape[1], _size(gru))
    own = _Sequences.of(present, groups)
    if len(own.order):
        start = None if begin is None else begin[own.keys].unsqueeze(0)
        hidden = _packed(gru, x.flatten(0, 1)[own.order], own.lengths, start)
        out = out.index_copy(0, own.order, hidden)
    return out.view(*x.shape[:2], -1)


def _size(gru: nn.GRU) -> int:
    return gru.hidden_size * (2 if gru.bidirectional else 1)


@dataclass(frozen=True, slots=True)
class _Sequences:
    """Where the elements of sequences stand.

    Args:
        order: place of each of R elements among all B · U, sequence after sequence.
        lengths: of the sequences, each at least 1.
        keys: row of each sequence times the groups of a row, and its group.
    """

    order: Tensor
    lengths: Tensor
    keys: Tensor

    @classmethod
    def of(cls, present: Tensor, groups: Tensor) -> "_Sequences":
        """The groups of each row of (B, U)."""
        row = torch.arange(len(groups), device=groups.device).unsqueeze(1)
        key = row * (int(groups.max()) + 1) + groups
        flat = torch.nonzero(present.flatten()).squeeze(-1)
        keys, sequence, lengths = torch.unique(
            key.flatten()[flat], return_inverse=True, return_counts=True
        )
        return cls(flat[torch.argsort(sequence, stable=True)], lengths, keys)


def _packed(gru: nn.GRU, elements: Tensor, lengths: Tensor, begin: Tensor | None = None) -> Tensor:
    """PyTorch's own GRU over sequences that follow each other, shape (R, D), to (R, E)."""
    parts = torch.split(elements, lengths.tolist())
    packed = nn.utils.rnn.pack_sequence(list(parts), enforce_sorted=False)
    result, _ = gru(packed, begin)
    padded, _ = nn.utils.rnn.pad_packed_sequence(result, batch_first=True)
    return torch.cat([padded[i, :n] for i, n in enumerate(lengths.tolist())])


def _scanned(
    grus: Sequence[nn.GRU], elements: Sequence[Tensor], lengths: Sequence[Tensor]
) -> list[Tensor]:
    """The same of several, a step of all sequences and directions at a time."""
    ends = ("", "_reverse") if grus[0].bidirectional else ("",)
    weight, bias = (
        torch.stack([getattr(gru, f"{name}_l0{end}") for gru in grus for end in ends])
        for name in ("weight_hh", "bias_hh")
    )
    steps = Steps.of(lengths, reverse=grus[0].bidirectional)
    inputs, total = [], sum(steps.counts)
    for gru, x, places in zip(grus, elements, steps.places, strict=True):
        for end, own in zip(ends, places, strict=True):
            asked = F.linear(
                x, getattr(gru, f"weight_ih_l0{end}"), getattr(gru, f"bias_ih_l0{end}")
            )
            inputs.append(asked.new_zeros(total, asked.shape[1]).index_copy(0, own, asked))
    scan = _Scan.apply if torch.is_grad_enabled() else _only_states
    hidden: Tensor = scan(torch.stack(inputs), weight, bias, steps.counts)
    told = hidden.unflatten(0, (len(grus), len(ends)))
    return [
        torch.cat([h[own] for h, own in zip(both, places, strict=True)], dim=-1)
        for both, places in zip(told, steps.places, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Steps:
    """The elements of sequences step by step, those of a step from the longest sequence down.

    Several sets of sequences have their steps together. Where one of them has fewer in a
    step than another, its last places there are no element's.

    Args:
        counts: of each step, how many places it has.
        places: of each set, and each direction, the place of each element, shape (R,).
    """

    counts: tuple[int, ...]
    places: tuple[tuple[Tensor, ...], ...]

    @classmethod
    def of(cls, lengths: Sequence[Tensor], *, reverse: bool) -> "Steps":
        """Of sequences that follow each other.

        Args:
            lengths: of the sequences of each set, each at least 1.
            reverse: whether there is a second direction, from the last element on.

        >>> steps = Steps.of([torch.tensor([1, 3]), torch.tensor([2])], reverse=True)
        >>> steps.counts, [[own.tolist() for own in both] for both in steps.places]
        ((2, 1, 1), [[[1, 0, 2, 3], [1, 3, 2, 0]], [[0, 2], [2, 0]]])
        """
        longest = max(int(own.max()) for own in lengths)
        each = torch.stack([torch.bincount(own - 1, minlength=longest) for own in lengths])
        counts = each.flip(1).cumsum(1).flip(1).amax(0)
        starts = F.pad(counts.cumsum(0), (1, 0))
        places = tuple(tuple(_places(own, starts, reverse=reverse)) for own in lengths)
        return cls(tuple(counts.tolist()), places)


def _places(lengths: Tensor, starts: Tensor, *, reverse: bool) -> list[Tensor]:
    """The place of each element, of each direction; `starts` is the first one of each step."""
    rank = torch.argsort(torch.argsort(lengths, descending=True, stable=True))
    own_length = lengths.repeat_interleave(lengths)
    first = F.pad(lengths.cumsum(0), (1, 0))[:-1].repeat_interleave(lengths)
    step = torch.arange(len(own_length), device=lengths.device) - first
    own_rank = rank.repeat_interleave(lengths)
    directions = (step, own_length - 1 - step) if reverse else (step,)
    return [starts[at] + own_rank for at in directions]


class _Scan(torch.autograd.Function):
    """From inputs (S, R, 3H), step by step, to hidden states (S, R, H).

    S GRUs and directions, R places (`Steps`). What stands in a place that is no element's
    is no number of anybody's: nobody reads it, and it gets no gradient.
    """

    @staticmethod
    def forward(
        ctx: Any, inputs: Tensor, weight: Tensor, bias: Tensor, counts: tuple[int, ...]
    ) -> Tensor:
        S, R, H = inputs.shape[0], inputs.shape[1], weight.shape[-1]
        hidden, new, heard = (inputs.new_empty(S, R, H) for _ in range(3))
        gates = inputs.new_empty(S, R, 2 * H)
        across = weight.transpose(1, 2)
        offset = bias.unsqueeze(1)
        h = inputs.new_zeros(S, counts[0], H)
        # Views of every step at once: to take one is as dear as to compute it.
        steps = zip(
            *(
                whole.split(counts, dim=1)
                for whole in (
                    *(inputs[..., : 2 * H], inputs[..., 2 * H :]),
                    *(gates, gates[..., :H], gates[..., H:]),
                    *(heard, new, hidden),
                )
            ),
            strict=True,
        )
        for asked, asked_new, gate, reset, update, told_new, candidate, out in steps:
            if h.shape[1] > out.shape[1]:
                h = h[:, : out.shape[1]]
            told = torch.baddbmm(offset, h, across)
            torch.add(asked, told[..., : 2 * H], out=gate).sigmoid_()
            told_new.copy_(told[..., 2 * H :])
            torch.addcmul(asked_new, reset, told_new, out=candidate).tanh_()
            h = torch.lerp(candidate, h, update, out=out)
        ctx.save_for_backward(weight, gates, new, heard, hidden)
        ctx.counts = counts
        return hidden

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        weight, gates, new, heard, hidden = ctx.saved_tensors
        S, R, H = gradient.shape
        before = _before(hidden, ctx.counts)
        reset, update = gates[..., :H], gates[..., H:]
        # What the sums of each gate get for what the state gets. Those of inputs and states
        # differ in the candidate; the last one is what the state before gets at once.
        shares = gradient.new_empty(S, R, 5, H)
        torch.mul(1 - update, 1 - new.square(), out=shares[:, :, 3])
        torch.mul(shares[:, :, 3], heard * reset * (1 - reset), out=shares[:, :, 0])
        torch.mul((before - new) * update, 1 - update, out=shares[:, :, 1])
        torch.mul(shares[:, :, 3], reset, out=shares[:, :, 2])
        shares[:, :, 4] = update
        found = torch.empty_like(shares)
        told = found[:, :, :3].view(S, R, 3 * H)
        gradient = gradient.clone()
        steps = list(
            zip(
                *(
                    whole.split(ctx.counts, dim=1)
                    for whole in (gradient.unsqueeze(2), shares, found, told, found[:, :, 4])
                ),
                strict=True,
            )
        )
        back = gradient.new_zeros(S, 0, H)
        for own, share, got, sums, at_once in reversed(steps):
            own[:, : back.shape[1], 0] += back
            torch.mul(own, share, out=got)
            back = torch.baddbmm(at_once, sums, weight)
        to_inputs = torch.cat((found[:, :, :2], found[:, :, 3:4]), dim=2).flatten(2)
        return to_inputs, told.transpose(1, 2) @ before, told.sum(dim=1), None


def _only_states(inputs: Tensor, weight: Tensor, bias: Tensor, counts: tuple[int, ...]) -> Tensor:
    """What `_Scan` gives, with nothing kept of a step but the states."""
    S, R, H = inputs.shape[0], inputs.shape[1], weight.shape[-1]
    hidden = inputs.new_empty(S, R, H)
    across, offset = weight.transpose(1, 2), bias.unsqueeze(1)
    h = inputs.new_zeros(S, counts[0], H)
    told = candidate = h[:, :0]
    asked_gates, asked_news = inputs[..., : 2 * H], inputs[..., 2 * H :]
    steps = (whole.split(counts, dim=1) for whole in (asked_gates, asked_news, hidden))
    for asked, asked_new, out in zip(*steps, strict=True):
        count = out.shape[1]
        if told.shape[1] != count:
            h = h[:, :count]
            told, candidate = inputs.new_empty(S, count, 3 * H), inputs.new_empty(S, count, H)
            gate, (reset, update, heard) = told[..., : 2 * H], told.split(H, dim=-1)
        torch.baddbmm(offset, h, across, out=told)
        gate.add_(asked).sigmoid_()
        torch.addcmul(asked_new, reset, heard, out=candidate).tanh_()
        h = torch.lerp(candidate, h, update, out=out)
    return hidden


def _before(hidden: Tensor, counts: tuple[int, ...]) -> Tensor:
    """The state before each place, zero before the first step."""
    steps = hidden.split(counts, dim=1)
    earlier = (torch.zeros_like(steps[0]), *steps[:-1])
    parts = [own[:, :count] for own, count in zip(earlier, counts, strict=True)]
    return torch.cat(parts, dim=1)

"""`run_over_groups` as a graph of tensors in which no shape depends on a value.

An exported model is such a graph. The elements of each group are brought together by
sorting, and one scan runs over all of them, in both directions at once: where a group
begins the state is zero, and an absent element leaves it as it is.
"""

import torch
from torch import Tensor, nn


def scanned_as_graph(gru: nn.GRU, x: Tensor, present: Tensor, groups: Tensor) -> Tensor:
    """As `recurrence.run_over_groups`, without gradient.

    Args:
        gru: batch-first, of one layer, with output of size E.
        x: shape (B, U, D).
        present: shape (B, U).
        groups: number of the group of each element, shape (B, U).

    Returns:
        Shape (B, U, E), zeros where absent.
    """
    order = stable_order(groups)
    elements = x.gather(1, order.unsqueeze(-1).expand_as(x))
    there, group = present.gather(1, order), groups.gather(1, order)
    changes = group[:, 1:] != group[:, :-1]
    edge = torch.ones_like(group[:, :1], dtype=torch.bool)
    begins, ends = torch.cat((edge, changes), dim=1), torch.cat((changes, edge), dim=1)
    sides = [("", elements, there, begins)]
    if gru.bidirectional:
        sides.append(("_reverse", elements.flip(1), there.flip(1), ends.flip(1)))
    # (U, directions, B, …): a step of all conversations and directions at a time.
    asked = torch.stack([_asked(gru, side, own) for side, own, *_ in sides]).permute(2, 0, 1, 3)
    here = torch.stack([own for *_, own, _ in sides]).permute(2, 0, 1).unsqueeze(-1)
    fresh = torch.stack([own for *_, own in sides]).permute(2, 0, 1).unsqueeze(-1)
    hidden = _scan(gru, [side for side, *_ in sides], asked, here, fresh)
    parts = list(hidden.unbind(dim=1))
    if gru.bidirectional:
        parts[1] = parts[1].flip(0)
    joined = torch.cat(parts, dim=-1).transpose(0, 1) * there.unsqueeze(-1)
    back = torch.argsort(order, dim=1)
    return joined.gather(1, back.unsqueeze(-1).expand_as(joined))


def stable_order(keys: Tensor) -> Tensor:
    """The places of integer keys (B, U) from the least up, equal ones in their order.

    >>> stable_order(torch.tensor([[1, 0, 1, 0]]))
    tensor([[1, 3, 0, 2]])
    """
    U = keys.shape[1]
    return torch.argsort(keys * U + torch.arange(U, device=keys.device), dim=1)


def _asked(gru: nn.GRU, side: str, x: Tensor) -> Tensor:
    """What the inputs say to the gates, shape (B, U, 3H)."""
    weight, bias = getattr(gru, f"weight_ih_l0{side}"), getattr(gru, f"bias_ih_l0{side}")
    found: Tensor = nn.functional.linear(x, weight, bias)
    return found


def _scan(gru: nn.GRU, sides: list[str], asked: Tensor, here: Tensor, fresh: Tensor) -> Tensor:
    """The states of all steps, shape (U, S, B, H).

    Args:
        gru: whose weights are used.
        sides: names of the S directions.
        asked: shape (U, S, B, 3H).
        here: whether there is an element, shape (U, S, B, 1).
        fresh: whether the state begins anew, shape (U, S, B, 1).
    """
    from torch._higher_order_ops.scan import scan

    H = gru.hidden_size
    weight = torch.stack([getattr(gru, f"weight_hh_l0{side}") for side in sides]).transpose(1, 2)
    bias = torch.stack([getattr(gru, f"bias_hh_l0{side}") for side in sides]).unsqueeze(1)

    def step(before: Tensor, now: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        own, there, begins = now
        h = torch.where(begins, torch.zeros_like(before), before)
        told = torch.baddbmm(bias, h, weight)
        gate = torch.sigmoid(own[..., : 2 * H] + told[..., : 2 * H])
        candidate = torch.tanh(own[..., 2 * H :] + gate[..., :H] * told[..., 2 * H :])
        h = torch.where(there, candidate + gate[..., H:] * (h - candidate), h)
        return h, h.clone()

    begin = asked.new_zeros(*asked.shape[1:3], H)
    _, hidden = scan(step, begin, (asked, here, fresh), dim=0)
    found: Tensor = hidden
    return found

"""Utterances of similar length, computed together so that padding costs little.

The valid utterances of a batch are its *rows*. Rows are grouped by how many tokens they
have; a group's tensors are padded to its longest row alone. What a group gives is put
back to where its rows stand in the batch.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from emospot.batch import ConversationBatch
from emospot.model.cross_modal_memory import Memory
from emospot.model.learned_hotspots import SpottedTokens
from emospot.model.mixture_of_aligners import Routing

LENGTH_FACTOR = 1.4
MOST_ROWS = 2048
"""Rows of a group, so that what is computed of a group is small beside a long conversation."""


@dataclass(slots=True)
class RowGroup:
    """Rows whose tokens are computed together.

    Args:
        rows: index into the B · U utterances, shape (n,).
        x: modality → encoded tokens, shape (n, T, D).
        mask: modality → shape (n, T).
        times: modality → shape (n, T).
        means: modality → what `MeanPath` makes of the tokens, shape (n, D).
        spotted: modality → hotspots that were learned.
        marks: modality → scores of a detector or of marked moments, beside those.
        memories: modality → what cross-attention has made of the tokens.
    """

    rows: Tensor
    x: dict[str, Tensor] = field(default_factory=dict)
    mask: dict[str, Tensor] = field(default_factory=dict)
    times: dict[str, Tensor] = field(default_factory=dict)
    means: dict[str, Tensor] = field(default_factory=dict)
    spotted: dict[str, SpottedTokens] = field(default_factory=dict)
    marks: dict[str, Tensor] = field(default_factory=dict)
    memories: dict[str, Memory] = field(default_factory=dict)


def rows_by_length(batch: ConversationBatch) -> list[Tensor]:
    """The valid utterances of a batch in groups of similar token counts.

    Lengths within a group differ by a factor of `LENGTH_FACTOR` at most, so that
    little is spent on padding however long the longest utterance is; a group has
    `MOST_ROWS` at most. While the model is
    exported all rows are one group, those of the padding among them: what rows there are
    must not depend on values.
    """
    if torch.compiler.is_exporting():
        return [torch.arange(batch.mask.numel(), device=batch.mask.device)]
    rows = torch.nonzero(batch.mask.flatten()).squeeze(-1)
    counts = torch.stack(
        [t.mask.flatten(0, 1).sum(dim=1)[rows] for t in batch.modalities.values()]
    )
    longest = counts.amax(dim=0).clamp(min=1)
    group = (longest.log() / math.log(LENGTH_FACTOR)).floor().long()
    alike = [rows[group == number] for number in group.unique().tolist()] or [rows]
    return [part for own in alike for part in own.split(MOST_ROWS)]


def put_back(parts: Sequence[Tensor], groups: Sequence[RowGroup], mask: Tensor) -> Tensor:
    """What each group gives of its rows, as one tensor of the batch; zero elsewhere.

    Args:
        parts: of each group, shape (n, …).
        groups: of all rows of the batch.
        mask: which utterances are there, shape (B, U).

    Returns:
        Shape (B, U, …).
    """
    rows, joined = torch.cat([group.rows for group in groups]), torch.cat(list(parts))
    flat = joined.new_zeros(mask.numel(), *joined.shape[1:])
    return flat.index_copy(0, rows, joined).reshape(*mask.shape, *joined.shape[1:])


def put_back_tokens(parts: Sequence[Tensor], groups: Sequence[RowGroup], like: Tensor) -> Tensor:
    """What each group gives of its rows' tokens, detached; zero elsewhere.

    Args:
        parts: of each group, shape (n, T of the group).
        groups: of all rows of the batch.
        like: a tensor of the result's shape and type, (B, U, T).
    """
    found = torch.zeros_like(like)
    flat = found.view(-1, found.shape[-1])
    for part, group in zip(parts, groups, strict=True):
        flat[group.rows, : part.shape[1]] = part.detach().to(flat.dtype)
    return found


def join_routings(parts: list[Routing], rows: Tensor, total: int) -> Routing:
    """Routings of groups of rows as one routing of all B · U utterances."""

    def joined(name: str) -> Tensor:
        values = torch.cat([getattr(part, name) for part in parts])
        flat = values.new_zeros(total, *values.shape[1:])
        return flat.index_copy(0, rows, values)

    return Routing(*(joined(name) for name in Routing.__dataclass_fields__))

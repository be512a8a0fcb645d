"""Tokens are read again once the conversation is known.

What moment of an utterance tells its emotion depends on the rest of the conversation: on
what was felt before, and on how this speaker's modalities lag behind each other. When the
memories are made nothing of that is known. So after the graph the moments are asked again,
with what it says of the utterance (or without a graph what all its modalities remember):

    h[t] = GELU(W LayerNorm(M_j[t]) + V g_i)      M_j[t]: all parts of the memory of that moment
    w[t] = softmax_t(uᵀ h[t])
    R_j  = W' Σ_t w[t] · h[t]                     takes the place of the pooled memory

The weights say which moments the answer was read from: hotspots that are learned from
emotion labels alone, by all modalities and the whole conversation together. That they lie
where the emotion shows and not where the encoders carried it is taught by an answer of
their own, from the features at those moments alone,

    r_j = Σ_t w[t] · C_j[t],    answer = W_r [r_1 ; … ; r_M]

and so that the memories know their utterance well before the graph reads them, another is
given by them alone. Both are learned beside the model's answer and take no part in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emospot.model.row_groups import RowGroup, put_back, put_back_tokens


@dataclass(frozen=True, slots=True)
class Reread:
    """What was read.

    Args:
        memory: of every modality, zeros where absent, shape (B, U, M, D).
        weights: modality → share of the answer that each moment has, shape (B, U, T).
        answers: head → answers that are learned beside the model's, shape (B, U, classes).
    """

    memory: Tensor
    weights: Mapping[str, Tensor]
    answers: Mapping[str, tuple[Tensor, ...]]


class InformedPool(nn.Module):
    """The weighted mean of moments; weights and values by each moment and what is known.

    Args:
        width: D.
        parts: elements a moment.
        known: numbers of what is known.
    """

    def __init__(self, width: int, parts: int, known: int) -> None:
        super().__init__()
        self.parts = parts
        self.norm = nn.LayerNorm(width)
        self.moment = nn.Linear(parts * width, 2 * width)
        self.known = nn.Linear(known, 2 * width, bias=False)
        # No bias: the softmax would ignore it.
        self.score = nn.Linear(2 * width, 1, bias=False)
        self.value = nn.Linear(2 * width, width)

    def forward(self, x: Tensor, mask: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Pool moments.

        Args:
            x: the first part of all moments, then the second and so on, shape (N, P · T, D).
            mask: which of them are there, shape (N, P · T).
            known: of each utterance, shape (N, known).

        Returns:
            What was read, shape (N, D), and the weights, shape (N, T); zeros where no
            moment is there.
        """
        x = (self.norm(x) * mask.unsqueeze(-1)).unflatten(1, (self.parts, -1))
        moments = x.transpose(1, 2).flatten(2)
        hidden = F.gelu(self.moment(moments) + self.known(known).unsqueeze(1))
        there = mask[:, : moments.shape[1]]
        readable = there.any(dim=-1, keepdim=True)
        score = self.score(hidden).squeeze(-1)
        score = score.masked_fill(~(there | ~readable), float("-inf"))
        weights = torch.softmax(score, dim=-1) * readable
        read = self.value(torch.einsum("nt,ntd->nd", weights, hidden))
        return read * readable, weights


class SecondReading(nn.Module):
    """Reads the moments of all modalities again.

    Args:
        dims: modality → numbers a content token, in the order of the batch.
        width: D.
        parts: elements a moment: X_j and what it reads of each other modality.
        heads: head → number of its outputs.
        dropout: of the answers beside the model's.
    """

    def __init__(
        self,
        dims: Mapping[str, int],
        width: int,
        parts: int,
        heads: Mapping[str, int],
        dropout: float,
    ) -> None:
        super().__init__()
        joined = len(dims) * width
        self.pools = nn.ModuleDict({m: InformedPool(width, parts, joined) for m in dims})
        self.first = nn.ModuleDict(
            {
                name: nn.Sequential(
                    nn.LayerNorm(joined),
                    nn.Dropout(dropout),
                    nn.Linear(joined, width),
                    nn.GELU(),
                    nn.Linear(width, outputs),
                )
                for name, outputs in heads.items()
            }
        )
        self.moments = nn.ModuleDict(
            {name: nn.Linear(sum(dims.values()), outputs) for name, outputs in heads.items()}
        )

    def forward(
        self,
        groups: Sequence[RowGroup],
        memory: Tensor,
        known: Tensor,
        scores: Mapping[str, Tensor],
        mask: Tensor,
    ) -> Reread:
        """Read again.

        Args:
            groups: of all rows of the batch, with their memories.
            memory: of the first reading, shape (B, U, M · D).
            known: what is known of each utterance, shape (B, U, M · D).
            scores: modality → tensor of the batch's shape, (B, U, T).
            mask: which utterances are there, shape (B, U).
        """
        flat = known.flatten(0, 1)
        read, weights, content = [], {}, []
        for m, pool in self.pools.items():
            found = [
                cast(InformedPool, pool)(
                    group.memories[m].x, group.memories[m].mask, flat[group.rows]
                )
                for group in groups
            ]
            read.append(put_back([one for one, _ in found], groups, mask))
            weights[m] = put_back_tokens([w for _, w in found], groups, scores[m])
            content.append(
                put_back(
                    [
                        torch.einsum("nt,ntd->nd", w, group.content[m])
                        for (_, w), group in zip(found, groups, strict=True)
                    ],
                    groups,
                    mask,
                )
            )
        joined = torch.cat(content, dim=-1)
        answers = {
            name: (first(memory), self.moments[name](joined)) for name, first in self.first.items()
        }
        return Reread(torch.stack(read, dim=2), weights, answers)

"""Tokens are read again once the conversation is known.

What moment of an utterance tells its emotion depends on the rest of the conversation: on
what was felt before, and on how this speaker's modalities lag behind each other. When the
memories are made nothing of that is known. So after the graph the moments are asked again,
with what it says of the utterance (or without a graph what all its modalities remember).
Each moment says how much it speaks for each class c, and any of them may be the one that
tells:

    h[t]   = GELU(W LayerNorm(M_j[t]) + V g_i)    M_j[t]: all parts of the memory of that moment
    a[t]   = U h[t]
    answer = log mean_t exp a[t, c]               of modality j by itself
    w[t]   = Σ_c p(c) · softmax_t(a[t, c]),       p = softmax(answer)
    R_j    = W' Σ_t w[t] · h[t]                   takes the place of the pooled memory

w is how likely each moment is the one that tells: hotspots that are learned from emotion
labels alone, by all modalities and the whole conversation together. (With one output, a
number, w is a plain softmax, and modalities give no answer of their own; of several
labels w is that of the label that the moments speak for most.)

So that the memories know their utterance well before the graph reads them, another answer
is given by them alone. All these are learned beside the model's answer and take no part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


class MomentReader(nn.Module):
    """Asks the moments of one modality.

    Args:
        width: D.
        parts: elements a moment.
        known: numbers of what is known.
        classes: that a moment may speak for, K.
    """

    def __init__(self, width: int, parts: int, known: int, classes: int) -> None:
        super().__init__()
        self.parts = parts
        self.norm = nn.LayerNorm(width)
        self.moment = nn.Linear(parts * width, 2 * width)
        self.known = nn.Linear(known, 2 * width, bias=False)
        # No bias with one output: the softmax would ignore it.
        self.speaks = nn.Linear(2 * width, classes, bias=classes > 1)
        self.value = nn.Linear(2 * width, width)

    def forward(self, x: Tensor, mask: Tensor, known: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Read moments.

        Args:
            x: the first part of all moments, then the second and so on, shape (N, P · T, D).
            mask: which of them are there, shape (N, P · T).
            known: of each utterance, shape (N, known).

        Returns:
            What was read, shape (N, D), the weights, shape (N, T), and the answer, shape
            (N, K); zeros where no moment is there.
        """
        x = (self.norm(x) * mask.unsqueeze(-1)).unflatten(1, (self.parts, -1))
        moments = x.transpose(1, 2).flatten(2)
        hidden = F.gelu(self.moment(moments) + self.known(known).unsqueeze(1))
        there = mask[:, : moments.shape[1]]
        readable = there.any(dim=-1, keepdim=True)
        speaks = self.speaks(hidden)
        speaks = speaks.masked_fill(~(there | ~readable).unsqueeze(-1), float("-inf"))
        # The mean: of several labels a longer utterance is not to have more.
        count = there.sum(dim=-1, keepdim=True).clamp(min=1)
        answer = (torch.logsumexp(speaks, dim=1) - count.log()) * readable
        likely = torch.softmax(answer, dim=-1).unsqueeze(1)
        weights = (torch.softmax(speaks, dim=1) * likely).sum(dim=-1) * readable
        read = self.value(torch.einsum("nt,ntd->nd", weights, hidden))
        return read * readable, weights, answer


class SecondReading(nn.Module):
    """Reads the moments of all modalities again.

    Args:
        modalities: in the order of the batch.
        width: D.
        parts: elements a moment: X_j and what it reads of each other modality.
        heads: head → number of its outputs, the main one first.
        dropout: of the answer from the memories.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        width: int,
        parts: int,
        heads: Mapping[str, int],
        dropout: float,
    ) -> None:
        super().__init__()
        joined = len(modalities) * width
        self.main, classes = next(iter(heads.items()))
        self.readers = nn.ModuleDict(
            {m: MomentReader(width, parts, joined, classes) for m in modalities}
        )
        self.several = classes > 1
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
        read, weights, own = [], {}, []
        for m, reader in self.readers.items():
            found = [
                reader(group.memories[m].x, group.memories[m].mask, flat[group.rows])
                for group in groups
            ]
            read.append(put_back([one for one, _, _ in found], groups, mask))
            weights[m] = put_back_tokens([w for _, w, _ in found], groups, scores[m])
            own.append(put_back([answer for _, _, answer in found], groups, mask))
        answers = {name: (first(memory),) for name, first in self.first.items()}
        if self.several:
            answers[self.main] += tuple(own)
        return Reread(torch.stack(read, dim=2), weights, answers)

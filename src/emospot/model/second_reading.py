"""Tokens are read twice: by themselves, and again once the conversation is known.

What moment of an utterance tells its emotion depends on the rest of the conversation: on
what was felt before, and on how this speaker's modalities lag behind each other. So the
moments are asked once with nothing known, which gives the nodes of the graph, and once
more with what the graph says of the utterance (or without a graph what all modalities
told together). Each moment says how much it speaks for each class c in each of R *ways*,
any of them may be the one that tells, and which way is likely is a matter of what is known:

    m[t]      = LayerNorm(M_j[t])                    all parts of the memory of that moment
    h[t]      = GELU(W m[t] + V k_i)                 k_i: what is known, 0 at first
    a[t, c]   = log Σ_r softmax_r(ρ k_i) exp (U h[t] + B m[t])[r, c]
    answer_j  = log mean_t exp a[t, c]               of modality j by itself
    w[t]      = Σ_c p(c) · softmax_t(a[t, c]),       p = softmax(answer_j)
    R_j       = W' Σ_t w[t] · h[t]                   takes the place of the pooled memory

This is the form of the exact posterior of a burst at an unknown moment, in one of some ways
of lagging: a sum of what single tokens tell at each, and a mean over all that could be. A
plain network would have to learn these sums of exponentials.

With `speaker_lags` the second reading also has what the other modalities show at the lags
that are this speaker's habit, Y[t] beside m[t] in h and a (`speaker_lags`).

w is how likely each moment is the one that tells: hotspots that are learned from emotion
labels alone, by all modalities and the whole conversation together. (With one output, a
number, w is a plain softmax, and modalities give no answer of their own; of several
labels w is that of the label that the moments speak for most.)

The mean of the modalities' answers is added to the model's, and each is learned as well,
of both readings, so that moments know their utterance before the graph reads them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emospot.batch import ConversationBatch
from emospot.model.past import Past
from emospot.model.row_groups import RowGroup, put_back, put_back_tokens
from emospot.model.speaker_lags import SpeakerLags


@dataclass(frozen=True, slots=True)
class Told:
    """What the moments of an utterance told.

    Args:
        read: of every modality, zeros where absent, shape (B, U, M, D).
        weights: modality → share of the answer that each moment has, shape (B, U, T).
        answers: of each modality by itself, zeros where absent, each of shape
            (B, U, classes); empty where the answer is a number.
        lags: "j to k" → how likely each lag of the speakers is, shape (B, U, L); empty where
            that is not looked for.
    """

    read: Tensor
    weights: Mapping[str, Tensor]
    answers: tuple[Tensor, ...]
    lags: Mapping[str, Tensor]

    def together(self, present: Tensor) -> Tensor:
        """The mean answer of the modalities that are present, (B, U, M), shape (B, U, classes)."""
        count = present.sum(dim=-1, keepdim=True).clamp(min=1)
        return torch.stack(self.answers).sum(dim=0) / count


class MomentReader(nn.Module):
    """Asks the moments of one modality.

    Args:
        width: D.
        parts: elements a moment.
        known: numbers of what is known.
        classes: that a moment may speak for, K.
        ways: of speaking, R.
        lagged: numbers a moment of what is read at the speaker's lags, 0: nothing is.
    """

    def __init__(
        self,
        width: int,
        parts: int,
        known: int,
        classes: int,
        ways: int = 1,
        lagged: int = 0,
    ) -> None:
        super().__init__()
        self.parts = parts
        self.ways = ways
        self.norm = nn.LayerNorm(width)
        self.moment = nn.Linear(parts * width, 2 * width)
        self.known = nn.Linear(known, 2 * width, bias=False)
        self.way = nn.Linear(known, ways) if ways > 1 else None
        # No bias where there is but one output: the softmax would ignore it.
        self.speaks = nn.Linear(2 * width, ways * classes, bias=ways * classes > 1)
        self.directly = nn.Linear(parts * width, ways * classes, bias=False)
        self.lagged = nn.Linear(lagged, 2 * width, bias=False) if lagged else None
        self.lagged_directly = nn.Linear(lagged, ways * classes, bias=False) if lagged else None
        self.value = nn.Linear(2 * width, width)

    def forward(
        self, x: Tensor, mask: Tensor, known: Tensor, lagged: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Read moments.

        Args:
            x: the first part of all moments, then the second and so on, shape (N, P · T, D).
            mask: which of them are there, shape (N, P · T).
            known: of each utterance, shape (N, known).
            lagged: what is read at the speaker's lags, shape (N, T, lagged), or None.

        Returns:
            What was read, shape (N, D), the weights, shape (N, T), and the answer, shape
            (N, K); zeros where no moment is there.
        """
        x = (self.norm(x) * mask.unsqueeze(-1)).unflatten(1, (self.parts, -1))
        moments = x.transpose(1, 2).flatten(2)
        hidden = self.moment(moments) + self.known(known).unsqueeze(1)
        if self.lagged is not None and lagged is not None:
            hidden = hidden + self.lagged(lagged)
        hidden = F.gelu(hidden)
        there = mask[:, : moments.shape[1]]
        readable = there.any(dim=-1, keepdim=True)
        speaks = self.speaks(hidden) + self.directly(moments)
        if self.lagged_directly is not None and lagged is not None:
            speaks = speaks + self.lagged_directly(lagged)
        speaks = self._in_any_way(speaks, known)
        speaks = speaks.masked_fill(~(there | ~readable).unsqueeze(-1), float("-inf"))
        # The mean: of several labels a longer utterance is not to have more.
        count = there.sum(dim=-1, keepdim=True).clamp(min=1)
        answer = (torch.logsumexp(speaks, dim=1) - count.log()) * readable
        likely = torch.softmax(answer, dim=-1).unsqueeze(1)
        weights = (torch.softmax(speaks, dim=1) * likely).sum(dim=-1) * readable
        read = self.value(torch.einsum("nt,ntd->nd", weights, hidden))
        return read * readable, weights, answer

    def _in_any_way(self, speaks: Tensor, known: Tensor) -> Tensor:
        """How much each moment speaks for each class, shape (N, T, K), of all ways."""
        speaks = speaks.unflatten(-1, (self.ways, -1))
        if self.way is not None:
            speaks = speaks + torch.log_softmax(self.way(known), dim=-1)[:, None, :, None]
        return torch.logsumexp(speaks, dim=2)


class SecondReading(nn.Module):
    """Asks the moments of all modalities, as often as something new is known.

    Args:
        modalities: in the order of the batch.
        width: D.
        parts: elements a moment: X_j and what it reads of each other modality.
        classes: outputs of the main head.
        ways: of speaking for a class.
        lags: of speakers, or None: they are not looked for.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        width: int,
        parts: int,
        classes: int,
        ways: int,
        lags: SpeakerLags | None = None,
    ) -> None:
        super().__init__()
        self.known = len(modalities) * width
        self.lags = lags
        lagged = (len(modalities) - 1) * width if lags is not None else 0
        self.readers = nn.ModuleDict(
            {m: MomentReader(width, parts, self.known, classes, ways, lagged) for m in modalities}
        )
        self.answers = classes > 1

    def forward(
        self,
        groups: Sequence[RowGroup],
        batch: ConversationBatch,
        known: Tensor | None = None,
        before: Told | None = None,
        past: Past | None = None,
    ) -> Told:
        """Ask.

        Args:
            groups: of all rows of the batch, with their memories.
            batch: in which they are.
            known: what is known of each utterance, shape (B, U, M · D); None: nothing.
            before: what was told when nothing was known, if something is.
            past: what was kept of the one conversation that the batch goes on with.
        """
        lags = before.lags if before is not None else {}
        found: dict[str, list[tuple[Tensor, Tensor, Tensor]]] = {m: [] for m in self.readers}
        for group in groups:
            told = None if known is None else known.flatten(0, 1)[group.rows]
            own = {pair: likely.flatten(0, 1)[group.rows] for pair, likely in lags.items()}
            for m, reader in self.readers.items():
                memory = group.memories[m]
                if told is None:
                    told = memory.x.new_zeros(len(group.rows), self.known)
                lagged = None
                if self.lags is not None and own:
                    lagged = self.lags.read(group, own, m)
                found[m].append(reader(memory.x, memory.mask, told, lagged))
        weights = {m: [w for _, w, _ in own] for m, own in found.items()}
        if self.lags is not None and before is None:
            lags = self.lags(groups, weights, batch, past)
        return Told(
            torch.stack(
                [put_back([r for r, _, _ in own], groups, batch.mask) for own in found.values()],
                dim=2,
            ),
            {
                m: put_back_tokens(own, groups, batch.modalities[m].scores)
                for m, own in weights.items()
            },
            tuple(put_back([a for _, _, a in own], groups, batch.mask) for own in found.values())
            if self.answers
            else (),
            lags,
        )

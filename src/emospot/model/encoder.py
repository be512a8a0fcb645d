"""From fused tokens to summaries that know the conversation.

For each modality, tokens attend within their utterance, or are convolved with their
neighbours, and are pooled by attention (`TokenEncoder`); then utterances attend
within the dialogue (`ContextEncoder`). Positions enter as relative-time biases: seconds between
tokens, turns between utterances. Speakers enter as a relation ("the same
speaker" or "another one"), so any number of speakers works and their names and
order do not matter.
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from emospot.model.attention import (
    AttentionPool,
    MeanPool,
    SelfAttentionLayer,
    feed_forward,
    single,
)
from emospot.model.dropout import Dropout
from emospot.model.lag_bias import ROUNDING, LagBias, LagScale
from emospot.model.past import Past
from emospot.model.recurrence import Run, run_over_groups, run_together

TOKEN_LAGS = LagScale(reach=30.0, scale=0.25)
"""Seconds that tokens tell apart."""
TURN_LAGS = LagScale(reach=60.0, scale=1.0)
"""Turns that utterances tell apart."""


AROUND = 2
"""Tokens on both sides that a convolution reads."""


class ConvolutionLayer(nn.Module):
    """Each token with two neighbours on both sides, then a feed-forward network.

    What short moments look like is learned much sooner by a convolution than by attention,
    which first has to find out that the nearest tokens are the ones to read. Sides are
    counted in tokens, not in seconds: it is meant for tokens at even times.
    """

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.around = nn.Conv1d(width, width, 2 * AROUND + 1, padding=AROUND)
        self.feed_forward = feed_forward(width, dropout)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Transform `x` (N, T, D) where `mask` (N, T)."""
        there = x * mask.unsqueeze(-1)
        x = x + self.dropout(self.around(there.transpose(1, 2)).transpose(1, 2))
        x = x + self.dropout(self.feed_forward(x))
        return x


class TokenEncoder(nn.Module):
    """Tokens read their neighbours within the utterance and are pooled to a summary.

    Args:
        width: D.
        heads: attention heads.
        layers: of attention.
        dropout: as everywhere.
        lags: that tokens tell apart.
        windows: whether the heads start with windows of their own.
        reach: greatest lag in seconds at which tokens read each other; None: any. Where
            tokens know their neighbours alone it shows which of them an answer is from.
        convolution: whether they are convolved with their neighbours, else attend.
        mean: whether the summary is the plain mean, else pooled by attention.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        layers: int,
        dropout: float,
        *,
        lags: LagScale = TOKEN_LAGS,
        windows: bool = False,
        reach: float | None = None,
        convolution: bool = False,
        mean: bool = False,
    ) -> None:
        super().__init__()
        self.reach = reach
        self.layers = nn.ModuleList(
            ConvolutionLayer(width, dropout)
            if convolution
            else SelfAttentionLayer(width, heads, dropout)
            for _ in range(layers)
        )
        attends = layers and not convolution
        self.lag_bias = LagBias(heads, lags, windows=windows) if attends else None
        self.pool = MeanPool() if mean else AttentionPool(width)

    def forward(self, x: Tensor, mask: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
        """Encode `x` (N, T, D) with `mask` (N, T) and `times` (N, T) in seconds.

        Returns:
            Tokens (N, T, D) and summaries (N, D).
        """
        if self.lag_bias is None:
            for layer in self.layers:
                x = layer(x, mask)
            return x, self.pool(x, mask)
        bias = None if single(x) else self.lag_bias(times)
        readable = mask.unsqueeze(1)
        if self.reach is not None:
            lags = times.unsqueeze(-1) - times.unsqueeze(1)
            readable = readable & (lags.abs() <= self.reach + ROUNDING)
        for layer in self.layers:
            x = layer(x, readable, bias)
        return x, self.pool(x, mask)


class ContextEncoder(nn.Module):
    """Utterances of a dialogue attend to each other."""

    def __init__(self, width: int, heads: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            SelfAttentionLayer(width, heads, dropout) for _ in range(layers)
        )
        self.lag_bias = LagBias(heads, TURN_LAGS, kinds=2) if layers else None

    def forward(self, x: Tensor, mask: Tensor, speakers: Tensor) -> Tensor:
        """Encode summaries `x` (B, U, D).

        Args:
            x: shape (B, U, D).
            mask: which utterance may read which, shape (B, U, U).
            speakers: index of the speaker, shape (B, U).
        """
        if self.lag_bias is None:
            return x
        turns = torch.arange(x.shape[1], device=x.device, dtype=x.dtype).expand(x.shape[:2])
        other = (speakers.unsqueeze(-1) != speakers.unsqueeze(-2)).long()
        bias = self.lag_bias(turns, other)
        for layer in self.layers:
            x = layer(x, mask, bias)
        return x


class RecurrentContext(nn.Module):
    """Utterances read their dialogue, and their speaker's own turns, by GRUs.

    The published alternative to attention (bc-LSTM, DialogueRNN families): one
    GRU over all turns, one over the turns of each speaker alone, with shared
    weights for all speakers. Absent utterances are skipped by both.
    """

    def __init__(self, width: int, layers: int, dropout: float, *, causal: bool) -> None:
        super().__init__()
        directions = 1 if causal else 2
        self.inputs = nn.ModuleList()
        self.dialogue = nn.ModuleList()
        self.own = nn.ModuleList()
        self.out = nn.ModuleList()
        for _ in range(layers):
            self.inputs.append(nn.LayerNorm(width))
            for paths in (self.dialogue, self.own):
                paths.append(
                    nn.GRU(width, width // directions, batch_first=True, bidirectional=not causal)
                )
            self.out.append(nn.Linear(2 * width, width))
        self.dropout = Dropout(dropout)

    def forward(
        self,
        x: Tensor,
        present: Tensor,
        speakers: Tensor,
        past: Past | None = None,
        name: str = "",
    ) -> Tensor:
        """Encode summaries.

        Args:
            x: shape (B, U, D).
            present: which are there, shape (B, U).
            speakers: index of the speaker, shape (B, U).
            past: what was kept of the one conversation that they go on with.
            name: under which this encoder keeps its states there.
        """
        if past is None:
            return recur_together([self], [x], [present], speakers)[0]
        everyone = torch.zeros_like(speakers)
        for number, (dialogue, own) in enumerate(zip(self.dialogue, self.own, strict=True)):
            normed = self.inputs[number](x)
            paths = [
                _going_on(cast(nn.GRU, gru), normed, present, groups, past, kept)
                for gru, groups, kept in (
                    (dialogue, everyone, f"{name} {number} dialogue"),
                    (own, speakers, f"{name} {number} own"),
                )
            ]
            x = self._read(number, x, paths)
        return x

    def _read(self, layer: int, x: Tensor, paths: Sequence[Tensor]) -> Tensor:
        """`x` with what both paths of a layer say."""
        told: Tensor = self.out[layer](self.dropout(torch.cat(tuple(paths), dim=-1)))
        told = self.dropout(told)
        return x + told


def recur_together(
    contexts: Sequence[RecurrentContext],
    xs: Sequence[Tensor],
    presences: Sequence[Tensor],
    speakers: Tensor,
) -> list[Tensor]:
    """Several encoders that do not read each other, of one size, step by step together.

    Args:
        contexts: one or more.
        xs: what each encodes, shape (B, U, D).
        presences: which of that is there, shape (B, U).
        speakers: index of the speaker, shape (B, U).

    Returns:
        For each what it gives alone.
    """
    everyone = torch.zeros_like(speakers)
    xs = list(xs)
    for layer in range(len(contexts[0].inputs)):
        normed = [context.inputs[layer](x) for context, x in zip(contexts, xs, strict=True)]
        paths = [
            run_together(
                [
                    Run(cast(nn.GRU, gru[layer]), x, present, groups)
                    for gru, x, present in zip(grus, normed, presences, strict=True)
                ]
            )
            # Each path for itself: they have different numbers of steps.
            for grus, groups in (
                ([context.dialogue for context in contexts], everyone),
                ([context.own for context in contexts], speakers),
            )
        ]
        xs = [
            context._read(layer, x, own)
            for context, x, own in zip(contexts, xs, zip(*paths, strict=True), strict=True)
        ]
    return xs


def _going_on(
    gru: nn.GRU, x: Tensor, present: Tensor, groups: Tensor, past: Past, name: str
) -> Tensor:
    """`run_over_groups` of one row from the states that were kept; the last ones are kept."""
    known = past.kept(name, x.new_zeros(0, gru.hidden_size))
    new = max(0, int(groups.max()) + 1 - len(known))
    states = torch.cat((known, x.new_zeros(new, gru.hidden_size)))
    out = run_over_groups(gru, x, present, groups, states)
    for group in groups[present].unique():
        states[group] = out[present & (groups == group)][-1]
    past.keep(name, states)
    return out

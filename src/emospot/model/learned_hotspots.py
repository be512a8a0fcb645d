"""Words that the model finds by itself to be hotspots, from emotion labels alone.

A token's score comes from itself and its two neighbours on both sides:

    s[t] = σ(w · GELU(conv₅(W C)[t]) + b)

Hotspot-gated fusion reads s as it reads the scores of a detector.

What makes the scores mean something is an answer of their own (multiple-instance
attention): the hotspots' mean alone must tell the emotion,

    h̄ = Σ s[t]·C[t] / (Σ s[t] + ε),     answer = W_h LayerNorm(h̄)

which is learned beside the model's answer and takes no part in it. And an expected
length keeps them short: (mean s[t] − ρ)² over the tokens of utterances with several,
with ρ the share of tokens that are to be hotspots.

Hard-concrete gates, the best k with a straight-through gradient, and softmax attention
were tried in the place of σ; none finds planted moments better, and the first two often
shut for good (docs/experiments.md). Voices and faces are another matter, see
`learned_moments`.

Of both, marked moments can be learned from besides:

    L_marks = binary cross-entropy of s[t] and the marks

in utterances that have some; of voices and faces in conversations that have some, since
there the turns without a mark are what marked ones are held against.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from emospot.model.across_processes import across_processes
from emospot.model.dropout import Dropout

AROUND = 2
EPSILON = 0.1


@dataclass(frozen=True, slots=True)
class SpottedTokens:
    """What was found in N utterances.

    Args:
        scores: in [0, 1], zero on padding and where an utterance has one token,
            shape (N, T).
        answers: head → answer from the hotspots alone, shape (N, outputs).
    """

    scores: Tensor
    answers: Mapping[str, Tensor]


class LearnedHotspots(nn.Module):
    """Scores the tokens of one modality.

    Args:
        dim: numbers a token, d.
        width: numbers between.
        heads: head → number of its outputs.
        share: of the tokens that are to be hotspots, ρ.
        dropout: probability of dropping a number of the hotspots' mean.
    """

    def __init__(
        self,
        dim: int,
        width: int,
        heads: Mapping[str, int],
        *,
        share: float,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.share = share
        self.inside = nn.Linear(dim, width)
        self.around = nn.Conv1d(width, width, 2 * AROUND + 1, padding=AROUND, groups=width)
        self.score = nn.Linear(width, 1)
        nn.init.constant_(self.score.bias, math.log(share / (1 - share)))
        self.answers = nn.ModuleDict(
            {
                name: nn.Sequential(nn.LayerNorm(dim), Dropout(dropout), nn.Linear(dim, count))
                for name, count in heads.items()
            }
        )

    def forward(self, content: Tensor, mask: Tensor) -> SpottedTokens:
        """Score the tokens.

        Args:
            content: zero on padding, shape (N, T, d).
            mask: which tokens are there, shape (N, T).
        """
        there = mask.unsqueeze(-1)
        inside = self.inside(content) * there
        around = self.around(inside.transpose(1, 2)).transpose(1, 2)
        logits = self.score(nn.functional.gelu(around)).squeeze(-1)
        scores = torch.sigmoid(logits) * several(mask)
        mean = torch.einsum("nt,ntd->nd", scores, content)
        mean = mean / (scores.sum(dim=1, keepdim=True) + EPSILON)
        answers = {name: head(mean) for name, head in self.answers.items()}
        return SpottedTokens(scores, answers)

    def length_loss(self, scores: Tensor, counted: Tensor) -> Tensor:
        """How far the share of hotspots is from what it should be, squared.

        Args:
            scores: of `SpottedTokens`, any shape.
            counted: the tokens that count, the same shape.
        """
        count = across_processes(counted.sum())
        share = across_processes(scores.sum()) / count.clamp(min=1)
        return (share - self.share).square() * (count > 0)


def marks_loss(scores: Tensor, marks: Tensor, known: Tensor) -> Tensor:
    """How far the scores are from marked moments: the binary cross-entropy.

    Args:
        scores: of `SpottedTokens`, any shape.
        marks: strengths in [0, 1], the same shape.
        known: of which tokens it is known whether they are marked, the same shape.

    Returns:
        A scalar, the mean over the known tokens; 0 where nothing is known.
    """
    near = scores.masked_fill(~known, 0.5).clamp(1e-6, 1 - 1e-6)
    loss = marks * near.log() + (1 - marks) * (1 - near).log()
    count = across_processes(known.sum())
    return -across_processes((loss * known).sum()) / count.clamp(min=1)


def several(mask: Tensor) -> Tensor:
    """The tokens of utterances that have more than one, of a mask (N, T)."""
    return mask & (mask.sum(dim=1, keepdim=True) > 1)

"""Moments that the model finds by itself in voices and faces, from emotion labels alone.

Of words a few tell the emotion, and `learned_hotspots` finds which. A voice is moved for
a whole phrase, often for a whole turn: the question is not which of its tokens, but
which of its speaker's. So every token is asked for every class, with what is around it,
and the tokens that say most of a class answer for the utterance (multiple-instance
learning):

    C̃     = (C − mean) / standard deviation of the speaker's tokens in the conversation
    u     = [mean of C̃ ; deviation of C̃] over the utterance's tokens
    ũ     = (u − median) / (median absolute deviation + 0.2) of the speaker's utterances,
            times T / (T + 10): the shorter, the more it differs by chance
    h[t]  = W C̃[t] + V ũ, then twice  h ← h + GELU(conv₅(h))    (8 tokens to both sides are seen)
    l[t]  = W_h GELU(h[t])                                logits of each class
    answer_c = mean of the ⌈ρ T⌉ greatest l_c[t]
    s[t]  = max_c max(0, (σ(l_c[t]) − f_c) / (1 − f_c))

The answers are learned one class against the rest beside the model's answer, and take
no part in it. f_c is how often the class is in training: what only knows that gives no
hotspot. Hotspot-gated fusion reads s as it reads the scores of a detector. The resting
class, "neutral" where there is one, is asked the other way round: its l says that the
speaker is moved, whatever by, which single classes that are rare cannot tell as well;
its answer is −mean, its f the share of all others. In a causal model nothing is held
against the speaker, since that would tell what comes: h[t] = W C[t].

A recording is read phrase by phrase, a corpus turn by turn, and a phrase may be a part of
a turn. So in training most turns answer by a part of theirs (`parts_of_turns`).

The gate of `learned_hotspots` does not tell moved turns from others, and this rule does
not tell single words from their neighbours (docs/experiments.md).
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emospot.model.dropout import Dropout
from emospot.model.learned_hotspots import SpottedTokens, several

KERNEL = 5
DILATIONS = (1, 3)
MOST_USUAL = 0.99
USUAL_LOGIT = -2.0
"""Before training no token is a hotspot."""
FARTHEST = 5.0
LEAST_DEVIATION = 0.05
FARTHEST_TURN = 4.0
LEAST_TURN_DEVIATION = 0.2
LEAST_SQUARE = 1e-12
SURE_TOKENS = 10
CUT_SHARE = 0.8
"""Of the turns in training that answer by a part of theirs."""
LEAST_PART = 0.25
FEWEST_TOKENS = 4


class LearnedMoments(nn.Module):
    """Scores the tokens of a voice or a face.

    Args:
        dim: numbers a token, d.
        width: numbers between.
        heads: head → number of its classes.
        share: of an utterance's tokens that answer for it, ρ.
        dropout: probability of dropping a number between.
        compared: whether it also reads how a turn differs from its speaker's others.
    """

    def __init__(
        self,
        dim: int,
        width: int,
        heads: Mapping[str, int],
        *,
        share: float,
        dropout: float = 0.0,
        compared: bool = True,
    ) -> None:
        super().__init__()
        self.share = share
        self.inside = nn.Linear(dim, width)
        self.turn = nn.Linear(2 * dim, width, bias=False) if compared else None
        self.around = nn.ModuleList(
            nn.Conv1d(width, width, KERNEL, padding=KERNEL // 2 * dilation, dilation=dilation)
            for dilation in DILATIONS
        )
        self.dropout = Dropout(dropout)
        self.answers = nn.ModuleDict(
            {name: nn.Linear(width, count) for name, count in heads.items()}
        )
        for name, count in heads.items():
            nn.init.constant_(self.answers[name].get_parameter("bias"), USUAL_LOGIT)
            self.register_buffer(f"frequency_{name}", torch.zeros(count))
            self.register_buffer(f"sign_{name}", torch.ones(count))

    def set_classes(self, head: str, frequency: Tensor, resting: int | None) -> None:
        """What is known of the classes of a head before any token is heard.

        Args:
            head: one of those that are learned from.
            frequency: share of the training utterances that carry each, shape (classes,).
            resting: which one is no emotion, or None: tokens are asked for its opposite.
        """
        known, sign = frequency.clone(), torch.ones_like(frequency)
        if resting is not None:
            known[resting], sign[resting] = 1 - known[resting], -1.0
        self.get_buffer(f"frequency_{head}").copy_(known.clamp(0.0, MOST_USUAL))
        self.get_buffer(f"sign_{head}").copy_(sign)

    def forward(
        self, content: Tensor, mask: Tensor, differs: Tensor | None = None
    ) -> SpottedTokens:
        """Score the tokens.

        Args:
            content: zero on padding, shape (N, T, d).
            mask: which tokens are there, shape (N, T).
            differs: how each utterance differs (`unlike_other_turns`), shape (N, 2d);
                None: as little as it can.
        """
        there = mask.unsqueeze(-1)
        h = self.inside(content)
        if self.turn is not None and differs is not None:
            h = h + self.turn(differs).unsqueeze(1)
        h = h * there
        for convolution in self.around:
            around = convolution(self.dropout(h).transpose(1, 2)).transpose(1, 2)
            h = (h + F.gelu(around)) * there
        h = F.gelu(h)
        logits = {name: head(h) for name, head in self.answers.items()}
        strengths = [
            beyond(torch.sigmoid(own), self.get_buffer(f"frequency_{name}")).amax(dim=-1)
            for name, own in logits.items()
        ]
        scores = torch.stack(strengths).amax(dim=0) * several(mask)
        return SpottedTokens(
            scores,
            {
                name: self.get_buffer(f"sign_{name}") * self._answer(own, mask)
                for name, own in logits.items()
            },
        )

    def _answer(self, logits: Tensor, mask: Tensor) -> Tensor:
        """The mean of each class's greatest logits, shape (N, classes); zero without tokens."""
        count = (self.share * mask.sum(dim=1)).ceil().clamp(min=1)
        ranked = logits.masked_fill(~mask.unsqueeze(-1), float("-inf"))
        ranked = ranked.sort(dim=1, descending=True).values
        place = torch.arange(mask.shape[1], device=mask.device)
        taken = (place < count.unsqueeze(1)) & mask.any(dim=1, keepdim=True)
        return ranked.masked_fill(~taken.unsqueeze(-1), 0.0).sum(dim=1) / count.unsqueeze(1)


def beyond(probability: Tensor, frequency: Tensor) -> Tensor:
    """How far a probability is beyond the class's frequency, from 0 to 1.

    Args:
        probability: shape (..., classes).
        frequency: in [0, 1], shape (classes,); 1 gives 0.

    >>> beyond(torch.tensor([0.2, 0.6, 1.0, 0.9]), torch.tensor([0.2, 0.2, 0.2, 1.0]))
    tensor([0.0000, 0.5000, 1.0000, 0.0000])
    """
    room = (1 - frequency).clamp(min=1 - MOST_USUAL)
    return ((probability - frequency) / room).clamp(min=0.0)


def held_against_speaker(x: Tensor, mask: Tensor, speakers: Tensor) -> Tensor:
    """Tokens less the mean of their speaker's, over the standard deviation.

    Args:
        x: shape (B, U, T, d).
        mask: which tokens are there, shape (B, U, T).
        speakers: shape (B, U).

    Returns:
        The same shape, zero on padding, between −5 and 5.

    >>> x = torch.tensor([[[[1.0]], [[3.0]], [[7.0]]]])
    >>> mask = torch.ones(1, 3, 1, dtype=torch.bool)
    >>> held = held_against_speaker(x, mask, torch.tensor([[0, 0, 1]])).flatten()
    >>> [round(value, 2) for value in held.tolist()]
    [-0.95, 0.95, 0.0]
    """
    there = mask.unsqueeze(-1)
    x = x.masked_fill(~there, 0.0)
    own = (speakers.unsqueeze(-1) == speakers.unsqueeze(-2)).to(x.dtype)
    count = (own @ mask.sum(dim=-1, keepdim=True).to(x.dtype)).clamp(min=1)
    mean = own @ x.sum(dim=2) / count
    away = (x - mean.unsqueeze(2)).masked_fill(~there, 0.0)
    square = (own @ away.square().sum(dim=2) / count).clamp(min=LEAST_SQUARE)
    deviation = square.sqrt() + LEAST_DEVIATION
    return (away / deviation.unsqueeze(2)).clamp(-FARTHEST, FARTHEST)


def unlike_other_turns(held: Tensor, mask: Tensor, speakers: Tensor) -> Tensor:
    """How each utterance differs from what is usual among its speaker's.

    Args:
        held: of `held_against_speaker`, zero on padding, shape (B, U, T, d).
        mask: which tokens are there, shape (B, U, T).
        speakers: shape (B, U).

    Returns:
        Of the mean and the deviation of each number, shape (B, U, 2d), between −4 and 4;
        zero without tokens and where a speaker has one utterance.

    >>> held = torch.tensor([[[0.0], [1.0], [5.0]]]).unsqueeze(-1).expand(1, 3, 10, 1)
    >>> mask = torch.ones(1, 3, 10, dtype=torch.bool)
    >>> unlike_other_turns(held, mask, torch.zeros(1, 3, dtype=torch.long))[0, :, 0]
    tensor([-0.4167,  0.0000,  1.6667])
    """
    there = mask.unsqueeze(-1)
    count = there.sum(dim=2).clamp(min=1)
    mean = held.sum(dim=2) / count
    away = (held - mean.unsqueeze(2)).masked_fill(~there, 0.0)
    # Of a single token, or of a still, the deviation is 0: its root must have a gradient.
    spread = (away.square().sum(dim=2) / count).clamp(min=LEAST_SQUARE).sqrt()
    told = torch.cat([mean, spread], dim=-1)
    found = torch.zeros_like(told)
    for speaker in range(int(speakers.max()) + 1):
        own = (mask.any(dim=-1) & (speakers == speaker)).unsqueeze(-1)
        theirs = told.masked_fill(~own, torch.nan)
        usual = _median(theirs)
        deviation = _median((theirs - usual).abs())
        found = torch.where(own, (told - usual) / (deviation + LEAST_TURN_DEVIATION), found)
    return found.clamp(-FARTHEST_TURN, FARTHEST_TURN) * count / (count + SURE_TOKENS)


def _median(x: Tensor) -> Tensor:
    """Over the utterances, NaN aside: the mean of the two in the middle, shape (B, 1, k)."""
    low, high = x.nanmedian(dim=1, keepdim=True), (-x).nanmedian(dim=1, keepdim=True)
    return (low.values - high.values) / 2


def parts_of_turns(mask: Tensor) -> Tensor:
    """Most utterances cut to a part at random: a quarter of their tokens, or more.

    Args:
        mask: which tokens are there, the first ones of each utterance, shape (B, U, T).

    Returns:
        The same shape, a subset; of utterances with tokens never none.
    """
    count = mask.sum(dim=-1, keepdim=True)
    share, place, cut = (torch.rand(count.shape).to(mask.device) for _ in range(3))
    kept = (count * (LEAST_PART + (1 - LEAST_PART) * share)).ceil().clamp(min=FEWEST_TOKENS)
    kept = torch.where(cut < CUT_SHARE, torch.minimum(kept, count), count)
    first = (place * (count - kept + 1)).floor()
    token = torch.arange(mask.shape[-1], device=mask.device)
    return mask & (token >= first) & (token < first + kept)

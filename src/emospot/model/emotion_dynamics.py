"""Emotions last, and they are caught: the answers to a dialogue read together.

A model answers each utterance. Here the emotions y of consecutive utterances form a
chain (a linear-chain conditional random field), with one table of transitions where
the same speaker goes on and one where another speaker answers:

    p(y | dialogue) ∝ Π_i exp(u_i(y_i)) · Π_i [ p(y_i | y_{i−1}, r_i) / p(y_i) ]^λ

u are the model's logits, r_i says whether the speaker changed, and the tables are
counted over the training labels. The answer is the marginal of each y_i: the logits
plus a message from before and one from after, by the forward–backward recursion
(Rabiner 1989); a causal model takes the message from before alone.

Logits that knew nothing of their neighbours would call for λ = 1. Ours have read the
dialogue already, so that λ < 1; it is chosen by cross-validation within training.
Nothing is learned through the chain: training sees the logits.

Messages are centred over the classes, so that flat tables (λ = 0, or a head that is
not of a single label) leave the logits as they are.
"""

import torch
from torch import Tensor, nn


class EmotionDynamics(nn.Module):
    """The chain over one head's answers.

    Args:
        classes: K.
        strength: λ, from 0 (off) to 1.
        causal: whether later utterances must not be read.
    """

    log_ratio: Tensor

    def __init__(self, classes: int, strength: float, *, causal: bool) -> None:
        super().__init__()
        self.strength = strength
        self.causal = causal
        self.register_buffer("log_ratio", torch.zeros(2, classes, classes))

    def set_transitions(self, counts: Tensor) -> None:
        """Take the tables from how often one class followed another.

        Args:
            counts: same speaker, other speaker × class before × class after,
                shape (2, K, K).
        """
        self.log_ratio.copy_(transition_log_ratio(counts))

    def forward(self, logits: Tensor, known: Tensor, speakers: Tensor) -> Tensor:
        """The chain's marginals, up to a constant an utterance.

        Args:
            logits: shape (B, U, K).
            known: utterances that are answered at all, shape (B, U); the others
                are left out of the chain, and their logits stay.
            speakers: index of the speaker within the conversation, shape (B, U).
        """
        return chain_marginals(
            logits, known, speakers, self.strength * self.log_ratio, causal=self.causal
        )


def transition_log_ratio(counts: Tensor) -> Tensor:
    """The tables of the chain: log p(after | before, relation) / p(after), shape (2, K, K).

    As many transitions as there are classes are added to each row, spread as the
    classes are; a row that was never seen is all zeros.

    >>> counts = torch.zeros(2, 2, 2)
    >>> counts[0] = torch.tensor([[8.0, 0.0], [0.0, 8.0]])
    >>> transition_log_ratio(counts).exp()
    tensor([[[1.8000, 0.2000],
             [0.2000, 1.8000]],
    <BLANKLINE>
            [[1.0000, 1.0000],
             [1.0000, 1.0000]]])
    """
    K = counts.shape[-1]
    after = counts.sum(dim=(0, 1)) + 1
    share = after / after.sum()
    smoothed = counts + K * share
    return torch.log(smoothed / smoothed.sum(dim=-1, keepdim=True)) - torch.log(share)


def chain_marginals(
    logits: Tensor, known: Tensor, speakers: Tensor, log_ratio: Tensor, *, causal: bool
) -> Tensor:
    """Logits plus the messages of a chain over the known utterances.

    Args:
        logits: shape (B, U, K).
        known: shape (B, U).
        speakers: shape (B, U).
        log_ratio: same speaker, other speaker × before × after, shape (2, K, K).
        causal: leave out the messages from after.

    Returns:
        Shape (B, U, K); where not known the logits.
    """
    # The known utterances first, in order, so that neighbours in the chain stand side by side.
    order = torch.argsort((~known).to(torch.uint8), dim=1, stable=True)
    places = order.unsqueeze(-1).expand_as(logits)
    u = logits.gather(1, places)
    there = known.gather(1, order)
    speaker = speakers.gather(1, order)
    tables = log_ratio[(speaker[:, 1:] != speaker[:, :-1]).long()]
    message = torch.zeros_like(u[:, 0])
    before = [message]
    for i in range(u.shape[1] - 1):
        message = _centred(
            torch.logsumexp((message + u[:, i]).unsqueeze(-1) + tables[:, i], dim=1)
        )
        before.append(message)
    answer = u + torch.stack(before, dim=1)
    if not causal:
        message = torch.zeros_like(u[:, 0])
        after = [message]
        for i in range(u.shape[1] - 2, -1, -1):
            told = (message + u[:, i + 1]).unsqueeze(1) + tables[:, i]
            message = _centred(torch.logsumexp(told, dim=2)) * there[:, i + 1].unsqueeze(-1)
            after.append(message)
        answer = answer + torch.stack(after[::-1], dim=1)
    return torch.where(
        known.unsqueeze(-1), torch.empty_like(logits).scatter(1, places, answer), logits
    )


def _centred(message: Tensor) -> Tensor:
    return message - message.mean(dim=-1, keepdim=True)

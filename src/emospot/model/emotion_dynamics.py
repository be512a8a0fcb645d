"""Emotions last, and they are caught: the answers to a dialogue read together.

A model answers each utterance. Here the emotions y of consecutive utterances form a
chain (a linear-chain conditional random field), with one table of transitions where
the same speaker goes on, one where another speaker answers, and one for when it is not
known who speaks:

    p(y | dialogue) ∝ Π_i exp(u_i(y_i)) · Π_i [ p(y_i | y_{i−1}, r_i) / p(y_i) ]^λ

u are the model's logits, r_i says whether the speaker changed, and the tables are
counted over the training labels, the third over all of them. The answer is the
marginal of each y_i: the logits plus a message from before and one from after, by the
forward–backward recursion (Rabiner 1989); a causal model takes the message from
before alone.

Logits that knew nothing of their neighbours would call for λ = 1. Ours have read the
dialogue already, so that λ < 1; it is chosen by cross-validation within training.
Nothing is learned through the chain: training sees the logits.

Messages are centred over the classes, so that flat tables (λ = 0, or a head that is
not of a single label) leave the logits as they are.
"""

import torch
from torch import Tensor, nn

from emospot.model.past import Past
from emospot.model.recurrence_as_graph import stable_order

RELATIONS = 3
UNKNOWN = 2
"""The relation of two utterances of which it is not known who speaks."""
LONGEST_EXPORTED = 4096
"""Utterances over which the chain of an exported model runs; farther it tells nothing."""


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
        self.register_buffer("log_ratio", torch.zeros(RELATIONS, classes, classes))

    def set_transitions(self, counts: Tensor) -> None:
        """Take the tables from how often one class followed another.

        Args:
            counts: relation (see `relation_of`) × class before × class after,
                shape (3, K, K).
        """
        self.log_ratio.copy_(transition_log_ratio(counts))

    def forward(
        self,
        logits: Tensor,
        known: Tensor,
        speakers: Tensor,
        named: Tensor,
        past: Past | None = None,
        name: str = "",
    ) -> Tensor:
        """The chain's marginals, up to a constant an utterance.

        Args:
            logits: shape (B, U, K).
            known: utterances that are answered at all, shape (B, U); the others
                are left out of the chain, and their logits stay.
            speakers: index of the speaker within the conversation, shape (B, U).
            named: whether it is known who speaks, shape (B, U).
            past: what was kept of the one conversation that they go on with.
            name: under which the last known utterance is kept there.
        """
        if not torch.compiler.is_exporting() and not self.log_ratio.any():
            return logits
        U = logits.shape[1]
        # What is believed of the last known utterance is all that the next ones need.
        last = past.kept(name) if past is not None else None
        if last is not None:
            belief, speaker, told = last
            logits = torch.cat((belief, logits), dim=1)
            known = torch.cat((torch.ones_like(told), known), dim=1)
            speakers = torch.cat((speaker, speakers), dim=1)
            named = torch.cat((told, named), dim=1)
        answers = chain_marginals(
            logits, known, speakers, named, self.strength * self.log_ratio, causal=self.causal
        )
        if past is not None and known.any():
            at = torch.nonzero(known[0])[-1:, 0]
            past.keep(name, (answers[:, at], speakers[:, at], named[:, at]))
        return answers[:, -U:]


def transition_log_ratio(counts: Tensor) -> Tensor:
    """The tables of the chain: log p(after | before, relation) / p(after), shape (3, K, K).

    That of the relation "not known" is over all transitions, whoever spoke. As many
    transitions as there are classes are added to each row, spread as the classes are;
    a row that was never seen is all zeros.

    >>> counts = torch.zeros(3, 2, 2)
    >>> counts[0] = torch.tensor([[8.0, 0.0], [0.0, 8.0]])
    >>> transition_log_ratio(counts).exp()[:2]
    tensor([[[1.8000, 0.2000],
             [0.2000, 1.8000]],
    <BLANKLINE>
            [[1.0000, 1.0000],
             [1.0000, 1.0000]]])
    """
    K = counts.shape[-1]
    told = torch.cat([counts[:UNKNOWN], counts.sum(dim=0, keepdim=True)])
    after = counts.sum(dim=(0, 1)) + 1
    share = after / after.sum()
    smoothed = told + K * share
    return torch.log(smoothed / smoothed.sum(dim=-1, keepdim=True)) - torch.log(share)


def relation_of(changed: Tensor, named: Tensor) -> Tensor:
    """0 where the same speaker goes on, 1 where another answers, 2 where it is not known.

    Args:
        changed: whether the speaker differs from the one before, any shape.
        named: whether both are known, same shape.
    """
    return torch.where(named, changed.long(), UNKNOWN)


def chain_marginals(
    logits: Tensor,
    known: Tensor,
    speakers: Tensor,
    named: Tensor,
    log_ratio: Tensor,
    *,
    causal: bool,
) -> Tensor:
    """Logits plus the messages of a chain over the known utterances.

    Args:
        logits: shape (B, U, K).
        known: shape (B, U).
        speakers: shape (B, U).
        named: shape (B, U).
        log_ratio: relation × before × after, shape (3, K, K).
        causal: leave out the messages from after.

    Returns:
        Shape (B, U, K); where not known the logits.
    """
    # The known utterances first, in order, so that neighbours in the chain stand side by side.
    order = stable_order((~known).long())
    places = order.unsqueeze(-1).expand_as(logits)
    u = logits.gather(1, places)
    there = known.gather(1, order)
    speaker = speakers.gather(1, order)
    told = named.gather(1, order)
    changed = speaker[:, 1:] != speaker[:, :-1]
    tables = log_ratio[relation_of(changed, told[:, 1:] & told[:, :-1])]
    first = torch.zeros_like(u[:, :1])
    answer = u + torch.cat((first, _messages(u[:, :-1].unsqueeze(-1) + tables)), dim=1)
    if not causal:
        # Beyond the last known utterance there is nobody to tell anything.
        back = (u[:, 1:].unsqueeze(-2) + tables).masked_fill(~there[:, 1:, None, None], 0.0)
        after = _messages(back.flip(1).transpose(-1, -2)).flip(1)
        answer = answer + torch.cat((after, first), dim=1)
    return torch.where(
        known.unsqueeze(-1), torch.empty_like(logits).scatter(1, places, answer), logits
    )


def _messages(steps: Tensor) -> Tensor:
    """What is told after each step, by all steps so far.

    Chances are multiplied in order by doubling (Hillis and Steele, 1986): each product with
    the one before it makes one of twice the length, so n steps take log n rounds, each over
    all of them at once.

    Args:
        steps: logarithms, shape (B, n, K, K): of the class before, and of that after.

    Returns:
        Logarithms, centred, shape (B, n, K).
    """
    n, K = steps.shape[1], steps.shape[-1]
    # In double precision what is lost is e⁻⁷⁰⁰ times less likely than what is kept. The classes
    # first, (before, after, B, n): that many small matrices are multiplied element by element.
    product = torch.exp((steps - steps.amax(dim=(-2, -1), keepdim=True)).double())
    product = product.permute(2, 3, 0, 1).contiguous()
    # What changes nothing, in the place of what lies before the beginning.
    nothing = torch.eye(K, dtype=product.dtype, device=product.device)[..., None, None]
    reach = 1
    while reach < (LONGEST_EXPORTED if torch.compiler.is_exporting() else n):
        beginning = nothing.expand(K, K, product.shape[2], reach)
        earlier = torch.cat((beginning, product), dim=-1)[..., :n]
        # One class between after the other: all at once would take K times the memory.
        found = earlier[:, 0, None] * product[0]
        for between in range(1, K):
            found = torch.addcmul(found, earlier[:, between, None], product[between])
        product = found / found.amax(dim=(0, 1))
        reach *= 2
    return _centred(product.sum(dim=0).log().permute(1, 2, 0).to(steps.dtype))


def _centred(message: Tensor) -> Tensor:
    return message - message.mean(dim=-1, keepdim=True)

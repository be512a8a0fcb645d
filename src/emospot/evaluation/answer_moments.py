"""From which moments a model's answers come, and whether they are those that are marked.

A model with a second reading says itself how likely each moment is the one that tells
(`model.second_reading`). Of any other model it is asked what each token adds to how far the
answer ŷ is ahead of the other classes, to first order:

    s[t] = x[t] · ∂ (l_ŷ − mean_c l_c) / ∂ x[t]

over the logits l of the utterance's own answer. Of one that knows the posterior of a burst
of direction v and strength A in noise that is A x[t]·v times the probability that the burst
lies over t, since

    ∂ log Σ_s exp(A Σ_{t ∈ s} x[t]·v) / ∂ x[t] = A v · P(t ∈ s | x)

So a model that is trained on labels of utterances alone can be held against the exact
posterior of planted conversations: each answers with one span of the mark's length a
modality, and a span is found if its IoU with the mark is at least one half. With one span
for one mark precision, recall and F1 are the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emospot.batch import Example, collate
from emospot.conversation import Hotspot, Tokens
from emospot.features.store import FeatureStore
from emospot.hotspots.marks import is_marks
from emospot.hotspots.tokens import token_scores
from emospot.model.pretrained import PretrainedModel

HOTSPOT_F1 = "hotspot_f1"
LEAST_IOU = 0.5
CENTRE = 1e-3
"""By so much the middle of a span counts more: of equal spans the most central one is taken."""
BATCH = 16
MOST_ASKED = 100
"""Conversations of which a model that does not say itself where it reads is asked: a pass back
for every utterance takes its time."""


def token_strengths(
    model: PretrainedModel, examples: Sequence[Example]
) -> list[dict[str, NDArray[np.float32]]]:
    """How much each token has to do with the answer of its utterance.

    Args:
        model: of a single label.
        examples: the conversations.

    Returns:
        Of each conversation: modality → shape (U, T), zero where no token is, or where
        the answer does not depend on any.
    """
    dims = {m: f.dim for m, f in model.card.features.items()}
    found = []
    for first in range(0, len(examples), BATCH):
        part = examples[first : first + BATCH]
        batch = collate(part, dims)
        values = {
            m: t.values.masked_fill(~t.mask.unsqueeze(-1), 0.0).requires_grad_()
            for m, t in batch.modalities.items()
        }
        tensors = {m: replace(t, values=values[m]) for m, t in batch.modalities.items()}
        with torch.enable_grad():
            output = model.recognizer(replace(batch, modalities=tensors))
            shares = output.reading or _added(output.logits[model.card.main.name], values)
        shares = {m: share.detach() * batch.modalities[m].mask for m, share in shares.items()}
        for place, example in enumerate(part):
            U = len(example.conversation.utterances)
            found.append({m: share[place, :U].numpy() for m, share in shares.items()})
    return found


def _added(logits: Tensor, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What each token adds to how far the answer of its utterance is ahead, (B, U, T) each.

    An utterance at a time, since a token also has to do with what is answered around it.
    """
    ahead = logits.amax(dim=-1) - logits.mean(dim=-1)
    found = {m: torch.zeros(x.shape[:-1]) for m, x in values.items()}
    if not ahead.requires_grad:
        return found
    for u in range(ahead.shape[1]):
        gradients = torch.autograd.grad(
            ahead[:, u].sum(), list(values.values()), allow_unused=True, retain_graph=True
        )
        for (m, x), gradient in zip(values.items(), gradients, strict=True):
            if gradient is not None:
                found[m][:, u] = (x[:, u] * gradient[:, u]).sum(dim=-1).detach()
    return found


def hotspot_scores(
    model: PretrainedModel, examples: Sequence[Example], store: FeatureStore
) -> dict[str, float]:
    """The share of marks that are found, "hotspot_f1"; empty where nothing is to be found.

    An oracle, which is told of the marks, finds nothing.

    Args:
        model: trained without the marks, or with them.
        examples: of the store.
        store: whose hotspots are marks, else nothing is known of where emotion shows.
    """
    marked = any(is_marks(store.detectors.get(m, "")) for m in model.recognizer.modalities)
    told = getattr(model.config, "oracle", False)
    if not marked or told or model.card.main.kind != "single":
        return {}
    says = getattr(model.config, "second_reading", False)
    examples = examples if says else examples[:MOST_ASKED]
    strengths = token_strengths(model, examples)
    if not any(own.any() for one in strengths for own in one.values()):
        return {}
    hits, asked = found_marks(strengths, examples).sum(axis=0)
    return {HOTSPOT_F1: float(hits / asked)} if asked else {}


def found_marks(
    strengths: Sequence[Mapping[str, NDArray[np.float32]]], examples: Sequence[Example]
) -> NDArray[np.float64]:
    """How many marks are found at the strongest spans of their length.

    Args:
        strengths: of each conversation, as `token_strengths` gives them.
        examples: the conversations, their marks in the place of hotspots; utterances
            with exactly one mark in a modality are asked about.

    Returns:
        Of each conversation, marks that were found and all that were asked about, shape
        (C, 2).
    """
    rows = []
    for own, example in zip(strengths, examples, strict=True):
        hits = [
            _hit(own[m][u], tokens, marks[0])
            for m in own
            for u, tokens in enumerate(example.tokens.get(m, ()))
            if tokens is not None
            and len(marks := [h for h in example.hotspots[u] if h.modality == m]) == 1
            and token_scores(tokens, marks).any()
        ]
        rows.append((sum(hits), len(hits)))
    return np.array(rows, dtype=np.float64).reshape(-1, 2)


def _hit(strengths: NDArray[np.float32], tokens: Tokens, mark: Hotspot) -> bool:
    marked = np.flatnonzero(token_scores(tokens, [mark]))
    start = strongest_span(strengths[: len(tokens)], len(marked))
    both = np.intersect1d(marked, np.arange(start, start + len(marked)))
    return len(both) >= LEAST_IOU * (2 * len(marked) - len(both))


def strongest_span(strengths: NDArray[np.floating], length: int) -> int:
    """Where the span of a length begins whose strengths have the greatest sum.

    >>> strongest_span(np.array([0.0, 0.0, 1.0, 0.0, 0.0]), 3)
    1
    """
    kernel = np.ones(length)
    kernel[length // 2] += CENTRE
    return int(np.correlate(strengths, kernel, mode="valid").argmax())

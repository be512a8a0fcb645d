"""Modality dropout: training on what a user may not have.

With probability p a conversation loses one modality throughout (a transcript
without sound), and each utterance loses one with probability p (a face that turns
away). The last modality of an utterance is never taken.
"""

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from emospot.batch import ConversationBatch


def drop_modalities(present: Tensor, probability: float) -> Tensor:
    """Which modalities are left.

    Args:
        present: shape (B, U, M), bool.
        probability: of a loss, for a conversation and for an utterance.

    Returns:
        Shape (B, U, M); a subset of `present`, empty only where `present` is.
    """
    B, U, M = present.shape
    for rows in (1, U):
        lost = F.one_hot(torch.randint(M, (B, rows)), M).bool()
        lost &= (torch.rand(B, rows) < probability).unsqueeze(-1)
        left = present & ~lost.to(present.device)
        present = torch.where(left.any(dim=-1, keepdim=True), left, present)
    return present


def with_modality_dropout(batch: ConversationBatch, probability: float) -> ConversationBatch:
    """The batch after modality dropout."""
    if probability == 0 or batch.present.shape[-1] == 1:
        return batch
    return replace(batch, present=drop_modalities(batch.present, probability))

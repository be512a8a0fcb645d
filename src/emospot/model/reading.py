"""What a kernel reader reads of a conversation: texts, mean tokens and timing, as arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emospot.batch import ConversationBatch
from emospot.conversation import WORDS
from emospot.model.row_groups import MOST_ROWS
from emospot.model.timing import OF_WORDS, timing_of

TIMING = "timing"
"""Stands among the modalities' names for the numbers of `model.timing`."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Reading:
    """One conversation of U utterances as this reader reads it.

    Args:
        texts: what may be read of each utterance, "" for nothing.
        speakers: index of the speaker, shape (U,).
        vectors: modality, and "timing" → numbers of each utterance, shape (U, d).
        present: the same names → which utterances have them, shape (U,).
    """

    texts: Sequence[str]
    speakers: NDArray[np.int64]
    vectors: Mapping[str, Floats]
    present: Mapping[str, NDArray[np.bool_]]

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which utterances have any modality, shape (U,)."""
        there = [own for name, own in self.present.items() if name != TIMING]
        return np.asarray(np.logical_or.reduce(there))

    def alone(self, modality: str) -> "Reading":
        """The same conversation with one modality only."""
        present = {
            name: own if name in (modality, TIMING) else np.zeros_like(own)
            for name, own in self.present.items()
        }
        if modality == WORDS:
            return Reading(self.texts, self.speakers, self.vectors, present)
        timing = self.vectors[TIMING].copy()
        timing[:, OF_WORDS] = 0.0
        vectors = {**self.vectors, TIMING: timing}
        return Reading(("",) * len(self.texts), self.speakers, vectors, present)


def readings_of(batch: ConversationBatch, timing: Tensor | None = None) -> list[Reading]:
    """The conversations of a batch; the vector of an utterance is the mean of its tokens.

    They are read in NumPy: no gradient goes through them.

    Args:
        batch: conversations.
        timing: of the batch, shape (B, U, 6); None: it is computed.
    """
    present = (batch.present & batch.mask.unsqueeze(-1)).cpu().numpy()
    speakers = batch.speakers.cpu().numpy()
    spoken = (timing_of(batch) if timing is None else timing).float().cpu().numpy()
    means = {m: _means(batch, m) for m in batch.modalities}
    found = []
    for b, ids in enumerate(batch.ids):
        U = len(ids)
        there = {m: present[b, :U, number] for number, m in enumerate(means)}
        worded = there.get(WORDS, np.zeros(U, dtype=bool))
        found.append(
            Reading(
                tuple(
                    text if own else "" for text, own in zip(batch.texts[b], worded, strict=True)
                ),
                speakers[b, :U],
                {**{m: x[b, :U] for m, x in means.items()}, TIMING: spoken[b, :U]},
                {**there, TIMING: np.ones(U, dtype=bool)},
            )
        )
    return found


def column(
    readings: Sequence[Reading], name: str
) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """The numbers of one source over all utterances, and which have them."""
    values = np.concatenate([reading.vectors[name] for reading in readings])
    return values, np.concatenate([reading.present[name] for reading in readings])


def _means(batch: ConversationBatch, modality: str) -> Floats:
    """The mean of each utterance's tokens, shape (B, U, d)."""
    tensors = batch.modalities[modality]
    # A few utterances at a time, so that single precision is never there for all tokens;
    # NaN in the padding must not spread.
    rows = zip(
        tensors.values.flatten(0, 1).split(MOST_ROWS),
        tensors.mask.flatten(0, 1).split(MOST_ROWS),
        strict=True,
    )
    total = torch.cat(
        [
            own.detach().float().masked_fill(~mask.unsqueeze(-1), 0.0).sum(dim=1)
            for own, mask in rows
        ]
    ).unflatten(0, tensors.mask.shape[:2])
    mean = total / tensors.mask.sum(dim=2, keepdim=True).clamp(min=1)
    return np.asarray(mean.cpu().numpy())

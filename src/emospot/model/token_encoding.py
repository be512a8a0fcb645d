"""The utterances of a batch as groups of rows with encoded tokens."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from emospot.batch import ConversationBatch
from emospot.model.learned_moments import LearnedMoments
from emospot.model.row_groups import RowGroup, put_back, rows_by_length
from emospot.model.spotters import Spotter, heard_turns, spotted_moments
from emospot.model.stem import ModalityStem


def spotters_of(stems: Mapping[str, ModalityStem]) -> dict[str, Spotter]:
    """Modality → what finds its hotspots, where they are learned."""
    return {m: stem.spotter for m, stem in stems.items() if stem.spotter is not None}


def fused_rows(
    stems: Mapping[str, ModalityStem],
    batch: ConversationBatch,
    present: Tensor,
    gates: Mapping[str, Tensor],
    *,
    causal: bool,
    training: bool,
) -> Iterator[RowGroup]:
    """Standardise the tokens of each group of rows, find their hotspots and fuse them.

    Args:
        stems: modality → its parts, in the order of the batch.
        batch: conversations.
        present: which utterance has which modality, shape (B, U, M).
        gates: modality → gate of each token, shape (B, U, T), which are filled in; of
            modalities with hotspot-gated fusion.
        causal: whether later utterances must not be read.
        training: whether the model learns.
    """
    heard = {
        m: heard_turns(
            batch.modalities[m],
            present[:, :, list(stems).index(m)],
            batch.speakers,
            stems[m].normalisation,
            causal=causal,
            training=training,
        )
        for m, spotter in spotters_of(stems).items()
        if isinstance(spotter, LearnedMoments)
    }
    for rows in rows_by_length(batch):
        group = RowGroup(rows)
        for number, (m, stem) in enumerate(stems.items()):
            tensors = batch.modalities[m]
            there = present[:, :, number].flatten()[rows]
            mask = tensors.mask.flatten(0, 1)[rows] & there.unsqueeze(1)
            T = mask.shape[1]
            if not torch.compiler.is_exporting():
                T = max(1, int(mask.sum(dim=1).max()))
            mask = mask[:, :T]
            times = tensors.times.flatten(0, 1)[rows, :T]
            scores = tensors.scores.flatten(0, 1)[rows, :T] * mask
            values = tensors.values.flatten(0, 1)[rows, :T]
            standardised = stem.normalisation.standardised(values)
            content = stem.normalisation.dropout(standardised)
            # Normalised padding is not zero; NaN in it must not spread.
            content = content.masked_fill(~mask.unsqueeze(-1), 0.0)
            if stem.spotter is not None:
                group.marks[m] = scores
                group.spotted[m] = (
                    spotted_moments(stem.spotter, heard[m], rows, T)
                    if isinstance(stem.spotter, LearnedMoments)
                    else stem.spotter(content, mask)
                )
                scores = group.spotted[m].scores
            fused = stem.fusion(content, scores)
            if fused.gate is not None:
                gates[m].view(-1, gates[m].shape[-1])[rows, :T] = (fused.gate * mask).detach()
            group.x[m], group.mask[m], group.times[m] = fused.tokens, mask, times
            if stem.mean_path is not None:
                group.means[m] = stem.mean_path(standardised, mask)
        yield group


def encoded_summaries(
    stems: Mapping[str, ModalityStem], groups: list[RowGroup], mask: Tensor
) -> dict[str, Tensor]:
    """Encode each group's tokens in place; the pooled summaries, shape (B, U, D)."""
    summaries = {}
    for m, stem in stems.items():
        pooled = []
        for group in groups:
            group.x[m], summary = stem.tokens(group.x[m], group.mask[m], group.times[m])
            pooled.append(summary + group.means[m] if m in group.means else summary)
        summaries[m] = put_back(pooled, groups, mask)
    return summaries

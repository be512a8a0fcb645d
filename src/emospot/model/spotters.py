"""What the recognizer asks of learned hotspots, of whichever kind they are.

Words have `LearnedHotspots` (which of the words?), voices and faces `LearnedMoments`
(is the speaker moved now?).
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from emospot.batch import ModalityTensors
from emospot.model.inputs import InputNormalisation
from emospot.model.learned_hotspots import LearnedHotspots, marks_loss, several
from emospot.model.learned_moments import LearnedMoments, held_against_speaker
from emospot.model.row_groups import RowGroup, put_back

Spotter = LearnedHotspots | LearnedMoments


def moment_tokens(
    tensors: ModalityTensors,
    present: Tensor,
    speakers: Tensor,
    normalisation: InputNormalisation,
    *,
    causal: bool,
) -> Tensor:
    """The tokens that `LearnedMoments` reads, shape (B, U, T, d).

    Args:
        tensors: of one modality of the batch.
        present: in which utterances it is there, shape (B, U).
        speakers: index of the speaker, shape (B, U).
        normalisation: of the modality.
        causal: whether later utterances must not be read.
    """
    content = normalisation.standardised(tensors.values)
    if causal:
        return content
    return held_against_speaker(content, tensors.mask & present.unsqueeze(-1), speakers)


def hotspot_losses(
    spotters: Mapping[str, Spotter], groups: Sequence[RowGroup]
) -> dict[str, Tensor]:
    """What keeps hotspots short and teaches marked ones; empty without spotters."""
    if not spotters:
        return {}
    rows = max(1, sum(len(group.rows) for group in groups))
    marks = [
        marks_loss(group.spotted[m].scores, group.marks[m], group.mask[m]) * len(group.rows) / rows
        for group in groups
        for m in spotters
    ]
    lengths = [
        spotter.length_loss(
            torch.cat([group.spotted[m].scores.flatten() for group in groups]),
            torch.cat([several(group.mask[m]).flatten() for group in groups]),
        )
        for m, spotter in spotters.items()
        if isinstance(spotter, LearnedHotspots)
    ]
    found = {"hotspot_marks": torch.stack(marks).sum() / len(spotters)}
    return found | ({"hotspot_length": torch.stack(lengths).mean()} if lengths else {})


def answers_of(
    spotters: Mapping[str, Spotter],
    kind: type[LearnedHotspots] | type[LearnedMoments],
    groups: Sequence[RowGroup],
    mask: Tensor,
) -> dict[str, tuple[Tensor, ...]]:
    """Head → what the spotters of a kind answer by themselves, each of shape (B, U, classes)."""
    own = {m: spotter for m, spotter in spotters.items() if isinstance(spotter, kind)}
    heads = dict.fromkeys(name for spotter in own.values() for name in spotter.answers)
    return {
        name: tuple(
            put_back([group.spotted[m].answers[name] for group in groups], groups, mask)
            for m in own
        )
        for name in heads
    }

"""What the recognizer asks of learned hotspots, of whichever kind they are.

Words have `LearnedHotspots` (which of the words?), voices and faces `LearnedMoments`
(is the speaker moved now?).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from emospot.batch import ModalityTensors
from emospot.model.inputs import InputNormalisation
from emospot.model.learned_hotspots import (
    LearnedHotspots,
    SpottedTokens,
    marks_loss,
    several,
)
from emospot.model.learned_moments import (
    LearnedMoments,
    held_against_speaker,
    parts_of_turns,
    unlike_other_turns,
)
from emospot.model.row_groups import RowGroup, put_back

Spotter = LearnedHotspots | LearnedMoments


@dataclass(frozen=True, slots=True)
class HeardTurns:
    """What `LearnedMoments` reads of a batch.

    Args:
        tokens: held against the speaker, zero on padding, shape (B, U, T, d).
        mask: which are heard, shape (B, U, T).
        differs: of `unlike_other_turns`, shape (B, U, 2d); None in a causal model.
    """

    tokens: Tensor
    mask: Tensor
    differs: Tensor | None


def heard_turns(
    tensors: ModalityTensors,
    present: Tensor,
    speakers: Tensor,
    normalisation: InputNormalisation,
    *,
    causal: bool,
    training: bool,
) -> tuple[HeardTurns, ...]:
    """The turns, and in training besides the parts of them that answer.

    Args:
        tensors: of one modality of the batch.
        present: in which utterances it is there, shape (B, U).
        speakers: index of the speaker, shape (B, U).
        normalisation: of the modality.
        causal: whether later utterances must not be read: then they are held against
            nothing.
        training: whether it is to learn.
    """
    content = normalisation.standardised(tensors.values)
    mask = tensors.mask & present.unsqueeze(-1)
    found = []
    for heard in (mask, parts_of_turns(mask)) if training else (mask,):
        if causal:
            tokens = content.masked_fill(~heard.unsqueeze(-1), 0.0)
            found.append(HeardTurns(tokens, heard, None))
            continue
        tokens = held_against_speaker(content, heard, speakers)
        found.append(HeardTurns(tokens, heard, unlike_other_turns(tokens, heard, speakers)))
    return tuple(found)


def spotted_moments(
    spotter: LearnedMoments, heard: Sequence[HeardTurns], rows: Tensor, tokens: int
) -> SpottedTokens:
    """Scores of the first, answers of the last of what was heard.

    Args:
        spotter: of the modality.
        heard: of the batch.
        rows: which of the B · U utterances.
        tokens: how many of each.
    """
    found = [
        spotter(
            one.tokens.flatten(0, 1)[rows, :tokens],
            one.mask.flatten(0, 1)[rows, :tokens],
            None if one.differs is None else one.differs.flatten(0, 1)[rows],
        )
        for one in heard
    ]
    return SpottedTokens(found[0].scores, found[-1].answers)


def hotspot_losses(
    spotters: Mapping[str, Spotter], groups: Sequence[RowGroup], utterances: int
) -> dict[str, Tensor]:
    """What keeps hotspots short and teaches marked ones; empty without spotters.

    Args:
        spotters: modality → what finds its hotspots.
        groups: of all rows of the batch.
        utterances: of each conversation, U.
    """
    if not spotters:
        return {}
    marks, lengths = [], []
    for m, spotter in spotters.items():
        scores, marked, there = (
            torch.cat([part.flatten() for part in parts])
            for parts in zip(
                *((g.spotted[m].scores, g.marks[m], several(g.mask[m])) for g in groups),
                strict=True,
            )
        )
        owners = torch.cat(
            [
                _owner(group.rows, spotter, utterances).repeat_interleave(group.mask[m].shape[1])
                for group in groups
            ]
        )
        marks.append(marks_loss(scores, marked, there & _of_marked(marked, owners)))
        if isinstance(spotter, LearnedHotspots):
            lengths.append(spotter.length_loss(scores, there))
    found = {"hotspot_marks": torch.stack(marks).sum()}
    return found | ({"hotspot_length": torch.stack(lengths).mean()} if lengths else {})


def _owner(rows: Tensor, spotter: Spotter, utterances: int) -> Tensor:
    """To what the tokens of each row belong that is marked or not: utterance or conversation."""
    return rows if isinstance(spotter, LearnedHotspots) else rows // utterances


def _of_marked(marks: Tensor, owners: Tensor) -> Tensor:
    """Which tokens belong to something with a mark."""
    most = marks.new_zeros(int(owners.max()) + 1 if len(owners) else 0)
    most = most.scatter_reduce(0, owners, marks, "amax")
    return most[owners] > 0


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

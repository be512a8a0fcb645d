"""What the recognizer asks of learned hotspots, of whichever kind they are.

Words have `LearnedHotspots` (which of the words?), voices and faces `LearnedMoments`
(is the speaker moved now?).
"""

from collections.abc import Mapping, Sequence

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


Heard = tuple[Tensor, Tensor]
"""Tokens, zero on padding, shape (B, U, T, `moment_numbers`), and their mask (B, U, T)."""


def heard_turns(
    tensors: ModalityTensors,
    present: Tensor,
    speakers: Tensor,
    normalisation: InputNormalisation,
    *,
    causal: bool,
    training: bool,
) -> tuple[Heard, ...]:
    """What `LearnedMoments` reads: the turns, and in training parts of them to answer by.

    Args:
        tensors: of one modality of the batch.
        present: in which utterances it is there, shape (B, U).
        speakers: index of the speaker, shape (B, U).
        normalisation: of the modality.
        causal: whether later utterances must not be read.
        training: whether it is to learn.
    """
    content = normalisation.standardised(tensors.values)
    mask = tensors.mask & present.unsqueeze(-1)
    masks = (mask, parts_of_turns(mask)) if training else (mask,)
    return tuple((moment_tokens(content, own, speakers, causal=causal), own) for own in masks)


def moment_tokens(content: Tensor, mask: Tensor, speakers: Tensor, *, causal: bool) -> Tensor:
    """Tokens held against those of their speaker, shape (B, U, T, `moment_numbers`).

    Args:
        content: standardised, shape (B, U, T, d).
        mask: which are heard, shape (B, U, T).
        speakers: index of the speaker, shape (B, U).
        causal: whether later utterances must not be read: then against nothing.
    """
    there = mask.unsqueeze(-1)
    if causal:
        return content.masked_fill(~there, 0.0)
    held = held_against_speaker(content, mask, speakers)
    turns = unlike_other_turns(held, mask, speakers).unsqueeze(2)
    return torch.cat([held, turns.expand(-1, -1, mask.shape[2], -1) * there], dim=-1)


def spotted_moments(
    spotter: LearnedMoments, heard: Sequence[Heard], rows: Tensor, tokens: int
) -> SpottedTokens:
    """Scores of the first, answers of the last of what was heard.

    Args:
        spotter: of the modality.
        heard: of the batch.
        rows: which of the B · U utterances.
        tokens: how many of each.
    """
    found = [
        spotter(x.flatten(0, 1)[rows, :tokens], mask.flatten(0, 1)[rows, :tokens])
        for x, mask in heard
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

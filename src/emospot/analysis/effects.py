"""What counted for each answer: the model is asked again without it.

With ŷ the most probable class of an utterance and p its calibrated probability,

    effect = p(ŷ) − p(ŷ, without a modality in the whole conversation)
    effect = p(ŷ) − p(ŷ, without the tokens of one hotspot)

both at the temperature of the first answer (what is read in part has another one:
`model.confidence`). So a positive effect speaks for the answer, a negative one against it.
Effects do not add up: what words and voice both say is lost with neither of them alone.
Without the last of its modalities the model answers with how often each class is (its
prior); that, too, is a fall.

One pass over the conversation for each hotspot would be quadratic in its length. But
withholding a few words of one utterance hardly moves the answers some turns away. So the
hotspots of a long conversation are dealt in turn to a fixed number of passes, as cards to
players: those of one pass lie far apart. How near that comes is measured
(docs/experiments.md). Where hotspots are so dense that they would not lie `APART`
utterances apart, the strongest of each utterance alone are asked about. A conversation with
no more hotspots than passes is asked exactly, and of all of them. Of speeches of many
hundred words in one utterance, where a pass is all that an analysis costs, modalities alone
are asked about.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from emospot.analysis.course import OnShare
from emospot.analysis.used_hotspots import tokens_inside, uses_hotspots
from emospot.batch import Example
from emospot.conversation import Hotspot
from emospot.model.predict import UTTERANCES_A_BATCH, Prediction, predict
from emospot.model.pretrained import PretrainedModel
from emospot.model.withheld import with_tokens, without_modality

PASSES = 12
"""Over a long conversation, for the effects of all its hotspots; over a short one as many as
fit into two batches."""
APART = 10
"""Utterances that lie between two hotspots of a pass, in the mean, at least."""
STRONGEST = (12, 6, 3, 2, 1)
"""How many hotspots of an utterance are asked about where not all of them are."""
COMPUTED_AT_ONCE = 2**17
"""Numbers of attention, in units of 32, that are computed together."""

LONGEST_TURNS = 512
"""Tokens an utterance, in the quadratic mean, beyond which a pass costs so much more than all
else of an analysis that hotspots are not asked about."""

Place = tuple[int, int]
"""Number of an utterance, and of a hotspot in it."""


@dataclass(frozen=True, slots=True)
class Effects:
    """By how much the probability of each utterance's most probable class falls.

    Args:
        modalities: modality → without it in the whole conversation, shape (U,); of those
            that the model has read somewhere.
        hotspots: utterance and place among its hotspots → without its tokens.
    """

    modalities: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    hotspots: Mapping[Place, float] = field(default_factory=dict)


def effects_of(
    model: PretrainedModel,
    example: Example,
    prediction: Prediction,
    hotspots: Sequence[Sequence[Hotspot]],
    on_share: OnShare = lambda share: None,
) -> Effects:
    """Ask a model again without each modality and without the hotspots that it read.

    Args:
        model: of a single label.
        example: the conversation as the model has read it.
        prediction: what it said.
        hotspots: of each utterance, of all modalities; those that the model cannot tell
            from their surroundings are passed over, and in a long conversation the
            weaker ones.
        on_share: told how much is done, from 0 to 1.
    """
    read = [m for m, there in prediction.present.items() if there.any()]
    at_once = _at_once(example)
    passes = max(PASSES, 2 * at_once)
    used = [] if _too_long(example) else _used(model, example, prediction, hotspots)
    groups = _dealt(used, len(hotspots), passes)
    asked = [
        *(partial(without_modality, example, m) for m in read),
        *(partial(_without, example, group) for group in groups),
    ]
    falls: list[NDArray[np.float64]] = []
    for first in range(0, len(asked), at_once):
        answers = predict(model, [make() for make in asked[first : first + at_once]])
        falls += [_falls(prediction, answer) for answer in answers]
        on_share(len(falls) / len(asked))
    return Effects(
        dict(zip(read, falls[: len(read)], strict=True)),
        {
            one.place: float(fall[one.place[0]])
            for group, fall in zip(groups, falls[len(read) :], strict=True)
            for one in group
        },
    )


@dataclass(frozen=True, slots=True)
class _Used:
    """A hotspot that is asked about.

    Args:
        place: where it stands.
        modality: of its tokens.
        inside: which tokens of the utterance are its own, shape (T,).
    """

    place: Place
    modality: str
    inside: NDArray[np.bool_]


def _falls(before: Prediction, after: Prediction) -> NDArray[np.float64]:
    """How far the probability of the most probable class falls, shape (U,)."""
    best = before.probabilities.argmax(axis=1)[:, None]
    there, left = (
        np.take_along_axis(answer.probabilities_at(before.temperature), best, axis=1)
        for answer in (before, after)
    )
    return np.asarray((there - left)[:, 0])


def _at_once(example: Example) -> int:
    """How many passes are computed together, so that memory stays that of a long one."""
    U = max(1, len(example.conversation.utterances))
    sequences = (own for per in example.tokens.values() for own in per if own is not None)
    T = max((len(own) for own in sequences), default=1)
    # Attention over the tokens of an utterance grows with their square.
    size = U * T * max(1.0, T / 32)
    return max(1, min(UTTERANCES_A_BATCH // U, int(COMPUTED_AT_ONCE / size)))


def _too_long(example: Example) -> bool:
    """Whether the turns are so long that attention over their tokens outweighs all else."""
    lengths = [len(own) for per in example.tokens.values() for own in per if own is not None]
    U = max(1, len(example.conversation.utterances))
    return sum(length**2 for length in lengths) > U * LONGEST_TURNS**2


def _used(
    model: PretrainedModel,
    example: Example,
    prediction: Prediction,
    hotspots: Sequence[Sequence[Hotspot]],
) -> list[list[_Used]]:
    """The hotspots of each utterance that the model has read, the strongest first."""
    readable = [m for m in prediction.present if m in example.tokens and uses_hotspots(model, m)]
    used: list[list[_Used]] = []
    for u, own in enumerate(hotspots):
        used.append([])
        for number in sorted(range(len(own)), key=lambda n: -own[n].score):
            m = own[number].modality
            tokens = example.tokens[m][u] if m in readable else None
            inside = None if tokens is None else tokens_inside(own[number], tokens)
            if inside is not None and inside.any():
                used[-1].append(_Used((u, number), m, inside))
    return used


def _dealt(used: Sequence[Sequence[_Used]], utterances: int, passes: int) -> list[list[_Used]]:
    """The hotspots of each pass; those of an utterance come in different passes."""
    every = [one for own in used for one in own]
    for most in STRONGEST:
        if len(every) <= passes:
            break
        every = [one for own in used for one in own[:most]]
        if len(every) * APART <= passes * utterances:
            break
    return [every[first::passes] for first in range(min(passes, len(every)))]


def _without(example: Example, group: Sequence[_Used]) -> Example:
    """The conversation without the tokens of some hotspots, of one utterance each."""
    by_modality: dict[str, dict[int, NDArray[np.bool_]]] = {}
    for one in group:
        by_modality.setdefault(one.modality, {})[one.place[0]] = ~one.inside
    for modality, kept in by_modality.items():
        example = with_tokens(example, modality, kept)
    return example

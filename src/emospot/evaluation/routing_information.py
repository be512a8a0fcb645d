"""What the choice of aligners knows: of the emotion, of the speaker, of a speaker's style.

The routing gives utterance i the weights π_i over E aligners of a pair. Drawing an aligner
e by them, the mutual information with a class y of the utterance is

    I(e; y) = Σ_ey p(e, y) log₂ p(e, y) / (p(e) p(y)),    p(e, y) = mean_i π_i[e] · 1[y_i = y]

in bits, and its mean over the pairs is reported. Who speaks is asked given the dialogue,
I(e; y | d), since nobody speaks in two.

An estimate from a sample is above 0 even where nothing is known, the more so where routing
and class both last over some turns. So 1,000 times each dialogue gets the emotions of
another one, in their order (cut to its length, or gone through again): they last as they
did, and have lost their place. Who speaks is dealt out among the utterances of a dialogue,
since turns are taken too regularly for that; styles among all speakers, each with all their
utterances. *chance* is the mean of those, and p the share of them (with the sample itself)
that reach the estimate.

Routing by what was said must know something of the emotion. Whether it knows *more* than
the utterance's length or loudness would tell is not asked here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emospot.batch import ConversationBatch
from emospot.evaluation.diagnosis.aligners import routed
from emospot.evaluation.diagnosis.resampling import places
from emospot.model.emotion_model import EmotionOutput

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
Utterance = tuple[str, int]
"""Id of a conversation, and the number of an utterance in it."""

DEALS = 1000


@dataclass(frozen=True, slots=True)
class Information:
    """What the choice of aligners tells of a class.

    Args:
        bits: mutual information, mean over the pairs.
        chance: the same where classes are dealt out anew.
        p: how often that is as much.
    """

    bits: float
    chance: float
    p: float


class RoutingWeights:
    """Collects the routing of everything that a model answers (`interventions.watched`)."""

    def __init__(self) -> None:
        self._found: dict[str, dict[Utterance, Floats]] = {}

    @property
    def there(self) -> bool:
        """Whether anything was routed."""
        return bool(self._found)

    def tell(self, batch: ConversationBatch, output: EmotionOutput) -> None:
        """Take in how a batch that has just been answered was routed."""
        for name, routing, both in routed(batch, output):
            own = self._found.setdefault(name, {})
            for b, u in both.nonzero().tolist():
                own[batch.ids[b][u][0], u] = routing[b, u].double().cpu().numpy()

    def of(self, utterances: Sequence[Utterance]) -> Floats:
        """The weights of some utterances, zeros where a pair is not there.

        Returns:
            Shape (P, N, E): pairs, utterances, aligners.
        """
        if not self._found:
            return np.zeros((0, len(utterances), 1))
        experts = max(len(w) for own in self._found.values() for w in own.values())
        nothing = np.zeros(experts)
        return np.array(
            [[own.get(one, nothing) for one in utterances] for own in self._found.values() if own]
        )


def emotion_information(
    weights: Floats, emotions: Places, dialogues: Sequence[str]
) -> Information:
    """What aligners tell of the emotion, see the module's docstring.

    Args:
        weights: of labelled utterances, shape (P, N, E).
        emotions: class of each, shape (N,).
        dialogues: in which each lies.
    """
    swapped = _Swapped(places(dialogues))
    return _information(weights, emotions, np.zeros_like(emotions), swapped)


def speaker_information(
    weights: Floats, speakers: Sequence[str], dialogues: Sequence[str]
) -> Information:
    """What aligners tell of who speaks, given the dialogue.

    Args:
        weights: shape (P, N, E).
        speakers: of each utterance, as they are called in its dialogue.
        dialogues: in which each lies.
    """
    where = places(dialogues)
    own: dict[str, dict[str, int]] = {}
    who = np.array(
        [
            own.setdefault(dialogue, {}).setdefault(speaker, len(own[dialogue]))
            for dialogue, speaker in zip(dialogues, speakers, strict=True)
        ],
        dtype=np.int64,
    )
    return _information(weights, who, where, _DealtWithin(where))


def style_information(
    weights: Floats,
    styles: Mapping[tuple[str, str], int],
    speakers: Sequence[str],
    dialogues: Sequence[str],
) -> Information:
    """What aligners tell of a speaker's style, which is known of planted conversations.

    Args:
        weights: shape (P, N, E).
        styles: dialogue and speaker → style.
        speakers: of each utterance.
        dialogues: in which each lies.
    """
    who = list(zip(dialogues, speakers, strict=True))
    units = places(["\n".join(one) for one in who])
    sums = np.zeros((len(weights), units.max() + 1, weights.shape[-1]))
    for pair, own in enumerate(weights):
        np.add.at(sums[pair], units, own)
    classes = np.array([styles[one] for one in dict.fromkeys(who)], dtype=np.int64)
    return _information(sums, classes, np.zeros_like(classes), _dealt)


def _dealt(random: np.random.Generator, count: int) -> Places:
    return random.permutation(count)


class _Swapped:
    """Which utterance stands where once dialogues have changed places, each in its order."""

    def __init__(self, dialogues: Places) -> None:
        self.order = np.argsort(dialogues, kind="stable")
        self.where = dialogues[self.order]
        self.lengths = np.bincount(dialogues)
        self.starts = np.cumsum(self.lengths) - self.lengths
        self.inside = np.arange(len(dialogues)) - self.starts[self.where]

    def __call__(self, random: np.random.Generator, count: int) -> Places:
        other = random.permutation(len(self.lengths))[self.where]
        found = np.empty(count, dtype=np.int64)
        found[self.order] = self.order[self.starts[other] + self.inside % self.lengths[other]]
        return found


class _DealtWithin:
    """Which utterance stands where once those of each dialogue are dealt out."""

    def __init__(self, dialogues: Places) -> None:
        self.dialogues = dialogues
        self.order = np.argsort(dialogues, kind="stable")

    def __call__(self, random: np.random.Generator, count: int) -> Places:
        found = np.empty(count, dtype=np.int64)
        # Sorted by dialogue, and within it at random.
        found[self.order] = np.lexsort((random.random(count), self.dialogues))
        return found


def _information(
    weights: Floats,
    classes: Places,
    given: Places,
    deal: Callable[[np.random.Generator, int], Places],
) -> Information:
    """Of units of some weight each, told apart `given` others.

    Args:
        weights: shape (P, N, E).
        classes: of the units, shape (N,).
        given: what is known of them, shape (N,).
        deal: gives the unit whose class each unit gets, from a generator and N.
    """
    random = np.random.default_rng(0)
    if not len(classes):
        return Information(0.0, 0.0, 1.0)
    count = int(classes.max()) + 1
    found = _bits(weights, classes, given, count)
    deals = np.array(
        [_bits(weights, classes[deal(random, len(classes))], given, count) for _ in range(DEALS)]
    )
    # By rounding a deal may fall short of what it equals.
    p = (1 + (deals >= found - 1e-12).sum()) / (1 + DEALS)
    return Information(found, float(deals.mean()), float(p))


def _bits(weights: Floats, classes: Places, given: Places, count: int) -> float:
    pairs, _, experts = weights.shape
    if not pairs:
        return 0.0
    cell = given * count + classes
    cells = (int(given.max()) + 1) * count
    bits = []
    for own in weights:
        sums = [np.bincount(cell, weights=own[:, e], minlength=cells) for e in range(experts)]
        joint = np.stack(sums, axis=-1).reshape(-1, count, experts)
        total = joint.sum()
        if total == 0:
            continue
        joint = joint / total
        group = joint.sum(axis=(1, 2), keepdims=True)
        expected = joint.sum(axis=2, keepdims=True) * joint.sum(axis=1, keepdims=True)
        there = joint > 0
        ratio = (joint * group)[there] / expected[there]
        bits.append(float((joint[there] * np.log2(ratio)).sum()))
    return float(np.mean(bits)) if bits else 0.0

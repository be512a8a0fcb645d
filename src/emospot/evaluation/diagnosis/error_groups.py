"""Where a model errs: which classes it confuses, and among which utterances.

The error of an utterance is 1 where the answer is wrong and 0 where it is right; of several
labels the share of wrong ones; of a number the distance. Its mean in a group of utterances
is held against that of all others, with dialogues as the unit (`resampling`).

| family | groups |
|---|---|
| emotion shift | another emotion than in the speaker's turn before, the same, or no such turn |
| position | quarters of the dialogue; its first turn apart |
| dialogue length | dialogues in thirds by their turns |
| utterance length | utterances in thirds by their tokens, where there are several |
| speaker | by name, over all dialogues: a name is taken for one person |

Only groups of at least `FEWEST_UTTERANCES` in `FEWEST_DIALOGUES` are compared, and only where
the others are as many. p is corrected for the groups of the family (Holm).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emospot.batch import Example
from emospot.conversation.build import UNKNOWN_SPEAKER
from emospot.emotions import Task
from emospot.evaluation.diagnosis.resampling import (
    Floats,
    mean_difference,
    mean_interval,
    places,
)
from emospot.evaluation.predictions import Predictions
from emospot.evaluation.significance import Interval, holm

FEWEST_UTTERANCES = 20
"""In a group that is compared: the error of fewer is known to no better than 20 points."""
FEWEST_DIALOGUES = 6
"""In which they lie; of fewer, p can hardly fall below 0.05 by swapping (2 / 2⁶ = 0.03)."""

SHIFT, POSITION, DIALOGUE_LENGTH, UTTERANCE_LENGTH, SPEAKER = (
    "emotion shift",
    "position",
    "dialogue length",
    "utterance length",
    "speaker",
)
SHIFTS = ("another emotion than before", "the same emotion as before", "speaker's first turn")
POSITIONS = ("first turn", "first quarter", "second quarter", "third quarter", "last quarter")


@dataclass(frozen=True, slots=True)
class Confusion:
    """One class taken for another.

    Args:
        true: what was right.
        said: what was answered.
        count: how often.
        of_true: share of the utterances of the true class.
        of_errors: share of all wrong answers.
    """

    true: str
    said: str
    count: int
    of_true: float
    of_errors: float


@dataclass(frozen=True, slots=True)
class GroupComparison:
    """A group held against all other utterances.

    Args:
        difference: its mean error less theirs, with its interval.
        p: of no difference, two-sided.
        corrected: the same, corrected for the groups of the family.
    """

    difference: Interval
    p: float
    corrected: float


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """The error in a group of utterances.

    Args:
        family: by what utterances are grouped.
        name: of the group.
        utterances: scored ones.
        dialogues: in which they lie.
        error: mean, with its interval (low and high are the mean where all lie in one
            dialogue).
        comparison: with all others, None where there are too few of either.
    """

    family: str
    name: str
    utterances: int
    dialogues: int
    error: Interval
    comparison: GroupComparison | None = None


def confusions(predictions: Predictions) -> tuple[Confusion, ...]:
    """The pairs of classes that are confused, the most frequent first.

    Args:
        predictions: of one seed, of a single label.
    """
    labels = predictions.task.outputs
    counts = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(counts, (predictions.true.astype(int), predictions.predicted[0].astype(int)), 1)
    wrong = counts.sum() - np.trace(counts)
    found = [
        Confusion(
            labels[true],
            labels[said],
            int(counts[true, said]),
            float(counts[true, said] / counts[true].sum()),
            float(counts[true, said] / wrong),
        )
        for true, said in zip(*np.nonzero(counts), strict=True)
        if true != said
    ]
    return tuple(sorted(found, key=lambda c: (-c.count, c.true, c.said)))


def errors_of(predictions: Predictions) -> Floats:
    """The error of each utterance by the one seed, shape (N,)."""
    true, said = predictions.true, predictions.predicted[0]
    if predictions.task.kind == "number":
        return np.asarray(np.abs(true.astype(np.float64) - said.astype(np.float64)))
    wrong = (true != said).astype(np.float64)
    return np.asarray(wrong.mean(axis=-1) if predictions.task.kind == "several" else wrong)


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which group each scored utterance belongs to.

    Args:
        family: by what.
        order: the names of the groups as they are shown.
        names: group of each utterance, "" for none, N.
    """

    family: str
    order: tuple[str, ...]
    names: tuple[str, ...]


def error_groups(
    predictions: Predictions, examples: Sequence[Example], modalities: Sequence[str]
) -> tuple[ErrorGroup, ...]:
    """The errors in all groups of all families that the data have.

    Args:
        predictions: of one seed.
        examples: the conversations that were answered, in order.
        modalities: those that the model reads.
    """
    task = predictions.task
    errors, dialogues = errors_of(predictions), places(predictions.dialogues)
    greatest = np.inf if task.kind == "number" else 1.0
    return tuple(
        group
        for grouping in groupings(task, examples, modalities)
        for group in _of_family(grouping, errors, dialogues, greatest)
    )


def groupings(
    task: Task, examples: Sequence[Example], modalities: Sequence[str]
) -> Iterator[Grouping]:
    """How the utterances whose answer is known fall into groups.

    Args:
        task: what was asked.
        examples: the conversations in order.
        modalities: those that the model reads.
    """
    turns = [
        (e, u, utterance)
        for e, example in enumerate(examples)
        for u, utterance in enumerate(example.conversation.utterances)
    ]
    scored = [task.answer(t.label, t.targets) is not None for _, _, t in turns]

    def kept(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name, own in zip(names, scored, strict=True) if own)

    if task.kind == "single":
        shifts = [name for example in examples for name in _shifts(task, example)]
        yield Grouping(SHIFT, SHIFTS, kept(shifts))
    sizes = [len(example.conversation.utterances) for example in examples]
    yield Grouping(POSITION, POSITIONS, kept([_position(u, sizes[e]) for e, u, _ in turns]))
    thirds, order = _thirds(sizes, "turns")
    yield Grouping(DIALOGUE_LENGTH, order, kept([thirds[e] for e, _, _ in turns]))
    lengths, unit = _token_counts(examples, modalities)
    thirds, order = _thirds(lengths, unit)
    yield Grouping(UTTERANCE_LENGTH, order, kept(thirds))
    speakers = ["" if t.speaker == UNKNOWN_SPEAKER else t.speaker for _, _, t in turns]
    yield Grouping(SPEAKER, tuple(sorted(set(speakers) - {""})), kept(speakers))


def _shifts(task: Task, example: Example) -> list[str]:
    """Whether each turn's emotion differs from that of its speaker's turn before."""
    before: dict[str, tuple[float, ...] | None] = {}
    names = []
    for utterance in example.conversation.utterances:
        now = task.answer(utterance.label, utterance.targets)
        if utterance.speaker not in before:
            name = SHIFTS[2]
        elif before[utterance.speaker] is None:
            name = ""
        else:
            name = SHIFTS[0] if before[utterance.speaker] != now else SHIFTS[1]
        before[utterance.speaker] = now
        names.append(name)
    return names


def _position(u: int, turns: int) -> str:
    """The part of a dialogue that a turn lies in.

    >>> [_position(u, 5) for u in range(5)]
    ['first turn', 'first quarter', 'second quarter', 'third quarter', 'last quarter']
    """
    return POSITIONS[0 if u == 0 else 1 + 4 * u // turns]


def _thirds(sizes: Sequence[int], unit: str) -> tuple[list[str], tuple[str, ...]]:
    """The third that each size falls into, and their names in order; "" for a size of 0.

    >>> _thirds([1, 2, 3, 4, 5, 6], "turns")[1]
    ('up to 2 turns', '3 to 4 turns', 'above 4 turns')
    """
    known = [size for size in sizes if size]
    if not known:
        return [""] * len(sizes), ()
    low, high = (int(q) for q in np.quantile(known, [1 / 3, 2 / 3], method="lower"))
    middle = f"{low + 1} to {high}" if high > low + 1 else f"{high}"
    order = f"up to {low} {unit}", f"{middle} {unit}", f"above {high} {unit}"
    names = ["" if not s else order[int(s > low) + int(s > high)] for s in sizes]
    return names, order


def _token_counts(examples: Sequence[Example], modalities: Sequence[str]) -> tuple[list[int], str]:
    """Tokens of each utterance in the first modality that has several; zeros without one."""
    for m in modalities:
        counts = [
            0 if tokens is None else len(tokens)
            for e in examples
            for tokens in e.tokens.get(m, (None,) * len(e.conversation.utterances))
        ]
        if any(count > 1 for count in counts):
            return counts, f"tokens of {m}"
    return [0] * sum(len(e.conversation.utterances) for e in examples), "tokens"


def _of_family(
    grouping: Grouping, errors: Floats, dialogues: NDArray[np.int64], greatest: float
) -> list[ErrorGroup]:
    """The groups of one family, none where there is only one; no error exceeds `greatest`."""
    names = np.array(grouping.names)
    known = names != ""
    names, errors, dialogues = names[known], errors[known], dialogues[known]
    inside = {name: names == name for name in grouping.order if (names == name).any()}
    if len(inside) < 2:
        return []
    found = {
        name: mean_difference(errors, own, dialogues)
        for name, own in inside.items()
        if _enough(dialogues[own]) and _enough(dialogues[~own])
    }
    corrected = holm({name: own.p for name, own in found.items()})
    compared = {
        name: GroupComparison(own.difference, own.p, corrected[name])
        for name, own in found.items()
    }
    return [
        ErrorGroup(
            grouping.family,
            name,
            int(own.sum()),
            len(np.unique(dialogues[own])),
            mean_interval(errors[own], dialogues[own], least=0.0, greatest=greatest),
            compared.get(name),
        )
        for name, own in inside.items()
    ]


def _enough(dialogues: NDArray[np.int64]) -> bool:
    """Whether there are enough utterances, by the dialogue of each, to be compared."""
    return len(dialogues) >= FEWEST_UTTERANCES and len(np.unique(dialogues)) >= FEWEST_DIALOGUES

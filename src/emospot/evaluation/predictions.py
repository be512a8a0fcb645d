"""What the seeds of a model answer to the same utterances, beside the truth.

The unit that models are compared on: which dialogue each utterance belongs to is
kept, because the utterances of a dialogue depend on each other and are drawn and
swapped together (`significance`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emospot.emotions import Task
from emospot.errors import ShapeError, UsageError

LEAST = np.finfo(np.float32).tiny
"""Probabilities of all classes that are asked about may be smaller than a number can be."""


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """The answers of S seeds to N utterances whose truth is known.

    Args:
        task: what was asked.
        dialogues: dialogue id of each utterance, N ≥ 1.
        true: "single": index of the label, shape (N,); "several": whether each
            label applies, shape (N, K); "number": the number, shape (N,).
        predicted: the same for each seed, shape (S, N) or (S, N, K), S ≥ 1.
        utterances: id of each utterance within its dialogue, N or none.
        probabilities: of each label, shape (S, N, K), or None.
        unsure_below: probability under which an answer is withheld, shape (S, N), or None.

    Raises:
        ShapeError: if the shapes do not fit each other.
    """

    task: Task
    dialogues: tuple[str, ...]
    true: NDArray[np.generic]
    predicted: NDArray[np.generic]
    utterances: tuple[str, ...] = ()
    probabilities: NDArray[np.floating] | None = None
    unsure_below: NDArray[np.floating] | None = None

    def __post_init__(self) -> None:
        count = len(self.dialogues)
        one = (count, len(self.task.outputs)) if self.task.kind == "several" else (count,)
        shapes = self.true.shape, self.predicted.shape[1:]
        fits = shapes == (one, one) and self.predicted.shape[0] > 0 and count > 0
        if not fits or len(self.utterances) not in (0, count):
            raise ShapeError(
                f"predictions of {count} utterances and {len(self.utterances)} ids must have the "
                f"shape (seeds ≥ 1, {', '.join(map(str, one))}), found {self.predicted.shape} "
                f"for a truth of shape {self.true.shape}"
            )

    def __len__(self) -> int:
        return len(self.dialogues)

    @property
    def seeds(self) -> int:
        """The number of seeds S."""
        return int(self.predicted.shape[0])

    @property
    def dialogue_ids(self) -> tuple[str, ...]:
        """The dialogues in the order of their first utterance."""
        return tuple(dict.fromkeys(self.dialogues))

    def answers_the_same_as(self, other: "Predictions") -> bool:
        """Whether both are about the same utterances, in the same order, with the same truth."""
        return (
            self.task.outputs == other.task.outputs
            and self.task.kind == other.task.kind
            and self.dialogues == other.dialogues
            and self.utterances == other.utterances
            and bool(np.array_equal(self.true, other.true))
        )


def among(predictions: Predictions, answers: Mapping[str, str]) -> Predictions:
    """What a model says if it is asked about some of its classes alone, or about unions of them.

    Only utterances whose true class is among them are kept. The answer is the union with
    the greatest sum of probabilities.

    Args:
        predictions: of a single label, with probabilities.
        answers: class → what it is called in the answer; several may be one, and those
            that are not named are not asked about.

    Raises:
        UsageError: if a class is unknown, there are no probabilities, or no utterance is
            left.

    >>> moods = Task("mood", "single", ("glad", "thrilled", "cross", "bored"))
    >>> p = np.array([[[0.3, 0.3, 0.4, 0.0], [0.1, 0.1, 0.2, 0.6], [0, 0, 0, 1]]])
    >>> all_four = Predictions(moods, ("d",) * 3, np.array([1, 2, 3]), p.argmax(-1), (), p)
    >>> two = among(all_four, {"glad": "good", "thrilled": "good", "cross": "bad"})
    >>> two.task.outputs, two.true.tolist(), two.predicted.tolist()
    (('good', 'bad'), [0, 1], [[0, 0]])
    """
    known = predictions.task.outputs
    strangers = [name for name in answers if name not in known]
    if predictions.task.kind != "single" or predictions.probabilities is None:
        raise UsageError(
            f"only a task of a single label, with probabilities, can be asked about some of its "
            f"classes; {predictions.task.name} is of the kind {predictions.task.kind}"
        )
    if strangers:
        raise UsageError(
            f"cannot ask about {', '.join(strangers)}: the task {predictions.task.name} has the "
            f"classes {', '.join(known)}"
        )
    outputs = tuple(dict.fromkeys(answers.values()))
    union = np.zeros((len(known), len(outputs)))
    for name, answer in answers.items():
        union[known.index(name), outputs.index(answer)] = 1.0
    true = predictions.true.astype(int)
    kept = np.flatnonzero(union[true].any(axis=1))
    if len(kept) == 0:
        raise UsageError(f"no utterance is {' or '.join(answers)}: there is nothing to score")
    probabilities = predictions.probabilities[:, kept] @ union
    return Predictions(
        replace(predictions.task, outputs=outputs, label_set=""),
        tuple(predictions.dialogues[i] for i in kept),
        union[true[kept]].argmax(axis=1),
        probabilities.argmax(axis=-1),
        tuple(predictions.utterances[i] for i in kept) if predictions.utterances else (),
        probabilities / np.maximum(probabilities.sum(axis=-1, keepdims=True), LEAST),
    )


def joined(seeds: Sequence[Predictions]) -> Predictions:
    """The predictions of several seeds as one.

    Args:
        seeds: at least one, over the same utterances.

    Raises:
        ShapeError: if there is none, or they are over different utterances.
    """
    if not seeds or not all(seeds[0].answers_the_same_as(other) for other in seeds):
        raise ShapeError(
            f"seeds can only be joined over the same utterances and truth, found {len(seeds)} "
            f"with {', '.join(str(len(p)) for p in seeds) or 'no'} utterances"
        )
    probabilities = [p.probabilities for p in seeds if p.probabilities is not None]
    thresholds = [p.unsure_below for p in seeds if p.unsure_below is not None]
    return replace(
        seeds[0],
        unsure_below=np.concatenate(thresholds) if len(thresholds) == len(seeds) else None,
        predicted=np.concatenate([p.predicted for p in seeds]),
        probabilities=np.concatenate(probabilities) if len(probabilities) == len(seeds) else None,
    )

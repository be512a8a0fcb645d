"""What the seeds of a model answer to the same utterances, beside the truth.

The unit that models are compared on: which dialogue each utterance belongs to is
kept, because the utterances of a dialogue depend on each other and are drawn and
swapped together (`significance`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emospot.emotions import Task
from emospot.errors import ShapeError


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

    Raises:
        ShapeError: if the shapes do not fit each other.
    """

    task: Task
    dialogues: tuple[str, ...]
    true: NDArray[np.generic]
    predicted: NDArray[np.generic]
    utterances: tuple[str, ...] = ()
    probabilities: NDArray[np.floating] | None = None

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
    return replace(
        seeds[0],
        predicted=np.concatenate([p.predicted for p in seeds]),
        probabilities=np.concatenate(probabilities) if len(probabilities) == len(seeds) else None,
    )

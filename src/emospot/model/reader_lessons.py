"""What a kernel reader learns from: labelled utterances, whole and by one modality alone.

A lesson is a labelled utterance with all its modalities or, where several are found in
training, with one of them alone. What is large is given out in blocks of conversations:
of a corpus all of it together would take more memory than its training.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import WORDS
from emospot.model.reading import Reading, column
from emospot.model.turns_around import TurnsAround

BLOCK = 1024
"""Utterances of a block, about; conversations stay whole."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some conversations, with all of their modalities or one alone.

    Args:
        readings: of the conversations.
        labelled: which of their utterances are lessons.
        lessons: which lessons these are.
        every: the turns around all conversations.
        place: the first of these among all, and that after the last.
    """

    readings: Sequence[Reading]
    labelled: NDArray[np.intp]
    lessons: slice
    every: TurnsAround
    place: tuple[int, int]

    @property
    def around(self) -> TurnsAround:
        """The turns around theirs; cut out when it is asked for, as most passes need none."""
        return self.every.some(*self.place)

    def having(self, there: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Which utterances are lessons and have a source."""
        return self.labelled[there[self.labelled]]


class Lessons:
    """The lessons of training conversations: those of all modalities, then of each alone.

    Args:
        readings: of the conversations.
        answers: of each the index of the class, −1 where it is not known, shape (U,).
        modalities: that may be found in them.
        causal: whether later utterances are not read.
    """

    def __init__(
        self,
        readings: Sequence[Reading],
        answers: Sequence[NDArray[np.int64]],
        modalities: Sequence[str],
        *,
        causal: bool,
    ) -> None:
        self._readings, self._causal = readings, causal
        found = [m for m in modalities if any(reading.present[m].any() for reading in readings)]
        self.modalities = len(found)
        self._views: list[str | None] = [None, *(found if len(found) > 1 else ())]
        self._answers = np.concatenate(answers)
        known = (
            np.concatenate([r.known if view is None else r.present[view] for r in readings])
            for view in self._views
        )
        self._labelled = [np.flatnonzero((self._answers >= 0) & own) for own in known]

    def __len__(self) -> int:
        return sum(map(len, self._labelled))

    @property
    def texts(self) -> list[str]:
        """Those of every utterance, once."""
        return [text for reading in self._readings for text in reading.texts]

    @property
    def right(self) -> NDArray[np.int64]:
        """The class of each lesson."""
        return self._answers[np.concatenate(self._labelled)]

    @cached_property
    def around(self) -> TurnsAround:
        """The turns around every utterance, once."""
        return TurnsAround([r.speakers for r in self._readings], causal=self._causal)

    def rows(self, scale: NDArray[np.float64]) -> Any:
        """Which utterance each lesson is of, sparse (lessons × utterances).

        Args:
            scale: what stands there, of each utterance; 0 in a lesson that reads no words.
        """
        from scipy import sparse

        values = [
            scale[own] * (view in (None, WORDS))
            for view, own in zip(self._views, self._labelled, strict=True)
        ]
        where = np.arange(len(self)), np.concatenate(self._labelled)
        return sparse.csr_matrix((np.concatenate(values), where), shape=(len(self), len(scale)))

    def blocks(self) -> Iterator[Block]:
        """All lessons in order, some conversations at a time."""
        done = 0
        for view, labelled in zip(self._views, self._labelled, strict=True):
            for first, last in self._cuts:
                rows = self.around.rows(first, last)
                own = labelled[slice(*np.searchsorted(labelled, (rows.start, rows.stop)))]
                readings = self._readings[first:last]
                seen = readings if view is None else [r.alone(view) for r in readings]
                lessons = slice(done, done + len(own))
                yield Block(seen, own - rows.start, lessons, self.around, (first, last))
                done = lessons.stop

    @cached_property
    def _cuts(self) -> list[tuple[int, int]]:
        """The first conversation of each block and that after its last."""
        number = (self.around.ends - 1).clip(min=0) // BLOCK
        borders = np.flatnonzero(np.diff(number)) + 1
        return list(zip([0, *borders], [*borders, len(number)], strict=True))

    def statistics(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
        """Mean and standard deviation of a source's numbers over the lessons that have it.

        Returns:
            Both of shape (d,), and how many lessons have it.
        """

        def values() -> Iterator[NDArray[np.float64]]:
            for block in self.blocks():
                found, there = column(block.readings, name)
                yield found[block.having(there)].astype(np.float64)

        count, total = 0, np.float64(0.0)
        for own in values():
            count += len(own)
            total = total + own.sum(axis=0)
        mean = total / max(1, count)
        square = sum(((own - mean) ** 2).sum(axis=0) for own in values()) / max(1, count)
        return np.asarray(mean), np.sqrt(square), count

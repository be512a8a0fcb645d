"""`TurnsAround` of one conversation that goes on: what was said is kept, and not read again.

Of the last 64 turns the vectors are kept, and of all turns their sum, so that neither time
nor memory grow with the conversation.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.model.letters import squared_lengths
from emospot.model.past import Past
from emospot.model.turns_around import REACH, Floats, RunningSquare, near_means


class TurnsSoFar:
    """The parts of the utterances of now; causal.

    Args:
        speakers: index of the speaker of each utterance of now, shape (n,).
        past: of the conversation.
        name: under which everything is kept there.
    """

    def __init__(self, speakers: NDArray[np.integer], past: Past, name: str) -> None:
        self._past, self._name = past, name
        self._new = len(speakers)
        self._turns: int = self._kept("turns", 0)
        before = self._kept("speakers", np.zeros(0, dtype=speakers.dtype))
        together = np.concatenate((before, speakers))
        self._near = [mean[len(before) :] for mean in near_means([together], causal=True)]
        self._keep("turns", self._turns + self._new)
        self._keep("speakers", together[-REACH:])

    @property
    def parts(self) -> int:
        """The turn's own, one for each relation, and the whole."""
        return 2 + len(self._near)

    def of(self, x: NDArray[Any]) -> Iterator[NDArray[Any]]:
        """See `TurnsAround.of`; of one kind of vectors alone."""
        window = self._window("vectors", x)
        yield x
        yield from (mean.astype(x.dtype, copy=False) @ window for mean in self._near)
        yield self._whole("vectors", x).astype(x.dtype, copy=False)

    def weighed(self, parts: Sequence[Floats], weights: Sequence[float]) -> Floats:
        """See `TurnsAround.weighed`; of one kind of vectors alone."""
        own, *around, whole = parts
        near = (
            mean @ self._window(f"part {number}", x)
            for number, (mean, x) in enumerate(zip(self._near, around, strict=True))
        )
        means = [own, *near, self._whole("part", whole)]
        return np.asarray(sum(w * mean for w, mean in zip(weights, means, strict=True)))

    def squared_lengths(self, x: Any, weights: Sequence[float]) -> Floats:
        """See `TurnsAround.squared_lengths`; of one kind of vectors alone."""
        from scipy import sparse

        before = self._kept("letters")
        window = x if before is None else sparse.vstack((before, x), format="csr")
        self._keep("letters", window[-REACH:])
        running: RunningSquare = self._kept("square", RunningSquare(x.shape[1])).copy()
        lengths = [
            squared_lengths(x),
            *(squared_lengths(mean @ window) for mean in self._near),
            running.with_rows(x),
        ]
        self._keep("square", running)
        return np.asarray(sum(w**2 * one for w, one in zip(weights, lengths, strict=True)))

    def _window(self, what: str, x: NDArray[Any]) -> NDArray[Any]:
        window = np.concatenate((self._kept(what, x[:0]), x))
        self._keep(what, window[-REACH:])
        return window

    def _whole(self, what: str, x: NDArray[Any]) -> Floats:
        total = self._kept(f"sum of {what}", 0.0) + x.cumsum(axis=0, dtype=np.float64)
        self._keep(f"sum of {what}", total[-1])
        count = np.arange(self._turns + 1, self._turns + 1 + self._new)
        return np.asarray(total / count[:, None])

    def _kept(self, what: str, otherwise: Any = None) -> Any:
        return self._past.kept(f"{self._name} {what}", otherwise)

    def _keep(self, what: str, value: Any) -> None:
        self._past.keep(f"{self._name} {what}", value)

"""Means over the turns around each turn, near and far, for any vectors of the turns.

With r the turns before and after by the same speaker, and before and after by others,
at most 64 away, and x_i a vector of utterance i:

    c_i^r = Σ_{j ∈ r(i)} e^(−|i−j|/16) x_j / Σ_{j ∈ r(i)} e^(−|i−j|/16)
    m_i   = mean of x over the conversation (causal: over the turns up to i)

x_i, the c_i^r and m_i are the *parts* of what is read of a turn. Causal leaves out what
comes after. All of it is linear in x, and in the length of the conversation.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.model.letters import squared_lengths

REACH = 64
"""Turns before and after that are read."""
DECAY = 16.0
"""Turns after which a turn counts e times less."""
BLOCK = 512
"""Utterances whose means of sparse vectors are made at a time: they are far less sparse."""

Floats = NDArray[np.float64]


def relations(causal: bool) -> tuple[tuple[bool, bool], ...]:
    """The kinds of turns around: whether they come before, and are by the same speaker."""
    sides = (True,) if causal else (True, False)
    return tuple((before, same) for before in sides for same in (True, False))


class TurnsAround:
    """The parts of every utterance of some conversations, in order.

    Args:
        speakers: of each conversation the index of the speaker, shape (U,).
        causal: whether later utterances are not read.
    """

    def __init__(self, speakers: Sequence[NDArray[np.integer]], *, causal: bool) -> None:
        self.causal = causal
        self.ends = np.cumsum([len(own) for own in speakers])
        self.near = near_means(speakers, causal=causal)

    def rows(self, first: int, last: int) -> slice:
        """The utterances of the conversations from `first` to before `last`."""
        return slice(int(self.ends[first - 1]) if first else 0, int(self.ends[last - 1]))

    def some(self, first: int, last: int) -> "TurnsAround":
        """Those of the conversations from `first` to before `last` alone."""
        rows = self.rows(first, last)
        own = copy(self)
        own.ends = self.ends[first:last] - rows.start
        own.near = [mean[rows, rows] for mean in self.near]
        return own

    @property
    def parts(self) -> int:
        """The turn's own, one for each relation, and the whole."""
        return 2 + len(self.near)

    def of(self, x: NDArray[Any]) -> Iterator[NDArray[Any]]:
        """The parts of dense vectors, shape (N, K) each; one after the other, they are large."""
        yield x
        yield from (mean.astype(x.dtype, copy=False) @ x for mean in self.near)
        yield self._whole(x)

    def weighed(self, parts: Sequence[Floats], weights: Sequence[float]) -> Floats:
        """Σ over the parts p of weight · part p of its own vectors, shape (N, K)."""
        own, *around, whole = parts
        means = [own, *(m @ x for m, x in zip(self.near, around, strict=True)), self._whole(whole)]
        return np.asarray(sum(w * mean for w, mean in zip(weights, means, strict=True)))

    def back(self, gradient: Floats, weights: Sequence[float]) -> list[Floats]:
        """The transpose of `weighed`: what each of its parts gets of a gradient (N, K)."""
        means = [gradient, *(m.T @ gradient for m in self.near), self._whole_back(gradient)]
        return [w * mean for w, mean in zip(weights, means, strict=True)]

    def squared_lengths(self, x: Any, weights: Sequence[float]) -> Floats:
        """Σ over the parts of weight² · ‖part of x‖², x being sparse (N × K); shape (N,)."""
        near = [
            np.concatenate(
                [squared_lengths(mean[i : i + BLOCK] @ x) for i in range(0, x.shape[0], BLOCK)]
            )
            for mean in self.near
        ]
        begins = [0, *self.ends[:-1]]
        talks = (x[begin:end] for begin, end in zip(begins, self.ends, strict=True))
        whole = [
            RunningSquare(x.shape[1]).with_rows(own)
            if self.causal
            else np.full(own.shape[0], _overall(own))
            for own in talks
        ]
        lengths = [squared_lengths(x), *near, np.concatenate(whole)]
        return np.asarray(sum(w**2 * one for w, one in zip(weights, lengths, strict=True)))

    def _whole(self, x: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([self._mean(own) for own in np.split(x, self.ends[:-1])])

    def _whole_back(self, x: Floats) -> Floats:
        return np.concatenate([self._mean_back(own) for own in np.split(x, self.ends[:-1])])

    def _mean(self, x: NDArray[Any]) -> NDArray[Any]:
        # Sums of long conversations are exact in double precision alone.
        if not self.causal:
            mean = x.sum(axis=0, dtype=np.float64) / max(1, len(x))
            return np.broadcast_to(mean.astype(x.dtype), x.shape)
        means = x.cumsum(axis=0, dtype=np.float64) / np.arange(1, len(x) + 1)[:, None]
        return means.astype(x.dtype, copy=False)

    def _mean_back(self, x: Floats) -> Floats:
        if not self.causal:
            return self._mean(x)
        shared = x / np.arange(1, len(x) + 1)[:, None]
        return np.asarray(shared[::-1].cumsum(axis=0)[::-1])


def near_means(speakers: Sequence[NDArray[np.integer]], *, causal: bool) -> list[Any]:
    """For each relation the matrix of what is read of whom; rows sum to 1 or are empty.

    Args:
        speakers: of each conversation the index of the speaker, shape (U,).
        causal: whether later utterances are not read.

    Returns:
        Sparse matrices of shape (N, N), for N utterances in all.
    """
    from scipy import sparse

    lengths = [len(own) for own in speakers]
    who, talk = np.concatenate(speakers), np.repeat(np.arange(len(lengths)), lengths)
    N = len(who)
    distance = np.arange(1, min(REACH, max(lengths) - 1) + 1)
    later = np.concatenate([np.arange(d, N) for d in distance] or [np.zeros(0, dtype=int)])
    steps = np.repeat(distance, N - distance)
    together = talk[later] == talk[later - steps]
    later, steps = later[together], steps[together]
    earlier = later - steps
    by_the_same = who[later] == who[earlier]
    share = np.exp(-steps / DECAY)
    matrices = []
    for before, same in relations(causal):
        rows, columns = (later, earlier) if before else (earlier, later)
        kept = by_the_same == same
        sums = np.bincount(rows[kept], share[kept], minlength=N)
        values = share[kept] / sums[rows[kept]]
        matrices.append(sparse.csr_matrix((values, (rows[kept], columns[kept])), shape=(N, N)))
    return matrices


def _overall(x: Any) -> float:
    """The squared length of the mean of the rows of a sparse matrix."""
    mean = np.asarray(x.sum(axis=0)).ravel() / max(1, x.shape[0])
    return float(mean @ mean)


class RunningSquare:
    """The squared length of the mean of the sparse rows so far.

    Args:
        width: numbers of a row.
    """

    def __init__(self, width: int) -> None:
        self._sum = np.zeros(width)
        self._square, self._count = 0.0, 0

    def copy(self) -> "RunningSquare":
        """The same, which goes its own way from here."""
        other = RunningSquare(len(self._sum))
        other._sum, other._square, other._count = self._sum.copy(), self._square, self._count
        return other

    def with_rows(self, x: Any) -> Floats:
        """Add the rows of a sparse matrix; the squared length after each, shape (rows,)."""
        found = []
        for i in range(x.shape[0]):
            row = slice(x.indptr[i], x.indptr[i + 1])
            where, values = x.indices[row], x.data[row]
            self._square += float(2 * (values @ self._sum[where]) + values @ values)
            self._sum[where] += values
            self._count += 1
            found.append(self._square / self._count**2)
        return np.array(found)

    @property
    def size(self) -> int:
        """Numbers that it holds."""
        return self._sum.size + 2

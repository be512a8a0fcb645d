"""How far a recording's voices lie from those of the training, and bringing them nearer.

A vector an utterance says what is said how, but also who speaks, into which
microphone, through which codec. Where a whole recording lies outside of what the
training has heard, a model answers by the recording and not by the utterance. So
the range of the training's recordings is kept with the model: for each number of
the vector its mean μ over recordings and its variances between (b²) and within
(w²) recordings. A recording of n utterances with the mean m has the distance

    δ = √ mean_d (m_d − μ_d)² / (b_d² + w_d² / n)

about 1 for a recording like the training's. Beyond the limit (the 95th percentile
of the training's own recordings) all of its vectors are moved by the same amount,
m → μ + (m − μ) · limit / δ: to the edge of what is known, no farther. What
distinguishes the utterances from each other stays.

It needs the whole recording, and so is no part of the causal model.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import Tokens

PERCENTILE = 95
LEAST_DEVIATION = 1e-4
"""Numbers that vary less in training (constants) are not looked at."""
FEWEST_RECORDINGS = 8
"""Fewer recordings than this tell nothing of a range."""


@dataclass(frozen=True, slots=True)
class RecordingRange:
    """The range of one modality's vectors over the recordings of a training.

    Args:
        mean: μ, d numbers.
        between: b, d standard deviations.
        within: w, d standard deviations.
        limit: greatest distance that is left as it is.
    """

    mean: tuple[float, ...]
    between: tuple[float, ...]
    within: tuple[float, ...]
    limit: float

    def distance(self, vectors: NDArray[np.floating]) -> float:
        """The distance δ of a recording.

        Args:
            vectors: of its utterances, shape (n, d), n ≥ 1.
        """
        deviation = np.sqrt(
            np.square(self.between) + np.square(self.within) / max(1, len(vectors))
        )
        varies = deviation > LEAST_DEVIATION
        if not varies.any():
            return 0.0
        offset = vectors.mean(axis=0, dtype=np.float64) - self.mean
        return float(np.sqrt(np.mean(np.square(offset[varies] / deviation[varies]))))

    def brought_near(self, tokens: Sequence[Tokens | None]) -> tuple[list[Tokens | None], float]:
        """The tokens of a recording, moved if they lie too far off.

        Args:
            tokens: one vector an utterance, None where there is none.

        Returns:
            The tokens, and the distance over the limit: above 1 they were moved.
        """
        vectors = [t.values for t in tokens if t is not None]
        if not vectors:
            return list(tokens), 0.0
        joined = np.concatenate(vectors).astype(np.float64)
        excess = self.distance(joined) / self.limit if self.limit > 0 else 0.0
        if excess <= 1:
            return list(tokens), excess
        shift = (1 / excess - 1) * (joined.mean(axis=0) - self.mean)
        moved = [
            None if t is None else replace(t, values=(t.values + shift).astype(np.float32))
            for t in tokens
        ]
        return moved, excess


def recording_range(recordings: Sequence[NDArray[np.floating]]) -> RecordingRange | None:
    """The range of a training's recordings.

    Args:
        recordings: the vectors of each, shape (n, d); empty ones are left out.

    Returns:
        The range, or None for fewer than `FEWEST_RECORDINGS`.

    >>> random = np.random.default_rng(0)
    >>> found = recording_range([random.normal(i % 3, 0.1, (20, 2)) for i in range(30)])
    >>> found.distance(np.full((20, 2), 1.0)) < 1 < found.distance(np.full((20, 2), 9.0))
    True
    """
    kept = [r.astype(np.float64) for r in recordings if len(r)]
    if len(kept) < FEWEST_RECORDINGS:
        return None
    means = np.stack([r.mean(axis=0) for r in kept])
    within = np.concatenate([r - r.mean(axis=0) for r in kept])
    without_limit = RecordingRange(
        _rounded(means.mean(axis=0)),
        _rounded(means.std(axis=0)),
        _rounded(within.std(axis=0)),
        1.0,
    )
    distances = [without_limit.distance(r) for r in kept]
    return replace(without_limit, limit=float(np.percentile(distances, PERCENTILE)))


def _rounded(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(f"{value:.5g}") for value in values)

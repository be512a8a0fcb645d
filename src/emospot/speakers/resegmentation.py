"""Which voice each moment has, and where within an utterance the speaker changes.

One window alone is often wrong: it may hear a laugh, or two people. So the moments of a
span are read as a chain. With cosines s[t, k] of moment t and voice k, the most probable
course z maximises

    Σ_t β s[t, z_t]  −  γ · (number of changes)

which the Viterbi algorithm finds exactly. β says how far a window can be trusted, γ what
a change costs. With the moments so assigned, the voices' directions are computed again,
a few times. Where γ is infinite, a whole span has one voice: what an utterance of a
transcript is.
"""

import math

import numpy as np
from numpy.typing import NDArray

from emospot.speakers.voice_clusters import unit
from emospot.speakers.voice_windows import VoiceWindows

TRUST = 10.0
"""β."""
CHANGE = 2.0
"""γ."""
_ROUNDS = 5


def voices_of(
    windows: VoiceWindows,
    directions: NDArray[np.float64],
    *,
    trust: float = TRUST,
    change: float = CHANGE,
) -> NDArray[np.intp]:
    """The voice of each moment.

    Args:
        windows: the moments.
        directions: of the voices, of length 1, shape (k, d).
        trust: β.
        change: γ, ∞ for one voice a span.

    Returns:
        Numbers of voices, shape (n,). A voice that no moment has is possible.
    """
    embeddings = windows.embeddings.astype(np.float64)
    bounds = np.flatnonzero(np.diff(windows.span)) + 1
    labels = np.full(len(windows), -1, dtype=np.intp)
    for _ in range(_ROUNDS):
        scores = trust * (embeddings @ directions.T)
        courses = [best_course(part, change) for part in np.split(scores, bounds) if len(part)]
        found = np.concatenate([np.zeros(0, dtype=np.intp), *courses])
        if np.array_equal(found, labels):
            break
        labels = found
        sums = np.zeros_like(directions)
        np.add.at(sums, labels, embeddings)
        # A voice that nothing was given to keeps its place.
        heard = np.bincount(labels, minlength=len(directions)) > 0
        directions = np.where(heard[:, None], unit(sums), directions)
    return labels


def best_course(scores: NDArray[np.float64], change: float) -> NDArray[np.intp]:
    """The course of greatest total score less `change` for each change.

    Args:
        scores: of each moment and voice, shape (n ≥ 1, k).
        change: ≥ 0; ∞ for none.

    >>> best_course(np.array([[1.0, 0.0], [0.0, 0.5], [1.0, 0.0], [0.0, 3.0]]), change=1.0)
    array([0, 0, 0, 1])
    """
    count, voices = scores.shape
    if voices == 1 or math.isinf(change):
        return np.full(count, int(scores.sum(axis=0).argmax()), dtype=np.intp)
    before = np.empty((count, voices), dtype=np.intp)
    totals = scores[0].copy()
    own = np.arange(voices)
    for moment in range(1, count):
        best = int(totals.argmax())
        stays = totals >= totals[best] - change
        before[moment] = np.where(stays, own, best)
        totals = np.where(stays, totals, totals[best] - change) + scores[moment]
    course = np.empty(count, dtype=np.intp)
    course[-1] = totals.argmax()
    for moment in range(count - 1, 0, -1):
        course[moment - 1] = before[moment, course[moment]]
    return course

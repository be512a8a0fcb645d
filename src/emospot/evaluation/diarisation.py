"""How wrong it is who speaks when: the diarisation error rate.

With R(t) and H(t) the sets of speakers at time t, in the truth and as found, after the
found speakers were given the names of true ones, and with all integrals over the time
that is scored:

    miss          ∫ max(0, |R| − |H|)
    false alarm   ∫ max(0, |H| − |R|)
    confusion     ∫ min(|R|, |H|) − |R ∩ H|
    DER         = (miss + false alarm + confusion) / ∫ |R|

Names are given so that the confusion is least: an assignment one to one, found by the
Hungarian method. A *collar* of c seconds leaves out the time within c of every boundary
of the truth, for nobody can say to the tenth of a second where a turn ends (NIST's
Rich Transcription evaluations, which use 0.25 s). DER can exceed 1.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emospot.errors import UsageError
from emospot.speakers.turns import Turn


@dataclass(frozen=True, slots=True)
class DiarisationErrors:
    """Seconds of each kind of error; errors of several recordings can be added.

    Args:
        miss: somebody speaks and nobody was found.
        false_alarm: somebody was found and nobody speaks.
        confusion: somebody speaks and another was found.
        speech: scored seconds of the truth; where two speak, they count twice.
    """

    miss: float = 0.0
    false_alarm: float = 0.0
    confusion: float = 0.0
    speech: float = 0.0

    @property
    def rate(self) -> float:
        """The diarisation error rate, NaN where nobody speaks."""
        wrong = self.miss + self.false_alarm + self.confusion
        return wrong / self.speech if self.speech > 0 else math.nan

    def __add__(self, other: "DiarisationErrors") -> "DiarisationErrors":
        return DiarisationErrors(
            self.miss + other.miss,
            self.false_alarm + other.false_alarm,
            self.confusion + other.confusion,
            self.speech + other.speech,
        )


def diarisation_errors(
    true: Sequence[Turn], found: Sequence[Turn], *, collar: float = 0.0
) -> DiarisationErrors:
    """Hold found turns against true ones.

    Args:
        true: who speaks when; turns may overlap.
        found: the same as found; the names need not be the true ones.
        collar: seconds before and after each boundary of the truth that do not count.

    Raises:
        UsageError: if the collar is negative or a turn ends before it begins.

    >>> true = [(0.0, 6.0, "Ann"), (6.0, 10.0, "Ben")]
    >>> diarisation_errors(true, [(0.0, 7.0, "1"), (7.0, 9.5, "2")]).rate
    0.15
    """
    if collar < 0:
        raise UsageError(f"a collar has no negative length, found {collar}")
    turned = next((turn for turn in (*true, *found) if turn[1] < turn[0]), None)
    if turned is not None:
        raise UsageError(f"a turn from {turned[0]} to {turned[1]} s ends before it begins")
    edges = _edges(true, found, collar)
    lengths = np.diff(edges)
    middles = edges[:-1] + lengths / 2
    unscored = [(t - collar, t + collar) for start, end, _ in true for t in (start, end)]
    lengths[_within(middles, unscored)] = 0.0
    reference, hypothesis = _presence(true, middles), _presence(found, middles)
    wanted, given = reference.sum(axis=0), hypothesis.sum(axis=0)
    common = (reference * lengths) @ hypothesis.T
    both = float((np.minimum(wanted, given) * lengths).sum())
    return DiarisationErrors(
        miss=float((np.maximum(wanted - given, 0) * lengths).sum()),
        false_alarm=float((np.maximum(given - wanted, 0) * lengths).sum()),
        confusion=max(0.0, both - _most_in_common(common)),
        speech=float((wanted * lengths).sum()),
    )


def _edges(true: Sequence[Turn], found: Sequence[Turn], collar: float) -> NDArray[np.float64]:
    """The times between which nothing changes."""
    times = {t for start, end, _ in (*true, *found) for t in (start, end)}
    if collar > 0:
        times |= {
            t + side for start, end, _ in true for t in (start, end) for side in (-collar, collar)
        }
    return np.array(sorted(times))


def _within(times: NDArray[np.float64], spans: Iterable[tuple[float, float]]) -> NDArray[np.bool_]:
    """Which of the sorted times lie in one of the spans."""
    inside = np.zeros(len(times) + 1)
    for start, end in spans:
        inside[np.searchsorted(times, start)] += 1
        inside[np.searchsorted(times, end)] -= 1
    return np.cumsum(inside)[:-1] > 0


def _presence(turns: Sequence[Turn], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 where a speaker speaks, shape (speakers, times)."""
    speakers = list(dict.fromkeys(speaker for _, _, speaker in turns))
    rows = [
        _within(times, [(start, end) for start, end, name in turns if name == speaker])
        for speaker in speakers
    ]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(times))


def _most_in_common(common: NDArray[np.float64]) -> float:
    """Seconds that agree under the best names, of shape (true, found)."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(common, maximize=True)
    return float(common[rows, columns].sum())

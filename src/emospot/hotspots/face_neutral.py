"""What a person's face looks like when it shows nothing: a running robust baseline.

Faces differ more by their anatomy than by their expression, so a movement is
measured from the person's own neutral c, which is learned while the face is
seen. Per value x, after a frame that lasted dt seconds:

    c ← c + w · clip(x − c, ±2 a)         a ← max(floor, a + w · (clip(|x − c|, 3 a) − a))
    w = dt / (2 + min(seen, 30))

with a the usual deviation (mean absolute, limited) and `seen` the seconds seen
so far: a mean over the first half minute, then one that slowly forgets. The
limits make it robust: an expression moves it only a little, however strong.

The first 0.4 seconds only start it (their median). A value that stays beyond
its limit for 15 seconds (another camera, a mood, another person) is taken as
the new neutral: for three seconds it is followed closely, without a limit. The
memory is a few numbers a person.
"""

import numpy as np
from numpy.typing import NDArray

START_SECONDS = 0.4
MEMORY_SECONDS = 30.0
ACCEPT_SECONDS = 15.0
"""A value that stays away from neutral for this long becomes neutral."""

_PRIOR_SECONDS = 2.0
_ACCEPTING_SECONDS = 3.0
_FOLLOWING = 3.0
_CENTRE_LIMIT = 2.0
_SPREAD_LIMIT = 3.0


class RunningNeutral:
    """Neutral and usual deviation of several values of one person.

    Args:
        floor: smallest usual deviation of each value (the noise of the
            measurement), shape (k,).

    >>> neutral = RunningNeutral(floor=np.array([0.01]))
    >>> for _ in range(20):
    ...     neutral.observe(np.array([0.3]), seconds=0.1)
    >>> neutral.ready, neutral.centre
    (True, array([0.3]))
    """

    def __init__(self, floor: NDArray[np.float64]) -> None:
        self._floor = floor
        self._first: list[NDArray[np.float64]] = []
        self._seen = 0.0
        self._away = np.zeros_like(floor)
        self._accepting = np.zeros_like(floor)
        self.centre = np.zeros_like(floor)
        """Neutral of each value, shape (k,); meaningful once `ready`."""
        self.spread = floor.copy()
        """Usual deviation of each value, shape (k,)."""

    @property
    def ready(self) -> bool:
        """Whether enough has been seen to tell neutral from expression."""
        return self._seen >= START_SECONDS

    def observe(self, values: NDArray[np.float64], seconds: float) -> None:
        """Learn from one frame.

        Args:
            values: shape (k,).
            seconds: how long the frame lasted.
        """
        if not self.ready:
            self._first.append(values)
            self._seen += seconds
            self.centre = np.median(self._first, axis=0)
            return
        self._first.clear()
        weight = seconds / (_PRIOR_SECONDS + min(self._seen, MEMORY_SECONDS))
        self._seen += seconds
        deviation = values - self.centre
        limit = _CENTRE_LIMIT * self.spread
        step = np.where(
            self._accepts(np.abs(deviation) > limit, seconds),
            min(1.0, _FOLLOWING * seconds / _ACCEPTING_SECONDS) * deviation,
            weight * np.clip(deviation, -limit, limit),
        )
        size = np.minimum(np.abs(deviation), _SPREAD_LIMIT * self.spread)
        self.spread = np.maximum(self._floor, self.spread + weight * (size - self.spread))
        self.centre = self.centre + step

    def _accepts(self, outside: NDArray[np.bool_], seconds: float) -> NDArray[np.bool_]:
        """Which values have stayed away for so long that they are the new neutral."""
        away = np.where(outside, self._away + seconds, np.maximum(0.0, self._away - seconds))
        stays = away > ACCEPT_SECONDS
        self._away = np.where(stays, 0.0, away)
        left = np.maximum(0.0, self._accepting - seconds)
        self._accepting = np.where(stays, _ACCEPTING_SECONDS, left)
        return self._accepting > 0.0

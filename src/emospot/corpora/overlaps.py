"""Which of many spans meet a span, without looking at all of them.

Spans are in order of their starts. Whatever meets [start, end) begins before `end` and not
earlier than the longest span before `start`, so that only those between are looked at.
"""

from bisect import bisect_left
from collections.abc import Sequence

Times = tuple[float | None, float | None]


class Overlaps:
    """Finds the spans that meet a span.

    Args:
        spans: start and end in seconds, N of them in any order; those with None meet nothing.

    >>> Overlaps([(5.0, 6.0), (0.0, 9.0), (None, None), (6.0, 7.0)]).meeting(5.5, 6.0)
    [0, 1]
    """

    def __init__(self, spans: Sequence[Times]) -> None:
        timed = sorted(
            (start, end, place)
            for place, (start, end) in enumerate(spans)
            if start is not None and end is not None
        )
        self._spans = timed
        self._starts = [start for start, _, _ in timed]
        self._longest = max((end - start for start, end, _ in timed), default=0.0)

    def meeting(self, start: float | None, end: float | None) -> list[int]:
        """Places of the spans that share time with [start, end), in ascending order."""
        if start is None or end is None:
            return []
        # A little earlier, as the difference of two floats may round down.
        first = bisect_left(self._starts, start - self._longest - 1e-6)
        last = bisect_left(self._starts, end)
        return sorted(place for _, stop, place in self._spans[first:last] if stop > start)

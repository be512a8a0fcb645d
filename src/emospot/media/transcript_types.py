"""What every transcript reader gives: segments in the order of the file.

All times are seconds. Repairs follow two rules, each with a notice that names
the file and the place: a start below zero becomes zero; an end before its start
is not believed and counts as unknown, so that no text is lost.
"""

import math
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from emospot.errors import TranscriptError


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word with its time, as the source gives it.

    Args:
        start: seconds.
        end: seconds, at least `start`.
        text: the word, or a few words that the source times together.
    """

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Segment:
    """One entry of a transcript: what one speaker says.

    Args:
        speaker: the name, or None where the source names none.
        start: seconds, or None where the source has no times.
        end: seconds, at least `start`, or None where unknown.
        text: the words with single spaces between them, "" where unknown.
        words: times of the words, empty where the source has none.
    """

    speaker: str | None
    start: float | None
    end: float | None
    text: str
    words: tuple[TimedWord, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """A transcript as read from one file.

    Args:
        segments: in the order of the file; formats made of tiers are sorted
            by start.
        notices: sentences about what was repaired or left out, each naming
            the file and the place.
    """

    segments: tuple[Segment, ...]
    notices: tuple[str, ...] = ()


@dataclass(slots=True)
class Notices:
    """Collects notices of one file; the same matter in many places is one notice.

    Args:
        path: the file.
        places: matter → where it was found.
        more: whole sentences, for example about a second file.

    >>> notices = Notices(Path("talk.srt"))
    >>> notices.add("line 3", "the text is empty")
    >>> notices.add("line 8", "the text is empty")
    >>> notices.sentences()
    ('talk.srt, line 3 (and 1 more place): the text is empty',)
    """

    path: Path
    places: dict[str, list[str]] = field(default_factory=dict)
    more: list[str] = field(default_factory=list)

    def add(self, place: str, matter: str) -> None:
        """Note what was found at a place, e.g. "line 12"."""
        self.places.setdefault(matter, []).append(place)

    def sentences(self) -> tuple[str, ...]:
        """One sentence a matter, with its first place and the number of others."""
        own = [self._sentence(matter, found) for matter, found in self.places.items()]
        return (*own, *self.more)

    def _sentence(self, matter: str, found: list[str]) -> str:
        more = len(found) - 1
        others = f" (and {more} more place{'s' if more > 1 else ''})" if more else ""
        return f"{self.path.name}, {found[0]}{others}: {matter}"


def checked_times(
    start: float | None, end: float | None, place: str, notices: Notices
) -> tuple[float | None, float | None]:
    """Apply the rules of this module to the times of one segment.

    Args:
        start: seconds or None.
        end: seconds or None.
        place: where the segment stands, e.g. "line 12".
        notices: gets what was repaired.

    Returns:
        Start and end; an end is never given without a start or before it.

    Raises:
        TranscriptError: if a time is not finite.

    >>> checked_times(5.0, 4.0, "line 1", Notices(Path("a.csv")))
    (5.0, None)
    """
    for time in (start, end):
        if time is not None and not math.isfinite(time):
            raise TranscriptError(f"{notices.path}, {place}: {time} is no time in seconds")
    if start is None:
        if end is not None:
            notices.add(place, "an end without a start; the times were left out")
        return None, None
    if start < 0:
        notices.add(place, "starts before second 0; the start was set to 0")
        start = 0.0
    if end is not None and end < start:
        notices.add(place, "ends before it starts; the end was taken as unknown")
        end = None
    return start, end


def shared_time(
    start: float | None, end: float | None, lengths: list[int]
) -> list[tuple[float | None, float | None]]:
    """Share a span among parts by their lengths in characters.

    >>> shared_time(10.0, 14.0, [1, 3])
    [(10.0, 11.0), (11.0, 14.0)]
    """
    if start is None or end is None:
        return [(start, end)] * len(lengths)
    total = sum(lengths) or 1
    bounds = [start]
    for length in lengths:
        bounds.append(bounds[-1] + (end - start) * length / total)
    bounds[-1] = end
    return list(pairwise(bounds))

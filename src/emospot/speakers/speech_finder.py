"""From the probability of speech, window by window, to utterances, as soon as they are over.

Speech begins where the probability reaches a threshold and ends where it stays well below
it for `min_silence`. Stretches longer than `max_seconds` are cut where speech is least
probable, at a pause or a breath, in the second half of what is allowed. (The rules, but for
the cuts, are those of silero-vad's `get_speech_timestamps`, which needs the whole recording.)
"""

import math
from collections.abc import Sequence

import numpy as np

from emospot.errors import UsageError
from emospot.features.base import Span
from emospot.media.audio import SAMPLE_RATE

WINDOW = 512
"""Samples that are judged at a time (32 ms)."""
SMOOTHING_WINDOWS = 5
"""A cut looks for the least speech over 160 ms, longer than a consonant's closure."""
_WELL_BELOW = 0.15
_WINDOWS_A_SECOND = SAMPLE_RATE / WINDOW


class SpeechFinder:
    """Takes one probability after the other and tells each utterance once it is over.

    Args:
        threshold: probability in (0, 1) from which a window counts as speech.
        min_silence: seconds of silence that part two utterances; shorter
            pauses occur within a sentence.
        min_speech: seconds; a shorter sound (a click, a cough) is left out.
        padding: seconds added before and after, at most half of `min_silence`; the
            network answers a little late.
        max_seconds: no span is longer.

    Raises:
        UsageError: if an argument is out of its range.

    >>> finder = SpeechFinder(min_silence=0.1)
    >>> speech = [0.0] * 20 + [0.9] * 30 + [0.0] * 20
    >>> [(n, span) for n, p in enumerate(speech) for span in finder.add(p)]
    [(54, (0.59, 1.65))]
    """

    def __init__(
        self,
        *,
        threshold: float = 0.5,
        min_silence: float = 0.4,
        min_speech: float = 0.25,
        padding: float = 0.1,
        max_seconds: float = 15.0,
    ) -> None:
        if not 0.0 < threshold < 1.0:
            raise UsageError(f"threshold must lie between 0 and 1, found {threshold}")
        if max_seconds < 1.0:
            raise UsageError(f"max_seconds must be at least 1, found {max_seconds}")
        least_zero = {"min_silence": min_silence, "min_speech": min_speech, "padding": padding}
        for name, value in least_zero.items():
            if value < 0.0:
                raise UsageError(f"{name} must not be negative, found {value}")
        self._threshold, self._max_seconds = threshold, max_seconds
        self._quiet = max(threshold - _WELL_BELOW, 0.01)
        self._min_silence = min_silence * SAMPLE_RATE
        self._min_speech = min_speech * SAMPLE_RATE
        self._padding = round(min(padding, min_silence / 2) * SAMPLE_RATE)
        self._windows = 0
        # Samples: where speech began, and where it may have ended.
        self._start: int | None = None
        self._end: int | None = None
        # Seconds: where the utterance begins, once parts of the speech have been cut off.
        self._begun = 0.0
        self._probabilities: list[float] = []
        self._first = 0

    @property
    def padding(self) -> float:
        """Seconds that are added before and after."""
        return self._padding / SAMPLE_RATE

    @property
    def open_since(self) -> float | None:
        """Where the utterance that goes on begins, in seconds; None: nobody speaks."""
        return None if self._start is None else self._begun

    def add(self, probability: float) -> list[Span]:
        """Take the next window.

        Returns:
            Start and end in seconds of the utterances that are over now.
        """
        now = self._windows * WINDOW
        self._windows += 1
        if self._start is not None:
            self._probabilities.append(probability)
        if probability >= self._threshold:
            self._end = None
        if self._start is None:
            if probability >= self._threshold:
                self._start, self._begun = now, max(0, now - self._padding) / SAMPLE_RATE
                self._first, self._probabilities = self._windows - 1, [probability]
            return []
        if probability < self._quiet and self._end is None:
            self._end = now
        if self._end is None:
            return self._cut_off(now)
        silent = now - self._end
        # What is neither speech nor silence must not go on for ever.
        if silent >= self._max_seconds * SAMPLE_RATE or (
            probability < self._quiet and silent >= self._min_silence
        ):
            return self._over(self._start, self._end, self._padding)
        return []

    def finish(self, samples: int) -> list[Span]:
        """The utterance that the end cut off.

        Args:
            samples: how many there were.
        """
        return [] if self._start is None else self._over(self._start, samples, 0)

    def _cut_off(self, now: int) -> list[Span]:
        """What is longer than allowed, wherever the speech will end."""
        found = []
        reach = SMOOTHING_WINDOWS // 2
        while now >= (latest := self._begun + self._max_seconds) * SAMPLE_RATE:
            if now // WINDOW < math.floor(latest * _WINDOWS_A_SECOND) + reach:
                break
            cut = _cut(self._begun, self._probabilities, self._max_seconds, self._first)
            found.append((self._begun, cut))
            self._begun = cut
            done = math.floor(cut * _WINDOWS_A_SECOND) - reach - self._first
            del self._probabilities[:done]
            self._first += done
        return found

    def _over(self, start: int, end: int, padding: int) -> list[Span]:
        self._start = self._end = None
        if end - start <= self._min_speech:
            return []
        span = (self._begun, (end + padding) / SAMPLE_RATE)
        return split_span(span, self._probabilities, self._max_seconds, self._first)


def split_span(
    span: Span, probabilities: Sequence[float], max_seconds: float, first: int = 0
) -> list[Span]:
    """Cut a span into parts of at most `max_seconds` where speech is least probable.

    Args:
        span: start and end in seconds.
        probabilities: of speech, one a window of 512 samples.
        max_seconds: length of the longest part.
        first: number of the first of those windows.

    >>> speech = [1.0] * 100 + [0.6] * 5 + [1.0] * 100
    >>> [(a, round(b, 2)) for a, b in split_span((0.0, 6.0), speech, 4.0)][0]
    (0.0, 3.28)
    """
    parts = []
    start, end = span
    while end - start > max_seconds:
        cut = _cut(start, probabilities, max_seconds, first)
        parts.append((start, cut))
        start = cut
    return [*parts, (start, end)]


def _cut(start: float, probabilities: Sequence[float], max_seconds: float, first: int) -> float:
    """Where to cut what begins at `start`, in seconds."""
    earliest = math.ceil((start + max_seconds / 2) * _WINDOWS_A_SECOND)
    latest = math.floor((start + max_seconds) * _WINDOWS_A_SECOND)
    reach = SMOOTHING_WINDOWS // 2
    near = np.asarray(probabilities[max(0, earliest - reach - first) : latest + reach + 1 - first])
    kernel = np.full(SMOOTHING_WINDOWS, 1 / SMOOTHING_WINDOWS)
    smooth = np.convolve(near, kernel, mode="valid")
    cut = (earliest + int(smooth.argmin()) + 0.5) / _WINDOWS_A_SECOND
    return min(cut, start + max_seconds)

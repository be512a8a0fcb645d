"""Words and their times from sound, whatever recognises them.

A recogniser is given a stretch of sound and says the words in it with their times.
Here a whole recording is cut into such stretches, only where nobody speaks, of at most
ten minutes as far as speech allows: so memory does not grow with the recording. A pause of
more than two seconds ends a stretch, so that long silences, into which recognisers tend to
write words that nobody said, are not heard.

A recogniser is named by `KIND:MODEL`, e.g. `faster-whisper:models/small`. Nothing is
ever fetched from the network unless the user has allowed it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from emospot.errors import UsageError
from emospot.media.audio_spans import audio_of_spans
from emospot.media.transcript_types import TimedWord

Span = tuple[float, float]

FASTER_WHISPER = "faster-whisper"
LONGEST_STRETCH = 600.0
"""Seconds of sound that are recognised at a time."""
LONGEST_PAUSE = 2.0
"""Seconds of silence within a stretch."""
_TELLING = 5.0  # seconds; the language of a shorter stretch ("Hm.") is a guess
_AROUND = 0.2  # seconds; voice activity cuts soft beginnings and ends off


class Recogniser(Protocol):
    """Whatever turns sound into words with times."""

    @property
    def name(self) -> str:
        """The recogniser and its model, as an analysis says where its words come from."""
        ...

    def words(self, audio: NDArray[np.float32], language: str) -> tuple[Sequence[TimedWord], str]:
        """The words of a stretch of sound.

        Args:
            audio: mono samples in [-1, 1] at 16 kHz, shape (n,).
            language: ISO 639-1 code, "" where the recogniser has to find out.

        Returns:
            The words in order of time, in seconds from the stretch's start, each with
            the blank before it if it has one, so that the texts joined are the text; and
            the language.
        """
        ...


@dataclass(frozen=True, slots=True)
class RecognisedWords:
    """The words of a recording.

    Args:
        words: in order of time, texts as a recogniser gives them.
        language: ISO 639-1 code, "" where nothing was recognised.
        recogniser: name of recogniser and model.
    """

    words: tuple[TimedWord, ...]
    language: str
    recogniser: str


def load_recogniser(choice: str, *, allow_download: bool = False) -> Recogniser:
    """The recogniser that a user has named.

    Args:
        choice: KIND:MODEL; the model is a folder, or the name of one.
        allow_download: whether a model that is not on this machine may be fetched.

    Raises:
        UsageError: if there is no such kind, or no model is named.
        MissingExtraError: if the packages of the recogniser are not installed.
        ModelError: if the model is not there or cannot be loaded.
    """
    from emospot.recognition.faster_whisper import FasterWhisper

    kind, _, model = choice.partition(":")
    if kind != FASTER_WHISPER or not model.strip():
        raise UsageError(
            f'no recogniser "{choice}": expected {FASTER_WHISPER}:MODEL, where MODEL is the '
            "folder of a converted Whisper model or its name, e.g. "
            f"{FASTER_WHISPER}:models/small"
        )
    return FasterWhisper(model.strip(), allow_download=allow_download)


def recognise(
    path: Path,
    speech: Sequence[Span],
    recogniser: Recogniser,
    *,
    on_share: Callable[[float], None] = lambda share: None,
) -> RecognisedWords:
    """Recognise what is said in a recording.

    Args:
        path: the recording.
        speech: where somebody speaks, in seconds, in order of time.
        recogniser: what recognises. The language that it finds in the first stretch of
            five seconds or more is that of the others after it; where there is none so
            long, each has its own, and the longest tells that of the recording.
        on_share: told how much of the recording is done, from 0 to 1.

    Raises:
        MediaError: if the recording cannot be read.
    """
    parts = stretches(speech)
    found: list[TimedWord] = []
    language, longest = "", 0.0
    for index, audio in audio_of_spans(path, parts):
        start, end = parts[index]
        words, heard = recogniser.words(audio, language if longest >= _TELLING else "")
        if words and longest < min(end - start, _TELLING):
            language, longest = heard, end - start
        found += [replace(w, start=start + w.start, end=start + w.end) for w in words]
        on_share(end / parts[-1][1])
    found.sort(key=lambda word: word.start)
    return RecognisedWords(tuple(found), language, recogniser.name)


def stretches(speech: Sequence[Span], longest: float = LONGEST_STRETCH) -> list[Span]:
    """Join spans of speech to stretches that are cut in silence alone.

    Args:
        speech: start and end of each span, in order of time.
        longest: seconds of a stretch; only a single span can be longer.

    >>> stretches([(1.0, 4.0), (5.0, 8.0), (30.0, 31.0)])
    [(0.8, 8.2), (29.8, 31.2)]
    """
    joined: list[list[float]] = []
    for start, end in speech:
        near = joined and start - joined[-1][1] <= LONGEST_PAUSE
        if near and end - joined[-1][0] <= longest:
            joined[-1][1] = max(end, joined[-1][1])
        else:
            joined.append([start, end])
    bounds = [(max(0.0, start - _AROUND), end + _AROUND) for start, end in joined]
    for number in range(1, len(bounds)):
        # No sound is recognised twice.
        (before, end), (start, after) = bounds[number - 1], bounds[number]
        if start < end:
            middle = (joined[number - 1][1] + joined[number][0]) / 2
            bounds[number - 1], bounds[number] = (before, middle), (middle, after)
    return bounds

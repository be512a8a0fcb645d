"""Where somebody speaks: utterances of a recording without a transcript.

silero-vad, a small recurrent network, gives for every 32 ms the probability of
speech. Its state is carried on from window to window, so the sound can be
streamed; only one number a window is kept. Speech begins where the probability
reaches a threshold and ends where it stays well below it for `min_silence`.
Longer stretches than `max_seconds` are cut where speech is least probable, at a
pause or a breath, in the second half of what is allowed.

This finds speech, not speakers: a quick change of speakers without a pause
stays one utterance.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.errors import UsageError
from emospot.features.base import Span
from emospot.media.audio import SAMPLE_RATE

WINDOW = 512
"""Samples that the network judges at a time (32 ms)."""

_SMOOTHING_WINDOWS = 5
"""A cut looks for the least speech over 160 ms, longer than a consonant's closure."""


def speech_spans(
    blocks: Iterable[NDArray[np.float32]],
    *,
    threshold: float = 0.5,
    min_silence: float = 0.4,
    min_speech: float = 0.25,
    padding: float = 0.1,
    max_seconds: float = 15.0,
) -> list[Span]:
    """Find the spans of speech in one pass over the sound.

    Args:
        blocks: consecutive mono samples in [-1, 1] at 16 kHz, shape (n,) each,
            as `emospot.media.audio_blocks` gives them.
        threshold: probability in (0, 1) from which a window counts as speech.
        min_silence: seconds of silence that part two utterances; shorter
            pauses occur within a sentence.
        min_speech: seconds; a shorter sound (a click, a cough) is left out.
        padding: seconds added before and after, where neighbours leave room;
            the network answers a little late.
        max_seconds: no span is longer.

    Returns:
        Start and end in seconds, in order of time, not overlapping. Empty
        where nobody speaks.

    Raises:
        UsageError: if an argument is out of its range.
    """
    if not 0.0 < threshold < 1.0:
        raise UsageError(f"threshold must lie between 0 and 1, found {threshold}")
    if max_seconds < 1.0:
        raise UsageError(f"max_seconds must be at least 1, found {max_seconds}")
    for name, value in (("min_silence", min_silence), ("min_speech", min_speech)):
        if value < 0.0:
            raise UsageError(f"{name} must not be negative, found {value}")
    probabilities, samples = speech_probabilities(blocks)
    found = _silero().get_speech_timestamps_from_probs(
        probabilities,
        sampling_rate=SAMPLE_RATE,
        threshold=threshold,
        min_silence_duration_ms=round(min_silence * 1000),
        min_speech_duration_ms=round(min_speech * 1000),
        speech_pad_ms=round(padding * 1000),
        audio_length_samples=samples,
    )
    spans = [(one["start"] / SAMPLE_RATE, one["end"] / SAMPLE_RATE) for one in found]
    return [part for span in spans for part in split_span(span, probabilities, max_seconds)]


def speech_probabilities(blocks: Iterable[NDArray[np.float32]]) -> tuple[list[float], int]:
    """The probability of speech in each window of 512 samples.

    Args:
        blocks: as in `speech_spans`.

    Returns:
        One probability a window (the last window is filled up with silence),
        and the number of samples.
    """
    # A fresh network, so that no state of another recording is left in it.
    model = _silero().load_silero_vad()
    import torch

    probabilities: list[float] = []
    samples = 0
    with _one_thread(), torch.inference_mode():
        for window in _windows(blocks):
            samples += len(window)
            filled = np.zeros(WINDOW, np.float32)
            filled[: len(window)] = window
            probabilities.append(float(model(torch.from_numpy(filled), SAMPLE_RATE)))
    return probabilities, samples


def split_span(span: Span, probabilities: Sequence[float], max_seconds: float) -> list[Span]:
    """Cut a span into parts of at most `max_seconds` where speech is least probable.

    Args:
        span: start and end in seconds.
        probabilities: of speech, one a window of 512 samples from second 0.
        max_seconds: length of the longest part.

    >>> speech = [1.0] * 100 + [0.6] * 5 + [1.0] * 100
    >>> [(a, round(b, 2)) for a, b in split_span((0.0, 6.0), speech, 4.0)][0]
    (0.0, 3.28)
    """
    parts = []
    start, end = span
    second = SAMPLE_RATE / WINDOW
    while end - start > max_seconds:
        first = math.ceil((start + max_seconds / 2) * second)
        last = math.floor((start + max_seconds) * second)
        reach = _SMOOTHING_WINDOWS // 2
        near = np.asarray(probabilities[max(0, first - reach) : last + reach + 1])
        kernel = np.full(_SMOOTHING_WINDOWS, 1 / _SMOOTHING_WINDOWS)
        smooth = np.convolve(near, kernel, mode="valid")
        cut = (first + int(smooth.argmin()) + 0.5) / second
        cut = min(cut, start + max_seconds)
        parts.append((start, cut))
        start = cut
    return [*parts, (start, end)]


def _windows(blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """The same samples in windows of 512; the last may be shorter."""
    rest = np.zeros(0, np.float32)
    for block in blocks:
        joined = np.concatenate([rest, block])
        full = len(joined) - len(joined) % WINDOW
        for start in range(0, full, WINDOW):
            yield joined[start : start + WINDOW]
        rest = joined[full:]
    if len(rest):
        yield rest


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute with one thread and set the number back afterwards.

    The network is so small that several threads wait for each other: on a busy
    machine they take ten times as long.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _silero() -> Any:
    """The package silero_vad, imported without its side effect."""
    import torch

    # On import it sets torch to one thread for the whole program.
    threads = torch.get_num_threads()
    import silero_vad

    torch.set_num_threads(threads)
    return silero_vad

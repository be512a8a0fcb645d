"""Where somebody speaks: utterances of a recording without a transcript.

silero-vad, a small recurrent network, gives for every 32 ms the probability of
speech. Its state is carried on from window to window, so the sound can be
streamed; what is speech and what is not `speech_finder` says.

This finds speech, not speakers: a quick change of speakers without a pause
stays one utterance.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.features.base import Span
from emospot.media.audio import SAMPLE_RATE
from emospot.processes import one_thread
from emospot.speakers.speech_finder import WINDOW, SpeechFinder


class VoiceActivity:
    """The utterances of a sound that comes in blocks of any length.

    Args:
        options: of `SpeechFinder`.

    Raises:
        UsageError: if an option is out of its range.
    """

    def __init__(self, **options: float) -> None:
        self._finder = SpeechFinder(**options)
        # A fresh network, so that no state of another recording is left in it.
        self._network = _silero().load_silero_vad()
        self._rest = np.zeros(0, np.float32)
        self._samples = 0

    @property
    def padding(self) -> float:
        """Seconds before its first sound at which an utterance begins."""
        return self._finder.padding

    @property
    def open_since(self) -> float | None:
        """Where the utterance that goes on begins, in seconds; None: nobody speaks."""
        return self._finder.open_since

    def add(self, block: NDArray[np.float32]) -> list[Span]:
        """Take the next samples.

        Args:
            block: mono samples in [-1, 1] at 16 kHz, shape (n,).

        Returns:
            Start and end in seconds of the utterances that are over now.
        """
        self._samples += len(block)
        joined = np.concatenate((self._rest, block))
        full = len(joined) - len(joined) % WINDOW
        self._rest = joined[full:]
        with one_thread():
            return [
                span
                for first in range(0, full, WINDOW)
                for span in self._finder.add(self._probability(joined[first : first + WINDOW]))
            ]

    def finish(self) -> list[Span]:
        """The utterances that the end cut off."""
        found = []
        if len(self._rest):
            filled = np.zeros(WINDOW, np.float32)
            filled[: len(self._rest)] = self._rest
            with one_thread():
                found = self._finder.add(self._probability(filled))
        return [*found, *self._finder.finish(self._samples)]

    def _probability(self, window: NDArray[np.float32]) -> float:
        import torch

        with torch.inference_mode():
            return float(self._network(torch.from_numpy(window), SAMPLE_RATE))


def speech_spans(blocks: Iterable[NDArray[np.float32]], **options: float) -> list[Span]:
    """Find the spans of speech in one pass over the sound.

    Args:
        blocks: consecutive mono samples in [-1, 1] at 16 kHz, shape (n,) each,
            as `emospot.media.audio_blocks` gives them.
        options: of `SpeechFinder`.

    Returns:
        Start and end in seconds, in order of time, not overlapping. Empty
        where nobody speaks.

    Raises:
        UsageError: if an option is out of its range.
    """
    activity = VoiceActivity(**options)
    found = [span for block in blocks for span in activity.add(block)]
    return [*found, *activity.finish()]


def _silero() -> Any:
    """The package silero_vad, imported without its side effect."""
    import torch

    # On import it sets torch to one thread for the whole program.
    threads = torch.get_num_threads()
    import silero_vad

    torch.set_num_threads(threads)
    return silero_vad

"""How voices sound from moment to moment: what speakers are told apart by.

Each span of speech is embedded in windows of 1.6 s (GE2E), 2.5 a second. Between two
moments the voice may change. Where it does, the cut belongs to the quietest place near
by, since speakers hardly ever change in the middle of a syllable; these places are found
while the sound is at hand. What is kept is about 1 kB a window, 18 MB for two hours.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from emospot.features.base import Span
from emospot.features.voice_ge2e import DIM, Ge2eVoice
from emospot.media.audio import SAMPLE_RATE

STEP = 0.4
"""Seconds from moment to moment."""
NEAR = 0.2
"""A cut may lie so many seconds outside the two moments between which it is made."""
_FRAME = SAMPLE_RATE // 50


@dataclass(frozen=True, slots=True)
class VoiceWindows:
    """The voice of each moment of speech, in order of the spans and of time.

    Args:
        span: number of the span that the moment lies in, shape (n,).
        embeddings: of length 1, shape (n, 256).
        cuts: seconds at which to cut between this moment and the next one of the same
            span, shape (n,); the last one of each span has none (NaN).
    """

    span: NDArray[np.intp]
    embeddings: NDArray[np.float32]
    cuts: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.span)


def voice_windows(
    sounds: Iterable[tuple[int, NDArray[np.float32]]],
    spans: Sequence[Span],
    encoder: Ge2eVoice,
    *,
    step: float = STEP,
) -> VoiceWindows:
    """Embed the moments of spans.

    Args:
        sounds: number of a span and its samples at 16 kHz, in any order, as
            `emospot.media.audio_of_spans` gives them.
        spans: start and end of each in seconds.
        encoder: what embeds.
        step: seconds from moment to moment.
    """
    found: dict[int, tuple[NDArray[np.float32], NDArray[np.float64]]] = {}
    for index, audio in sounds:
        moments, embeddings = encoder.windows(audio, step)
        if len(moments):
            found[index] = embeddings, spans[index][0] + _cuts(audio, moments)
    order = sorted(found)
    return VoiceWindows(
        np.array([index for index in order for _ in found[index][1]], dtype=np.intp),
        np.concatenate([np.zeros((0, DIM), np.float32), *(found[index][0] for index in order)]),
        np.concatenate([np.zeros(0), *(found[index][1] for index in order)]),
    )


def _cuts(audio: NDArray[np.float32], moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """The quietest 60 ms between each moment and the next, NaN for the last, shape (n,)."""
    count = max(1, len(audio) // _FRAME)
    frames = np.zeros(count * _FRAME, np.float32)
    frames[: len(audio)] = audio[: len(frames)]
    power = np.square(frames, dtype=np.float64).reshape(count, _FRAME).mean(axis=1)
    smooth = np.convolve(np.pad(power, 1, mode="edge"), np.full(3, 1 / 3), mode="valid")
    frame = _FRAME / SAMPLE_RATE
    cuts = np.full(len(moments), np.nan)
    for number, (here, there) in enumerate(pairwise(moments)):
        first = max(0, int((here - NEAR) / frame))
        last = max(first + 1, min(count, int(np.ceil((there + NEAR) / frame))))
        cuts[number] = (first + int(smooth[first:last].argmin()) + 0.5) * frame
    return cuts

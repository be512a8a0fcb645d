"""Hotspots of the voice: peaks of loudness and pitch together, the plain reference.

    z[t]  = Σ over loudness (log) and pitch (semitones) of (x[t] − median) / (1.4826 · MAD)
    z̄     = z smoothed over the voiced frames by a Gaussian of half a second

with median and MAD (median absolute deviation) over the speaker's voiced frames of the
whole recording. A hotspot is a peak of z̄ above 1.25, from half of its prominence to
half of it. It is what one would try first; the other detectors of the voice are
measured against it. The height is the best on spliced clips of other actors.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks, peak_widths

from emospot.conversation import VOICE, Conversation, Hotspot, Tokens
from emospot.features.voice_descriptors import LOUDNESS, PITCH, VOICED, frame_hop

Floats = NDArray[np.float64]

HEIGHT = 1.25
SMOOTHING = 0.5
_SHORTEST = 5  # frames
_SCORE_SCALE = 4.0
_SILENCE = 1e-3


class PeakHotspots:
    """Finds the moments that are loud and high for their speaker."""

    name = "peaks"
    modality = VOICE
    reads: tuple[str, ...] = ("basic", "egemaps")

    def detect(
        self, conversation: Conversation, descriptors: Sequence[Tokens | None]
    ) -> list[list[Hotspot]]:
        """The hotspots of every utterance's voice, in order of time.

        Args:
            conversation: the utterances in turn order.
            descriptors: for each utterance the columns of
                `features.voice_descriptors` with times, or None.

        Raises:
            FeatureError: if a descriptor has no such column.
        """
        speakers: dict[str, list[Tokens]] = {}
        for utterance, tokens in zip(conversation.utterances, descriptors, strict=True):
            if tokens is not None:
                speakers.setdefault(utterance.speaker, []).append(tokens)
        usual = {speaker: _usual(own) for speaker, own in speakers.items()}
        return [
            [] if tokens is None else _peaks(tokens, usual[utterance.speaker])
            for utterance, tokens in zip(conversation.utterances, descriptors, strict=True)
        ]


def _columns(tokens: Tokens) -> tuple[Floats, NDArray[np.bool_]]:
    """Loudness and pitch, shape (T, 2), and which frames are voiced."""
    loudness = np.log(np.asarray(tokens.column(LOUDNESS), dtype=np.float64) + _SILENCE)
    pitch = np.asarray(tokens.column(PITCH), dtype=np.float64)
    return np.column_stack([loudness, pitch]), tokens.column(VOICED) > 0.5


def _usual(spoken: Sequence[Tokens]) -> tuple[Floats, Floats] | None:
    """Median and spread of a speaker's loudness and pitch, None of one never voiced."""
    parts = [values[voiced] for values, voiced in map(_columns, spoken)]
    voiced = np.concatenate(parts)
    if len(voiced) == 0:
        return None
    middle = np.median(voiced, axis=0)
    return middle, 1.4826 * np.median(np.abs(voiced - middle), axis=0) + 1e-6


def _peaks(tokens: Tokens, usual: tuple[Floats, Floats] | None) -> list[Hotspot]:
    if usual is None or tokens.times is None or len(tokens) < 2:
        return []
    values, voiced = _columns(tokens)
    z = np.where(voiced, ((values - usual[0]) / usual[1]).sum(axis=1), 0.0)
    spread = SMOOTHING / frame_hop(tokens.times)
    weight = np.maximum(gaussian_filter1d(voiced.astype(np.float64), spread), 0.05)
    padded = np.concatenate([[0.0], gaussian_filter1d(z, spread) / weight, [0.0]])
    apexes, _ = find_peaks(padded, height=HEIGHT)
    _, _, left, right = peak_widths(padded, apexes, rel_height=0.5)
    times, last = tokens.times, len(tokens) - 1
    hotspots = []
    for apex, a, b in zip(apexes, left, right, strict=True):
        if b - a <= _SHORTEST:
            continue
        first, end = min(max(round(a) - 1, 0), last), min(max(round(b) - 1, 0), last)
        score = float(np.tanh(padded[apex] / _SCORE_SCALE))
        span = float(times[first, 0]), float(times[end, 1])
        middle = float(times[apex - 1].mean())
        hotspots.append(Hotspot(VOICE, *span, score, "loudness and pitch", apex=middle))
    return hotspots

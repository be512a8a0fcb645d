"""Hotspots of the voice: peaks of loudness, pitch and rate above the speaker's own manner.

For each descriptor x (loudness level, pitch in semitones, syllables a second)
the frames of an utterance are smoothed and compared with what the speaker has
done so far, this utterance included:

    z[t] = (x[t] − median) / max(1.4826 · MAD, floor)

with median and MAD (median absolute deviation) over the speaker's voiced frames;
1.4826 makes MAD a standard deviation where the frames are normal, the floor
(1.5 phon, 1 semitone, 1 syllable a second) keeps a monotonous voice from
firing at nothing. A hotspot is a peak of z with enough height, prominence and
width; it spans the half of the peak's prominence; peaks of one descriptor that
overlap are one hotspot. Its score is tanh(z / 4) at the apex.

The baseline of a speaker is a histogram per descriptor, so that memory does not
grow with the recording, and the order of the utterances alone decides the
result. Utterance i is measured against utterances 1 … i, never later ones. Its own
frames count in full while there is no history and for a quarter from one voiced
second of history on: a whole utterance in a raised voice would otherwise be its own
measure. So a speaker's first utterance is measured against itself alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks, peak_widths

from emospot.conversation import VOICE, Conversation, Hotspot, Tokens
from emospot.features.voice_descriptors import (
    LOUDNESS,
    PITCH,
    RATE,
    VOICED,
    frame_hop,
    loudness_level,
)

Floats = NDArray[np.float64]

_SCORE_SCALE = 4.0
_ENOUGH = 1.0  # voiced seconds of history that stand without the present utterance
_SELF_WEIGHT = 0.25  # of the present utterance once there is that much history


@dataclass(frozen=True, slots=True)
class _Scale:
    """How a descriptor is measured: least spread, and the histogram's range and bins."""

    floor: float
    low: float
    high: float
    bins: int


_SCALES = {
    LOUDNESS: _Scale(1.5, -70.0, 70.0, 1400),
    PITCH: _Scale(1.0, 0.0, 72.0, 1440),
    RATE: _Scale(1.0, 0.0, 20.0, 800),
}


@dataclass(frozen=True, slots=True)
class _Peak:
    """Frames of a peak: its first and last, its apex, and z there."""

    first: int
    last: int
    apex: int
    height: float


class RunningMedian:
    """Median and MAD of all values so far, in constant memory.

    Values are counted in equal bins; both figures are exact to the width of a
    bin. Values outside the range count in the outermost bins.

    Args:
        low: lower end of the first bin.
        high: upper end of the last bin.
        bins: how many.

    >>> running = RunningMedian(0.0, 10.0, 1000)
    >>> running.add(np.array([1.0, 2.0, 9.0]))
    >>> round(running.median, 1), round(running.mad, 1)
    (2.0, 1.0)
    """

    def __init__(self, low: float, high: float, bins: int) -> None:
        self._edges = np.linspace(low, high, bins + 1)
        self._centres = (self._edges[:-1] + self._edges[1:]) / 2
        self._counts = np.zeros(bins)

    def add(self, values: Floats, weight: float = 1.0) -> None:
        """Count more values, shape (n,), each as often as `weight` says."""
        inside = np.clip(values, self._edges[0], self._edges[-1])
        self._counts += weight * np.histogram(inside, self._edges)[0]

    def with_values(self, values: Floats, weight: float) -> "RunningMedian":
        """A copy that has counted more values; this one stays as it is."""
        copy = RunningMedian(self._edges[0], self._edges[-1], len(self._counts))
        copy._counts += self._counts
        copy.add(values, weight)
        return copy

    @property
    def count(self) -> float:
        """How many values were counted, by weight."""
        return float(self._counts.sum())

    @property
    def median(self) -> float:
        """The middle value; of an even number, the lower of the two. NaN before the first."""
        return _weighted_median(self._centres, self._counts)

    @property
    def mad(self) -> float:
        """The median distance from the median, NaN before the first value."""
        distance = np.abs(self._centres - self.median)
        order = np.argsort(distance, kind="stable")
        return _weighted_median(distance[order], self._counts[order])


class SpeakerBaseline:
    """What is usual for one speaker, over the utterances so far."""

    def __init__(self) -> None:
        self._running = {
            name: RunningMedian(scale.low, scale.high, scale.bins)
            for name, scale in _SCALES.items()
        }

    def take_in(self, name: str, curve: Floats, voiced: NDArray[np.bool_], hop: float) -> Floats:
        """How far a descriptor lies above the usual, in robust standard deviations.

        Args:
            name: of the descriptor.
            curve: its values in the speaker's next utterance, shape (T,).
            voiced: the frames that count, shape (T,), at least one.
            hop: seconds a frame, the same in all utterances.

        Returns:
            z, shape (T,). Afterwards the utterance is part of the baseline.
        """
        running = self._running[name]
        weight = float(np.clip(1.0 - running.count * hop / _ENOUGH, _SELF_WEIGHT, 1.0))
        usual = running.with_values(curve[voiced], weight)
        running.add(curve[voiced])
        return (curve - usual.median) / max(1.4826 * usual.mad, _SCALES[name].floor)


class ProsodyHotspots:
    """Finds the moments at which a voice leaves its speaker's usual manner upwards.

    Args:
        height: least z of an apex.
        prominence: how far z must fall on both sides of an apex before it
            rises higher again.
        shortest: seconds; narrower peaks are not hotspots.
        most_per_second: at most this many hotspots for every second of the
            utterance (rounded up), the strongest stay.
        smoothing: seconds, standard deviation of the Gaussian over frames;
            a syllable lasts about 0.2 s.
        descriptors: which of "loudness", "pitch" and "rate" to read.
    """

    name = "prosody"
    modality = VOICE
    reads: tuple[str, ...] = ("basic", "egemaps")

    def __init__(
        self,
        height: float = 2.0,
        prominence: float = 1.0,
        shortest: float = 0.08,
        most_per_second: float = 1.0,
        smoothing: float = 0.05,
        descriptors: Sequence[str] = (LOUDNESS, PITCH, RATE),
    ) -> None:
        self._height = height
        self._prominence = prominence
        self._shortest = shortest
        self._most_per_second = most_per_second
        self._smoothing = smoothing
        self._descriptors = tuple(descriptors)

    def detect(
        self, conversation: Conversation, descriptors: Sequence[Tokens | None]
    ) -> list[list[Hotspot]]:
        """The hotspots of every utterance's voice, in order of time.

        Args:
            conversation: the utterances in turn order.
            descriptors: for each utterance the columns of
                `features.voice_descriptors` with times, or None.

        Returns:
            Hotspots fired by "loudness", "pitch" or "rate".

        Raises:
            FeatureError: if a descriptor has no such column.
        """
        baselines: dict[str, SpeakerBaseline] = {}
        found = []
        for utterance, tokens in zip(conversation.utterances, descriptors, strict=True):
            baseline = baselines.setdefault(utterance.speaker, SpeakerBaseline())
            found.append([] if tokens is None else self.detect_next(tokens, baseline))
        return found

    def detect_next(self, tokens: Tokens, baseline: SpeakerBaseline) -> list[Hotspot]:
        """The hotspots of a speaker's next utterance; `baseline` takes it in.

        Args:
            tokens: the utterance's descriptors.
            baseline: of the same speaker, with the utterances before.
        """
        voiced = tokens.column(VOICED) > 0.5
        if tokens.times is None or len(tokens) < 2 or not voiced.any():
            return []
        hop = frame_hop(tokens.times)
        hotspots: list[Hotspot] = []
        for name in self._descriptors:
            curve = self._curve(name, tokens, voiced, hop)
            z = np.where(voiced, baseline.take_in(name, curve, voiced, hop), 0.0)
            hotspots += self._peaks(name, _bridged(z, voiced, hop), tokens.times, hop)
        # The margin keeps rounding of the times from adding a hotspot.
        most = int(np.ceil(len(tokens) * hop * self._most_per_second - 1e-6))
        strongest = sorted(hotspots, key=lambda h: h.score, reverse=True)[:most]
        return sorted(strongest, key=lambda h: (h.start, h.fired_by))

    def _curve(self, name: str, tokens: Tokens, voiced: NDArray[np.bool_], hop: float) -> Floats:
        """A descriptor smoothed over its voiced frames, shape (T,); 0 far from a voice."""
        values = np.asarray(tokens.column(name), dtype=np.float64)
        if name == LOUDNESS:
            values = loudness_level(values)
        spread = self._smoothing / hop
        weight = gaussian_filter1d(voiced.astype(np.float64), spread, mode="constant")
        total = gaussian_filter1d(np.where(voiced, values, 0.0), spread, mode="constant")
        return np.where(weight > 1e-6, total / np.maximum(weight, 1e-6), 0.0)

    def _peaks(
        self, name: str, z: Floats, times: NDArray[np.floating], hop: float
    ) -> list[Hotspot]:
        """The peaks of one descriptor as hotspots; overlapping ones are joined."""
        # Zeros around it let an utterance that is high throughout be one peak.
        padded = np.concatenate([[0.0], np.maximum(z, 0.0), [0.0]])
        apexes, _ = find_peaks(
            padded, height=self._height, prominence=self._prominence, width=self._shortest / hop
        )
        _, _, left, right = peak_widths(padded, apexes, rel_height=0.5)
        last = len(z) - 1
        spans = [
            _Peak(
                max(int(np.ceil(a)) - 1, 0),
                min(int(np.floor(b)) - 1, last),
                int(apex) - 1,
                float(padded[apex]),
            )
            for apex, a, b in zip(apexes, left, right, strict=True)
        ]
        return [
            Hotspot(
                VOICE,
                float(times[peak.first, 0]),
                float(times[peak.last, 1]),
                float(np.tanh(peak.height / _SCORE_SCALE)),
                name,
                apex=float(times[peak.apex].mean()),
            )
            for peak in _joined(spans)
        ]


def _weighted_median(values: Floats, counts: Floats) -> float:
    """The value at which half of the counts are reached, NaN without counts."""
    reached = np.cumsum(counts)
    if reached[-1] == 0:
        return float("nan")
    return float(values[np.searchsorted(reached, reached[-1] / 2)])


def _bridged(z: Floats, voiced: NDArray[np.bool_], hop: float, longest: float = 0.15) -> Floats:
    """Interpolate z over pauses of voicing up to `longest` seconds: consonants split no peak."""
    places = np.flatnonzero(voiced)
    gap = np.diff(places, prepend=places[0])
    bridged = np.interp(np.arange(len(z)), places, z[places], left=0.0, right=0.0)
    for end, width in zip(places, gap, strict=True):
        if width > 1 and (width - 1) * hop > longest:
            bridged[end - width + 1 : end] = 0.0
    return bridged


def _joined(peaks: Sequence[_Peak]) -> list[_Peak]:
    """Peaks in order, those that overlap made one around the higher."""
    joined: list[_Peak] = []
    for peak in sorted(peaks, key=lambda peak: peak.first):
        if joined and peak.first <= joined[-1].last:
            before = joined.pop()
            top = max(before, peak, key=lambda one: one.height)
            peak = _Peak(before.first, max(before.last, peak.last), top.apex, top.height)
        joined.append(peak)
    return joined

"""Hotspots of the voice: phrases that sound unlike the phrases around them.

Peaks of loudness or pitch tell syllables that stick out. A moment of emotion is
longer: a phrase is spoken in another manner than its speaker's other phrases, not
only louder or higher. So the unit here is the phrase, speech between two pauses:

    a frame is speech    where its level exceeds low + 0.22 · (high − low), low and
                         high the 5th and 90th percentile of the speaker's levels
    a phrase             0.3 s of speech or more with no pause of 0.15 s or more inside

Each phrase becomes 29 numbers (pitch, loudness, rate, timbre: centre and spread;
length, share of voiced frames), in units of how much they usually differ between
the phrases of a speaker. It is compared with the five nearest phrases of its
speaker: the difference from their median, number by number, and how far it lies
from them against how far they lie from each other. A logistic regression of these 63
numbers says how likely it is that the phrase stands out emotionally; that is its
score. Weights and threshold come from `scripts/fit_voice_phrases.py`: recordings cut
together from clips of actors, whose emotional moments are known.

It looks at the phrases after as well as before; a speaker with fewer than three
phrases has no hotspots, since there is nothing to stand out from.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from emospot.conversation import VOICE, Conversation, Hotspot, Tokens
from emospot.features.voice_descriptors import LOUDNESS, PITCH, RATE, VOICED, frame_hop

Floats = NDArray[np.float64]

TIMBRE = (
    RATE, "periodicity", "spectral_flux", "spectral_centroid", "alpha_ratio",
    "mfcc1", "mfcc2", "mfcc3", "mfcc4",
)  # fmt: skip
NUMBERS = 3 * 2 + 3 + 2 * len(TIMBRE) + 2
"""Numbers a phrase."""
COMPARED = 2 * NUMBERS + 5
"""Numbers a phrase after comparison."""

_SPEECH = 0.22
_LEAST_PAUSE = 0.15
_SHORTEST_PHRASE = 0.3
_HAIR = 0.01  # of a frame
_SMOOTHING = 0.03
_AROUND = 5
_LEAST_PHRASES = 3
_FARTHEST = 4.0  # differences beyond this say no more
_WEIGHTS = "voice_phrases.json"


@dataclass(frozen=True, slots=True)
class Phrase:
    """Speech between two pauses.

    Args:
        utterance: its place in the conversation.
        start: seconds from the start of the recording.
        end: seconds.
        numbers: see the module's text, shape (29,).
    """

    utterance: int
    start: float
    end: float
    numbers: Floats


@dataclass(frozen=True, slots=True)
class PhraseWeights:
    """What was learned.

    Args:
        scale: usual difference between phrases of each number, shape (29,).
        weight: of the compared numbers, shape (63,).
        bias: of the regression.
        threshold: least score of a hotspot.
    """

    scale: Floats
    weight: Floats
    bias: float
    threshold: float


@dataclass(frozen=True, slots=True)
class _Heard:
    """An utterance's descriptors with its place in the conversation and seconds a frame."""

    place: int
    tokens: Tokens
    times: Floats
    hop: float


@cache
def shipped_weights() -> PhraseWeights:
    """The weights in the package."""
    plain = json.loads(files(__package__).joinpath(_WEIGHTS).read_text(encoding="utf-8"))
    return PhraseWeights(
        np.array(plain["scale"]),
        np.array(plain["weight"]),
        float(plain["bias"]),
        float(plain["threshold"]),
    )


class PhraseHotspots:
    """Finds the phrases that a speaker speaks unlike the others.

    Args:
        weights: what to weigh, or None: the package's.
        threshold: least score of a hotspot, or None: that of the weights.
    """

    name = "phrases"
    modality = VOICE
    reads: tuple[str, ...] = ("basic",)

    def __init__(
        self, weights: PhraseWeights | None = None, threshold: float | None = None
    ) -> None:
        self._weights = shipped_weights() if weights is None else weights
        self._threshold = self._weights.threshold if threshold is None else threshold

    def detect(
        self, conversation: Conversation, descriptors: Sequence[Tokens | None]
    ) -> list[list[Hotspot]]:
        """The hotspots of every utterance's voice, in order of time.

        Args:
            conversation: the utterances in turn order.
            descriptors: for each utterance the columns of `--voice basic` with
                times, or None.

        Returns:
            Hotspots fired by "phrase"; a phrase is one hotspot at most.

        Raises:
            FeatureError: if a descriptor lacks a column.
        """
        found: list[list[Hotspot]] = [[] for _ in conversation.utterances]
        for phrases in phrases_by_speaker(conversation, descriptors).values():
            for phrase, score in zip(phrases, self.scores(phrases), strict=True):
                if score >= self._threshold:
                    found[phrase.utterance].append(
                        Hotspot(VOICE, phrase.start, phrase.end, float(score), "phrase")
                    )
        return found

    def scores(self, phrases: Sequence[Phrase]) -> Floats:
        """How likely each of a speaker's phrases stands out, shape (n,); 0 where few are."""
        if len(phrases) < _LEAST_PHRASES:
            return np.zeros(len(phrases))
        numbers = np.stack([phrase.numbers for phrase in phrases])
        logits = compared(numbers / self._weights.scale) @ self._weights.weight
        return np.asarray(1 / (1 + np.exp(-(logits + self._weights.bias))))


def phrases_by_speaker(
    conversation: Conversation, descriptors: Sequence[Tokens | None]
) -> dict[str, list[Phrase]]:
    """Each speaker's phrases in order.

    Args:
        conversation: the utterances in turn order.
        descriptors: of each, as `PhraseHotspots.detect` reads them.
    """
    return {
        speaker: [_phrase(one, first, end) for one, first, end in stretches]
        for speaker, stretches in _stretches_by_speaker(conversation, descriptors).items()
    }


def can_be_cut(descriptors: Sequence[Tokens | None]) -> bool:
    """Whether all tokens say how loud they are, so that pauses can be found in them."""
    return all(LOUDNESS in (one.columns or ()) for one in descriptors if one is not None)


def phrase_frames(
    conversation: Conversation, descriptors: Sequence[Tokens | None]
) -> list[list[tuple[int, int]]]:
    """First token and the one after the last of each phrase, for every utterance.

    Args:
        conversation: the utterances in turn order.
        descriptors: of each, with times and the column of loudness, or None.
    """
    found: list[list[tuple[int, int]]] = [[] for _ in conversation.utterances]
    for stretches in _stretches_by_speaker(conversation, descriptors).values():
        for one, first, end in stretches:
            found[one.place].append((first, end))
    return found


def _stretches_by_speaker(
    conversation: Conversation, descriptors: Sequence[Tokens | None]
) -> dict[str, list[tuple[_Heard, int, int]]]:
    """Each speaker's phrases: descriptors, first frame, and the one after the last."""
    heard: dict[str, list[_Heard]] = {}
    for place, (utterance, tokens) in enumerate(
        zip(conversation.utterances, descriptors, strict=True)
    ):
        if tokens is not None and tokens.times is not None and len(tokens) > 1:
            times = np.asarray(tokens.times, dtype=np.float64)
            heard.setdefault(utterance.speaker, []).append(
                _Heard(place, tokens, times, frame_hop(times))
            )
    found = {}
    for speaker, own in heard.items():
        levels = [_level(one) for one in own]
        low, high = np.percentile(np.concatenate(levels), [5, 90])
        least = low + _SPEECH * (high - low)
        found[speaker] = [
            (one, first, end)
            for one, level in zip(own, levels, strict=True)
            for first, end in _stretches(level > least, one.hop)
        ]
    return found


def compared(numbers: Floats) -> Floats:
    """Each phrase against the five nearest of its speaker.

    Args:
        numbers: of the phrases in order, in units of their usual difference,
            shape (n ≥ 2, 29).

    Returns:
        Shape (n, 63): difference from the median of itself and the others, its
        amount (4 at most), distance to the nearest, to the second nearest, and to
        the others' middle, how far the others lie apart, and the difference of
        these two.
    """
    rows = []
    for i, own in enumerate(numbers):
        near = range(max(0, i - _AROUND), min(len(numbers), i + _AROUND + 1))
        places = sorted((j for j in near if j != i), key=lambda j: (abs(j - i), j))
        others = numbers[places[:_AROUND]]
        z = own - np.median(np.vstack([others, own]), axis=0)
        away = np.sort(_distance(others, own))
        apart = [_distance(others[k + 1 :], other) for k, other in enumerate(others[:-1])]
        usual = float(np.median(np.concatenate(apart))) if apart else float(away[0])
        middle = float(np.median(away))
        second = away[min(1, len(away) - 1)]
        summary = [away[0], second, middle, usual, middle - usual]
        rows.append(np.concatenate([z, np.minimum(np.abs(z), _FARTHEST), summary]))
    return np.stack(rows)


def _distance(others: Floats, own: Floats) -> Floats:
    """Root mean square difference of each row, no number counting above 4, shape (n,)."""
    square: Floats = np.minimum((others - own) ** 2, _FARTHEST**2).mean(axis=-1)
    return np.sqrt(square)


def _level(heard: _Heard) -> Floats:
    """Loudness in decibels, smoothed, shape (T,)."""
    loudness = np.asarray(heard.tokens.column(LOUDNESS), dtype=np.float64)
    smooth = gaussian_filter1d(loudness, _SMOOTHING / heard.hop)
    level: Floats = 20 * np.log10(smooth + 1e-4)
    return level


def _stretches(speech: NDArray[np.bool_], hop: float) -> list[tuple[int, int]]:
    """First frame and the one after the last of each phrase."""
    places = np.flatnonzero(speech)
    if len(places) == 0:
        return []
    # In whole frames, as times are rounded and a hair must not decide. Of frames of 0.1 s two
    # in silence are a pause and three of speech a phrase; of 0.01 s, 15 and 30.
    pause, shortest = (math.ceil(s / hop - _HAIR) for s in (_LEAST_PAUSE, _SHORTEST_PHRASE))
    cuts = np.flatnonzero(np.diff(places) - 1 >= pause)
    first = np.concatenate([places[:1], places[cuts + 1]])
    end = np.concatenate([places[cuts], places[-1:]]) + 1
    return [(int(a), int(b)) for a, b in zip(first, end, strict=True) if b - a >= shortest]


def _phrase(heard: _Heard, first: int, end: int) -> Phrase:
    def column(name: str) -> Floats:
        return np.asarray(heard.tokens.column(name)[first:end], dtype=np.float64)

    voiced = column(VOICED) > 0.5
    pitch = column(PITCH)[voiced]
    if voiced.sum() < 5:  # a whisper has no pitch to speak of, but a timbre
        pitch, voiced = np.zeros(5), np.ones(end - first, dtype=bool)
    low, middle, high = np.percentile(pitch, [10, 50, 90])
    loudness = np.log(column(LOUDNESS) + 1e-3)
    timbre = [column(name)[voiced] for name in TIMBRE]
    numbers = [
        low, middle, high, high - low, pitch.std(), np.abs(np.diff(pitch)).mean(),
        loudness.std(), *np.percentile(loudness, [50, 95]),
        *(figure for x in timbre for figure in (x.mean(), x.std())),
        np.log((end - first) * heard.hop), voiced.mean(),
    ]  # fmt: skip
    start, stop = heard.times[first, 0], heard.times[end - 1, 1]
    return Phrase(heard.place, float(start), float(stop), np.array(numbers))

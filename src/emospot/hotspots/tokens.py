"""From hotspots to token scores, which hotspot-gated fusion reads, and back.

    s[t] = max of score over the hotspots that overlap token t, else 0

A word token and a hotspot with character offsets overlap where they share a
character; everything else overlaps where it shares time. Touching is not
overlapping; a hotspot or token without length (an apex) overlaps what contains
it.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import Hotspot, Tokens

HELD_SECONDS = 1.5
LONGEST_GAP = 0.6
SHORTEST_HELD = 0.5
_ROUNDING = 1e-6


def token_scores(tokens: Tokens, hotspots: Sequence[Hotspot]) -> NDArray[np.float64]:
    """The score of the strongest hotspot overlapping each token.

    Args:
        tokens: the tokens of one modality of one utterance.
        hotspots: the hotspots of the same modality and utterance.

    Returns:
        Shape (T,), in [0, 1]. A single token without times (T = 1: features
        pooled over the utterance) takes the strongest hotspot of all; several
        tokens without times and without offsets take 0, as nobody knows which
        of them it was.

    >>> frames = Tokens(np.zeros((3, 1)), np.array([[0.0, 1.0], [1.0, 2.0], [2.0, 3.0]]))
    >>> token_scores(frames, [Hotspot("voice", 0.5, 1.5, 0.9, "loudness")])
    array([0.9, 0.9, 0. ])
    """
    scores = np.zeros(len(tokens))
    for hotspot in hotspots:
        scores = np.where(_overlaps(tokens, hotspot), np.maximum(scores, hotspot.score), scores)
    return scores


def hotspots_of_scores(
    modality: str, tokens: Tokens, scores: NDArray[np.floating], least: float, fired_by: str
) -> list[Hotspot]:
    """The runs of timed tokens whose scores reach a threshold.

    Args:
        modality: of the tokens.
        tokens: with times, T of them; without, there are no hotspots. Of words with
            character offsets see `hotspots.words_place.words_runs`.
        scores: in [0, 1], shape (T,).
        least: threshold.
        fired_by: what fired.

    >>> frames = Tokens(np.zeros((3, 1)), np.array([[0.0, 1.0], [1.0, 2.0], [2.0, 3.0]]))
    >>> [spot] = hotspots_of_scores("voice", frames, np.array([0.2, 0.6, 0.9]), 0.5, "learned")
    >>> spot.start, spot.end, spot.score, spot.apex
    (1.0, 3.0, 0.9, 2.5)
    """
    if tokens.times is None:
        return []
    padded = np.concatenate([[False], scores >= least, [False]])
    first, end = np.flatnonzero(padded[1:] != padded[:-1]).reshape(-1, 2).T
    found = []
    for a, b in zip(first, end, strict=True):
        top = a + int(np.argmax(scores[a:b]))
        start, stop = float(tokens.times[a, 0]), float(tokens.times[b - 1, 1])
        apex = float(tokens.times[top].mean())
        found.append(Hotspot(modality, start, stop, float(scores[top]), fired_by, apex=apex))
    return found


def held_hotspots(
    modality: str, tokens: Tokens, scores: NDArray[np.floating], least: float, fired_by: str
) -> list[Hotspot]:
    """The stretches of timed tokens over which the mean of the scores is held.

    A token's score says how it sounds at this moment, and falls with every pause and
    consonant. So scores are averaged over 1.5 s, stretches that reach the threshold are
    joined over gaps of up to 0.6 s, and those under 0.5 s are left out.

    Args:
        modality: of the tokens.
        tokens: with times; without, there are no hotspots.
        scores: in [0, 1], shape (T,).
        least: threshold of the average.
        fired_by: what fired.

    >>> starts = np.arange(0.0, 6.0, 0.1)
    >>> frames = Tokens(np.zeros((60, 1)), np.column_stack([starts, starts + 0.1]))
    >>> [spot] = held_hotspots("voice", frames, (starts > 2) & (starts < 4), 0.5, "learned")
    >>> round(spot.start, 1), round(spot.end, 1), round(spot.score, 2)
    (2.1, 4.0, 1.0)
    """
    if tokens.times is None:
        return []
    times = np.asarray(tokens.times, dtype=np.float64)
    seconds = np.maximum(times[:, 1] - times[:, 0], _ROUNDING)
    total = np.concatenate([[0.0], np.cumsum(scores * seconds)])
    length = np.concatenate([[0.0], np.cumsum(seconds)])
    middles, own = times.mean(axis=1), np.arange(len(times))
    first = np.searchsorted(times[:, 0], middles - HELD_SECONDS / 2 - _ROUNDING)
    last = np.searchsorted(times[:, 1], middles + HELD_SECONDS / 2 + _ROUNDING, side="right")
    # A token that is longer than that is its own mean.
    first, last = np.minimum(first, own), np.maximum(last, own + 1)
    held = (total[last] - total[first]) / (length[last] - length[first])
    places = np.flatnonzero(held >= least)
    if len(places) == 0:
        return []
    gaps = times[places[1:], 0] - times[places[:-1], 1]
    cuts = np.flatnonzero(gaps > LONGEST_GAP + _ROUNDING)
    found = []
    for a, b in zip(
        np.r_[places[0], places[cuts + 1]], np.r_[places[cuts], places[-1]], strict=True
    ):
        start, stop = float(times[a, 0]), float(times[b, 1])
        if stop - start >= SHORTEST_HELD - _ROUNDING:
            top = a + int(np.argmax(held[a : b + 1]))
            apex = float(middles[top])
            found.append(
                Hotspot(modality, start, stop, min(1.0, float(held[top])), fired_by, apex=apex)
            )
    return found


def whole_hotspot(
    modality: str,
    tokens: Tokens,
    scores: NDArray[np.floating],
    share: float,
    least: float,
    fired_by: str,
) -> list[Hotspot]:
    """All of the tokens as one hotspot, where those that answer for them say so.

    Args:
        modality: of the tokens.
        tokens: a turn or a phrase; without times there is no hotspot.
        scores: in [0, 1], shape (T,).
        share: of the tokens that answer for all, see `greatest_mean`.
        least: their mean from which it is a hotspot.
        fired_by: what fired.
    """
    if tokens.times is None or len(tokens) == 0:
        return []
    score = greatest_mean(scores, share)
    if score < least:
        return []
    times = np.asarray(tokens.times, dtype=np.float64)
    apex = float(times[int(np.argmax(scores))].mean())
    start, end = float(times[0, 0]), float(times[-1, 1])
    return [Hotspot(modality, start, end, min(1.0, score), fired_by, apex=apex)]


def greatest_mean(scores: NDArray[np.floating], share: float) -> float:
    """The mean of the ⌈ρ T⌉ greatest scores.

    >>> greatest_mean(np.array([0.1, 0.8, 0.2, 0.6]), 0.5)
    0.7
    """
    count = max(1, math.ceil(share * len(scores)))
    return float(np.sort(np.asarray(scores, dtype=np.float64))[-count:].mean())


def _overlaps(tokens: Tokens, hotspot: Hotspot) -> NDArray[np.bool_]:
    """Which tokens share characters or time with a hotspot, shape (T,)."""
    if (
        tokens.offsets is not None
        and hotspot.char_start is not None
        and hotspot.char_end is not None
    ):
        return _share(tokens.offsets, hotspot.char_start, hotspot.char_end)
    if tokens.times is not None and hotspot.start is not None and hotspot.end is not None:
        return _share(tokens.times, hotspot.start, hotspot.end)
    return np.full(len(tokens), len(tokens) == 1)


def _share(
    spans: NDArray[np.floating] | NDArray[np.integer], start: float, end: float
) -> NDArray[np.bool_]:
    """Which of the spans (T, 2) share more than an edge with [start, end)."""
    left = np.maximum(spans[:, 0], start)
    right = np.minimum(spans[:, 1], end)
    # A span without length has no inside to share; it counts where it lies.
    point = (spans[:, 0] == spans[:, 1]) | (start == end)
    return np.asarray(np.where(point, left <= right, left < right), dtype=np.bool_)

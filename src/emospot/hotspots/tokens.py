"""From hotspots to token scores, which hotspot-gated fusion reads, and back.

    s[t] = max of score over the hotspots that overlap token t, else 0

A word token and a hotspot with character offsets overlap where they share a
character; everything else overlaps where it shares time. Touching is not
overlapping; a hotspot or token without length (an apex) overlaps what contains
it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import Hotspot, Tokens


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

"""Where two people speak at once, the voice is nobody's.

Loudness and pitch of a mixture say nothing of either speaker: a second voice makes a
moment louder than anything that the first one does. Frames during which somebody else
has an utterance too are therefore treated as silence, before any detector looks: not
voiced, without loudness. They neither fire nor count as what is usual.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import Conversation, Tokens
from emospot.features.voice_descriptors import LOUDNESS, VOICED

_SILENT = (LOUDNESS, VOICED)


def without_overlap(
    conversation: Conversation, descriptors: Sequence[Tokens | None]
) -> list[Tokens | None]:
    """The descriptors with silence where another speaker has an utterance.

    Args:
        conversation: U utterances.
        descriptors: of each, with times; those without the columns of
            `features.voice_descriptors` are left as they are.

    Returns:
        Shape (U,); the same objects where nothing overlaps.
    """
    spoken = sorted(
        (u.start, u.end, u.speaker)
        for u in conversation.utterances
        if u.start is not None and u.end is not None
    )
    starts = [start for start, _, _ in spoken]
    longest = max((end - start for start, end, _ in spoken), default=0.0)
    found: list[Tokens | None] = []
    for utterance, tokens in zip(conversation.utterances, descriptors, strict=True):
        if tokens is None or tokens.times is None or not set(_SILENT) <= set(tokens.columns or ()):
            found.append(tokens)
            continue
        first, last = tokens.times[0, 0], tokens.times[-1, 1]
        near = spoken[bisect_left(starts, first - longest) : bisect_left(starts, last)]
        others = [(start, end) for start, end, who in near if who != utterance.speaker]
        found.append(_silenced(tokens, tokens.times.mean(axis=1), others))
    return found


def _silenced(
    tokens: Tokens, middles: NDArray[np.floating], spans: Sequence[tuple[float, float]]
) -> Tokens:
    """The same tokens, silent where their middles lie within the spans."""
    over = np.zeros(len(tokens), dtype=bool)
    for start, end in spans:
        over |= (start <= middles) & (middles < end)
    if not over.any():
        return tokens
    values = np.array(tokens.values)
    for name in _SILENT:
        values[over, (tokens.columns or ()).index(name)] = 0.0
    return replace(tokens, values=values)

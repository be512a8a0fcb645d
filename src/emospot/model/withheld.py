"""Conversations of which a model is not given everything.

What something tells is asked by taking it away and asking the model again. Both kinds here
are inputs that a model knows: a modality that is absent, as from a recording without it,
and an utterance of fewer tokens. Whatever reads the conversation sees the same: the letters
of words that are taken away are gone too (`batch.text_read`), and an utterance that has lost
its last token has lost the modality.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emospot.batch import Example


def of_modalities(example: Example, kept: Collection[str]) -> Example:
    """The conversation with some modalities alone; hotspots of others stay and mark nothing."""
    return replace(example, tokens={m: own for m, own in example.tokens.items() if m in kept})


def without_modality(example: Example, modality: str) -> Example:
    """The conversation without a modality."""
    return of_modalities(example, example.tokens.keys() - {modality})


def with_tokens(example: Example, modality: str, kept: Mapping[int, NDArray[np.bool_]]) -> Example:
    """The conversation with some tokens alone; where none is left the modality is absent.

    Args:
        example: the conversation.
        modality: whose tokens.
        kept: number of an utterance → which of its tokens stay, shape (T,); the other
            utterances keep theirs.
    """
    sequence = list(example.tokens[modality])
    for u, own in kept.items():
        tokens = sequence[u]
        if tokens is None or own.all():
            continue
        sequence[u] = (
            replace(
                tokens,
                values=tokens.values[own],
                times=None if tokens.times is None else tokens.times[own],
                offsets=None if tokens.offsets is None else tokens.offsets[own],
            )
            if own.any()
            else None
        )
    return replace(example, tokens={**example.tokens, modality: sequence})

"""From the scores that a model has learned to give tokens to hotspots that can be shown.

A token's score says how much likelier an emotion is there than it is anyway, from 0 to 1
(`model.learned_moments`, `model.learned_hotspots`). From one half on it counts:

    words   runs of tokens whose scores reach one half
    voice   phrases between two pauses whose ⌈ρ T⌉ greatest scores have that mean, as the
            turns that the model has learned from are answered for by that share ρ
    else    stretches over which the mean of 1.5 s is held (`hotspots.tokens`)
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emospot.analysis.measure import Measurements
from emospot.config import ModelConfig
from emospot.conversation import VOICE, Conversation, Hotspot, Tokens
from emospot.hotspots.moments import order_of
from emospot.hotspots.tokens import held_hotspots, whole_hotspot
from emospot.hotspots.voice_phrases import can_be_cut, phrase_frames
from emospot.hotspots.words_place import words_runs
from emospot.model.predict import Prediction

LEARNED = "learned"
"""What fires the hotspots that a model finds by itself."""
LEAST = 0.5
"""From which score on."""

Scores = Sequence[NDArray[np.floating]]
"""Of each utterance's tokens."""


def learned_hotspots(
    config: ModelConfig,
    modality: str,
    conversation: Conversation,
    tokens: Sequence[Tokens | None],
    scores: Scores,
) -> list[list[Hotspot]]:
    """The hotspots of every utterance.

    Args:
        config: of the model that gave the scores.
        modality: of the tokens.
        conversation: the utterances in turn order.
        tokens: of each utterance, None where the modality is absent.
        scores: of each utterance's tokens; those of another length say nothing.
    """
    read = [
        one if one is not None and len(one) == len(own) else None
        for one, own in zip(tokens, scores, strict=True)
    ]
    phrases = _phrases(conversation, read) if modality == VOICE else []
    found: list[list[Hotspot]] = []
    for place, (one, own) in enumerate(zip(read, scores, strict=True)):
        if one is None:
            found.append([])
        elif one.offsets is not None:
            found.append(words_runs(conversation.utterances[place], one, own, LEAST, LEARNED))
        elif modality == VOICE:
            parts = ((one.part(*frames), own[slice(*frames)]) for frames in phrases[place])
            found.append([spot for part in parts for spot in learned_phrase(config, *part)])
        else:
            found.append(held_hotspots(modality, one, own, LEAST, LEARNED))
    return found


def learned_phrase(
    config: ModelConfig, tokens: Tokens, scores: NDArray[np.floating]
) -> list[Hotspot]:
    """The hotspot that a phrase of a voice is, if it is one."""
    return whole_hotspot(VOICE, tokens, scores, config.hotspot_share, LEAST, LEARNED)


def take_learned(
    measured: Measurements,
    conversation: Conversation,
    prediction: Prediction,
    config: ModelConfig,
) -> None:
    """Add the hotspots that the model has found by itself to what was measured.

    Args:
        measured: gets them; its features are what the model read.
        conversation: of U utterances.
        prediction: with the learned scores of the tokens.
        config: of the model.
    """
    for modality, scores in prediction.hotspots.items():
        features = measured.features.get(modality)
        if features is None:
            continue
        found = learned_hotspots(config, modality, conversation, features, scores)
        for own, more in zip(measured.hotspots, found, strict=True):
            own.extend(more)
            own.sort(key=order_of)


def _phrases(
    conversation: Conversation, tokens: Sequence[Tokens | None]
) -> list[list[tuple[int, int]]]:
    """The phrases of every utterance, or all of it where its tokens do not say how loud it is."""
    if can_be_cut(tokens):
        return phrase_frames(conversation, tokens)
    return [[] if one is None else [(0, len(one))] for one in tokens]

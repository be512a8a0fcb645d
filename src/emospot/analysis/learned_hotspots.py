"""From the scores that a model has learned to give tokens to hotspots that can be shown."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emospot.analysis.measure import Measurements
from emospot.conversation import VOICE, Conversation, Hotspot, Tokens
from emospot.features.voice_descriptors import LOUDNESS
from emospot.hotspots.tokens import held_hotspots, whole_hotspot
from emospot.hotspots.voice_phrases import phrase_frames
from emospot.hotspots.words_place import words_runs
from emospot.model.predict import Prediction
from emospot.model.pretrained import PretrainedModel

LEARNED = "learned"
"""What fires the hotspots that a model finds by itself."""
LEAST_LEARNED = 0.5
"""Score from which a word is one of them."""
LEAST_PHRASE = 0.2
LEAST_HELD = 0.13
"""From where phrases of a voice, and moments of a face, are hotspots, where the model's training
could not say; set on conversations cut from acted clips."""


def learned_hotspots(
    model: PretrainedModel,
    modality: str,
    conversation: Conversation,
    tokens: Sequence[Tokens | None],
    scores: Sequence[NDArray[np.floating]],
) -> list[list[Hotspot]]:
    """The hotspots that learned scores make, of every utterance.

    Words: runs of tokens. Voices: phrases, where the tokens say how loud they are. Else
    stretches over which the scores are held.

    Args:
        model: that gave the scores; says from which on they count.
        modality: of the tokens.
        conversation: the utterances in turn order.
        tokens: of each utterance, None where the modality is absent.
        scores: of each utterance's tokens; those of another length say nothing.
    """
    read = [
        one if one is not None and len(one) == len(own) else None
        for one, own in zip(tokens, scores, strict=True)
    ]
    least = model.card.hotspot_thresholds.get(modality)
    voiced = all(LOUDNESS in (one.columns or ()) for one in read if one is not None)
    phrases = phrase_frames(conversation, read) if modality == VOICE and voiced else None
    found: list[list[Hotspot]] = []
    for place, (one, own) in enumerate(zip(read, scores, strict=True)):
        if one is None:
            found.append([])
        elif one.offsets is not None:
            utterance = conversation.utterances[place]
            found.append(words_runs(utterance, one, own, LEAST_LEARNED, LEARNED))
        elif phrases is not None:
            found.append(
                [
                    spot
                    for first, end in phrases[place]
                    for spot in learned_phrase(model, one.part(first, end), own[first:end])
                ]
            )
        else:
            found.append(held_hotspots(modality, one, own, least or LEAST_HELD, LEARNED))
    return found


def learned_phrase(
    model: PretrainedModel, tokens: Tokens, scores: NDArray[np.floating]
) -> list[Hotspot]:
    """The hotspot that a phrase of a voice is, if it is one."""
    share = getattr(model.config, "hotspot_share", 1.0)
    least = model.card.hotspot_thresholds.get(VOICE, LEAST_PHRASE)
    return whole_hotspot(VOICE, tokens, scores, share, least, LEARNED)


def take_learned(
    measured: Measurements,
    conversation: Conversation,
    prediction: Prediction,
    model: PretrainedModel,
) -> None:
    """Add the hotspots that the model has found by itself to what was measured.

    Args:
        measured: gets them; its features are what the model read.
        conversation: of U utterances.
        prediction: with the learned scores of the tokens.
        model: that gave it.
    """
    for modality, scores in prediction.hotspots.items():
        features = measured.features.get(modality)
        if features is None:
            continue
        found = learned_hotspots(model, modality, conversation, features, scores)
        for own, more in zip(measured.hotspots, found, strict=True):
            own.extend(more)
            own.sort(key=lambda h: (h.start or 0.0, h.char_start or 0))

"""Which hotspots a model can tell from their surroundings: those that may be reasons."""

import numpy as np
from numpy.typing import NDArray

from emospot.config import ModelConfig
from emospot.conversation import Hotspot, Tokens
from emospot.hotspots.tokens import token_scores
from emospot.model.pretrained import PretrainedModel


def uses_hotspots(model: PretrainedModel, modality: str) -> bool:
    """Whether the model can tell a hotspot of this modality from its surroundings.

    It cannot where it does not read the modality, reads it as one vector an
    utterance, or has no hotspot-gated fusion (a baseline, or switched off).
    """
    if modality not in model.config.modalities:
        return False
    pooled = model.card.features[modality].pooled
    gated = isinstance(model.config, ModelConfig) and model.config.fusion == "hotspot_gated"
    return gated and not pooled


def tokens_inside(hotspot: Hotspot, tokens: Tokens) -> NDArray[np.bool_]:
    """Which tokens of its modality and utterance a hotspot lies over, shape (T,)."""
    return token_scores(tokens, [hotspot]) > 0

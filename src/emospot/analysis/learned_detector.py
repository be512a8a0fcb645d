"""Hotspots that a model has learned to find, as a detector among others.

So they can be scored where moments are known: `emospot hotspots benchmark --learned MODEL`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emospot.analysis.explain import learned_spans
from emospot.batch import Example
from emospot.config import ModelConfig
from emospot.conversation import VOICE, Conversation, Hotspot, Tokens
from emospot.errors import UsageError
from emospot.features.voice_descriptors import with_longer_frames
from emospot.hotspots.panel import Panel
from emospot.model.predict import predict
from emospot.model.pretrained import PretrainedModel


class LearnedDetector:
    """The learned hotspots of one modality of a model (a `HotspotDetector`).

    Args:
        model: whose; it reads nothing but the tokens of the modality.
        modality: one of those whose hotspots the model learns.
        called: what the model is called where it is shown.
    """

    def __init__(self, model: PretrainedModel, modality: str, called: str) -> None:
        feature = model.card.features[modality]
        self.name = f"learned {modality} ({called})"
        self.modality = modality
        self.reads: tuple[str, ...] = (feature.extractor,)
        self._hop = float(feature.options.get("hop", 0.0)) if modality == VOICE else 0.0
        self._model = model

    def detect(
        self, conversation: Conversation, descriptors: Sequence[Tokens | None]
    ) -> list[list[Hotspot]]:
        """The hotspots of every utterance, each list in order of time.

        Args:
            conversation: the utterances in turn order.
            descriptors: of each, what the extractor of the model's features gives;
                voices may have shorter tokens than the model reads.
        """
        return [
            [] if own is None else learned_spans(self.modality, utterance, *own)
            for utterance, own in zip(
                conversation.utterances,
                self.scored_tokens(conversation, descriptors),
                strict=True,
            )
        ]

    def scored_tokens(
        self, conversation: Conversation, descriptors: Sequence[Tokens | None]
    ) -> list[tuple[Tokens, NDArray[np.floating]] | None]:
        """The tokens as the model reads them, with their scores (`ScoresTokens`)."""
        read = [self._as_read(tokens) for tokens in descriptors]
        example = Example(conversation, {self.modality: read}, [[] for _ in read])
        (prediction,) = predict(self._model, [example])
        return [
            None if tokens is None else (tokens, own)
            for tokens, own in zip(read, prediction.hotspots[self.modality], strict=True)
        ]

    def _as_read(self, tokens: Tokens | None) -> Tokens | None:
        if tokens is None or not self._hop:
            return tokens
        return with_longer_frames(tokens, self._hop)


def learned_panels(model: PretrainedModel, called: str) -> list[Panel]:
    """The learned detectors of a model, one a modality.

    Args:
        model: whose.
        called: what it is called where it is shown.

    Raises:
        UsageError: if it has learned none.
    """
    config = model.config
    learned = config.learned_hotspots if isinstance(config, ModelConfig) else ()
    if not learned:
        raise UsageError(
            f"the model {called} has not learned to find hotspots: train one with "
            "model.learned_hotspots"
        )
    return [Panel((LearnedDetector(model, modality, called),)) for modality in learned]

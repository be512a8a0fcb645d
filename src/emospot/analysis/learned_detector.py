"""Hotspots that a model has learned to find, as a detector among others.

So they can be scored where moments are known: `emospot hotspots benchmark --learned MODEL`.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emospot.analysis.learned_hotspots import learned_hotspots, learned_phrase
from emospot.batch import Example
from emospot.config import ModelConfig
from emospot.conversation import VOICE, Conversation, Hotspot, Tokens
from emospot.errors import UsageError
from emospot.features.voice_descriptors import with_longer_frames
from emospot.hotspots.panel import Panel
from emospot.hotspots.voice_phrases import can_be_cut, phrase_frames
from emospot.model.predict import predict
from emospot.model.pretrained import PretrainedModel


class LearnedDetector:
    """The learned hotspots of one modality of a model (a `HotspotDetector`).

    A model learns its hotspots from turns. A voice of which nobody says where a turn
    begins (one utterance without words) is cut at its pauses (`hotspots.voice_phrases`),
    and the model reads each phrase as a turn.

    Args:
        model: whose; it reads nothing but the tokens of the modality.
        config: of the model.
        modality: one of those whose hotspots the model learns.
        called: what the model is called where it is shown.
    """

    def __init__(
        self, model: PretrainedModel, config: ModelConfig, modality: str, called: str
    ) -> None:
        feature = model.card.features[modality]
        self.name = f"learned {modality} ({called})"
        self.modality = modality
        self.reads: tuple[str, ...] = (feature.extractor,)
        self._hop = float(feature.options.get("hop", 0.0)) if modality == VOICE else 0.0
        self._model, self._config = model, config

    def detect(
        self, conversation: Conversation, descriptors: Sequence[Tokens | None]
    ) -> list[list[Hotspot]]:
        """The hotspots of every utterance, each list in order of time.

        Args:
            conversation: the utterances in turn order.
            descriptors: of each, what the extractor of the model's features gives;
                voices may have shorter tokens than the model reads.
        """
        if self._is_untold(conversation, descriptors):
            parts = self._phrases(conversation, descriptors)
            return [[spot for part in parts for spot in learned_phrase(self._config, *part)]]
        read = [None if one is None else self._as_read(one) for one in descriptors]
        scores = self._scores(conversation, read)
        return learned_hotspots(self._config, self.modality, conversation, read, scores)

    def scored_tokens(
        self, conversation: Conversation, descriptors: Sequence[Tokens | None]
    ) -> list[list[tuple[Tokens, NDArray[np.floating]]]]:
        """The tokens as the model reads them, with their scores (`ScoresTokens`)."""
        if self._is_untold(conversation, descriptors):
            return [self._phrases(conversation, descriptors)]
        read = [None if one is None else self._as_read(one) for one in descriptors]
        return [
            [] if tokens is None else [(tokens, own)]
            for tokens, own in zip(read, self._scores(conversation, read), strict=True)
        ]

    def _is_untold(self, conversation: Conversation, descriptors: Sequence[Tokens | None]) -> bool:
        """Whether nobody says where turns of a voice begin, and its loudness can."""
        return (
            self.modality == VOICE
            and len(conversation.utterances) == 1
            and not conversation.utterances[0].text
            and can_be_cut(descriptors)
        )

    def _as_read(self, tokens: Tokens) -> Tokens:
        return with_longer_frames(tokens, self._hop) if self._hop else tokens

    def _scores(
        self, conversation: Conversation, read: Sequence[Tokens | None]
    ) -> tuple[NDArray[np.floating], ...]:
        example = Example(conversation, {self.modality: list(read)}, [[] for _ in read])
        (prediction,) = predict(self._model, [example])
        return prediction.hotspots[self.modality]

    def _phrases(
        self, conversation: Conversation, descriptors: Sequence[Tokens | None]
    ) -> list[tuple[Tokens, NDArray[np.floating]]]:
        """The phrases of the only utterance: tokens as the model reads them, and scores."""
        (utterance,), (whole,) = conversation.utterances, descriptors
        (phrases,) = phrase_frames(conversation, descriptors)
        if whole is None or not phrases:
            return []
        read = [self._as_read(whole.part(*frames)) for frames in phrases]
        turns = tuple(
            replace(utterance, id=str(number), start=float(times[0, 0]), end=float(times[-1, 1]))
            for number, times in enumerate(np.asarray(tokens.times) for tokens in read)
        )
        scores = self._scores(replace(conversation, utterances=turns), read)
        return list(zip(read, scores, strict=True))


def learned_panels(model: PretrainedModel, called: str) -> list[Panel]:
    """The learned detectors of a model, one a modality.

    Args:
        model: whose.
        called: what it is called where it is shown.

    Raises:
        UsageError: if it has learned none.
    """
    config = model.config
    if not isinstance(config, ModelConfig) or not config.learned_hotspots:
        raise UsageError(
            f"the model {called} has not learned to find hotspots: train one with "
            "model.learned_hotspots"
        )
    return [Panel((LearnedDetector(model, config, m, called),)) for m in config.learned_hotspots]

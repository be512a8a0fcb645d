"""Hotspots that a model has learned to find, as a detector among others.

So they can be scored where moments are known: `emospot hotspots benchmark --learned MODEL`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emospot.analysis.explain import learned_spans
from emospot.batch import Example
from emospot.config import ModelConfig
from emospot.conversation import VOICE, Conversation, Hotspot, Tokens, Utterance
from emospot.errors import UsageError
from emospot.features.voice_descriptors import with_longer_frames
from emospot.hotspots.panel import Panel
from emospot.hotspots.voice_phrases import phrases_by_speaker
from emospot.model.predict import predict
from emospot.model.pretrained import PretrainedModel

_ScoredTurn = tuple[int, Utterance, Tokens, NDArray[np.floating]]


class LearnedDetector:
    """The learned hotspots of one modality of a model (a `HotspotDetector`).

    A model learns its hotspots from turns. A voice of which nobody says where a turn ends
    is cut at its pauses (`hotspots.voice_phrases`), and the model reads each phrase as one.

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
        found: list[list[Hotspot]] = [[] for _ in conversation.utterances]
        for place, turn, tokens, scores in self._scored(conversation, descriptors):
            found[place] += learned_spans(self._model.card, self.modality, turn, tokens, scores)
        return found

    def scored_tokens(
        self, conversation: Conversation, descriptors: Sequence[Tokens | None]
    ) -> list[tuple[Tokens, NDArray[np.floating]] | None]:
        """The tokens as the model reads them, with their scores (`ScoresTokens`)."""
        found: list[tuple[Tokens, NDArray[np.floating]] | None] = [None] * len(descriptors)
        for place, _, tokens, scores in self._scored(conversation, descriptors):
            own = found[place]
            found[place] = (
                (tokens, scores)
                if own is None
                else (_joined(own[0], tokens), np.concatenate([own[1], scores]))
            )
        return found

    def _scored(
        self, conversation: Conversation, descriptors: Sequence[Tokens | None]
    ) -> list[_ScoredTurn]:
        """What the model reads as a turn: place of the utterance, turn, tokens and scores."""
        turns = self._turns(conversation, descriptors)
        if not turns:
            return []
        alone = Conversation(conversation.id, tuple(turn for _, turn, _ in turns))
        read = [tokens for _, _, tokens in turns]
        (prediction,) = predict(
            self._model, [Example(alone, {self.modality: read}, [[] for _ in read])]
        )
        scores = prediction.hotspots[self.modality]
        return [(*turn, own) for turn, own in zip(turns, scores, strict=True)]

    def _turns(
        self, conversation: Conversation, descriptors: Sequence[Tokens | None]
    ) -> list[tuple[int, Utterance, Tokens]]:
        if not self._hop:
            return [
                (place, utterance, tokens)
                for place, (utterance, tokens) in enumerate(
                    zip(conversation.utterances, descriptors, strict=True)
                )
                if tokens is not None
            ]
        found: list[tuple[int, Utterance, Tokens]] = []
        for phrases in phrases_by_speaker(conversation, descriptors).values():
            for one in phrases:
                whole = descriptors[one.utterance]
                if whole is not None:
                    tokens = with_longer_frames(_between(whole, one.start, one.end), self._hop)
                    whose = conversation.utterances[one.utterance].speaker
                    turn = Utterance(str(len(found)), whose, one.start, one.end)
                    found.append((one.utterance, turn, tokens))
        return found


def _between(tokens: Tokens, start: float, end: float) -> Tokens:
    """The tokens of a stretch of time."""
    times = np.asarray(tokens.times)
    inside = (times.mean(axis=1) >= start) & (times.mean(axis=1) < end)
    return Tokens(tokens.values[inside], times[inside], columns=tokens.columns)


def _joined(one: Tokens, other: Tokens) -> Tokens:
    """The tokens of two stretches in order of time."""
    return Tokens(
        np.concatenate([one.values, other.values]),
        np.concatenate([np.asarray(one.times), np.asarray(other.times)]),
        columns=one.columns,
    )


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

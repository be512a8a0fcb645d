"""Hotspots that a model has learned to find, as a detector among others.

So they can be scored where moments are known: `emospot hotspots benchmark --learned MODEL`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emospot.analysis.learned_hotspots import learned_hotspots, learned_phrase
from emospot.batch import Example
from emospot.config import ModelConfig
from emospot.conversation import VOICE, Conversation, Hotspot, Tokens, Utterance
from emospot.errors import UsageError
from emospot.features.voice_descriptors import with_longer_frames
from emospot.hotspots.panel import Panel
from emospot.hotspots.voice_phrases import phrase_frames
from emospot.model.predict import predict
from emospot.model.pretrained import PretrainedModel


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
        if not self._hop:
            given = self._scores(conversation, descriptors)
            return learned_hotspots(self._model, self.modality, conversation, descriptors, given)
        found: list[list[Hotspot]] = [[] for _ in conversation.utterances]
        for place, tokens, scores in self._phrases(conversation, descriptors):
            found[place] += learned_phrase(self._model, tokens, scores)
        return found

    def scored_tokens(
        self, conversation: Conversation, descriptors: Sequence[Tokens | None]
    ) -> list[list[tuple[Tokens, NDArray[np.floating]]]]:
        """The tokens as the model reads them, with their scores (`ScoresTokens`)."""
        found: list[list[tuple[Tokens, NDArray[np.floating]]]] = [[] for _ in descriptors]
        if self._hop:
            for place, tokens, scores in self._phrases(conversation, descriptors):
                found[place].append((tokens, scores))
            return found
        for place, own in enumerate(self._scores(conversation, descriptors)):
            read = descriptors[place]
            if read is not None:
                found[place].append((read, own))
        return found

    def _scores(
        self, conversation: Conversation, read: Sequence[Tokens | None]
    ) -> tuple[NDArray[np.floating], ...]:
        example = Example(conversation, {self.modality: list(read)}, [[] for _ in read])
        (prediction,) = predict(self._model, [example])
        return prediction.hotspots[self.modality]

    def _phrases(
        self, conversation: Conversation, descriptors: Sequence[Tokens | None]
    ) -> list[tuple[int, Tokens, NDArray[np.floating]]]:
        """Of each phrase: place of its utterance, its tokens as the model reads them, scores."""
        places: list[int] = []
        turns: list[Utterance] = []
        read: list[Tokens] = []
        for place, frames in enumerate(phrase_frames(conversation, descriptors)):
            whole, speaker = descriptors[place], conversation.utterances[place].speaker
            for first, end in frames if whole is not None else ():
                tokens = with_longer_frames(whole.part(first, end), self._hop)  # type: ignore[union-attr]
                start, stop = np.asarray(tokens.times)[[0, -1], [0, 1]]
                turns.append(Utterance(str(len(turns)), speaker, float(start), float(stop)))
                places.append(place)
                read.append(tokens)
        if not turns:
            return []
        scores = self._scores(Conversation(conversation.id, tuple(turns)), read)
        return list(zip(places, read, scores, strict=True))


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

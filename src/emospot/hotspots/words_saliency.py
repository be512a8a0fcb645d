"""Hotspots of the words: those without which the utterance would read less emotional.

A linear probe over sentence embeddings says how likely an utterance is emotional. With
tokens x_1 … x_T of the sentence encoder and their mean scaled to length 1,

    p(S) = σ(w · mean_{t ∈ S} x_t / |mean| + b)

is that of the utterance read with the tokens S alone. A token's score is what is lost
without it and its two neighbours on both sides (one token alone changes a mean of many
by next to nothing):

    s[t] = max(0, p({1 … T}) − p({1 … T} without t − 2 … t + 2))

Runs of tokens with at least half of the utterance's greatest score are its hotspots,
where that is 0.05 or more. So nothing fires in an utterance that reads neutral, and
nothing where the emotion is everywhere alike.

The probe was learned from the turns of dialogues with emotion labels
(`scripts/fit_words_hotspots.py`); it knows MiniLM's tokens and no others.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import WORDS, Conversation, Hotspot, Tokens, Utterance
from emospot.errors import FeatureError
from emospot.hotspots.words_place import words_runs

Floats = NDArray[np.float64]

AROUND = 2
LEAST = 0.05
SHARE = 0.5
_WEIGHTS = "words_probe.json"


@dataclass(frozen=True, slots=True)
class EmotionProbe:
    """A linear probe over sentence embeddings.

    Args:
        weight: shape (d,).
        bias: of the logit.
    """

    weight: Floats
    bias: float

    def probability(self, embeddings: Floats) -> Floats:
        """How likely utterances are emotional.

        Args:
            embeddings: means of their tokens, shape (n, d); zeros: no token.

        Returns:
            Shape (n,); of no token that of the bias alone.

        Raises:
            FeatureError: if the embeddings are not as wide as the probe.
        """
        if embeddings.shape[-1] != len(self.weight):
            raise FeatureError(
                f"the probe reads embeddings of {len(self.weight)} numbers, found "
                f"{embeddings.shape[-1]}: measure the words with minilm-l6"
            )
        length = np.linalg.norm(embeddings, axis=-1)
        logits = embeddings @ self.weight / np.maximum(length, 1e-12) + self.bias
        return np.asarray(1 / (1 + np.exp(-logits)))


@cache
def shipped_probe() -> EmotionProbe:
    """The probe in the package."""
    plain = json.loads(files(__package__).joinpath(_WEIGHTS).read_text(encoding="utf-8"))
    return EmotionProbe(np.array(plain["weight"]), float(plain["bias"]))


class SaliencyHotspots:
    """Finds the words that make an utterance read emotional.

    Args:
        probe: over the embeddings of the tokens that it will read, or None: the
            package's, over MiniLM's.
    """

    name = "saliency"
    modality = WORDS
    reads: tuple[str, ...] = ("minilm-l6",)
    language = "en"

    def __init__(self, probe: EmotionProbe | None = None) -> None:
        self._probe = shipped_probe() if probe is None else probe

    def detect(
        self, conversation: Conversation, descriptors: Sequence[Tokens | None]
    ) -> list[list[Hotspot]]:
        """The salient words of every utterance, in order.

        Args:
            conversation: the utterances in turn order.
            descriptors: their tokens with character offsets, None without text.

        Raises:
            FeatureError: if the tokens are of another encoder.
        """
        return [
            [] if tokens is None else self._utterance(utterance, tokens)
            for utterance, tokens in zip(conversation.utterances, descriptors, strict=True)
        ]

    def _utterance(self, utterance: Utterance, tokens: Tokens) -> list[Hotspot]:
        scores = self.scores(tokens)
        least = max(LEAST, SHARE * float(scores.max()))
        return words_runs(utterance, tokens, scores, least, self.name)

    def scores(self, tokens: Tokens) -> Floats:
        """What is lost without each token and its neighbours, shape (T,)."""
        values = np.asarray(tokens.values, dtype=np.float64)
        place = np.arange(len(values))
        total = np.vstack([np.zeros(values.shape[1]), values.cumsum(axis=0)])
        first = np.maximum(place - AROUND, 0)
        last = np.minimum(place + AROUND + 1, len(values))
        # The mean's length plays no part, so that sums will do.
        without = total[-1] - (total[last] - total[first])
        without[last - first == len(values)] = 0.0
        whole = self._probe.probability(total[-1:])
        return np.maximum(0.0, whole - self._probe.probability(without))

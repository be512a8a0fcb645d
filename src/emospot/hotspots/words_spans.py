"""Hotspots of the words: spans as annotators mark them, learned from their marks.

A token's embedding x_t beside a smooth mean of its surroundings g_t (Gaussian, two
tokens wide), both scaled to length 1 first, says how likely it is marked in an
emotional utterance; the probe of `words_saliency` says how likely the utterance is
emotional at all:

    s[t] = P(emotional) · σ(a · x_t + c · g_t + b)

Runs of tokens with σ(…) at or above a threshold are hotspots, their score the greatest
s[t]; those below 0.1 are left out. So an utterance that reads neutral has weak ones or
none; to cut them off where P < 1/2 would cost half of what is right.

The weights were learned from the causes that annotators marked in dialogues
(`scripts/fit_words_hotspots.py`), a cause being a proxy for where emotion shows.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from emospot.conversation import WORDS, Conversation, Hotspot, Tokens, Utterance
from emospot.errors import FeatureError
from emospot.hotspots.words_place import words_runs
from emospot.hotspots.words_saliency import EmotionProbe, shipped_probe

Floats = NDArray[np.float64]

SURROUNDINGS = 2.0
"""Standard deviation of the smooth mean, in tokens."""
LEAST = 0.1
_WEIGHTS = "words_spans.json"


@dataclass(frozen=True, slots=True)
class SpanWeights:
    """What was learned.

    Args:
        weight: of a token and its surroundings, shape (2·d,).
        bias: of the regression.
        threshold: least probability of a hotspot's tokens.
    """

    weight: Floats
    bias: float
    threshold: float


@cache
def shipped_weights() -> SpanWeights:
    """The weights in the package."""
    plain = json.loads(files(__package__).joinpath(_WEIGHTS).read_text(encoding="utf-8"))
    return SpanWeights(np.array(plain["weight"]), float(plain["bias"]), float(plain["threshold"]))


class SpanHotspots:
    """Finds the words that annotators would mark.

    Args:
        weights: of the tokens that it will read, or None: the package's, of MiniLM's.
        probe: says whether an utterance is emotional, or None: the package's.
    """

    name = "spans"
    modality = WORDS
    reads: tuple[str, ...] = ("minilm-l6",)
    language = "en"

    def __init__(
        self, weights: SpanWeights | None = None, probe: EmotionProbe | None = None
    ) -> None:
        self._weights = shipped_weights() if weights is None else weights
        self._probe = shipped_probe() if probe is None else probe

    def detect(
        self, conversation: Conversation, descriptors: Sequence[Tokens | None]
    ) -> list[list[Hotspot]]:
        """The spans of every utterance, in order.

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
        values = np.asarray(tokens.values, dtype=np.float64)
        emotional = float(self._probe.probability(values.mean(axis=0, keepdims=True))[0])
        marked = self.probabilities(tokens)
        scores = np.where(marked >= self._weights.threshold, emotional * marked, 0.0)
        runs = words_runs(utterance, tokens, scores, np.finfo(np.float64).tiny, self.name)
        return [hotspot for hotspot in runs if hotspot.score >= LEAST]

    def probabilities(self, tokens: Tokens) -> Floats:
        """How likely each token is marked if the utterance is emotional, shape (T,)."""
        if 2 * tokens.dim != len(self._weights.weight):
            raise FeatureError(
                f"these spans are found in tokens of {len(self._weights.weight) // 2} numbers, "
                f"found {tokens.dim}: measure the words with minilm-l6"
            )
        logits = surroundings(tokens) @ self._weights.weight + self._weights.bias
        return np.asarray(1 / (1 + np.exp(-logits)))


def surroundings(tokens: Tokens) -> Floats:
    """Each token beside the smooth mean around it, shape (T, 2·d)."""
    values = np.asarray(tokens.values, dtype=np.float64)
    values = values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
    smooth = gaussian_filter1d(values, SURROUNDINGS, axis=0, mode="nearest")
    return np.hstack([values, smooth])

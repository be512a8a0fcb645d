"""Learned spans with weights set by hand, and the package's on plain English."""

import numpy as np
import pytest

from emospot.conversation import Conversation, Tokens, Utterance
from emospot.errors import FeatureError
from emospot.features.registry import words_extractor
from emospot.hotspots.words_saliency import EmotionProbe
from emospot.hotspots.words_spans import (
    SpanHotspots,
    SpanWeights,
    shipped_weights,
    surroundings,
)

PROBE = EmotionProbe(np.array([2.0, 0.0]), 0.0)
WEIGHTS = SpanWeights(np.array([6.0, -6.0, 0.0, 0.0]), 0.0, 0.5)
"""A token is marked where its first number outweighs its second."""
TEXT = "a b c d"


def found(values, weights=WEIGHTS, probe=PROBE):
    offsets = np.array([(2 * n, 2 * n + 1) for n in range(len(values))])
    own = Tokens(np.array(values, dtype=float), offsets=offsets)
    conversation = Conversation("c", (Utterance("1", "A", text=TEXT),))
    (spots,) = SpanHotspots(weights, probe).detect(conversation, [own])
    return [(TEXT[h.char_start : h.char_end], h.score) for h in spots]


def test_runs_of_marked_tokens():
    values = [(1, 0), (3, 0), (0, 1), (1, 0)]
    emotional = 1 / (1 + np.exp(-2 * 5 / np.hypot(5, 1)))
    marked = 1 / (1 + np.exp(-6.0))
    score = pytest.approx(emotional * marked)
    assert found(values) == [("a b", score), ("d", score)]


def test_nothing_in_an_utterance_that_reads_neutral():
    assert found([(1, 0), (3, 0), (0, 1), (1, 0)], probe=EmotionProbe(PROBE.weight, -9.0)) == []


def test_the_threshold_decides():
    strict = SpanWeights(WEIGHTS.weight, 0.0, 0.999)
    assert found([(1, 0)] * 4, weights=strict) == []


def test_surroundings_of_one_token_are_itself():
    assert surroundings(Tokens(np.array([[3.0, 4.0]]))) == pytest.approx(
        np.array([[0.6, 0.8, 0.6, 0.8]])
    )


def test_other_tokens_are_refused():
    with pytest.raises(FeatureError, match="tokens of 2 numbers, found 3"):
        SpanHotspots(WEIGHTS, EmotionProbe(np.ones(3), 0.0)).probabilities(Tokens(np.ones((4, 3))))


def test_plain_english():
    text = "Well, the bus was late, but you came all the way to see me, that is so kind of you!"
    conversation = Conversation("c", (Utterance("1", "A", text=text),))
    measured = words_extractor().extract(conversation.utterances)
    (own,) = SpanHotspots().detect(conversation, measured)
    marked = " ".join(text[h.char_start : h.char_end] for h in own)
    assert "kind" in marked
    assert len(marked) < len(text)
    assert 0 < shipped_weights().threshold < 1
    assert SpanHotspots().detect(conversation, [None]) == [[]]

"""Saliency by a probe whose answers are known, and by the package's on plain English."""

import numpy as np
import pytest

from emospot.conversation import Conversation, Tokens, Utterance
from emospot.errors import FeatureError
from emospot.features.registry import words_extractor
from emospot.hotspots.words_saliency import (
    AROUND,
    EmotionProbe,
    SaliencyHotspots,
    shipped_probe,
)

PROBE = EmotionProbe(np.array([4.0, -4.0]), 0.0)
"""The first number speaks for emotion, the second against it."""


def tokens(*values):
    offsets = np.array([(2 * n, 2 * n + 1) for n in range(len(values))])
    return Tokens(np.array(values, dtype=float), offsets=offsets)


def spans(detector, text, own):
    conversation = Conversation("c", (Utterance("1", "A", text=text),))
    (found,) = detector.detect(conversation, [own])
    return {text[h.char_start : h.char_end]: h.score for h in found}


def test_the_score_is_what_is_lost_without_the_window():
    """Against the definition, token by token."""
    values = np.random.default_rng(0).normal(size=(9, 2))
    own = tokens(*values)

    def p(rows):
        total = values[rows].sum(axis=0) if rows else np.zeros(2)
        length = np.linalg.norm(total)
        return 1 / (1 + np.exp(-(total @ PROBE.weight) / length)) if length else 0.5

    expected = [
        max(0.0, p(list(range(9))) - p([k for k in range(9) if abs(k - t) > AROUND]))
        for t in range(9)
    ]
    assert SaliencyHotspots(PROBE).scores(own) == pytest.approx(expected)


def test_the_emotional_word_is_found_and_others_are_not():
    text = "a b c d e f g h i j k l m"
    calm, strong = (0.1, 0.3), (5.0, 0.0)
    own = tokens(*[calm] * 6, strong, *[calm] * 6)
    (found,) = spans(SaliencyHotspots(PROBE), text, own)
    assert found == "e f g h i"  # the word and two neighbours
    assert spans(SaliencyHotspots(PROBE), text, tokens(*[calm] * 13)) == {}


def test_emotion_that_is_everywhere_is_nowhere():
    assert spans(SaliencyHotspots(PROBE), "a b c d e f g", tokens(*[(3.0, 0.0)] * 7)) == {}


def test_one_token():
    assert SaliencyHotspots(PROBE).scores(tokens((3.0, 0.0))) == pytest.approx([0.482], abs=1e-3)


def test_other_tokens_are_refused():
    with pytest.raises(FeatureError, match="reads embeddings of 2 numbers, found 3"):
        SaliencyHotspots(PROBE).scores(Tokens(np.ones((4, 3))))


def test_plain_english():
    texts = (
        "We met at the station at ten, and I was so happy to see you again.",
        "The station is next to the post office, on the left.",
    )
    conversation = Conversation("c", tuple(Utterance(t, "A", text=t) for t in texts))
    measured = words_extractor().extract(conversation.utterances)
    glad, plain = SaliencyHotspots().detect(conversation, measured)
    assert "happy" in texts[0][glad[0].char_start : glad[-1].char_end]
    means = np.stack([t.values.mean(axis=0) for t in measured])
    first, second = shipped_probe().probability(means)
    assert first > 0.5 > second
    assert plain == []
    assert SaliencyHotspots().detect(conversation, [None, None]) == [[], []]

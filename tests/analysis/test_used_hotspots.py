from dataclasses import replace

import numpy as np

from emospot.analysis.used_hotspots import tokens_inside, uses_hotspots
from emospot.conversation import FACE, VOICE, WORDS, Hotspot, Tokens


def test_hotspots_are_used_only_at_their_grain(bundled):
    assert uses_hotspots(bundled, WORDS)
    assert not uses_hotspots(bundled, VOICE)  # one vector an utterance
    assert not uses_hotspots(bundled, FACE)
    plain = bundled.config.model_copy(update={"fusion": "global"})
    assert not uses_hotspots(replace(bundled, config=plain), WORDS)


def test_a_hotspot_lies_over_the_tokens_that_it_shares_letters_or_time_with():
    offsets = np.array([[0, 2], [3, 8], [9, 12]])
    times = np.array([[0.0, 0.5], [0.5, 1.0], [1.0, 1.5]])
    tokens = Tokens(np.zeros((3, 2)), times, offsets)
    by_letters = Hotspot(WORDS, None, None, 0.9, "lexicon", 7, 10)
    assert tokens_inside(by_letters, tokens).tolist() == [False, True, True]
    timed = replace(tokens, offsets=None)
    by_time = Hotspot(VOICE, 0.1, 0.5, 0.2, "loudness")
    assert tokens_inside(by_time, timed).tolist() == [True, False, False]
    assert not tokens_inside(Hotspot(VOICE, 2.0, 3.0, 0.9, "loudness"), timed).any()

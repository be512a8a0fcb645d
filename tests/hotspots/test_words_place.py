"""Times of words hotspots."""

import numpy as np

from emospot.conversation import Tokens, Utterance, Word
from emospot.hotspots.words_place import words_hotspot, words_runs

WORDS = (Word(1.0, 1.5, 0, 2), Word(1.5, 2.0, 3, 6), Word(2.2, 3.0, 7, 12))


def times(first, last, **utterance):
    spot = words_hotspot(
        Utterance("1", "A", text="so sad today", **utterance), first, last, 0.5, "x"
    )
    return spot.start, spot.end


def test_the_words_that_it_touches():
    assert times(3, 6, start=0, end=9, words=WORDS) == (1.5, 2.0)
    assert times(4, 8, start=0, end=9, words=WORDS) == (1.5, 3.0)


def test_without_them_the_utterance_or_nothing():
    assert times(2, 3, start=0, end=9, words=WORDS) == (0, 9)  # the blank between two words
    assert times(3, 6, start=0, end=9) == (0, 9)
    assert times(3, 6) == (None, None)


def test_runs_of_tokens():
    text = "No! I don't. Never, ever"
    pieces = [(0, 2), (2, 3), (4, 5), (6, 9), (9, 10), (10, 11), (11, 12), (13, 18), (18, 19),
              (20, 24)]  # fmt: skip
    tokens = Tokens(np.zeros((10, 1)), offsets=np.array(pieces))

    def runs(*scores):
        said = Utterance("1", "A", text=text)
        found = words_runs(said, tokens, np.array(scores), 0.5, "x")
        return [(text[h.char_start : h.char_end], h.score) for h in found]

    assert runs(*[0.9] * 10) == [("No", 0.9), ("I don't", 0.9), ("Never, ever", 0.9)]
    assert runs(0, 0.9, 0, 0, 0, 0.7, 0, 0, 0.9, 0) == [("don't", 0.7)]  # marks are no words
    assert runs(*[0.1] * 10) == []
    assert words_runs(Utterance("1", "A"), tokens, np.ones(10), 0.5, "x") == []
    untold = Tokens(np.zeros((2, 1)))
    assert words_runs(Utterance("1", "A", text=text), untold, np.ones(2), 0.5, "x") == []

"""Times of words hotspots."""

from emospot.conversation import Utterance, Word
from emospot.hotspots.words_place import words_hotspot

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

from itertools import pairwise

import pytest

from emospot.conversation.word_times import located_words, spread_words
from emospot.media import TimedWord


def found(text, *words):
    timed = [TimedWord(float(k), k + 1.0, word) for k, word in enumerate(words)]
    return [(text[w.char_start : w.char_end], w.start) for w in located_words(text, timed)]


def test_spread_words_cover_the_utterance_in_order():
    text = "  Oh, my  dear friend! "
    words = spread_words(text, 10.0, 12.0)
    assert [text[w.char_start : w.char_end] for w in words] == ["Oh,", "my", "dear", "friend!"]
    assert (words[0].start, words[-1].end) == (10.0, 12.0)
    for word, after in pairwise(words):
        assert word.start < word.end < after.start
    # By characters: "friend!" has 7 of the 20 characters from "O" to "!".
    assert words[-1].end - words[-1].start == pytest.approx(2.0 * 7 / 20)


def test_spread_words_of_little():
    assert spread_words("", 0.0, 1.0) == ()
    assert spread_words("  ", 0.0, 1.0) == ()
    (word,) = spread_words("a", 1.0, 1.0)
    assert (word.start, word.end) == (1.0, 1.0)


def test_words_are_found_without_capitals_and_punctuation():
    text = "“Oh, I can’t – New York!” Zoë said."
    assert found(text, "oh", "i", "cant", "new york", "ZOË", "said") == [
        ("Oh", 0.0),
        ("I", 1.0),
        ("can’t", 2.0),
        ("New York", 3.0),
        ("Zoë", 4.0),
        ("said", 5.0),
    ]


def test_a_word_is_not_found_inside_another():
    assert found("that hat", "hat") == [("hat", 0.0)]
    assert found("banana an", "an") == [("an", 0.0)]
    assert found("banana", "an") == []


def test_words_that_are_not_in_the_text_are_left_out():
    assert found("Oh no no", "oh", "uhm", "...", "no", "no", "no") == [
        ("Oh", 0.0),
        ("no", 3.0),
        ("no", 4.0),
    ]


def test_a_word_far_ahead_is_not_taken():
    text = "start " + "filler " * 20 + "end"
    assert found(text, "end") == []
    assert found(text, "start", *["filler"] * 20, "end")[-1] == ("end", 21.0)


def test_scripts_without_blanks():
    assert found("你好吗", "你", "好", "吗") == [("你", 0.0), ("好", 1.0), ("吗", 2.0)]


def test_letters_that_grow_in_lower_case():
    assert found("İstanbul now", "istanbul", "now")[-1] == ("now", 1.0)

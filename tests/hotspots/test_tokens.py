import numpy as np
import pytest

from emospot.conversation import Hotspot, Tokens
from emospot.hotspots.tokens import hotspots_of_scores, token_scores


def voice(start, end, score):
    return Hotspot("voice", start, end, score, "loudness")


def words(char_start, char_end, score, start=None, end=None):
    return Hotspot("words", start, end, score, "lexicon", char_start, char_end)


def frames(*edges):
    times = np.array([edges[:-1], edges[1:]], dtype=float).T
    return Tokens(np.zeros((len(times), 2)), times)


def test_no_hotspots():
    np.testing.assert_array_equal(token_scores(frames(0, 1, 2), []), [0, 0])


def test_the_strongest_counts():
    spots = [voice(0, 2, 0.3), voice(1, 3, 0.8), voice(1, 2, 0.5)]
    np.testing.assert_array_equal(token_scores(frames(0, 1, 2, 3, 4), spots), [0.3, 0.8, 0.8, 0])


def test_touching_is_not_overlapping():
    np.testing.assert_array_equal(token_scores(frames(0, 1, 2, 3), [voice(1, 2, 1.0)]), [0, 1, 0])


def test_an_apex_without_length_counts_where_it_lies():
    np.testing.assert_array_equal(token_scores(frames(0, 1, 2), [voice(0.5, 0.5, 0.4)]), [0.4, 0])


def test_words_by_characters_not_by_time():
    tokens = Tokens(
        np.zeros((3, 2)),
        times=np.array([[0.0, 1], [1, 2], [2, 3]]),
        offsets=np.array([[0, 2], [2, 5], [6, 9]]),
    )
    spot = words(4, 6, 0.7, start=0.0, end=1.0)
    np.testing.assert_array_equal(token_scores(tokens, [spot]), [0, 0.7, 0])


def test_words_by_time_where_the_hotspot_has_no_characters():
    tokens = Tokens(
        np.zeros((2, 2)), times=np.array([[0.0, 1], [1, 2]]), offsets=np.array([[0, 2], [2, 5]])
    )
    spot = Hotspot("words", 1.0, 2.0, 0.6, "annotator")
    np.testing.assert_array_equal(token_scores(tokens, [spot]), [0, 0.6])


def test_one_pooled_token_takes_the_strongest_of_all():
    pooled = Tokens(np.zeros((1, 4)))
    spots = [voice(0, 1, 0.3), voice(8, 9, 0.9), words(0, 3, 0.5)]
    np.testing.assert_array_equal(token_scores(pooled, spots), [0.9])


def test_several_tokens_without_a_place_take_nothing():
    np.testing.assert_array_equal(
        token_scores(Tokens(np.zeros((3, 4))), [voice(0, 1, 0.9)]), [0, 0, 0]
    )


@pytest.mark.parametrize("seed", range(3))
def test_against_a_plain_loop(seed):
    generator = np.random.default_rng(seed)
    starts = np.sort(generator.uniform(0, 10, 20))
    times = np.column_stack([starts, starts + generator.uniform(0.1, 2, 20)])
    spots = [
        voice(a, a + b, s)
        for a, b, s in zip(*generator.uniform(0.05, 1, (3, 8)) * [[10], [2], [1]], strict=True)
    ]
    expected = [
        max((h.score for h in spots if h.start < end and start < h.end), default=0.0)
        for start, end in times
    ]
    np.testing.assert_allclose(token_scores(Tokens(np.zeros((20, 1)), times), spots), expected)


def test_scores_become_hotspots_and_back():
    times = np.array([[0.0, 1.0], [1.0, 2.0], [2.0, 3.0], [3.0, 4.0], [4.0, 5.0]])
    tokens = Tokens(np.zeros((5, 1)), times)
    scores = np.array([0.7, 0.0, 0.9, 0.6, 0.2])
    first, second = hotspots_of_scores("voice", tokens, scores, 0.5, "learned")
    assert (first.start, first.end, first.score, first.apex) == (0.0, 1.0, 0.7, 0.5)
    assert (second.start, second.end, second.score, second.apex) == (2.0, 4.0, 0.9, 2.5)
    assert token_scores(tokens, [first, second]).tolist() == [0.7, 0, 0.9, 0.9, 0]
    assert hotspots_of_scores("voice", tokens, np.zeros(5), 0.5, "learned") == []
    assert hotspots_of_scores("voice", Tokens(np.zeros((5, 1))), scores, 0.5, "x") == []

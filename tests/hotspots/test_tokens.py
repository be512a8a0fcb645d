import numpy as np
import pytest

from emospot.conversation import Hotspot, Tokens
from emospot.hotspots.tokens import (
    held_hotspots,
    hotspots_of_scores,
    token_scores,
    whole_hotspot,
)


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


def held(scores, hop=0.1, start=0.0, least=0.5):
    starts = start + hop * np.arange(len(scores))
    tokens = Tokens(np.zeros((len(scores), 1)), np.column_stack([starts, starts + hop]))
    return held_hotspots("voice", tokens, np.asarray(scores, dtype=float), least, "learned")


def test_moments_are_what_is_held():
    """Against the plain rule: the mean over the tokens within 0.75 s to both sides."""
    random = np.random.default_rng(0)
    scores = np.repeat(random.random(12) > 0.5, 10) * random.random(120)
    mean = np.array([scores[max(0, t - 7) : t + 8].mean() for t in range(120)])
    found = held(scores, least=0.3, start=5.0)
    covered = np.zeros(120, dtype=bool)
    for spot in found:
        first, end = round((spot.start - 5) * 10), round((spot.end - 5) * 10)
        covered[first:end] = True
        assert mean[first] >= 0.3
        assert mean[end - 1] >= 0.3
        assert spot.score == pytest.approx(mean[first:end].max())
        assert spot.apex == pytest.approx(5.05 + (first + mean[first:end].argmax()) / 10)
        assert end - first >= 5
    assert found
    assert (covered | (mean < 0.3) | _short(mean >= 0.3)).all()


def _short(over):
    """Tokens of stretches that are too short, gaps up to 0.6 s joined."""
    places = np.flatnonzero(over)
    parts = np.split(places, np.flatnonzero(np.diff(places) > 7) + 1)
    result = np.zeros(len(over), dtype=bool)
    for part in parts:
        result[part[0] : part[-1] + 1] = part[-1] - part[0] < 4
    return result


def test_short_gaps_are_joined_and_short_moments_left_out():
    assert held([0.0] * 40) == []
    assert held([0.0] * 20 + [1.0] * 3 + [0.0] * 20) == []  # 0.3 s: half of no 1.5 s
    loud = [1.0] * 20
    # The mean is below the threshold for as long as it holds all ten: 0.6 s.
    (one,) = held([0.0] * 20 + loud + [0.0] * 10 + loud + [0.0] * 20, least=0.35)
    assert (round(one.start, 1), round(one.end, 1)) == (1.8, 7.2)
    assert len(held([0.0] * 20 + loud + [0.0] * 30 + loud + [0.0] * 20)) == 2
    assert held_hotspots("voice", Tokens(np.zeros((5, 1))), np.ones(5), 0.5, "x") == []


def test_tokens_that_are_long_or_have_no_length_are_their_own_mean():
    (whole,) = held([0.7], hop=4.0)
    assert (whole.start, whole.end, whole.score) == (0.0, 4.0, 0.7)
    times = np.array([[0.0, 0.1], [0.1, 0.2], [0.2, 2.5]])
    tokens = Tokens(np.zeros((3, 1)), times)
    (last,) = held_hotspots("face", tokens, np.array([0.1, 0.1, 0.9]), 0.5, "learned")
    assert (last.start, last.end, last.score) == (0.2, 2.5, 0.9)
    point = Tokens(np.zeros((1, 1)), np.array([[1.0, 1.0]]))
    assert held_hotspots("face", point, np.array([0.9]), 0.5, "learned") == []


def test_a_whole_phrase():
    times = np.array([[1.0, 1.5], [1.5, 2.0], [2.0, 2.5], [2.5, 3.0]])
    tokens = Tokens(np.zeros((4, 1)), times)
    scores = np.array([0.0, 0.9, 0.5, 0.1])
    (spot,) = whole_hotspot("voice", tokens, scores, 0.5, 0.7, "learned")
    assert (spot.start, spot.end, spot.score, spot.apex) == (1.0, 3.0, pytest.approx(0.7), 1.75)
    assert whole_hotspot("voice", tokens, scores, 1.0, 0.7, "learned") == []
    assert whole_hotspot("voice", Tokens(np.zeros((4, 1))), scores, 0.5, 0.0, "learned") == []

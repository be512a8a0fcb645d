"""Scores of detectors by hand, against scikit-learn, and at their limits."""

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from emospot.conversation import Conversation, Hotspot, Tokens, Utterance
from emospot.corpora.truths import MarkedRecording
from emospot.experiments.detector_scores import (
    at_random,
    elsewhere,
    everywhere,
    other_figures,
    sums_of,
)

TEXT = "aa bb cc dd"
OFFSETS = np.array([(0, 0), (0, 2), (3, 5), (6, 8), (9, 11)])


def words(start, end, score=1.0):
    return Hotspot("words", None, None, score, "x", start, end)


def voice(start, end, score=1.0):
    return Hotspot("voice", start, end, score, "x")


@pytest.fixture
def text():
    conversation = Conversation("c", (Utterance("1", "A", text=TEXT), Utterance("2", "A")))
    tokens = Tokens(np.zeros((5, 1)), offsets=OFFSETS)
    return MarkedRecording(conversation, ((words(3, 8),), ()), {"t": (tokens, None)}, "g")


@pytest.fixture
def sound():
    conversation = Conversation("c", (Utterance("1", "A", 0.0, 10.0),))
    return MarkedRecording(conversation, ((voice(2.0, 4.0),),), {}, "g")


def test_tokens_equal_scikit_learn(text):
    found = [[words(0, 5, 0.9), words(6, 8, 0.3)], [words(0, 1)]]
    wanted, scores = np.array([0, 1, 1, 0]), np.array([0.9, 0.9, 0.3, 0.0])
    sums = sums_of([text], [found], "tokens")
    assert sums["auc"].tolist() == [[roc_auc_score(wanted, scores), 1]]
    assert sums["average_precision"].tolist() == [[average_precision_score(wanted, scores), 1]]
    numerator, denominator = sums["token_f1"][0]
    assert numerator / denominator == pytest.approx(f1_score(wanted, scores > 0))


def test_utterances_that_say_nothing_count_nowhere(text):
    all_of_it = MarkedRecording(text.conversation, ((words(0, 11),), ()), text.tokens, "g")
    none = MarkedRecording(text.conversation, ((), ()), text.tokens, "g")
    for recording in (all_of_it, none):
        assert not any(sums.any() for sums in sums_of([recording], [[[], []]], "tokens").values())


def test_spans_by_hand(sound):
    found = [[voice(2.0, 4.5, 0.9), voice(6.0, 7.0, 0.5)]]
    sums = sums_of([sound], [found], "spans")
    assert sums["f1"].tolist() == [[2, 3]]
    assert sums["precision"].tolist() == [[1, 2]]
    assert sums["recall"].tolist() == [[1, 1]]
    figures = other_figures([sound], [found])
    assert figures["onset_error"] == 0
    assert figures["offset_error"] == pytest.approx(0.5)
    assert figures["apex_hit_rate"] == 1


def test_at_random_keeps_all_but_the_place(sound, text):
    random = np.random.default_rng(0)
    for _ in range(50):
        ((moved,),) = at_random(sound, [[voice(2.0, 4.5, 0.7)]], random)
        assert (moved.end - moved.start, moved.score) == (pytest.approx(2.5), 0.7)
        assert 0 <= moved.start <= moved.end <= 10
        ((own,), _) = at_random(text, [[words(3, 8)], []], random)
        assert own.char_end - own.char_start == 5
        assert 0 <= own.char_start <= own.char_end <= len(TEXT)
    starts = [at_random(sound, [[voice(2.0, 4.5)]], random)[0][0].start for _ in range(300)]
    assert np.mean(starts) == pytest.approx(7.5 / 2, abs=0.4)  # anywhere it fits
    untimed = MarkedRecording(Conversation("c", (Utterance("1", "A"),)), ((),), {}, "g")
    assert at_random(untimed, [[voice(1, 2)]], random) == [[voice(1, 2)]]
    ((whole,),) = at_random(sound, [[voice(0.0, 12.0)]], random)
    assert whole.start == 0.0  # longer than its utterance


def test_everywhere(sound, text):
    ((all_of_it,),) = everywhere(sound.conversation, "voice")
    assert (all_of_it.start, all_of_it.end, all_of_it.char_start) == (0.0, 10.0, None)
    (own, nothing) = everywhere(text.conversation, "words")
    assert (own[0].char_start, own[0].char_end) == (0, len(TEXT))
    assert nothing == []
    sums = sums_of([text], [everywhere(text.conversation, "words")], "tokens")
    assert sums["auc"][0, 0] == 0.5
    numerator, denominator = sums["token_f1"][0]
    assert numerator / denominator == pytest.approx(2 * 2 / (4 + 2))


def test_the_order_of_strengths_by_hand(sound):
    marked = ((voice(0, 1, 0.5), voice(2, 3, 1.0), voice(4, 5, 1.0)),)
    recording = MarkedRecording(sound.conversation, marked, {}, "g")

    def order(*found):
        return sums_of([recording], [[list(found)]], "order")["order"].tolist()

    # Two pairs have an order, the two strong ones have none.
    assert order() == [[1.0, 2]]  # ties
    assert order(voice(2.5, 2.6, 0.3), voice(0.5, 0.6, 0.2)) == [[1.0, 2]]  # right, wrong
    assert order(voice(2, 3, 0.3), voice(4, 5, 0.4)) == [[2.0, 2]]
    assert order(voice(0.2, 0.4, 0.3), voice(1, 2, 0.9)) == [[0.0, 2]]  # touching is not over


def test_strengths_equal_scipy():
    random = np.random.default_rng(0)
    known, found = random.random(30).round(1), random.random(30).round(1)
    turns = tuple(Utterance(str(n), "A", text="x") for n in range(30))
    marked = tuple((words(0, 1, float(k)),) for k in known)
    recording = MarkedRecording(Conversation("c", turns), marked, {}, "g")
    hotspots = [[words(0, 1, float(f)), words(0, 1, float(f) / 2)] if f else [] for f in found]
    ((rho, count),) = sums_of([recording], [hotspots], "strength")["spearman"]
    assert (rho, count) == (pytest.approx(spearmanr(known, found).statistic), 1)
    silent = sums_of([recording], [[[]] * 30], "strength")["spearman"]
    assert silent.tolist() == [[0.0, 1.0]]
    flat = MarkedRecording(Conversation("c", turns), ((words(0, 1),),) * 30, {}, "g")
    assert sums_of([flat], [hotspots], "strength")["spearman"].tolist() == [[0.0, 0.0]]


def test_elsewhere_keeps_all_hotspots():
    found = [[words(0, 1)], [], [words(1, 2), words(2, 3)]]
    moved = elsewhere(found, np.random.default_rng(0))
    assert sorted(map(len, moved)) == [0, 1, 2]
    assert moved != found

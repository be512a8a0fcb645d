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
    phrases_at_random,
    sums_of,
)
from emospot.features.voice_basic import COLUMNS

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
    assert figures["onset_error"].value == 0
    assert figures["offset_error"].value == pytest.approx(0.5)
    assert figures["apex_hit_rate"].value == 1


def test_at_random_keeps_all_but_the_place(sound, text):
    random = np.random.default_rng(0)
    two = [[voice(2.0, 4.5, 0.7), voice(5.0, 6.0, 0.2)]]
    for _ in range(50):
        ((first, second),) = at_random(sound, two, random)
        assert (first.end - first.start, first.score) == (pytest.approx(2.5), 0.7)
        for one in (first, second):
            assert 0 <= one.start <= one.end <= 10
        if 2.5 < first.start < 7.5 and first.start < second.start:
            assert second.start - first.start == pytest.approx(3.0, abs=1.01)  # turned together
        ((own,), _) = at_random(text, [[words(3, 8)], []], random)
        assert TEXT[own.char_start : own.char_end] in ("aa bb", "bb cc", "cc dd")  # whole words
    starts = [at_random(sound, [[voice(2.0, 4.5)]], random)[0][0].start for _ in range(400)]
    assert np.mean(starts) == pytest.approx(4.7, abs=0.5)
    assert min(starts) < 0.5
    assert max(starts) == pytest.approx(7.5, abs=0.2)
    untimed = MarkedRecording(Conversation("c", (Utterance("1", "A"),)), ((),), {}, "g")
    assert at_random(untimed, [[voice(1, 2)]], random) == [[voice(1, 2)]]
    ((whole,),) = at_random(sound, [[voice(0.0, 12.0)]], random)
    assert whole.start == 0.0  # longer than its utterance
    ((bare,), _) = at_random(text, [[voice(1, 2)], []], random)
    assert bare == voice(1, 2)  # no place in the text


def test_phrases_at_random_are_as_many_as_were_found():
    hop, count = 0.01, 600
    start = hop * np.arange(count)
    spoken = (start % 1.0) < 0.6  # six phrases with pauses between
    values = np.zeros((count, len(COLUMNS)))
    values[:, COLUMNS.index("loudness")] = np.where(spoken, 1.0, 0.001)
    values[:, COLUMNS.index("voiced")] = spoken
    tokens = Tokens(values, times=np.column_stack([start, start + hop]), columns=COLUMNS)
    talk = Conversation("c", (Utterance("1", "A", 0.0, 6.0),))
    recording = MarkedRecording(talk, ((),), {"basic": (tokens,)}, "g")
    random = np.random.default_rng(0)
    places = set()
    for _ in range(40):
        ((first, second),) = phrases_at_random(recording, [[voice(0, 1), voice(1, 2)]], random)
        assert first.end - first.start == pytest.approx(0.6, abs=0.25)
        places |= {round(first.start), round(second.start)}
    assert places == set(range(6))
    assert phrases_at_random(recording, [[]], random) == [[]]


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


def test_elsewhere_is_another_utterance_of_similar_length():
    turns = tuple(Utterance(str(n), "A", text="x" * (n + 1)) for n in range(60))
    recording = MarkedRecording(Conversation("c", turns), ((),) * 60, {}, "g")
    found = [[words(0, 1, (n + 1) / 100)] for n in range(60)]
    moved = elsewhere(recording, found, np.random.default_rng(0))
    came_from = [round(100 * own[0].score) - 1 for own in moved]
    assert sorted(came_from) == list(range(60))
    assert came_from != list(range(60))
    assert max(abs(a - b) for a, b in enumerate(came_from)) < 20

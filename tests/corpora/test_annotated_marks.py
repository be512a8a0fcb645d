from emospot.conversation import Utterance
from emospot.conversation.word_times import spread_words
from emospot.corpora.annotated_marks import marks_of_utterances
from emospot.corpora.annotated_tiers import Annotated
from emospot.media.tiers import Interval

TEXT = "so sad, so very sad"  # nineteen characters in nineteen tenths of a second
ANNA = Utterance("1", "Anna", 10.0, 11.9, TEXT, spread_words(TEXT, 10.0, 11.9))
BEN = Utterance("2", "Ben", 11.5, 13.0, "Hm", spread_words("Hm", 11.5, 13.0))
UNTIMED = Utterance("3", "Ben", text="Ah")


def mark(start, end, text="x", modality="voice", speaker=None):
    return Annotated(Interval(start, end, text), "tier", speaker, modality)


def found(*marks, utterances=(ANNA, BEN, UNTIMED)):
    own, lost = marks_of_utterances(utterances, marks)
    return [[(h.modality, h.start, h.end, h.score) for h in one] for one in own], lost


def places(*marks):
    (own,), _ = marks_of_utterances((ANNA,), marks)
    return [TEXT[h.char_start : h.char_end] if h.char_start is not None else None for h in own]


def test_a_mark_belongs_to_the_utterance_that_it_lies_in():
    own, lost = found(mark(10.2, 10.6, "phrase 0.25"), mark(12.0, 12.5))
    assert own == [[("voice", 10.2, 10.6, 0.25)], [("voice", 12.0, 12.5, 1.0)], []]
    assert lost == 0


def test_it_is_cut_where_it_reaches_beyond():
    assert found(mark(9.0, 10.5))[0][0] == [("voice", 10.0, 10.5, 1.0)]
    # A touch of the next utterance is no mark of it.
    assert found(mark(10.0, 11.6))[0] == [[("voice", 10.0, 11.6, 1.0)], [], []]


def test_people_who_talk_at_once_share_it_unless_the_tier_is_somebodys():
    both = mark(11.5, 11.9)
    assert [len(one) for one in found(both)[0]] == [1, 1, 0]
    assert [len(one) for one in found(mark(11.5, 11.9, speaker="Ben"))[0]] == [0, 1, 0]


def test_marks_of_nobody_are_counted():
    assert found(mark(0.0, 1.0), mark(10.1, 10.2, speaker="Carl")) == ([[], [], []], 2)
    assert found(mark(0.0, 1.0), utterances=()) == ([], 1)


def test_marks_are_in_order():
    own, _ = found(mark(10.6, 10.8), mark(10.1, 10.2))
    assert [start for _, start, _, _ in own[0]] == [10.1, 10.6]


def test_words_are_those_that_are_quoted_near_that_time():
    assert places(mark(11.6, 11.9, "sad: lexicon 0.5", "words")) == ["sad"]
    (own,), _ = marks_of_utterances((ANNA,), [mark(11.6, 11.9, "sad: lexicon 0.5", "words")])
    assert own[0].char_start == 16  # the second "sad"
    (own,), _ = marks_of_utterances((ANNA,), [mark(10.2, 10.7, "sad: x", "words")])
    assert own[0].char_start == 3


def test_words_are_those_spoken_then_where_nothing_is_quoted_or_it_was_moved():
    assert places(mark(11.1, 11.5, "I hear it", "words")) == ["very"]
    assert places(mark(11.1, 11.9, "cheer: lexicon 0.5", "words")) == ["very sad"]
    # The annotation was moved to the end, and still quotes the beginning.
    assert places(mark(11.1, 11.4, "so sad,: lexicon 0.5", "words")) == ["very"]


def test_words_without_a_text_have_a_time_alone():
    silent = Utterance("1", "Anna", 10.0, 12.0)
    (own,), _ = marks_of_utterances((silent,), [mark(10.0, 11.0, modality="words")])
    assert (own[0].char_start, own[0].start) == (None, 10.0)
    assert places(mark(10.0, 11.0)) == [None]  # a voice has no characters

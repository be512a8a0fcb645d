from pathlib import Path

import pytest

from emospot.conversation import Word
from emospot.conversation.build import (
    conversation_from_spans,
    conversation_from_transcript,
    located_words,
    spread_words,
)
from emospot.errors import TranscriptError
from emospot.media import Segment, TimedWord, Transcript


def build(*segments, notices=(), **options):
    return conversation_from_transcript(
        Transcript(tuple(segments), notices), conversation_id="talk", **options
    )


def test_turn_order_is_by_start_and_overlaps_stay():
    conversation, notices = build(
        Segment("Ben", 2.0, 6.0, "later"),
        Segment("Anna", 1.0, 5.0, "sooner"),
        Segment("Zoe", 2.0, 3.0, "as late"),
        media=Path("talk.wav"),
    )
    assert [u.text for u in conversation.utterances] == ["sooner", "later", "as late"]
    assert [u.id for u in conversation.utterances] == ["talk-1", "talk-2", "talk-3"]
    assert [(u.start, u.end) for u in conversation.utterances] == [(1, 5), (2, 6), (2, 3)]
    assert conversation.speakers == ("Anna", "Ben", "Zoe")
    assert conversation.media == Path("talk.wav")
    assert notices == ()


def test_file_order_where_a_time_is_missing():
    conversation, notices = build(
        Segment("Ben", 2.0, 3.0, "first"), Segment("Anna", None, None, "second")
    )
    assert [u.text for u in conversation.utterances] == ["first", "second"]
    assert conversation.utterances[1].words == ()
    assert not conversation.utterances[1].word_times_estimated
    assert notices == ()


def test_unknown_speakers():
    conversation, notices = build(Segment(None, None, None, "a"), Segment("Ben", None, None, "b"))
    assert conversation.speakers == ("speaker", "Ben")
    assert notices == (
        '1 of 2 utterances name no speaker; they are taken as spoken by one person, "speaker"',
    )
    assert build(Segment(None, None, None, "a"))[1] == ()


def test_word_times_of_the_source_or_estimated():
    timed = (TimedWord(1.0, 1.4, "oh"), TimedWord(1.5, 2.0, "no"))
    conversation, _ = build(
        Segment("A", 1.0, 2.0, "Oh, no!", timed),
        Segment("A", 3.0, 4.0, "Oh, no!"),
        Segment("A", 5.0, 6.0, "Quite other words", (TimedWord(5.0, 6.0, "nothing"),)),
        Segment("A", 7.0, 8.0, ""),
    )
    given, spread, unmatched, empty = conversation.utterances
    assert given.words == located_words("Oh, no!", timed)
    assert given.words[1] == Word(1.5, 2.0, 4, 6)
    assert not given.word_times_estimated
    assert spread.words == spread_words("Oh, no!", 3.0, 4.0)
    assert spread.word_times_estimated
    assert unmatched.word_times_estimated
    assert (empty.text, empty.words, empty.word_times_estimated) == (None, (), False)


def test_ends_that_are_missing():
    conversation, notices = build(
        Segment("A", 0.0, None, "a"),
        Segment("B", 2.0, None, "b"),
        Segment("C", 2.0, 3.0, "c"),
        Segment("D", 5.0, None, "x" * 30),
    )
    assert [u.end for u in conversation.utterances] == [2.0, 5.0, 3.0, 7.0]
    assert notices == (
        "3 of 4 utterances have no usable end; they were taken to last until the next one begins",
    )
    conversation, _ = build(Segment("D", 5.0, None, "x"), duration=9.0)
    assert conversation.utterances[0].end == 9.0


def test_a_transcript_longer_than_its_recording():
    words = (TimedWord(8.0, 9.5, "well"), TimedWord(9.5, 11.0, "then"), TimedWord(11, 12, "no"))
    conversation, notices = build(
        Segment("A", 0.0, 5.0, "a"),
        Segment("A", 8.0, 12.0, "well then no", words),
        Segment("A", 10.0, 12.0, "c"),
        Segment("A", 20.0, 22.0, "d"),
        duration=10.0,
        notices=("talk.srt, line 1: something",),
    )
    assert [(u.text, u.end) for u in conversation.utterances] == [
        ("a", 5.0),
        ("well then no", 10.0),
    ]
    assert [(w.start, w.end) for w in conversation.utterances[1].words] == [
        (8.0, 9.5),
        (9.5, 10.0),
    ]
    assert notices == (
        "talk.srt, line 1: something",
        "2 of 4 utterances begin after the recording's end at 10.0 s and were left out",
        "1 utterance(s) reach beyond the recording's end at 10.0 s (the first begins at 8.0 s) "
        "and were cut there",
    )


def test_a_rounded_end_gives_no_notice():
    conversation, notices = build(Segment("A", 8.0, 10.2, "a"), duration=10.0)
    assert conversation.utterances[0].end == 10.0
    assert notices == ()


def test_the_transcript_of_another_recording():
    with pytest.raises(
        TranscriptError, match=r"all 1 utterances .* after the recording's end at 3"
    ):
        build(Segment("A", 8.0, 10.0, "a"), duration=3.0)
    assert len(build(Segment("A", None, None, "a"), duration=3.0)[0].utterances) == 1


def test_spans_without_words():
    conversation = conversation_from_spans(
        [(3.0, 4.0), (0.5, 2.0)], conversation_id="talk", speakers=["B", "A"], media=Path("a.wav")
    )
    first, second = conversation.utterances
    assert (first.id, first.speaker, first.start, first.end) == ("talk-1", "A", 0.5, 2.0)
    assert (second.speaker, second.text, second.words) == ("B", None, ())
    assert conversation.media == Path("a.wav")
    assert conversation_from_spans([], conversation_id="silence").utterances == ()

from pathlib import Path

from emospot.media.tiers import Interval, Tier, segments_of_tiers
from emospot.media.transcript_types import Notices


def tier(name, *entries, **options):
    return Tier(name, tuple(Interval(a, b, t, f"the interval at {a}") for a, b, t in entries),
                **options)  # fmt: skip


def read(*tiers):
    notices = Notices(Path("talk.TextGrid"))
    return segments_of_tiers(tiers, notices), notices.sentences()


WORDS = ((0.0, 0.5, "oh"), (0.5, 0.6, ""), (0.6, 1.0, "no"), (1.0, 3.0, "sil"), (3.0, 3.5, "why"))


def test_words_join_the_utterances_of_their_speaker():
    segments, notices = read(
        tier("Anna", (0.0, 1.0, "Oh, no!"), (2.9, 4.0, "Why?")),
        tier("Anna - words", *WORDS),
        tier("Anna - phones", (0.0, 0.5, "ow")),
        tier("Ben", (0.2, 0.9, "Hm")),
    )
    assert [(s.speaker, s.text, [w.text for w in s.words]) for s in segments] == [
        ("Anna", "Oh, no!", ["oh", "no"]),
        ("Ben", "Hm", []),
        ("Anna", "Why?", ["why"]),
    ]
    assert notices == ()


def test_words_alone_form_utterances_at_pauses():
    segments, _ = read(tier("words", *WORDS), tier("phones", (0.0, 0.5, "ow")))
    assert [(s.speaker, s.start, s.end, s.text) for s in segments] == [
        (None, 0.0, 1.0, "oh no"),
        (None, 3.0, 3.5, "why"),
    ]


def test_words_outside_every_utterance_are_named():
    segments, notices = read(tier("Anna", (0.0, 1.0, "Oh no")), tier("Anna_words", *WORDS))
    assert [len(s.words) for s in segments] == [2]
    assert notices == (
        "talk.TextGrid, words of Anna: 1 of 3 lie outside the utterances and were left out",
    )


def test_names_that_name_no_speaker():
    segments, _ = read(
        tier("Transcript", (0.0, 1.0, "a")),
        tier("Ben - utterances", (2.0, 3.0, "b")),
        tier("Keywords", (4.0, 5.0, "c")),
    )
    assert [s.speaker for s in segments] == [None, "Ben", "Keywords"]


def test_a_speaker_given_apart_wins_over_the_name():
    segments, _ = read(tier("A_Transcription", (0.0, 1.0, "a"), speaker="Anna"))
    assert segments[0].speaker == "Anna"


def test_an_interval_that_runs_backwards_keeps_its_text_but_takes_no_words():
    segments, notices = read(
        tier("Anna", (2.0, 1.0, "Oh")), tier("Anna - words", (1.2, 1.4, "oh"))
    )
    assert (segments[0].start, segments[0].end, segments[0].words) == (2.0, None, ())
    assert any("the interval at 2.0: ends before it starts" in notice for notice in notices)

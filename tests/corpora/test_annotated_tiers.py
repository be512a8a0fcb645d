"""What people do to tiers: other names, more tiers, split and moved annotations."""

from pathlib import Path

import pytest

from emospot.conversation import Utterance
from emospot.corpora.annotated_tiers import Emotions, read_talk
from emospot.errors import CorpusError
from emospot.media.annotation_file import AnnotationFile, AnnotationTier
from emospot.media.tier_names import understood
from emospot.media.tiers import Interval


def tier(name, *entries, kind="", participant=None, parent="", choices=()):
    intervals = tuple(Interval(a, b, text) for a, b, text in entries)
    return AnnotationTier(name, understood(name, kind), participant, parent, intervals, choices)


def talk(*tiers, **roles):
    return read_talk(AnnotationFile(Path("talk.eaf"), tiers), roles)


def said(found):
    return [(s.speaker, s.start, s.text) for s in found.segments]


def felt(found, speaker, start, end):
    first, other = Emotions(found.emotions).of(Utterance("u", speaker, start, end))
    return first and first.interval.text, other and other.interval.text


ANNA = tier("Anna", (0.0, 1.0, "Oh"), (2.0, 4.0, "No"))
ANNA_FELT = tier("Anna - emotion", (0.0, 1.0, "sad"), (2.0, 4.0, "glad"))


def test_the_tiers_of_an_export():
    found = talk(
        ANNA, ANNA_FELT, tier("Anna - confidence", (0.0, 1.0, "0.5")),
        tier("Ben", (1.0, 2.0, "Hm")), tier("Ben - emotion", (1.0, 2.0, "unsure")),
        tier("voice hotspots", (0.2, 0.4, "phrase 0.8"), (3.0, 3.0, "no length"), (3, 4, " ")),
        tier("voice hotspots 2", (0.3, 0.5, "laughter")),
    )  # fmt: skip
    assert said(found) == [("Anna", 0.0, "Oh"), ("Ben", 1.0, "Hm"), ("Anna", 2.0, "No")]
    assert [felt(found, s.speaker, s.start, s.end)[0] for s in found.segments] == [
        "sad", "unsure", "glad",
    ]  # fmt: skip
    assert [(m.modality, m.interval.text) for m in found.hotspots] == [
        ("voice", "phrase 0.8"), ("voice", "laughter"),
    ]  # fmt: skip
    assert found.notices == ()
    assert found.choices == ()


def test_words_that_are_timed_belong_to_the_utterances():
    found = talk(ANNA, ANNA_FELT, tier("Anna - words", (0.1, 0.9, "oh")))
    assert [w.text for w in found.segments[0].words] == ["oh"]


def test_tiers_of_elan_may_have_any_name():
    found = talk(
        tier("client (female)", (0.0, 1.0, "Oh"), kind="utterances", participant="Anna"),
        tier("what she feels", (0.0, 1.0, "sad"), kind="emotion", participant="Anna",
             parent="client (female)", choices=("sad", "glad", "unsure")),
        tier("Ben", (1.0, 2.0, "Hm"), kind="default-lt"),
        tier("his", (1.0, 2.0, "glad"), kind="emotion", parent="Ben"),
        tier("loud", (0.2, 0.4, "x"), kind="voice hotspots"),
        tier("Ben: translation", (1.0, 2.0, "Ah"), kind="gloss", parent="Ben"),
    )  # fmt: skip
    assert said(found) == [("Anna", 0.0, "Oh"), ("Ben", 1.0, "Hm")]
    assert felt(found, "Anna", 0.0, 1.0) == ("sad", None)
    assert felt(found, "Ben", 1.0, 2.0) == ("glad", None)
    assert found.hotspots[0].modality == "voice"
    assert found.choices == ("sad", "glad", "unsure")
    (notice,) = found.notices
    assert notice.startswith('talk.eaf: tiers that are no part of this were left out: "Ben: tr')


def test_a_tier_of_utterances_without_a_participant_is_called_like_its_speaker():
    found = talk(
        tier("client", (0.0, 1.0, "Oh"), kind="utterances"),
        tier("x", (0.0, 1.0, "sad"), kind="emotion", parent="client"),
        tier("text", (2.0, 3.0, "Hm"), kind="utterances"),
    )
    assert said(found) == [("client", 0.0, "Oh"), (None, 2.0, "Hm")]
    assert felt(found, "client", 0.0, 1.0) == ("sad", None)


def test_further_tiers_are_told_and_can_be_taken_in():
    tiers = (ANNA, ANNA_FELT, tier("Ben", (1.0, 2.0, "Hm")), tier("Ben - feeling", (1, 2, "sad")),
             tier("noise", (0.0, 9.0, "car")),
             tier("Ben - hotspots", (1.0, 1.5, "x")))  # fmt: skip
    found = talk(*tiers)
    # "Ben" is a speaker, as "Ben - feeling" speaks of him; what that is, nobody said.
    assert [s.speaker for s in found.segments] == ["Anna", "Ben", "Anna"]
    assert felt(found, "Ben", 1.0, 2.0) == (None, None)
    (notice,) = found.notices
    assert '"Ben - feeling", "noise", "Ben - hotspots" (say what they hold by --tier' in notice
    told = {"Ben - feeling": "emotion", "noise": "ignore", "Ben - hotspots": "face hotspots"}
    found = talk(*tiers, **told)
    assert found.notices == ()
    assert felt(found, "Ben", 1.0, 2.0)[0] == "sad"
    assert (found.hotspots[0].speaker, found.hotspots[0].modality) == ("Ben", "face")
    assert said(talk(*tiers, noise="utterances"))[0][2] in ("Oh", "car")


def test_one_tier_of_emotions_for_all():
    found = talk(
        ANNA, tier("Ben", (1.0, 2.0, "Hm")), tier("emotion", (0, 1, "sad"), (1, 2, "glad"))
    )
    assert [s.speaker for s in found.segments] == ["Anna", "Ben", "Anna"]
    assert felt(found, "Anna", 0.0, 1.0)[0] == "sad"
    assert felt(found, "Ben", 1.0, 2.0)[0] == "glad"
    assert felt(found, "Anna", 2.0, 4.0) == (None, None)


def test_a_speakers_own_emotion_comes_first():
    found = talk(ANNA, ANNA_FELT, tier("emotion", (0.0, 4.0, "calm")))
    assert felt(found, "Anna", 2.0, 4.0) == ("glad", None)


def test_an_utterance_that_was_split_keeps_its_emotion_on_both_sides():
    found = talk(
        tier("Anna", (2.0, 3.2, "No"), (3.2, 4.0, "no")), tier("Anna - emotion", (2.0, 4.0, "sad"))
    )
    assert [felt(found, "Anna", s.start, s.end)[0] for s in found.segments] == ["sad", "sad"]


def test_two_emotions_in_one_utterance_are_both_found():
    found = talk(ANNA, tier("Anna - emotion", (2.0, 2.6, "Sad"), (2.6, 4.0, "glad")))
    assert felt(found, "Anna", 2.0, 4.0) == ("glad", "Sad")
    same = talk(ANNA, tier("Anna - emotion", (2.0, 2.6, "Glad "), (2.6, 4.0, "glad")))
    assert felt(same, "Anna", 2.0, 4.0) == ("glad", None)
    moved = talk(ANNA, tier("Anna - emotion", (1.9, 4.0, "glad"), (0.0, 2.2, "sad")))
    assert felt(moved, "Anna", 2.0, 4.0) == ("glad", None)
    assert felt(moved, "Anna", 0.0, 1.0) == ("sad", None)


def test_an_emotion_of_somebody_else_is_none():
    assert felt(talk(ANNA, ANNA_FELT), "Ben", 0.0, 1.0) == (None, None)
    assert felt(talk(ANNA, ANNA_FELT), "Anna", None, None) == (None, None)


def test_empty_annotations_are_none_and_emotions_without_words_are_utterances():
    found = talk(
        tier("Anna", (0.0, 1.0, "Oh"), (2.0, 4.0, " ")),
        tier("Anna - emotion", (0.0, 1.0, ""), (2.0, 4.0, "sad"), (6.0, 7.0, "unsure")),
        tier("emotion", (8.0, 9.0, "glad")),
    )
    assert said(found) == [
        ("Anna", 0.0, "Oh"),
        ("Anna", 2.0, ""),
        ("Anna", 6.0, ""),
        (None, 8.0, ""),
    ]
    assert felt(found, "Anna", 0.0, 1.0) == (None, None)


@pytest.mark.parametrize("tiers", [(), (ANNA,), (tier("voice hotspots", (0, 1, "x")),)])
def test_without_emotions_it_is_the_wrong_file(tiers):
    with pytest.raises(CorpusError, match=r"talk.eaf: no tier holds emotions \(tiers: .*--tier"):
        talk(*tiers)


def test_many_annotations_are_matched_in_good_time():
    spans = [(k * 1.0, k + 0.5) for k in range(20_000)]
    found = talk(
        tier("Anna", *((a, b, "x") for a, b in spans)),
        tier("Anna - emotion", *((a, b, "sad") for a, b in spans)),
    )
    emotions = Emotions(found.emotions)
    for a, b in spans:
        assert emotions.of(Utterance("u", "Anna", a, b))[0].interval.start == a

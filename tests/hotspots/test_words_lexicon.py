import re

import pytest

from emospot.conversation import Conversation, Utterance, Word
from emospot.hotspots.words_lexicon import LexiconHotspots, split_words

FUNCTION_WORDS = re.findall(
    r"\w+",
    "a an the this that these those i me my mine you your he him his she her it its we us our "
    "they them their who whom whose which what and or but nor so yet if because although while "
    "when where why how than then as of at by for with about against between into through during "
    "before after above below to from up down in out on off over under again once here there all "
    "any both each few some such only own same too very can could will would shall should may "
    "might must do does did have has had am is are was were be been being not no yes yeah okay "
    "ok well like just really uh um oh sure please",
)


@pytest.fixture(scope="module")
def detector():
    return LexiconHotspots()


def spans(detector, text):
    """The hotspots' texts and scores."""
    conversation = Conversation("c", (Utterance("1", "A", text=text),))
    [found] = detector.detect(conversation, [None])
    for hotspot in found:
        assert (hotspot.modality, hotspot.fired_by) == ("words", "lexicon")
    return {text[h.char_start : h.char_end]: h.score for h in found}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I love it.", ["love"]),
        ("I don't love it.", ["don't love"]),
        ("I don’t love it.", ["don’t love"]),
        ("She was absolutely furious!", ["absolutely furious"]),
        ("It is kind of sad", ["kind of sad"]),
        ("kind words", ["kind"]),
        ("sad lonely days, and then happy", ["sad lonely", "happy"]),
        ("Awful. Terrible.", ["Awful", "Terrible"]),
        ("No, I love it.", ["love"]),
        ("There is no hope.", ["no hope"]),
        ("“Great,” he said", ["Great"]),
        ("(great)", ["great"]),
        ("sad...happy", ["sad", "happy"]),
        ("hurt—angry", ["hurt—angry"]),
        ("Look 😂!", ["😂"]),
        ("happy❤️you", ["happy❤️"]),
        ("👍🏽 thanks 😭", ["thanks", "😭"]),
        ("fine :) bye", [":)"]),
        ("fine :). bye", [":)"]),
        ("I HATE you", ["HATE"]),
        ("The bus leaves at 182 West 143rd", []),
        ("This is the happiest day of my life", ["happiest"]),
        ("", []),
        (" \n\t", []),
        ("...!?", []),
        ("Ich weiß es nicht", []),
    ],
)
def test_spans(detector, text, expected):
    assert list(spans(detector, text)) == expected


def test_function_words_never_fire(detector):
    for word in FUNCTION_WORDS:
        assert spans(detector, word) == {}
        assert spans(detector, f"{word.upper()}!!!") == {}
    assert spans(detector, " ".join(FUNCTION_WORDS)) == {}


def test_scores_are_vaders_ratings(detector):
    # The lexicon's published ratings: good 1.9, love 3.2; very +0.293; not × −0.74;
    # an exclamation mark +0.292; a word in capitals among others +0.733.
    assert spans(detector, "a good day")["good"] == pytest.approx(1.9 / 4)
    assert spans(detector, "a very good day")["very good"] == pytest.approx((1.9 + 0.293) / 4)
    assert spans(detector, "not a good day")["not a good"] == pytest.approx(1.9 * 0.74 / 4)
    assert spans(detector, "a good day!!")["good"] == pytest.approx((1.9 + 2 * 0.292) / 4)
    assert spans(detector, "a GOOD day")["GOOD"] == pytest.approx((1.9 + 0.733) / 4)
    assert spans(detector, "A GOOD DAY")["GOOD"] == pytest.approx(1.9 / 4)
    assert spans(detector, "I love good days")["love good"] == pytest.approx(3.2 / 4)


def test_exclamation_counts_in_its_own_sentence(detector):
    scores = spans(detector, "A good day. What a great one!!!!!!")
    assert scores["good"] == pytest.approx(1.9 / 4)
    assert (
        scores["great"] == pytest.approx((3.1 + 4 * 0.292) / 4, abs=1e-9) or scores["great"] == 1
    )


def test_scores_stay_within_one(detector):
    assert max(spans(detector, "I really REALLY LOVE it!!!! It is the BEST!!!!").values()) <= 1.0


def test_weak_words_can_be_asked_for():
    assert spans(LexiconHotspots(minimum=0.5), "It is fine") == {"fine": pytest.approx(0.2)}
    assert spans(LexiconHotspots(), "It is fine") == {}


def test_times_are_those_of_the_words(detector):
    text = "I am so happy today"
    words = tuple(
        Word(start, start + 0.4, text.index(w), text.index(w) + len(w))
        for start, w in enumerate(text.split())
    )
    utterances = (
        Utterance("1", "A", 0.0, 5.0, text, words),
        Utterance("2", "A", 5.0, 9.0, text),
        Utterance("3", "A", text=text),
        Utterance("4", "A", 9.0, 10.0),
    )
    found = LexiconHotspots().detect(Conversation("c", utterances), [None] * 4)
    times = [[(h.start, h.end) for h in spots] for spots in found]
    assert times == [[(2.0, 3.4)], [(5.0, 9.0)], [(None, None)], []]


def test_every_rated_word_is_found_at_its_place():
    # Each word of VADER's lexicon that is strong enough, between two neutral words.
    from vaderSentiment.vaderSentiment import BOOSTER_DICT, SentimentIntensityAnalyzer

    detector = LexiconHotspots()
    rated = [
        word
        for word, rating in SentimentIntensityAnalyzer().lexicon.items()
        if abs(rating) >= 1.0 and word.isalpha() and len(word) > 2 and word not in BOOSTER_DICT
    ]
    missed = [word for word in rated[::7] if list(spans(detector, f"Tom, {word}; he")) != [word]]
    assert set(missed) <= {"like", "yes", "yeah", "yep", "sure", "well", "please", "certain"}


def test_split_words_keeps_places():
    text = "Oh no… “it's” 😂 done!"
    words = split_words(text, {}, {"😂": "tears of joy"})
    assert [text[w.start : w.end] for w in words] == ["Oh", "no", "it's", *["😂"] * 3, "done"]
    assert [w.sentence for w in words] == [0, 0, 1, 1, 1, 1, 1]

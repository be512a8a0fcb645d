"""Several detectors as one: unions and votes on spans set by hand."""

import numpy as np
import pytest

from emospot.conversation import Conversation, Hotspot, Tokens, Utterance
from emospot.errors import UsageError
from emospot.hotspots.panel import Panel

TALK = Conversation("c", (Utterance("1", "A", 0.0, 10.0, "no no, not at all"),))


class Fixed:
    """A detector that finds what it is told to."""

    def __init__(self, name, *spots, modality="voice", reads=(), language=""):
        self.name, self.modality, self.reads, self.language = name, modality, reads, language
        self.spots, self.seen = spots, None

    def detect(self, conversation, descriptors):
        self.seen = descriptors
        return [list(self.spots), *([] for _ in conversation.utterances[1:])]


def voice(start, end, score=0.5, fired_by="x", apex=None):
    return Hotspot("voice", start, end, score, fired_by, apex=apex)


def found(panel, tokens=None):
    (own,) = panel.detect(TALK, tokens or {})
    return own


def spans(hotspots):
    return [(h.start, h.end, pytest.approx(h.score), h.fired_by) for h in hotspots]


def test_one_detector_is_itself():
    spots = (voice(3, 4), voice(1, 2), voice(1, 2))
    assert found(Panel((Fixed("a", *spots),))) == list(spots)


def test_the_union_joins_what_is_the_same_moment():
    a = Fixed("a", voice(1.0, 2.0, 0.6, "loudness"), voice(5.0, 6.0, 0.1, "pitch"))
    b = Fixed("b", voice(1.2, 2.1, 0.9, "phrase"), voice(5.5, 6.5, 0.2, "phrase"))
    assert spans(found(Panel((a, b)))) == [
        (1.2, 2.1, 0.9, "phrase, loudness"),  # overlap 0.8 / 1.1: the stronger's borders
        (5.0, 6.0, 0.1, "pitch"),  # overlap 0.5 / 1.5: two moments
        (5.5, 6.5, 0.2, "phrase"),
    ]


def test_the_union_never_joins_hotspots_of_one_detector():
    both = Fixed("a", voice(1, 2, 0.6, "smile"), voice(1, 2, 0.5, "brow raise"))
    assert len(found(Panel((both, Fixed("b"))))) == 2


def test_a_vote_by_hand():
    a = Fixed("a", voice(0, 4, 0.8, "a"))
    b = Fixed("b", voice(2, 6, 0.4, "b"), voice(8, 9, 1.0, "b"))
    c = Fixed("c", voice(3, 5, 1.0, "c", apex=3.5))
    # Two of three agree from 2 to 5; all three from 3 to 4.
    (own,) = found(Panel((a, b, c), (1.0, 1.0, 1.0), "vote"))
    assert spans([own]) == [(2, 5, (0.8 + 0.4 + 1.0) / 3, "a, b, c")]
    assert own.apex == 3.5


def test_weights_decide():
    a, b = Fixed("a", voice(0, 4, 0.8, "a")), Fixed("b", voice(2, 6, 0.4, "b"))
    assert spans(found(Panel((a, b), (3.0, 1.0), "vote"))) == [(0, 4, (3 * 0.8 + 0.4) / 4, "a, b")]


def test_a_vote_over_characters_keeps_the_times_of_its_voters():
    def words(start, end, a, b, score):
        return Hotspot("words", start, end, score, "w", a, b)

    a = Fixed("a", words(0.0, 2.0, 0, 5, 0.6), modality="words")
    b = Fixed("b", words(1.0, 3.0, 3, 9, 0.8), modality="words")
    (own,) = found(Panel((a, b), (1.0, 2.0), "vote"))
    assert (own.char_start, own.char_end, own.start, own.end) == (3, 9, 0.0, 3.0)
    bare = Fixed("b", Hotspot("words", None, None, 0.5, "w", 3, 9), modality="words")
    (own,) = found(Panel((bare, Fixed("e", modality="words")), (2.0, 1.0), "vote"))
    assert (own.start, own.end) == (None, None)


def test_an_own_overlap_counts_once():
    twice = Fixed("a", voice(0, 4, 0.2, "weak"), voice(0, 4, 0.9, "strong"))
    (own,) = found(Panel((twice, Fixed("b")), (1.0, 1.0), "vote"))
    assert own.score == pytest.approx(0.45)


def test_a_vote_of_one_detector_gives_its_own_spans():
    """A union and a vote of equal detectors agree with the detector alone."""
    random = np.random.default_rng(0)
    for _ in range(20):
        starts = np.sort(random.choice(100, 8, replace=False)).astype(float)
        spots = [voice(a, b, 0.5) for a, b in zip(starts[::2], starts[1::2], strict=True)]
        same = [Fixed(name, *spots) for name in "abc"]
        for panel in (Panel(tuple(same)), Panel(tuple(same), (1.0, 2.0, 1.0), "vote")):
            assert [(h.start, h.end) for h in found(panel)] == [(h.start, h.end) for h in spots]


def test_each_detector_reads_its_extractor():
    tokens = (Tokens(np.zeros((1, 1))),)
    first, second = Fixed("a", reads=("x", "y")), Fixed("b", reads=("y",))
    blind = Fixed("c", voice(1, 2), reads=("z",))
    panel = Panel((first, second, blind, Fixed("d")))
    assert found(panel, {"y": tokens}) == []  # who has nothing to read finds nothing
    assert first.seen[0] is second.seen[0] is tokens[0]
    assert blind.seen is None


def test_languages():
    english, any_language = Fixed("a", language="en"), Fixed("b")
    both = Panel((english, any_language), (1.0, 2.0), "vote")
    assert both.of_language("en") is both.of_language("") is both
    assert both.of_language("de") == Panel((any_language,), (2.0,), "vote")
    assert Panel((english,)).of_language("de") is None


@pytest.mark.parametrize(
    ("detectors", "options", "message"),
    [
        ((), {}, "look at nothing"),
        ((Fixed("a"), Fixed("b", modality="face")), {}, "a, b look at face and voice"),
        ((Fixed("a"),), {"combine": "vote"}, "needs a weight for each"),
        ((Fixed("a"),), {"combine": "vote", "weights": (0.0,)}, "greater than 0"),
        ((Fixed("a"),), {"combine": "vote", "weights": (float("inf"),)}, "must be finite"),
    ],
)
def test_wrong_panels(detectors, options, message):
    with pytest.raises(UsageError, match=message):
        Panel(detectors, **options)


def test_who_has_nothing_to_read_has_a_vote_all_the_same():
    blind, seeing = Fixed("a", voice(1, 2), reads=("z",)), Fixed("b", voice(1, 2))
    assert found(Panel((blind, seeing), (2.0, 1.0), "vote")) == []
    assert len(found(Panel((blind, seeing), (1.0, 1.0), "vote"))) == 1


def test_what_a_detector_must_not_give():
    stranger = Fixed("a", Hotspot("words", 0, 1, 0.5, "x"))
    with pytest.raises(UsageError, match='"a" of voice gave hotspots of words for 1 utter'):
        found(Panel((stranger,)))
    short = Fixed("b")
    short.detect = lambda conversation, descriptors: []
    with pytest.raises(UsageError, match="gave 0 lists for 1 utterances"):
        found(Panel((short,)))

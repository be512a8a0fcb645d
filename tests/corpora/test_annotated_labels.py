from pathlib import Path

import pytest

from emospot.corpora.annotated_labels import annotated_labels
from emospot.corpora.annotated_tiers import Annotated, AnnotatedTalk
from emospot.emotions import IEMOCAP6
from emospot.errors import CorpusError, UsageError
from emospot.media.tiers import Interval

ONE, TWO = Path("one.eaf"), Path("two.TextGrid")


def emotion(text):
    return Annotated(Interval(12.0, 13.0, text), "Anna - emotion", "Anna")


def talk(*texts, choices=()):
    return AnnotatedTalk((), tuple(map(emotion, texts)), (), choices, ())


def labels(*talks, **options):
    return annotated_labels(dict(zip((ONE, TWO), talks, strict=False)), corpus="own", **options)


def test_a_set_that_is_named():
    found = labels(talk("Sadness "), set_name="iemocap6")
    assert (found.label_set, found.found) == (IEMOCAP6, False)
    assert found.of(ONE, emotion("  SADNESS ")) == "sadness"
    for none in ("unsure", "Unsure", " ", ""):
        assert found.of(ONE, emotion(none)) is None
    assert found.of(ONE, None) is None


def test_an_order_that_is_given():
    found = labels(talk("glad"), order=("sad", "glad"))
    assert (found.label_set.name, found.label_set.labels) == ("own2", ("sad", "glad"))
    assert labels(talk("x"), order=IEMOCAP6.labels).label_set is IEMOCAP6


def test_what_the_files_let_choose_from():
    choices = (*IEMOCAP6.labels, "unsure")
    assert labels(talk("anger", choices=choices), talk("sadness")).label_set is IEMOCAP6
    more = labels(talk(choices=("glad", "sad", "?", "relief", "unsure")), no_label=["?"])
    assert more.label_set.labels == ("glad", "sad", "relief")
    with pytest.raises(
        CorpusError, match=r"one.eaf lets choose from a, b, and two.TextGrid from a"
    ):
        labels(talk(choices=("a", "b")), talk(choices=("a",)))


def test_what_was_found():
    found = labels(talk("sad", "unsure"), talk("Glad", "SAD", "glad"))
    assert (found.label_set.labels, found.found) == (("Glad", "sad"), True)
    assert found.of(ONE, emotion("glad")) == "Glad"
    everything = labels(talk(*IEMOCAP6.labels))
    assert (everything.label_set, everything.found) == (IEMOCAP6, True)


def test_a_slip_of_the_pen_is_told_with_its_place():
    found = labels(talk(), set_name="iemocap6")
    with pytest.raises(CorpusError) as told:
        found.of(ONE, emotion("sadnes"))
    assert str(told.value) == (
        'one.eaf, tier "Anna - emotion", 12.00 s: label "sadnes" is not in the label set iemocap6 '
        '(happiness, sadness, neutral, anger, excited, frustration); did you mean "sadness"? '
        "Correct it, name another set by --label-set or --labels, or say by --no-label that it "
        "means none"
    )
    with pytest.raises(CorpusError, match=r"frustration\). Correct it"):
        found.of(ONE, emotion("zzz"))


@pytest.mark.parametrize(
    ("talks", "options", "error", "message"),
    [
        ([talk("unsure")], {}, CorpusError, "one.eaf: nothing is labelled"),
        ([talk("a")], {"set_name": "no6"}, UsageError, 'unknown label set "no6"'),
        ([talk("a")], {"set_name": "meld7", "order": ("a",)}, UsageError, "not both"),
        ([talk("a")], {"order": ("a", "A")}, UsageError, "names one twice"),
    ],
)
def test_what_cannot_be(talks, options, error, message):
    with pytest.raises(error, match=message):
        labels(*talks, **options)

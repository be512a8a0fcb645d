"""The order of label sets never changes: trained models depend on it."""

import pytest

from emospot.emotions import IEMOCAP6, LABEL_SETS, label_set
from emospot.errors import UsageError


def test_the_published_orders() -> None:
    assert {name: known.labels for name, known in LABEL_SETS.items()} == {
        "iemocap6": ("happiness", "sadness", "neutral", "anger", "excited", "frustration"),
        "iemocap4": ("happiness", "sadness", "neutral", "anger"),
        "meld7": ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger"),
    }


def test_label_sets_by_name_and_labels_by_position() -> None:
    assert label_set("iemocap6") is IEMOCAP6
    assert [IEMOCAP6.index(label) for label in IEMOCAP6.labels] == list(range(len(IEMOCAP6)))


def test_unknown_names_say_what_is_known() -> None:
    with pytest.raises(UsageError, match="unknown label set.*iemocap6, iemocap4, meld7"):
        label_set("iemocap5")
    with pytest.raises(UsageError, match='"joy" is not in the label set iemocap6'):
        IEMOCAP6.index("joy")

"""Folds: every conversation is tested once, and never by a model that has seen it."""

import pytest

from emospot.errors import ConfigError, StoreError
from emospot.experiments.folds import dependent, folds_of
from emospot.experiments.study import FeatureEntry, Protocol
from emospot.experiments.views import StoreView
from emospot.features.store import FeatureStore


def test_the_official_protocol_leaves_the_splits(store: FeatureStore) -> None:
    assert folds_of(store, Protocol()) == {"": None}
    untested = StoreView(store, FeatureEntry(), {"east-00": "train"})
    with pytest.raises(StoreError, match="no test split"):
        folds_of(untested, Protocol())


def test_leave_one_group_out(store: FeatureStore) -> None:
    folds = folds_of(store, Protocol(kind="leave_one_out", groups="^[a-z]+"))
    assert set(folds) == {"east", "west"}
    assert len(folds["east"]) == 16
    for name, split in folds["east"].items():
        assert split == ("test" if name.startswith("east") else "train")
    with pytest.raises(StoreError, match='finds nothing in "'):
        folds_of(store, Protocol(kind="leave_one_out", groups="north"))
    with pytest.raises(StoreError, match="one group only"):
        folds_of(store, Protocol(kind="leave_one_out", groups="-"))


def test_cross_validation_stays_within_training(store: FeatureStore) -> None:
    folds = folds_of(store, Protocol(kind="cross_validation", folds=3))
    assert len(folds) == 3
    training = set(store.labels("train"))
    tested = [n for fold in folds.values() for n, split in fold.items() if split == "test"]
    assert sorted(tested) == sorted(training)
    assert all(set(fold) == training for fold in folds.values())
    assert folds == folds_of(store, Protocol(kind="cross_validation", folds=3))


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("actor", 'together "actor" finds nothing in the dialogue "anna-1"'),
        (r"\d*", "finds nothing in the dialogue"),
        ("(", r'together "\(" is no regular expression'),
    ],
)
def test_what_depends_on_nothing_is_an_error(expression, message):
    with pytest.raises(ConfigError, match=message):
        dependent(["anna-1"], expression)

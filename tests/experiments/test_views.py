"""A view changes what is read, and nothing on the disk."""

from pathlib import Path

import numpy as np
import pytest

from emospot.conversation import Conversation, Tokens, Utterance
from emospot.emotions import NO_LABELS
from emospot.errors import StoreError
from emospot.experiments.study import FeatureEntry
from emospot.experiments.views import StoreView, pooled
from emospot.features.base import FeatureDescription
from emospot.features.store import FeatureStore, StoredConversation, StoreWriter


def test_a_view_that_changes_nothing_is_the_store(store: FeatureStore) -> None:
    view = StoreView(store, FeatureEntry())
    assert view.features == store.features
    assert view.splits == store.splits
    for seen, stored in zip(view.conversations("test"), store.conversations("test"), strict=True):
        assert seen.conversation == stored.conversation
        for mine, its in zip(seen.tokens["words"], stored.tokens["words"], strict=True):
            assert np.array_equal(mine.values, its.values)


def test_pooled_words_are_the_mean_at_length_one(store: FeatureStore) -> None:
    view = StoreView(store, FeatureEntry(pool=("words",)))
    assert view.features["words"].pooled
    assert view.features["words"].extractor == "letters+mean"
    assert view.content_hash != store.content_hash
    (stored,) = store.conversations(ids=["east-00"])
    (seen,) = view.conversations(ids=["east-00"])
    for mine, its in zip(seen.tokens["words"], stored.tokens["words"], strict=True):
        mean = its.values.astype(float).mean(axis=0)
        assert mine.values.shape == (1, 6)
        assert np.allclose(mine.values[0], mean / np.linalg.norm(mean), atol=1e-6)
    assert seen.tokens["voice"][4] is None


def test_zeros_and_nothing_are_pooled_to_themselves() -> None:
    assert pooled(None) is None
    assert not pooled(Tokens(np.zeros((3, 2)))).values.any()


def test_modalities_can_be_left_out(store: FeatureStore) -> None:
    view = StoreView(store, FeatureEntry(modalities=("voice",)))
    assert list(view.features) == ["voice"]
    assert all(set(c.tokens) == {"voice"} for c in view.conversations())
    for entry in (FeatureEntry(modalities=("face",)), FeatureEntry(pool=("face",))):
        with pytest.raises(StoreError, match='no features "face", only words, voice'):
            StoreView(store, entry)


def test_splits_can_be_drawn_anew(store: FeatureStore) -> None:
    splits = {"east-00": "train", "west-01": "test", "west-15": "train"}
    view = StoreView(store, FeatureEntry(), splits)
    assert {name: counts.conversations for name, counts in view.splits.items()} == {
        "train": 2,
        "test": 1,
    }
    assert view.splits["test"].labelled == 7
    assert [c.conversation.id for c in view.conversations("train")] == ["east-00", "west-15"]
    assert [c.conversation.id for c in view.conversations("train", ids=["west-15"])] == ["west-15"]
    assert {c.conversation.id: c.conversation.split for c in view.conversations()} == splits
    assert view.content_hash != StoreView(store, FeatureEntry()).content_hash


def test_unlabelled_utterances_can_be_left_out(store: FeatureStore) -> None:
    view = StoreView(store, FeatureEntry(unlabelled=False))
    (seen,) = view.conversations(ids=["east-00"])
    assert [u.id for u in seen.conversation.utterances] == [f"u{i}" for i in (0, 1, 2, 4, 5, 6, 7)]
    assert len(seen.tokens["words"]) == len(seen.hotspots) == 7


def test_only_words_are_scaled(store: FeatureStore) -> None:
    view = StoreView(store, FeatureEntry(pool=("words", "voice")))
    (stored,) = store.conversations(ids=["east-00"])
    (seen,) = view.conversations(ids=["east-00"])
    mean = stored.tokens["voice"][0].values.mean(axis=0)
    assert np.allclose(seen.tokens["voice"][0].values[0], mean, atol=1e-3)
    assert abs(np.linalg.norm(mean) - 1) > 0.1


def test_without_a_label_set_targets_count(tmp_path: Path) -> None:
    features = {"words": FeatureDescription("words", "letters", "1", 2, pooled=True)}
    utterances = tuple(
        Utterance(f"u{n}", "A", targets={} if n == 1 else {"sentiment": 1.0}) for n in range(3)
    )
    tokens = tuple(Tokens(np.ones((1, 2))) for _ in utterances)
    with StoreWriter(
        tmp_path / "store", corpus="x", label_set=NO_LABELS, features=features
    ) as writer:
        conversation = Conversation("d", utterances, split="train")
        writer.add(StoredConversation(conversation, {"words": tokens}, ((), (), ())))
    view = StoreView(FeatureStore.open(tmp_path / "store"), FeatureEntry(unlabelled=False))
    (seen,) = view.conversations()
    assert [u.id for u in seen.conversation.utterances] == ["u0", "u2"]

import json

import pytest

from emospot.emotions import LabelSet
from emospot.errors import StoreError
from emospot.features.store import FeatureStore, SplitCounts, StoreWriter

LABELS = LabelSet("two", ("calm", "angry"))


@pytest.fixture
def path(tmp_path, store_features, make_stored):
    """A store of four conversations in three shards."""
    place = tmp_path / "store"
    with StoreWriter(
        place, corpus="tiny", label_set=LABELS, features=store_features, shard_conversations=1
    ) as writer:
        for name, split in (("a", "train"), ("b", None), ("c", "train"), ("d", "test")):
            writer.add(make_stored(name, 3, split))
    return place


def ids(conversations):
    return [stored.conversation.id for stored in conversations]


def test_what_it_says_of_itself(path, store_features):
    store = FeatureStore.open(str(path), verify=True)
    assert store.features == store_features
    assert store.label_set == LABELS
    assert store.content_hash == json.loads((path / "manifest.json").read_text())["content_hash"]
    assert store.splits == {
        "train": SplitCounts(2, 6, 4),
        "none": SplitCounts(1, 3, 2),
        "test": SplitCounts(1, 3, 2),
    }


def test_conversations_of_a_split(path, make_stored):
    store = FeatureStore.open(path)
    assert ids(store.conversations()) == ["a", "b", "c", "d"]
    assert ids(store.conversations("train")) == ["a", "c"]
    assert ids(store.conversations("none")) == ["b"]
    assert ids(store.conversations("train", ids={"c", "d"})) == ["c"]
    assert (
        next(store.conversations("test")).conversation == make_stored("d", 3, "test").conversation
    )


def test_an_unknown_split_is_told_at_once(path):
    with pytest.raises(StoreError, match=r'no split "dev" in .*: train, none, test'):
        FeatureStore.open(path).conversations("dev")


def test_only_the_shards_of_the_split_are_read(path):
    store = FeatureStore.open(path)
    (path / store.manifest.shards[0].file).unlink()
    assert ids(store.conversations("test")) == ["d"]
    with pytest.raises(StoreError, match=r"shard-00000.parquet cannot be read"):
        ids(store.conversations("train"))


def test_labels_and_columns_without_tokens(path):
    store = FeatureStore.open(path)
    assert store.labels("test") == {"d": (None, "calm", "angry")}
    assert list(store.labels()) == ["a", "b", "c", "d"]
    (rows,) = store.rows(("speaker", "voice:tokens"), "test")
    assert [(row["speaker"], row["voice:tokens"]) for row in rows] == [
        ("A", None),
        ("B", 1),
        ("A", 1),
    ]


def test_no_such_folder(tmp_path):
    with pytest.raises(StoreError, match="no such folder"):
        FeatureStore.open(tmp_path / "none")


def test_a_folder_that_is_no_store(tmp_path):
    with pytest.raises(StoreError, match="not a feature store"):
        FeatureStore.open(tmp_path)


def test_another_format_version(path):
    manifest = path / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"format_version": 1', '"format_version": 2'))
    with pytest.raises(StoreError, match=r"store format 2, .* reads format 1: import"):
        FeatureStore.open(path)


def test_a_missing_shard(path):
    (path / "shard-00001.parquet").unlink()
    with pytest.raises(StoreError, match=r"shard-00001.parquet is missing; restore"):
        FeatureStore.open(path)


def test_a_cut_shard(path):
    shard = path / "shard-00001.parquet"
    shard.write_bytes(shard.read_bytes()[:100])
    with pytest.raises(StoreError, match=r"shard-00001.parquet is damaged"):
        FeatureStore.open(path)


def test_a_shard_of_another_store(path):
    (path / "shard-00001.parquet").write_bytes((path / "shard-00003.parquet").read_bytes())
    with pytest.raises(StoreError, match="bytes and 3 rows, expected"):
        FeatureStore.open(path)


def test_a_flipped_bit_shows_when_verified(path):
    shard = path / "shard-00002.parquet"
    data = bytearray(shard.read_bytes())
    data[20] ^= 4
    shard.write_bytes(data)
    FeatureStore.open(path)
    with pytest.raises(StoreError, match="SHA-256"):
        FeatureStore.open(path, verify=True)

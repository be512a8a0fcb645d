import dataclasses
import errno
import json
import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from emospot.conversation import Tokens
from emospot.emotions import LabelSet
from emospot.errors import FeatureError, StoreError
from emospot.features import store_writer
from emospot.features.store import FeatureStore, StoreWriter

LABELS = LabelSet("two", ("calm", "angry"))


@pytest.fixture
def writer(tmp_path, store_features):
    """Opens a writer on one folder, again and again."""

    def open_writer(name="s", **changes):
        settings = {
            "corpus": "tiny",
            "label_set": LABELS,
            "features": store_features,
            "shard_conversations": 2,
        }
        return StoreWriter(tmp_path / name, **{**settings, **changes})

    return open_writer


def fill(writer, conversations):
    with writer as open_writer:
        for stored in conversations:
            open_writer.add(stored)
    return FeatureStore.open(writer.path, verify=True)


def ids(store):
    return [stored.conversation.id for stored in store.conversations()]


@pytest.fixture
def five(make_stored):
    return [make_stored(f"d{i}", 2 + i, seed=i) for i in range(5)]


def test_shards_and_manifest(writer, five):
    store = fill(writer(), five)
    names = {"manifest.json", *(f"shard-0000{i}.parquet" for i in range(3))}
    assert {p.name for p in store.path.iterdir()} == names
    assert [shard.rows for shard in store.manifest.shards] == [5, 9, 6]
    assert ids(store) == ["d0", "d1", "d2", "d3", "d4"]
    assert store.manifest.columns == {"voice": ("loudness", "pitch", "rate")}


def test_hash_does_not_depend_on_shards(writer, five):
    together = fill(writer("a", shard_conversations=100), five)
    apart = fill(writer("b", shard_conversations=1), five)
    assert len(together.manifest.shards) == 1
    assert together.content_hash == apart.content_hash
    assert fill(writer("c"), five[::-1]).content_hash != apart.content_hash


def test_an_interrupted_import_goes_on(writer, five):

    def stopped():
        yield from five[:3]
        raise KeyboardInterrupt

    first = writer()
    with pytest.raises(KeyboardInterrupt):
        fill(first, stopped())
    with pytest.raises(StoreError, match="interrupted import"):
        FeatureStore.open(first.path)
    again = writer()
    assert again.done == {"d0", "d1", "d2"}
    store = fill(again, five)
    assert ids(store) == [f"d{i}" for i in range(5)]
    assert store.content_hash == fill(writer("whole"), five).content_hash


def test_a_kill_between_shard_and_note_loses_nothing_else(writer, five):
    first = writer()
    for stored in five[:2]:
        first.add(stored)
    first.add(five[2])  # pending: lost by the kill
    (first.path / "shard-00001.parquet").write_bytes(b"whole but not noted")
    (first.path / "shard-00001.parquet.part").write_bytes(b"half")
    again = writer()
    assert again.done == {"d0", "d1"}
    assert {p.name for p in first.path.iterdir()} == {"shard-00000.parquet", "unfinished.json"}
    store = fill(again, five)
    assert store.content_hash == fill(writer("whole"), five).content_hash


def test_resuming_with_other_settings_is_refused(writer, five, store_features):
    first = writer()
    first.add(five[0])
    first.add(five[1])
    other = {**store_features, "voice": dataclasses.replace(store_features["voice"], version="3")}
    with pytest.raises(StoreError, match="differs in: source or settings, features of voice"):
        writer(features=other, fingerprint="x")


def test_an_import_that_kept_nothing_may_start_with_other_settings(writer, five):
    writer().add(five[0])
    store = fill(writer(fingerprint="x"), five[:1])
    assert store.manifest.fingerprint == "x"


def test_resuming_checks_the_finished_shards(writer, five):
    first = writer()
    first.add(five[0])
    first.add(five[1])
    shard = first.path / "shard-00000.parquet"
    data = bytearray(shard.read_bytes())
    data[10] ^= 1
    shard.write_bytes(data)
    with pytest.raises(StoreError, match="SHA-256"):
        writer()


def test_a_finished_store_is_not_overwritten(writer, five):
    fill(writer(), five[:1])
    with pytest.raises(StoreError, match="finished store"):
        writer()


def test_a_folder_of_other_things_is_not_used(writer, tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "thesis.doc").write_text("")
    with pytest.raises(StoreError, match=r"not empty.*thesis\.doc"):
        writer()


def test_a_place_that_is_no_folder(writer, tmp_path):
    (tmp_path / "s").write_text("")
    with pytest.raises(StoreError, match="cannot make the folder"):
        writer()


def test_nothing_to_store(writer):
    with pytest.raises(StoreError, match="nothing to store"), writer():
        pass


def test_unknown_number_type(writer):
    with pytest.raises(StoreError, match="float16 or float32"):
        writer(value_type="int8")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (errno.ENOSPC, "cannot write .*shard-00001.*No space left.*kept"),
        (errno.EIO, "cannot write"),
    ],
)
def test_a_full_disk_keeps_what_was_written(writer, five, monkeypatch, code, message):
    """The second shard meets a full disk; after making room the import goes on."""
    first = writer()
    written = []

    def full(_):
        written.append(1)
        if len(written) == 3:  # first shard, its note, second shard
            raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=message):
        fill(first, five)
    assert not list(first.path.glob("*.part"))
    monkeypatch.undo()
    again = writer()
    assert again.done == {"d0", "d1"}
    assert ids(fill(again, five)) == [f"d{i}" for i in range(5)]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_the_system_itself_says_that_the_disk_is_full(writer, five):
    first = writer()
    (first.path / "shard-00000.parquet.part").symlink_to("/dev/full")
    with pytest.raises(StoreError, match="No space left"):
        fill(first, five)


def test_a_shard_closes_when_it_is_large(writer, five, monkeypatch):
    monkeypatch.setattr(store_writer, "SHARD_NUMBERS", 10)
    assert len(fill(writer(shard_conversations=100), five).manifest.shards) == 5


def test_a_shard_closes_when_it_is_old(writer, five, monkeypatch):
    monkeypatch.setattr(store_writer, "SHARD_SECONDS", 0.0)
    assert len(fill(writer(shard_conversations=100), five).manifest.shards) == 5


def with_utterance(stored, **changes):
    first, *rest = stored.conversation.utterances
    conversation = dataclasses.replace(
        stored.conversation, utterances=(dataclasses.replace(first, **changes), *rest)
    )
    return dataclasses.replace(stored, conversation=conversation)


def with_tokens(stored, modality, first):
    tokens = {**stored.tokens, modality: (first, *stored.tokens[modality][1:])}
    return dataclasses.replace(stored, tokens=tokens)


MISFITS = {
    "no utterances": lambda s: dataclasses.replace(
        s, conversation=dataclasses.replace(s.conversation, utterances=())
    ),
    "expected one entry an utterance of each of: words, voice": lambda s: dataclasses.replace(
        s, tokens={"words": s.tokens["words"]}
    ),
    "5 utterances and tokens .*'voice': 4": lambda s: dataclasses.replace(
        s, tokens={**s.tokens, "voice": s.tokens["voice"][1:]}
    ),
    "4 lists of hotspots for 5": lambda s: dataclasses.replace(s, hotspots=s.hotspots[1:]),
    'utterance "u1" twice': lambda s: with_utterance(s, id="u1"),
    'label "sly" is not in calm, angry': lambda s: with_utterance(s, label="sly"),
    "7 numbers a token, but hum gives 3": lambda s: with_tokens(
        s, "voice", Tokens(np.ones((1, 7)))
    ),
    r"2 tokens, but hum is pooled \(one\)": lambda s: with_tokens(
        s, "voice", Tokens(np.ones((2, 3)))
    ),
    "columns of voice have other names": lambda s: with_tokens(
        s, "voice", Tokens(np.ones((1, 3)), columns=("a", "b", "c"))
    ),
}


@pytest.mark.parametrize("message", MISFITS)
def test_what_does_not_fit_is_refused_and_the_rest_kept(writer, make_stored, message):
    first = writer()
    with pytest.raises(StoreError, match=message):
        fill(first, [make_stored("good"), MISFITS[message](make_stored("bad"))])
    assert writer().done == {"good"}


def test_a_nan_is_refused_and_leaves_the_hash_untouched(writer, five, make_stored):
    bad = make_stored("bad")
    bad.tokens["voice"][1].values[0, 0] = np.nan
    first = writer()
    with pytest.raises(FeatureError, match='conversation "bad", utterance "u1", voice'):
        fill(first, [*five[:3], bad])
    assert fill(writer(), five).content_hash == fill(writer("whole"), five).content_hash


def test_twice_the_same_conversation(writer, five):
    with pytest.raises(StoreError, match='"d0" was added twice'):
        fill(writer(), [five[0], five[0]])


def test_nothing_in_the_store_is_a_pickle(writer, five):
    store = fill(writer(), five)
    json.loads((store.path / "manifest.json").read_text())
    assert all(
        pq.read_table(store.path / s.file).num_rows == s.rows for s in store.manifest.shards
    )

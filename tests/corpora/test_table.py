import dataclasses
import errno
import os

import numpy as np
import pytest

from emospot.corpora.table import FeatureColumn, TableOptions, import_table
from emospot.emotions import LabelSet
from emospot.errors import CorpusError, FeatureError, MediaError, StoreError, UsageError
from emospot.features import store_writer
from emospot.features.base import FeatureDescription
from emospot.features.store import FeatureStore, SplitCounts

VOICE = {"voice": FeatureColumn("embedding", "hum")}


def test_a_table_becomes_a_store(write_table, tmp_path, fake):
    told = []
    summary = import_table(
        write_table("talks.parquet", valence=[1.0, 2.0, 3.0, None, 5.0]),
        tmp_path / "store",
        TableOptions(features=VOICE, targets=("valence",)),
        fake.words(),
        lambda done, total: told.append((done, total)),
    )
    assert told == [(3, 5), (5, 5)]
    assert summary.corpus == "talks"
    assert summary.label_set == LabelSet("talks3", ("angry", "happy", "sad"))
    assert summary.total == SplitCounts(2, 5, 4)
    assert summary.label_counts["train"] == {"angry": 1, "happy": 1, "sad": 0}
    assert summary.notices == ("1 of 5 utterances have no text",)
    store = FeatureStore.open(tmp_path / "store", verify=True)
    assert store.content_hash == summary.content_hash
    assert store.manifest.kind == "table"
    assert list(store.features) == ["words", "voice"]
    assert store.features["voice"] == FeatureDescription("voice", "hum", "precomputed", 2, True)
    first, second = store.conversations()
    assert first.tokens["voice"][2].values.tolist() == [[7.0, 8.0]]
    assert [t and len(t) for t in first.tokens["words"]] == [7, 2, None]
    assert [len(own) for own in first.hotspots] == [1, 1, 0]
    assert first.conversation.utterances[2].label is None
    assert second.conversation.utterances[1].targets == {"valence": 5.0}
    assert second.conversation.split == "test"


def test_without_any_instrument(write_table, tmp_path):
    import_table(write_table(), tmp_path / "s", TableOptions(name="n", features=VOICE))
    store = FeatureStore.open(tmp_path / "s")
    assert list(store.features) == ["voice"]
    assert store.manifest.corpus == "n"


def test_a_modality_of_any_name_and_a_column_without_extractor(write_table, tmp_path):
    options = TableOptions(features={"pulse": FeatureColumn("embedding")}, value_type="float32")
    import_table(write_table(), tmp_path / "s", options)
    store = FeatureStore.open(tmp_path / "s")
    assert store.features["pulse"].extractor == "embedding"
    assert store.manifest.value_type == "float32"


def test_csv_and_parquet_give_the_same_store(write_table, tmp_path, fake):
    rows = [
        "dialogue,utterance,speaker,start,end,text,emotion,split,embedding",
        'd1,a,Ann,0,1.5,so good,happy,train,"[1, 2]"',
        'd1,b,Bob,1,2,no,angry,train,"[3, 4]"',
        'd2,a,Cid,0,2,well,happy,test,"[5, 6]"',
        'd1,c,Ann,2.5,4,,,train,"[7, 8]"',
        'd2,b,Dan,3,3.5,oh my,sad,test,"[9, 0.5]"',
    ]
    (tmp_path / "t.csv").write_text("\n".join(rows))
    summaries = [
        import_table(source, tmp_path / source.suffix, TableOptions(features=VOICE), fake.words())
        for source in (tmp_path / "t.csv", write_table("t.parquet"))
    ]
    assert summaries[0].content_hash == summaries[1].content_hash


def test_recordings_are_measured(write_table, tmp_path, fake):
    (tmp_path / "a.wav").touch()
    media = ["a.wav", "a.wav", None, "a.wav", None]
    import_table(write_table(media=media), tmp_path / "s", TableOptions(), fake.all)
    first, second = FeatureStore.open(tmp_path / "s").conversations()
    assert first.conversation.media == (tmp_path / "a.wav").resolve()
    assert [t.values[1, 0] for t in first.tokens["voice"]] == [15, 10, 15]
    assert second.tokens["voice"] == (None, None)
    assert {h.modality for h in first.hotspots[0]} == {"words", "voice", "face"}


def test_an_interrupted_import_goes_on_without_measuring_again(
    write_table, tmp_path, fake, monkeypatch
):
    monkeypatch.setattr(store_writer, "SHARD_SECONDS", 0.0)
    source, by = write_table(), fake.words()

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_table(source, tmp_path / "s", None, by, stop)
    assert by.words.calls == 1
    told = []
    again = import_table(source, tmp_path / "s", None, by, lambda done, total: told.append(done))
    assert by.words.calls == 2
    assert again.resumed == 1
    assert told == [3, 5]
    assert again.content_hash == import_table(source, tmp_path / "w", None, by).content_hash


def test_a_changed_table_does_not_resume(write_table, tmp_path, fake):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_table(write_table(), tmp_path / "s", None, fake.words(), stop)
    assert (tmp_path / "s" / "shard-00000.parquet").exists()
    changed = write_table(text=["other"] * 5)
    with pytest.raises(StoreError, match="differs in: source or settings"):
        import_table(changed, tmp_path / "s", None, fake.words())


def test_a_full_disk_is_told_and_what_is_there_is_kept(write_table, tmp_path, fake, monkeypatch):
    monkeypatch.setattr(store_writer, "SHARD_SECONDS", 0.0)
    calls = []

    def full(_):
        calls.append(1)
        if len(calls) == 4:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match=r"No space left .*what was written is kept"):
            import_table(write_table(), tmp_path / "s", None, fake.words())
    assert import_table(write_table(), tmp_path / "s", None, fake.words()).resumed == 1


def test_missing_features(write_table, tmp_path):
    zeros = [[1.0, 2.0], [0.0, 0.0], [5.0, 6.0], [7.0, 8.0], [9.0, 1.0]]
    kept = import_table(write_table(embedding=zeros), tmp_path / "a", TableOptions(features=VOICE))
    assert "all zeros in 1 rows; they are kept" in kept.notices[-1]
    zeros[0] = [float("nan"), 1.0]
    source = write_table(embedding=zeros)
    with pytest.raises(CorpusError, match=r"row 1: .*number 1 of 2 is nan"):
        import_table(source, tmp_path / "b", TableOptions(features=VOICE))
    assert not (tmp_path / "b").exists()
    absent = import_table(source, tmp_path / "b", TableOptions(features=VOICE, missing="absent"))
    assert "in 2 rows; they are taken as without voice" in absent.notices[-1]
    first = next(FeatureStore.open(tmp_path / "b").conversations())
    assert [t is None for t in first.tokens["voice"]] == [True, True, False]


def test_recordings_that_cannot_be_read(write_table, tmp_path, fake):
    def broken(*_):
        raise MediaError("a.wav is corrupt")

    (tmp_path / "a.wav").touch()
    source = write_table(media=["a.wav"] * 5)
    by = dataclasses.replace(fake.all, audio=broken)
    with pytest.raises(MediaError, match=r'dialogue "d1": a.wav is corrupt; dialogue "d2"'):
        import_table(source, tmp_path / "a", None, by)
    summary = import_table(source, tmp_path / "b", TableOptions(missing="absent"), by)
    assert summary.notices.count("a.wav is corrupt") == 2


def test_numbers_too_large_for_half(write_table, tmp_path):
    source = write_table(embedding=[[1e9, 1.0]] * 5)
    with pytest.raises(FeatureError, match=r'utterance "a", voice: token 0, column 0 .*float32'):
        import_table(source, tmp_path / "s", TableOptions(features=VOICE))


def test_what_the_table_cannot_give_is_left_out_and_told(write_table, tmp_path, fake):
    summary = import_table(
        write_table(text=...),
        tmp_path / "s",
        TableOptions(features={"x": VOICE["voice"]}),
        fake.all,
    )
    assert list(FeatureStore.open(summary.store).features) == ["x"]
    assert any("no words: the table has no texts" in n for n in summary.notices)
    assert any("no column media" in n for n in summary.notices)


def test_impossible_wishes(write_table, tmp_path, fake):
    with pytest.raises(
        CorpusError, match="voice is to come from column embedding and from energy"
    ):
        import_table(write_table(), tmp_path / "s", TableOptions(features=VOICE), fake.all)
    with pytest.raises(CorpusError, match="nothing to learn from"):
        import_table(write_table(), tmp_path / "s")
    with pytest.raises(UsageError, match='error, absent, skip, found "zero"'):
        TableOptions(missing="zero")
    with pytest.raises(UsageError, match='no column "emotoin" is read'):
        TableOptions(columns={"emotoin": "label6"})


def test_iemocap_has_its_published_counts(iemocap_summary, shared_data):
    assert iemocap_summary.splits == {
        "train": SplitCounts(120, 7869, 5810),
        "test": SplitCounts(31, 2170, 1623),
    }
    assert iemocap_summary.total.conversations == 151
    assert list(iemocap_summary.label_counts["test"].values()) == [144, 245, 384, 170, 299, 381]
    assert iemocap_summary.notices == ("2606 of 10039 utterances have no text",)
    store = FeatureStore.open(iemocap_summary.store, verify=True)
    assert store.features["voice"] == FeatureDescription("voice", "ge2e", "precomputed", 256, True)
    check_against_the_file(store, shared_data / "iemocap" / "iemocap.parquet")


def check_against_the_file(store, path):
    """Order, labels and voices, read again with nothing of the importer."""
    import pandas

    frame = pandas.read_parquet(path).sort_values(["dialogue", "position"])
    order = ("happiness", "sadness", "neutral", "anger", "excited", "frustration", None)
    wrong_by_start = 0
    rows = dict(iter(frame.groupby("dialogue")))
    for stored in store.conversations():
        expected = rows[stored.conversation.id]
        utterances = stored.conversation.utterances
        assert [u.id for u in utterances] == expected["utterance"].tolist()
        assert [u.label for u in utterances] == [order[i] for i in expected["label6"]]
        assert [u.targets["valence"] for u in utterances] == expected["valence"].tolist()
        wrong_by_start += not expected["start"].is_monotonic_increasing
        voices = np.concatenate([t.values for t in stored.tokens["voice"]])
        np.testing.assert_array_equal(voices, np.stack(expected["audio_ge2e"]).astype("f4"))
    assert wrong_by_start > 0  # so that the order by position is tested


def test_iemocap_four_classes(shared_data, tmp_path, fake):
    source = shared_data / "iemocap" / "iemocap.parquet"
    options = TableOptions(columns={"emotion": "label4"}, label_set="iemocap4")
    summary = import_table(source, tmp_path / "s", options, fake.lengths)
    assert {split: c.labelled for split, c in summary.splits.items()} == {
        "train": 4290,
        "test": 1241,
    }


def test_meld_counts_its_dialogues_anew_in_every_split(shared_data, tmp_path, fake):
    source = shared_data / "meld" / "meld.parquet"
    with pytest.raises(CorpusError, match=r"--columns dialogue=split\+dialogue"):
        import_table(source, tmp_path / "a", TableOptions(), fake.lengths)
    options = TableOptions(columns={"dialogue": "split+dialogue"})
    summary = import_table(source, tmp_path / "b", options, fake.lengths)
    assert summary.label_set.name == "meld7"
    assert {s: (c.utterances, c.labelled) for s, c in summary.splits.items()} == {
        "train": (9989, 9989),
        "dev": (1109, 1109),
        "test": (2610, 2610),
    }
    assert any("1 rows have times" in notice for notice in summary.notices)

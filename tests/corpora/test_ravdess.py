from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emospot.corpora.ravdess import ACTION_UNITS, ClipCode, clip_code, read_ravdess
from emospot.emotions import RAVDESS8
from emospot.errors import CorpusError


@pytest.fixture
def folder(tmp_path):
    def write(*names, suffix=".wav"):
        for name in names:
            path = tmp_path / "Actor" / f"{name}{suffix}"
            path.parent.mkdir(exist_ok=True)
            path.touch()
        return tmp_path

    return write


@pytest.fixture
def write_face(tmp_path):
    def write(clips, vectors):
        table = pa.table({"clip": clips, "au35": pa.array(vectors, pa.list_(pa.float32()))})
        pq.write_table(table, tmp_path / "au35.parquet")

    return write


def test_a_name_says_everything():
    assert clip_code(Path("x/03-01-06-02-01-02-12.wav")) == ClipCode(3, 1, 6, 2, 1, 2, 12)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("03-01-06-02-01-02.wav", "has seven numbers"),
        ("03-01-09-02-01-02-12.wav", "emotion 09 is not in 01 to 08"),
        ("03-01-06-02-01-02-25.wav", "actor 25 is not in 01 to 24"),
        ("00-01-06-02-01-02-12.wav", "modality 00"),
    ],
)
def test_a_name_that_is_no_code(folder, name, message):
    with pytest.raises(CorpusError, match=message):
        read_ravdess(folder(name.removesuffix(".wav")))


def test_clips_are_conversations_of_their_actors_split(folder, tmp_path):
    source = folder("03-01-05-02-02-01-19", "03-01-01-01-01-01-18", "03-01-08-01-01-02-22")
    corpus = read_ravdess(source)
    assert corpus.label_set is RAVDESS8
    found = [one.conversation for one in corpus.conversations]
    assert [(one.split, one.utterances[0].speaker) for one in found] == [
        ("train", "actor 18"),
        ("dev", "actor 19"),
        ("test", "actor 22"),
    ]
    (angry,) = found[1].utterances
    assert (angry.label, angry.targets) == ("angry", {"intensity": 2.0})
    assert angry.text == "Dogs are sitting by the door"
    assert found[1].media == tmp_path / "Actor" / "03-01-05-02-02-01-19.wav"
    assert (corpus.features, corpus.notices) == ({}, ())


def test_one_clip_a_take_the_film_first(folder):
    folder("03-01-05-02-02-01-01", "03-02-05-02-02-01-01")
    source = folder("01-01-05-02-02-01-01", "02-01-05-02-02-01-01", suffix=".mp4")
    corpus = read_ravdess(source)
    (only,) = corpus.conversations
    assert only.conversation.media.name == "01-01-05-02-02-01-01.mp4"
    assert corpus.notices == (
        "1 songs are left out",
        "1 clips without sound are left out",
        "1 clips are left out because their take is there twice",
    )


def test_face_features_beside_the_clips(folder, write_face):
    source = folder("03-01-05-02-02-01-01", "03-01-01-01-01-01-02", "03-01-02-01-01-01-02")
    vector = np.arange(35.0)
    # Named after the film, as OpenFace read it.
    write_face(["01-01-05-02-02-01-01", "01-01-01-01-01-01-02"], [vector, vector])
    corpus = read_ravdess(source)
    first, second, third = (one.tokens["face"][0] for one in corpus.conversations)
    assert first.column("AU12_r").tolist() == [8.0]
    assert second.column("AU45_c").tolist() == [34.0]
    assert third is None
    description = corpus.features["face"]
    assert (description.dim, description.pooled) == (35, True)
    assert len(ACTION_UNITS) == len(set(ACTION_UNITS)) == 35
    assert corpus.notices == ("au35.parquet: 2 clips do not have face features of their own",)


@pytest.mark.parametrize(
    ("clips", "vectors", "message"),
    [
        (["01-01-05-02-02-01-01"], [np.ones(34)], "au35 has 34 numbers a clip, expected 35"),
        (["01-01-05-02-02-01-01"] * 2, [np.ones(35)] * 2, "row 2: clip .* stands twice"),
        (["clip 1"], [np.ones(35)], "has seven numbers"),
        (["01-01-05-02-02-01-09"], [np.ones(35)], "has none of the clips"),
    ],
)
def test_face_features_that_do_not_fit(folder, write_face, clips, vectors, message):
    write_face(clips, vectors)
    with pytest.raises(CorpusError, match=message):
        read_ravdess(folder("03-01-05-02-02-01-01"))


def test_missing_clips(tmp_path):
    with pytest.raises(CorpusError, match="no such folder"):
        read_ravdess(tmp_path / "none")
    with pytest.raises(CorpusError, match="holds no speech clip of RAVDESS"):
        read_ravdess(tmp_path)


def test_the_real_clips(shared_data):
    corpus = read_ravdess(shared_data / "ravdess")
    counts = Counter(one.conversation.split for one in corpus.conversations)
    assert counts == {"train": 1080, "dev": 180, "test": 180}
    labels = Counter(one.conversation.utterances[0].label for one in corpus.conversations)
    assert labels == {label: 96 if label == "neutral" else 192 for label in RAVDESS8.labels}
    assert all(one.tokens["face"][0] is not None for one in corpus.conversations)
    actors = {
        split: {
            o.conversation.speakers for o in corpus.conversations if o.conversation.split == split
        }
        for split in counts
    }
    assert not actors["train"] & (actors["dev"] | actors["test"])
    assert "2 clips do not have face features of their own" in corpus.notices[0]

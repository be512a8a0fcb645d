import copy
import pickle

import numpy as np
import pytest

from emospot.corpora.mosei import read_mosei, read_mosi
from emospot.errors import CorpusError

RNG = np.random.default_rng(0)


def part(ids, lengths, *, aligned, words=5, frames=8):
    """One split as MMSA has it; `lengths` are those of words, voice and face."""
    count = len(ids)
    text = RNG.normal(size=(count, words, 6)).astype(np.float32)  # padding is not zero here
    bert = np.zeros((count, 3, words), np.float32)
    audio = np.zeros((count, words if aligned else frames, 4), np.float32)
    vision = np.zeros((count, words if aligned else frames, 3), np.float32)
    for row, (spoken, heard, seen) in enumerate(lengths):
        bert[row, 0, :spoken] = 101
        bert[row, 1, :spoken] = 1
        audio[row, :heard] = RNG.normal(size=(heard, 4))
        vision[row, :seen] = RNG.normal(size=(seen, 3))
    found = {
        "raw_text": np.array([f"text of {one}" for one in ids]),
        "audio": audio,
        "vision": vision,
        "id": list(ids),
        "text": text,
        "text_bert": bert,
        "annotations": np.array(["Positive"] * count),
        "classification_labels": np.full(count, 2.0),
        "regression_labels": np.linspace(-3, 3, count, dtype=np.float32),
    }
    if not aligned:
        found["audio_lengths"] = [max(1, heard) for _, heard, _ in lengths]
        found["vision_lengths"] = [max(1, seen) for _, _, seen in lengths]
    return found


@pytest.fixture(params=[True, False], ids=["aligned", "unaligned"])
def content(request):
    train = part(
        ["v1$_$10", "v1$_$2", "v$_$2$_$0"],
        [(3, 4, 5), (5, 2, 1), (2, 3, 0)],
        aligned=request.param,
    )
    return {
        "train": train,
        "valid": part(["v3$_$0"], [(4, 4, 4)], aligned=request.param),
        "test": part(["v4$_$0", "v4$_$1"], [(2, 2, 2), (1, 1, 1)], aligned=request.param),
    }


@pytest.fixture
def write(tmp_path):
    def write(content, protocol=4):
        path = tmp_path / "aligned_50.pkl"
        path.write_bytes(pickle.dumps(content, protocol))
        return path

    return write


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_videos_are_conversations(content, write, protocol):
    corpus = read_mosei(write(content, protocol))
    assert (corpus.name, corpus.kind, len(corpus.label_set)) == ("mosei", "mosei-mmsa", 0)
    found = [one.conversation for one in corpus.conversations]
    assert [(one.id, one.split) for one in found] == [
        ("v1", "train"), ("v$_$2", "train"), ("v3", "dev"), ("v4", "test"),
    ]  # fmt: skip
    assert [u.id for u in found[0].utterances] == ["2", "10"]
    assert found[0].utterances[0].text == "text of v1$_$2"
    assert found[0].utterances[0].targets == {"sentiment": 0.0}
    assert found[0].utterances[1].targets == {"sentiment": -3.0}
    assert {u.label for one in found for u in one.utterances} == {None}
    assert found[0].speakers == ("v1",)


def test_padding_is_cut(content, write):
    corpus = read_mosei(write(content))
    tokens = corpus.conversations[0].tokens
    train = content["train"]
    second, first = tokens["words"]  # clip 2 stands before clip 10
    assert np.array_equal(first.values, train["text"][0, :3])
    assert np.array_equal(second.values, train["text"][1])
    assert [len(one) for one in tokens["voice"]] == [2, 4]
    assert np.array_equal(tokens["voice"][1].values, train["audio"][0, :4])
    assert [len(one) for one in tokens["face"]] == [1, 5]
    assert corpus.conversations[1].tokens["face"] == (None,)
    assert corpus.features["voice"].dim == 4
    assert not corpus.features["words"].pooled
    assert corpus.notices == ("face of 1 utterances is all zeros; they are taken as without face",)


def test_two_files_have_features_of_their_own(content, write):
    before = read_mosi(write(content)).features["voice"]
    content["train"]["audio"][0, 0, 0] += 1
    after = read_mosi(write(content)).features["voice"]
    assert before.extractor == after.extractor == "aligned_50:audio"
    assert before.version != after.version


def test_frames_after_a_lost_face_are_kept(write):
    one = part(["a$_$0", "a$_$1"], [(3, 3, 6), (3, 3, 3)], aligned=False)
    one["vision"][0, 2] = 0
    one["vision_lengths"][0] = 2  # as the published lengths are made
    one["audio"][1, 0, 0] = -np.inf
    corpus = read_mosei(write({"train": one}))
    tokens = corpus.conversations[0].tokens
    assert np.array_equal(tokens["face"][0].values, one["vision"][0, :6])
    assert tokens["voice"][1].values[0, 0] == 0
    assert "face of 1 utterances goes on after its published length (first: " in corpus.notices[0]
    assert "voice of 1 utterances has numbers that are not finite" in corpus.notices[1]


def test_padding_may_stand_in_front(write):
    one = part(["a$_$0"], [(3, 3, 3)], aligned=True)
    one["audio"] = np.ascontiguousarray(one["audio"][:, ::-1])
    tokens = read_mosei(write({"train": one})).conversations[0].tokens["voice"][0]
    assert np.array_equal(tokens.values, one["audio"][0, 2:])


def test_a_video_in_two_splits_is_told(content, write):
    content["test"]["id"][0] = "v1$_$4"
    corpus = read_mosei(write(content))
    assert [one.conversation.id for one in corpus.conversations][-2:] == ["v1 (test)", "v4"]
    assert "1 videos are in two splits (first: v1)" in corpus.notices[0]


def test_parts_may_be_missing(write):
    one = part(["a$_$x", "a$_$0"], [(3, 3, 3), (2, 2, 2)], aligned=True)
    for name in ("raw_text", "text_bert", "vision"):
        del one[name]
    one["text"] = one["text"][:, 0]
    corpus = read_mosei(write({"train": one}))
    assert set(corpus.features) == {"words", "voice"}
    assert corpus.features["words"].pooled
    first, _ = corpus.conversations[0].conversation.utterances
    assert (first.id, first.text) == ("0", None)


def changed(content, **changes):
    content = copy.deepcopy(content)
    content["train"].update(changes)
    return content


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": ["v1", "v1$_$1", "v2$_$0"]}, '"train", row 1: id "v1" is not of the form VIDEO'),
        ({"id": ["v1$_$1"]}, '"train": "regression_labels" has 3 rows, "id" has 1'),
        ({"regression_labels": [9.0, 0, 0]}, "v1.*10: sentiment is 9, expected -3 to 3"),
        ({"regression_labels": ["a", 0, 0]}, "v1.*10: the sentiment must be one number"),
        ({"text_bert": np.zeros((3, 2, 5))}, r"text_bert has shape \(2, 5\), expected \(3, 5\)"),
        ({"audio": [np.ones((2, 4))] * 2 + [np.ones((2, 5))]}, "voice has 5 numbers a token"),
    ],
)
def test_damaged_files(content, write, changes, message):
    with pytest.raises(CorpusError, match=message) as caught:
        read_mosei(write(changed(content, **changes)))
    assert "\n" not in str(caught.value)
    assert "aligned_50.pkl" in str(caught.value)


def test_splits_of_another_kind(content, write):
    with pytest.raises(CorpusError, match='"valid" must be a mapping, found a list'):
        read_mosei(write({**content, "valid": []}))
    lacking = {**content, "valid": {"id": []}}
    with pytest.raises(CorpusError, match='"valid" needs "id" and "regression_labels"; found: id'):
        read_mosei(write(lacking))
    bare = {name: content["train"][name] for name in ("id", "regression_labels")}
    with pytest.raises(CorpusError, match="has none of text, audio, vision"):
        read_mosei(write({"train": bare}))

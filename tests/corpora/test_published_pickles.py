"""Feature files with exactly the published structure, but few dialogues."""

import hashlib
import pickle
import sys
from types import ModuleType

import numpy as np
import pytest

from emospot.corpora.iemocap import read_iemocap
from emospot.corpora.meld import read_meld
from emospot.emotions import IEMOCAP4, IEMOCAP6, MELD3, MELD7
from emospot.errors import CorpusError, UsageError
from emospot.features.base import FeatureDescription

TRAIN, TEST = "Ses01F_impro01", "Ses05M_script01_1b"
LENGTHS = {TRAIN: 3, TEST: 2}


def vectors(dim, lengths=LENGTHS, start=0.0):
    """Dialogue → one vector a turn, all numbers different."""
    found = {}
    for name, length in lengths.items():
        found[name] = [start + np.arange(dim, dtype="f4") + dim * turn for turn in range(length)]
        start += dim * length
    return found


IEMOCAP = {
    "ids": {TRAIN: [f"{TRAIN}_{t}" for t in ("F000", "M000", "F001")],
            TEST: [f"{TEST}_{t}" for t in ("M000", "F000")]},
    "speakers": {TRAIN: ["F", "M", "F"], TEST: ["M", "F"]},
    "labels": {TRAIN: [2, 4, 5], TEST: [0, 3]},
    "words": vectors(100),
    "voice": vectors(1582, start=0.5),
    "face": vectors(342, start=0.25),
    "texts": {TRAIN: ["Excuse me.", "Yes? ", "It\x92s late."], TEST: ["Hi.", "Oh."]},
}  # fmt: skip
ROBERTA = [vectors(8, start=s) for s in (0.0, 1.0, 2.0, 5.0)]


def write(path, content, protocol=2):
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


@pytest.fixture
def mmgcn(tmp_path):
    """`IEMOCAP_features.pkl`: nine fields, the splits as a set and a list."""
    return write(tmp_path / "IEMOCAP_features.pkl", (*IEMOCAP.values(), {TRAIN}, [TEST]))


def turns(corpus):
    return [u for one in corpus.conversations for u in one.conversation.utterances]


def test_iemocap_of_mmgcn(mmgcn):
    corpus = read_iemocap(mmgcn)
    assert (corpus.name, corpus.kind, corpus.label_set) == ("iemocap", "iemocap-pickle", IEMOCAP6)
    assert [(o.conversation.id, o.conversation.split) for o in corpus.conversations] == [
        (TRAIN, "train"), (TEST, "test"),
    ]  # fmt: skip
    found = turns(corpus)
    assert [u.label for u in found] == ["neutral", "excited", "frustration", "happiness", "anger"]
    assert [u.speaker for u in found] == ["Ses01_F", "Ses01_M", "Ses01_F", "Ses05_M", "Ses05_F"]
    assert found[0].id == f"{TRAIN}_F000"
    assert [u.text for u in found[:3]] == ["Excuse me.", "Yes?", "It’s late."]
    version = hashlib.sha256(mmgcn.read_bytes()).hexdigest()[:16]
    assert corpus.features == {
        m: FeatureDescription(m, f"IEMOCAP_features:{m}", version, dim, pooled=True)
        for m, dim in (("words", 100), ("voice", 1582), ("face", 342))
    }
    for modality in corpus.features:
        for name, one in zip(LENGTHS, corpus.conversations, strict=True):
            tokens = one.tokens[modality]
            assert [len(t) for t in tokens] == [1] * LENGTHS[name]
            np.testing.assert_array_equal(
                np.concatenate([t.values for t in tokens]), IEMOCAP[modality][name]
            )


@pytest.mark.parametrize(
    ("task", "labels"),
    [
        ("4-way", ["neutral", None, None, "happiness", "anger"]),
        ("4-way-merged", ["neutral", "happiness", None, "happiness", "anger"]),
    ],
)
def test_iemocap_with_four_classes(mmgcn, task, labels):
    corpus = read_iemocap(mmgcn, task)
    assert corpus.label_set is IEMOCAP4
    assert [u.label for u in turns(corpus)] == labels


def test_iemocap_of_cosmic(tmp_path):
    fields = (IEMOCAP["speakers"], IEMOCAP["labels"], *ROBERTA, IEMOCAP["texts"])
    path = write(tmp_path / "r.pkl", [*fields, [TRAIN], [TEST], []])
    corpus = read_iemocap(path)
    assert list(corpus.features) == ["words"]
    assert turns(corpus)[1].id == "1"
    np.testing.assert_allclose(
        corpus.conversations[0].tokens["words"][1].values[0], ROBERTA[0][TRAIN][1] + 2.0
    )


def test_iemocap_of_sdt(tmp_path):
    fields = list(IEMOCAP.values())
    path = write(tmp_path / "s.pkl", (*fields[:3], *ROBERTA, *fields[4:], [TRAIN], [TEST]))
    corpus = read_iemocap(path)
    dims = {modality: feature.dim for modality, feature in corpus.features.items()}
    assert dims == {"words": 8, "voice": 1582, "face": 342}
    np.testing.assert_allclose(
        corpus.conversations[1].tokens["words"][0].values[0], ROBERTA[0][TEST][0] + 2.0
    )


def dialogue(name):
    """The fields of a dialogue as CORECT's preprocessing writes them."""
    return {
        "vid": name,
        "speakers": IEMOCAP["speakers"][name],
        "labels": IEMOCAP["labels"][name],
        "audio": IEMOCAP["voice"][name],
        "visual": IEMOCAP["face"][name],
        "text": np.array(vectors(768)[name]),
        "sentence": IEMOCAP["texts"][name],
    }


def test_iemocap_of_corect(tmp_path):
    content = {"train": [dialogue(TRAIN)], "dev": [dialogue(TEST)], "test": []}
    corpus = read_iemocap(write(tmp_path / "data_iemocap.pkl", content, protocol=4))
    assert [o.conversation.split for o in corpus.conversations] == ["train", "dev"]
    assert corpus.features["words"].dim == 768
    assert turns(corpus)[0].speaker == "Ses01_F"


def test_iemocap_of_cogmen(tmp_path, monkeypatch):
    module = ModuleType("cogmen.Sample")
    module.Sample = type("Sample", (), {"__module__": "cogmen.Sample"})
    monkeypatch.setitem(sys.modules, "cogmen.Sample", module)
    monkeypatch.setitem(sys.modules, "cogmen", ModuleType("cogmen"))
    samples = []
    for name in (TRAIN, TEST):
        sample = module.Sample()
        fields = dialogue(name)
        sample.__dict__ = {
            "vid": name, "speaker": fields["speakers"], "label": fields["labels"],
            "text": IEMOCAP["words"][name], "audio": fields["audio"], "visual": fields["visual"],
            "sentence": fields["sentence"], "sbert_sentence_embeddings": fields["text"],
        }  # fmt: skip
        samples.append(sample)
    path = tmp_path / "data_iemocap.pkl"
    write(path, {"train": samples[:1], "dev": [], "test": samples[1:]}, protocol=4)
    monkeypatch.undo()  # the class is not there when the file is read
    corpus = read_iemocap(path)
    assert corpus.features["words"].dim == 768
    assert [u.label for u in turns(corpus)][:2] == ["neutral", "excited"]


NUMBERED = {0: 2, 1038: 1, 1039: 1, 1152: 1, 1153: 2}


def meld(tmp_path, protocol=3):
    """`MELD_features_raw1.pkl`: ten fields, speakers as one-hot vectors of nine."""
    one_hot = {n: [np.eye(9)[(n + t) % 9].tolist() for t in range(k)] for n, k in NUMBERED.items()}
    fields = (
        {n: list(range(k)) for n, k in NUMBERED.items()},
        one_hot,
        {n: [(n + t) % 7 for t in range(k)] for n, k in NUMBERED.items()},
        vectors(600, NUMBERED),
        vectors(300, NUMBERED),
        vectors(342, NUMBERED),
        {n: ["Hey."] * k for n, k in NUMBERED.items()},
        [0, 1038, 1039, 1152],
        [1153],
        {n: [0] * k for n, k in NUMBERED.items()},
    )
    return fields, write(tmp_path / "MELD_features_raw1.pkl", fields, protocol)


def test_meld_of_mmgcn(tmp_path):
    corpus = read_meld(meld(tmp_path)[1])
    assert corpus.label_set is MELD7
    splits = [(o.conversation.id, o.conversation.split) for o in corpus.conversations]
    assert splits == [
        ("0", "train"), ("1038", "train"), ("1039", "dev"), ("1152", "dev"), ("1153", "test"),
    ]  # fmt: skip
    first, second = turns(corpus)[:2]
    assert (first.label, second.label) == ("neutral", "surprise")
    assert (first.speaker, second.speaker) == ("0 speaker 0", "0 speaker 1")
    dims = {modality: feature.dim for modality, feature in corpus.features.items()}
    assert dims == {"words": 600, "voice": 300, "face": 342}
    with pytest.raises(CorpusError, match="has no sentiment; choose another task"):
        read_meld(meld(tmp_path)[1], "sentiment")


def test_meld_of_dialoguernn_with_sentiments(tmp_path):
    fields, _ = meld(tmp_path)
    sentiments = {n: [(n + t) % 3 for t in range(k)] for n, k in NUMBERED.items()}
    nine = (*fields[:5], *fields[6:9], sentiments)
    path = write(tmp_path / "MELD_features_raw.pkl", nine)
    corpus = read_meld(path, "sentiment")
    assert corpus.label_set is MELD3
    assert [u.label for u in turns(corpus)][:2] == ["neutral", "positive"]
    assert list(corpus.features) == ["words", "voice"]
    assert [u.label for u in turns(read_meld(path))][:2] == ["neutral", "surprise"]


def test_meld_of_cosmic_and_sdt(tmp_path):
    fields, _ = meld(tmp_path)
    roberta = [vectors(8, NUMBERED, start) for start in (0.0, 1.0, 2.0, 5.0)]
    eleven = (*fields[1:3], fields[9], *roberta, fields[6], [0], [1153], [1039])
    corpus = read_meld(write(tmp_path / "meld_features_roberta.pkl", eleven), "sentiment")
    assert [o.conversation.split for o in corpus.conversations] == ["train", "dev", "test"]
    thirteen = (*fields[:3], *roberta, *fields[4:])
    corpus = read_meld(write(tmp_path / "meld_multimodal_features.pkl", thirteen))
    assert [feature.dim for feature in corpus.features.values()] == [8, 300, 342]


def test_zeros_are_kept_and_told(tmp_path):
    face = {**IEMOCAP["face"], TEST: [np.zeros(342), np.ones(342)]}
    fields = {**IEMOCAP, "face": face}
    path = write(tmp_path / "f.pkl", (*fields.values(), [TRAIN], [TEST]))
    assert read_iemocap(path).notices == ("face is all zeros in 1 utterances; they are kept",)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("labels", [2, 6, 5], r"utterance 2: label 6 is outside 0 to 5 \(happiness, "),
        ("labels", [2, "a", 5], "utterance 2: label 'a' is outside"),
        ("labels", [2, -1, 5], "utterance 2: label -1 is outside"),
        ("speakers", ["F", [1, 1], "F"], "utterance 2: the speaker has 2 ones, expected one"),
        ("texts", ["a", "b"], '"texts" has 2 entries, the labels 3'),
        ("texts", None, '"texts" has NoneType entries'),
        ("voice", [np.ones(4), np.ones(3), np.ones(4)], "voice must hold vectors of one length"),
        ("voice", [1.0, 2.0, 3.0], r"voice has shape \(3,\), expected one vector an utterance"),
        ("voice", [[1.0, 2], [3.0, np.nan], [0, 0]], "utterance 2: number 2 of voice is nan"),
        ("voice", [["a"], ["b"], ["c"]], "voice must hold vectors"),
    ],
)
def test_damaged_dialogues(tmp_path, field, value, message):
    fields = {**IEMOCAP, field: {**IEMOCAP[field], TRAIN: value}}
    path = write(tmp_path / "f.pkl", (*fields.values(), [TRAIN], [TEST]))
    with pytest.raises(CorpusError, match=rf"f\.pkl, dialogue {TRAIN}.*{message}") as caught:
        read_iemocap(path)
    assert "\n" not in str(caught.value)


def test_other_structures(tmp_path):
    path, fields = tmp_path / "f.pkl", tuple(IEMOCAP.values())
    for content, message in (
        ((*fields, [TRAIN]), r"f\.pkl has 8 fields; a feature file of iemocap has 9, 10, 12 fi"),
        ({"train": []}, "has dict; a feature file"),
        ((*fields, [], []), "has no dialogues"),
        ((*fields, [TRAIN], {TEST: 1}), '"test" must list dialogues, found dict'),
        ((*fields, [TRAIN], ["Ses09"]), 'dialogue Ses09 of test has no "ids"'),
        ((*fields, [TRAIN], [[TEST]]), "of test has no"),
        ((*fields[:6], ["Hi."], [TRAIN], [TEST]), 'field "texts" must map dialogues to lists'),
        ({"train": [3], "dev": [], "test": []}, 'train, dialogue 1: expected fields by name with'),
        (
            {"train": [{"vid": "a", "speakers": [], "labels": []}], "dev": [], "test": []},
            'train, dialogue 1 has no field "text"; found vid, speakers, labels',
        ),
    ):  # fmt: skip
        with pytest.raises(CorpusError, match=message):
            read_iemocap(write(path, content))
    other = {**IEMOCAP["voice"], TEST: [np.ones(3), np.ones(3)]}
    with pytest.raises(CorpusError, match="voice has 3 numbers, other dialogues have 1582"):
        read_iemocap(write(path, (*fields[:4], other, *fields[5:], [TRAIN], [TEST])))


def test_hostile_and_cut_files(tmp_path, mmgcn):
    path = tmp_path / "hostile.pkl"
    path.write_bytes(b"cos\nsystem\n(S'touch pwned'\ntR.")
    with pytest.raises(CorpusError, match=r"hostile\.pkl is refused: it wants to load os\.system"):
        read_meld(path)
    mmgcn.write_bytes(mmgcn.read_bytes()[:-100])
    with pytest.raises(CorpusError, match=r"IEMOCAP_features\.pkl is not a whole pickle"):
        read_iemocap(mmgcn)
    with pytest.raises(UsageError, match="no task"):
        read_iemocap(mmgcn, "7-way")

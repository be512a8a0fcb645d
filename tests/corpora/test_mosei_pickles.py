import pickle
import sys
from types import ModuleType

import numpy as np
import pytest

from emospot.corpora.mosei import read_mosei, read_mosi
from emospot.emotions import MOSEI2, MOSEI7
from emospot.errors import CorpusError

RNG = np.random.default_rng(1)
COUNTS = {"a": 3, "b": 1, "c": 2}


@pytest.fixture
def write(tmp_path):
    def write(content, name="data_mosei.pkl"):
        path = tmp_path / name
        path.write_bytes(pickle.dumps(content))
        return path

    return write


def nine(label=lambda n: n % 2):
    """Nine fields, one vector an utterance."""

    def each(make):
        return {name: [make(n) for n in range(count)] for name, count in COUNTS.items()}

    return (
        {name: [f"{name}_{n}" for n in range(count)] for name, count in COUNTS.items()},
        each(lambda n: "M"),
        each(label),
        each(lambda n: RNG.normal(size=6)),
        each(lambda n: RNG.normal(size=4)),
        each(lambda n: RNG.normal(size=3)),
        each(lambda n: f"sentence {n}"),
        ["a", "b"],
        {"c"},
    )


def ten(label):
    """Ten fields: dialogues have numbers, audio has frames, sentences are words."""

    def each(make):
        return {
            number: [make(n) for n in range(count)] for number, count in enumerate(COUNTS.values())
        }

    return (
        each(lambda n: f"clip{n}"),
        dict.fromkeys(range(3), "M"),  # not read by the family's code
        each(label),
        dict.fromkeys(range(3)),
        each(lambda n: RNG.normal(size=(n + 2, 80)).astype(np.float32)),
        each(lambda n: RNG.normal(size=35).astype(np.float32)),
        each(lambda n: ["so", "good"]),
        [0],
        [1],
        [2],
    )


def named(split, label, dialogue=dict, **texts):
    """A dictionary of dialogues, each made by `dialogue`."""
    return [
        dialogue(
            vid=f"{split}{number}",
            audio=[RNG.normal(size=80).astype(np.float32) for _ in range(2)],
            visual=[RNG.normal(size=35).astype(np.float32) for _ in range(2)],
            sentence=["one", "two"],
            **label,
            **texts,
        )
        for number in range(2)
    ]


def labels(corpus):
    return [u.label for one in corpus.conversations for u in one.conversation.utterances]


def test_nine_fields(write):
    content = nine()
    corpus = read_mosei(write(content, "categorical.p"))
    assert [(one.conversation.id, one.conversation.split) for one in corpus.conversations] == [
        ("a", "train"),
        ("b", "train"),
        ("c", "test"),
    ]
    assert corpus.label_set == MOSEI2.labels
    assert labels(corpus) == [
        "negative", "positive", "negative", "negative", "negative", "positive",
    ]  # fmt: skip
    first = corpus.conversations[0]
    assert [u.id for u in first.conversation.utterances] == ["a_0", "a_1", "a_2"]
    assert first.conversation.utterances[2].text == "sentence 2"
    assert first.conversation.speakers == ("a",)
    assert np.allclose(first.tokens["words"][1].values[0], content[3]["a"][1])
    assert {m: (f.dim, f.pooled) for m, f in corpus.features.items()} == {
        "words": (6, True),
        "voice": (4, True),
        "face": (3, True),
    }


def test_ten_fields_with_sentiment(write):
    corpus = read_mosei(write(ten(lambda n: [n - 0.5]), "tbje_mosei_updated.pkl"))
    assert [one.conversation.split for one in corpus.conversations] == ["train", "dev", "test"]
    first = corpus.conversations[0]
    assert [u.targets["sentiment"] for u in first.conversation.utterances] == [-0.5, 0.5, 1.5]
    assert first.conversation.utterances[0].text == "so good"
    assert [len(tokens) for tokens in first.tokens["voice"]] == [2, 3, 4]
    assert not corpus.features["voice"].pooled
    assert "words" not in corpus.features
    assert corpus.notices == (
        "no ready-made words: the file has texts only; choose a words extractor",
    )


def test_ten_fields_with_six_emotions(write):
    corpus = read_mosei(
        write(ten(lambda n: np.array([1, 0, 0, 0, 0, n % 2])), "tbje_mosei_multilabel.pkl")
    )
    assert len(corpus.label_set) == 0
    first, second, _ = corpus.conversations[0].conversation.utterances
    assert first.targets["happiness"] == 1
    assert (first.targets["fear"], second.targets["fear"]) == (0, 1)
    assert len(second.targets) == 6


@pytest.mark.parametrize("name", ["tbje_mosei_sad.pkl", "data_mosei_sadness.pkl"])
def test_one_emotion_is_told_by_the_name(write, name):
    corpus = read_mosei(write(nine(), name))
    assert (corpus.label_set.name, corpus.label_set.labels) == (
        "mosei_sadness",
        ("absent", "present"),
    )
    second = corpus.conversations[0].conversation.utterances[1]
    assert (second.label, second.targets) == ("present", {"sadness": 1.0})


def test_dictionaries_as_corect_has_them(write):
    label = {"labels": [0, 6], "speakers": ["M", "M"]}
    text = {"text": RNG.normal(size=(2, 768)).astype(np.float32)}
    content = {split: named(split, label, **text) for split in ("train", "dev", "test")}
    corpus = read_mosei(write(content, "data_mosei_7class.pkl"))
    assert corpus.label_set == MOSEI7.labels
    assert labels(corpus)[:2] == ["strong negative", "strong positive"]
    assert [one.conversation.split for one in corpus.conversations] == [
        "train", "train", "dev", "dev", "test", "test",
    ]  # fmt: skip
    assert corpus.features["words"].dim == 768
    assert np.array_equal(corpus.conversations[0].tokens["words"][1].values[0], text["text"][1])


def test_objects_as_cogmen_has_them(write, monkeypatch):
    module = ModuleType("cogmen.Sample")

    class Sample:
        def __init__(self, **fields):
            self.__dict__.update(fields)

    Sample.__module__, Sample.__qualname__ = "cogmen.Sample", "Sample"
    module.Sample = Sample
    monkeypatch.setitem(sys.modules, "cogmen", ModuleType("cogmen"))
    monkeypatch.setitem(sys.modules, "cogmen.Sample", module)
    label = {"label": [1, 0], "speaker": ["M", "M"], "text": ["one", "two"]}
    vectors = {"sbert_sentence_embeddings": RNG.normal(size=(2, 768)).astype(np.float32)}
    content = {s: named(s, label, Sample, **vectors) for s in ("train", "dev", "test")}
    path = write(content, "data_mosei_2class.pkl")
    monkeypatch.undo()
    corpus = read_mosei(path)
    assert labels(corpus)[:2] == ["positive", "negative"]
    assert corpus.features["words"].dim == 768


def test_dialogues_without_utterances_are_left_out(write):
    content = nine()
    for field in content[:7]:
        field["b"] = []
    corpus = read_mosei(write(content))
    assert [one.conversation.id for one in corpus.conversations] == ["a", "c"]
    assert "1 dialogues without utterances are left out" in corpus.notices


def test_ids_that_do_not_tell_apart_are_replaced(write):
    content = nine()
    content[0]["a"] = ["same"] * 3
    corpus = read_mosei(write(content))
    assert [u.id for u in corpus.conversations[0].conversation.utterances] == ["1", "2", "3"]


def without(content, field, dialogue):
    del content[field][dialogue]
    return content


def with_entries(content, field, entries):
    content[field]["a"] = entries
    return content


LABEL = {"label": [0, 1]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (nine()[:8], r"has 8 fields; a feature file of CMU-MOSEI is .* 9 or 10 fields"),
        ("text", "has a str"),
        (([], *nine()[1:]), '"ids" must map dialogues to lists, found a list'),
        (without(nine(), 4, "c"), 'dialogue c of test has no "audio"'),
        (with_entries(nine(), 6, ["one"]), 'dialogue a: "sentences" has 1 entries, the labels 3'),
        (with_entries(nine(), 5, [[1.0]] * 3), "dialogue b, b_0: face has 3 numbers a token"),
        (nine(lambda n: "x"), "labels must be numbers"),
        (nine(lambda n: [0] * (n + 1)), "labels must be of one form, found 3"),
        (nine(lambda n: 7), "label 7 is outside 0 to 6"),
        (ten(lambda n: [4.5]), "dialogue 0, clip0: sentiment is 4.5"),
        ({"train": [1], "test": []}, 'train, dialogue 1: expected named fields with "vid"'),
        ({"train": named("train", LABEL), "test": []}, 'dialogue 1 has no "text"; found: vid, '),
    ],
)
def test_damaged_files(write, content, message):
    with pytest.raises(CorpusError, match=message) as caught:
        read_mosei(write(content))
    assert "\n" not in str(caught.value)
    assert "data_mosei.pkl" in str(caught.value)


def test_there_is_none_of_mosi(write):
    with pytest.raises(CorpusError, match="is no MMSA pickle"):
        read_mosi(write(nine()))


def test_a_hostile_file_is_refused(tmp_path):
    harm = tmp_path / "harm"

    class Hostile:
        def __reduce__(self):
            return open, (str(harm), "w")

    path = tmp_path / "data_mosei.pkl"
    path.write_bytes(pickle.dumps({"train": Hostile(), "test": []}))
    with pytest.raises(CorpusError, match="is refused"):
        read_mosei(path)
    assert not harm.exists()

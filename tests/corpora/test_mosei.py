import pytest

from emospot.corpora.describe import describe
from emospot.corpora.importing import import_corpus
from emospot.corpora.mosei import read_mosei
from emospot.emotions import MOSEI_EMOTIONS
from emospot.errors import CorpusError
from emospot.features.store import FeatureStore


def test_a_corpus_without_labels_makes_a_store(write_csd, tmp_path, fake):
    rated = [[0.5, 1, 0, 0, 0, 0, 0], [-2.5, 0, 3, 0, 0, 0, 0]]
    frames = ([[0.0, 0.5], [0.5, 1.0], [1.0, 2.0]], [[1.0], [2.0], [3.0]])
    write_csd("csd/l.csd", "All Labels", {"v": ([[0.0, 1.0], [1.0, 2.0]], rated)})
    write_csd("csd/w.csd", "words", {"v": (frames[0], [[b"a"], [b"be"], [b"sea"]])})
    write_csd("csd/c.csd", "COVAREP", {"v": frames})
    (tmp_path / "csd/splits.json").write_text('{"train": ["v"], "test": ["none"]}')
    corpus = read_mosei(tmp_path / "csd")
    summary = import_corpus(corpus, tmp_path / "store", fake.lengths)
    assert summary.total.utterances == 2
    assert summary.total.labelled == 0
    store = FeatureStore.open(tmp_path / "store")
    described = describe(store)
    assert described.label_counts == {"train": {}}
    assert described.targets["fear"] == 2
    assert not any("labelled" in warning for warning in described.warnings)
    (stored,) = store.conversations("train")
    first, second = stored.conversation.utterances
    assert MOSEI_EMOTIONS.answer(first.label, first.targets) == (1, 0, 0, 0, 0, 0)
    assert second.targets["sadness"] == 3
    assert [len(one) for one in stored.tokens["voice"]] == [2, 1]
    assert [float(one.values[0, 0]) for one in stored.tokens["words"]] == [4.0, 3.0]


def test_sources_that_are_none(tmp_path):
    with pytest.raises(CorpusError, match="no such file or folder; expected a folder of .csd"):
        read_mosei(tmp_path / "none")
    (tmp_path / "a.txt").touch()
    with pytest.raises(CorpusError, match=r"a\.txt: is of another kind"):
        read_mosei(tmp_path / "a.txt")
    with pytest.raises(CorpusError, match=r"holds no \.csd file; name another folder"):
        read_mosei(tmp_path)
    (tmp_path / "aligned_50.pkl").write_bytes(b"\x80")
    with pytest.raises(CorpusError, match=r"holds no \.csd file; name one of aligned_50\.pkl"):
        read_mosei(tmp_path)
    with pytest.raises(CorpusError, match="is not a whole pickle"):
        read_mosei(tmp_path / "aligned_50.pkl")
    with pytest.raises(CorpusError, match="brings its own splits"):
        read_mosei(tmp_path / "aligned_50.pkl", tmp_path / "splits.json")

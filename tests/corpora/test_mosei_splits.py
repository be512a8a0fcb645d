import json
import pickle

import numpy as np
import pytest

from emospot.corpora.mosei_splits import read_splits, splits_beside
from emospot.errors import CorpusError

FOLDS = """
standard_train_fold=['a', 'b']

standard_valid_fold=['c']
standard_test_fold=['d']
other=1
"""
EXPECTED = {"a": "train", "b": "train", "c": "dev", "d": "test"}


@pytest.fixture
def write(tmp_path):
    def write(content, name="cmu_mosei_std_folds.py"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_the_folds_of_the_sdk(write):
    assert read_splits(write(FOLDS)) == EXPECTED


def test_the_folds_are_not_run(write, tmp_path):
    harm = tmp_path / "harm"
    content = f"open({str(harm)!r}, 'w')\n{FOLDS}"
    assert read_splits(write(content)) == EXPECTED
    assert not harm.exists()


def test_json(write):
    content = {"train": ["a", "b"], "valid": ["c"], "test": ["d"], "note": "mine"}
    assert read_splits(write(json.dumps(content), "splits.json")) == EXPECTED


def test_a_pickle_of_mmsa(write):
    content = {
        "train": {"id": np.array(["a$_$0", "a$_$1", "b$_$0"])},
        "valid": {"id": ["c$_$3"]},
        "test": {"id": ["d$_$1"]},
    }
    assert read_splits(write(pickle.dumps(content), "aligned_50.pkl")) == EXPECTED


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ("standard_train_fold=['a'", "x_std_folds.py", "is not Python"),
        ("\n\nstandard_train_fold=names()\n", "x_std_folds.py", "line 3: expected a list of vid"),
        ("standard_train_fold=[1]", "x_std_folds.py", "line 1: expected a list of video"),
        ("x=1", "x_std_folds.py", "names no videos for train and test"),
        ('{"train": ["a"], "test": []}', "s.json", "names no videos for test"),
        ('{"train": ["a"], "test": ["a"]}', "s.json", 'video "a" is in train and in test'),
        ('{"train": "a", "test": ["b"]}', "s.json", '"train": expected a list'),
        (pickle.dumps([1]), "s.pkl", "names no videos"),
        ("a", "splits.txt", r"splits\.txt is no file of splits"),
    ],
)
def test_damaged_files(write, content, name, message):
    with pytest.raises(CorpusError, match=message):
        read_splits(write(content, name))


def test_missing_files(tmp_path):
    with pytest.raises(CorpusError, match="cannot be read"):
        read_splits(tmp_path / "cmu_mosi_std_folds.py")


def test_the_file_beside_the_sequences(write, tmp_path):
    assert splits_beside(tmp_path) is None
    path = write(FOLDS)
    assert splits_beside(tmp_path) == path
    write("{}", "splits.json")
    with pytest.raises(CorpusError, match="several files of splits"):
        splits_beside(tmp_path)

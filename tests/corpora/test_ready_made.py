import hashlib

import numpy as np
import pytest

from emospot.corpora.ready_made import ReadyMade, file_version, without_padding
from emospot.errors import CorpusError


@pytest.fixture
def made():
    return ReadyMade("voice", "covarep", "1", licence="research")


def test_tokens_keep_values_and_times(made):
    times = np.array([[0.0, 1.0], [1.0, 2.0]])
    tokens = made.tokens([[1, 2], [3, 4]], "here", times)
    assert tokens.values.tolist() == [[1, 2], [3, 4]]
    assert tokens.values.dtype == np.float32
    assert tokens.times is times
    found = made.description()
    assert (found.modality, found.extractor, found.version) == ("voice", "covarep", "1")
    assert (found.dim, found.pooled, found.licence) == (2, False, "research")
    assert made.notices() == []


def test_one_vector_is_pooled(made):
    assert made.tokens([1.0, 2.0], "here").values.shape == (1, 2)
    assert made.description().pooled


def test_what_is_not_finite_is_zero_and_counted(made):
    tokens = made.tokens([[-np.inf, 2.0], [np.nan, np.inf]], "here")
    assert tokens.values.tolist() == [[0, 2], [0, 0]]
    assert made.notices() == [
        "voice of 1 utterances has numbers that are not finite; they are read as 0"
    ]


@pytest.mark.parametrize("rows", [[[0.0, 0.0]], np.zeros((0, 2)), [[np.nan, -np.inf]]])
def test_zeros_are_no_measurement(made, rows):
    assert made.tokens(rows, "here") is None
    assert made.absent == 1
    assert any("all zeros" in notice for notice in made.notices())


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[1.0, 2.0, 3.0]], "here: voice has 3 numbers a token, the utterances before have 2"),
        ([[1.0], [2.0, 3.0]], "here: voice must be lists of numbers of one length"),
        ([["a", "b"]], "here: voice must be lists of numbers"),
        ([[[1.0, 2.0]]], r"here: voice has shape \(1, 1, 2\)"),
    ],
)
def test_what_does_not_fit_is_told(made, rows, message):
    made.tokens([[1.0, 2.0]], "before")
    with pytest.raises(CorpusError, match=message):
        made.tokens(rows, "here")


def test_padding_is_cut_at_both_ends():
    assert without_padding(np.zeros((3, 2))).shape == (0, 2)
    rows = np.array([[0, 0], [0, 1], [0, 0], [2, 0]])
    assert without_padding(rows).tolist() == [[0, 1], [0, 0], [2, 0]]


def test_a_file_is_known_by_its_content(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert file_version(path) == hashlib.sha256(b"abc").hexdigest()[:12]
    with pytest.raises(CorpusError, match="cannot be read"):
        file_version(tmp_path)

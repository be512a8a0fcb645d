import math

import numpy as np
import pyarrow as pa
import pytest

from emospot.corpora.table_columns import read_table
from emospot.errors import CorpusError


def lists(values, width=None):
    kind = pa.list_(pa.float32()) if width is None else pa.list_(pa.float16(), width)
    return pa.array(values, kind)


@pytest.fixture
def read(write_table):
    return lambda columns=None, **changes: read_table(write_table(**changes), columns or {})


@pytest.fixture
def read_csv(tmp_path):
    def read(content, name="t.csv", columns=None):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_table(path, columns or {})

    return read


def test_names_are_mapped(read):
    table = read({"emotion": "text"})
    assert table.strings("emotion") == ["so good", "no", "well", None, "oh my"]
    assert table.has("emotion")
    assert not table.has("position")
    assert len(table) == 5


def test_columns_are_joined(read):
    table = read({"dialogue": "split+dialogue", "text": "text+split"})
    assert table.strings("dialogue") == ["train_d1", "train_d1", "test_d2", "train_d1", "test_d2"]
    assert table.strings("text")[3] is None


def test_a_plus_in_a_real_name_is_no_join(read_csv):
    table = read_csv("a+b,a\n1,2\n", columns={"text": "a+b"})
    assert table.strings("text") == ["1"]


def test_a_joined_column_is_no_number(read):
    with pytest.raises(CorpusError, match="start must be one column, found start"):
        read({"start": "start+end"}).numbers("start")


@pytest.mark.parametrize("column", [pa.array([5, 7]), pa.array([5.0, 7.0]), pa.array(["5", "7 "])])
def test_numbers_read_as_names_are_alike(read, column):
    changes = dict.fromkeys(("start", "end", "text", "split", "embedding"), ...)
    table = read(
        dialogue=column, utterance=["a", "b"], speaker=["A", "B"], emotion=["x", "y"], **changes
    )
    assert table.strings("dialogue") == ["5", "7"]
    assert table.numbers("dialogue") == [5.0, 7.0]


def test_empty_cells_are_not_known(read_csv):
    table = read_csv("start,text\n,\n1.5,  \n")
    assert table.numbers("start") == [None, 1.5]
    assert table.strings("text") == [None, None]


def test_nan_is_not_known(read):
    assert read(start=[0.0, math.nan, 1.0, None, 2.0]).numbers("start") == [0, None, 1, None, 2]


@pytest.mark.parametrize(("cell", "message"), [("soon", 'found "soon"'), ("inf", "is infinite")])
def test_what_is_no_number_is_named(read_csv, cell, message):
    with pytest.raises(CorpusError, match=f't.csv, row 2: column "start" .*{message}'):
        read_csv(f"start\n1\n{cell}\n").numbers("start")


def test_a_missing_column_tells_what_there_is(read):
    message = (
        'no column "label6" for emotion; found: dialogue, utterance.*--columns emotion=COLUMN'
    )
    with pytest.raises(CorpusError, match=message):
        read({"emotion": "label6"}).strings("emotion")


EXPECTED = [[1, 2], [0, 0], [3, 4.5], [0, 0], [5, 6]]


@pytest.mark.parametrize(
    "column",
    [
        lists([[1, 2], None, [3, 4.5], [], [5, 6]]),
        lists([[1, 2], None, [3, 4.5], None, [5, 6]], width=2),
        pa.array([[1, 2], None, [3, 4.5], None, [5, 6]], pa.large_list(pa.float64())),
        pa.array(["[1, 2]", "", "[3.0 4.5]", None, "5 6"]),
    ],
)
def test_feature_columns_of_every_kind(read, column):
    vectors = read(embedding=column).vectors("embedding")
    assert vectors.values.tolist() == EXPECTED
    assert vectors.present.tolist() == [True, False, True, False, True]
    assert vectors.dim == 2
    assert (vectors.zeros, vectors.absent_by_value) == (0, 0)


def test_integers_become_floats(read):
    vectors = read(embedding=[[1, 2]] * 5).vectors("embedding")
    assert vectors.values.dtype == np.float32


def test_lists_of_unequal_length_are_named(read):
    column = lists([[1, 2], [1, 2], [1, 2, 3], [1, 2], [1, 2]])
    with pytest.raises(CorpusError, match=r"row 3: .* has 3 numbers, other rows have 2"):
        read(embedding=column).vectors("embedding")


BROKEN = lists([[1, 2], [1, math.nan], [0, 0], [math.inf, 1], [5, 6]])


def test_nan_in_a_feature_is_an_error(read):
    message = 'row 2: column "embedding", number 2 of 2 is nan .*2 rows in all.*--missing absent'
    with pytest.raises(CorpusError, match=message):
        read(embedding=BROKEN).vectors("embedding")


def test_nan_and_zeros_can_mean_absent(read):
    vectors = read(embedding=BROKEN).vectors("embedding", "absent")
    assert vectors.present.tolist() == [True, False, False, False, True]
    assert vectors.absent_by_value == 3
    assert np.isfinite(vectors.values).all()


def test_zeros_are_kept_and_counted(read):
    vectors = read(embedding=lists([[1, 2], [0, 0], [0, 0], [1, 0], None])).vectors("embedding")
    assert vectors.present.tolist() == [True, True, True, True, False]
    assert vectors.zeros == 2


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([1.0] * 5, "must hold lists of numbers, found double"),
        ([["a"]] * 5, "must hold lists of numbers, found list"),
        (["[1, ...]"] * 5, r"row 1: .*could not convert"),
        (lists([None] * 5), "is empty in every row"),
    ],
)
def test_what_is_no_feature_column_is_told(read, column, message):
    with pytest.raises(CorpusError, match=message):
        read(embedding=column).vectors("embedding")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", "speaker,text\nAnn,no; never\n"),
        ("t.csv", "\ufeffspeaker;text\nAnn;no; never\n".replace("no; never", '"no; never"')),
        ("t.tsv", "speaker\ttext\n\nAnn\tno; never\n"),
    ],
)
def test_delimiters(read_csv, name, content):
    table = read_csv(content, name)
    assert table.strings("speaker") == ["Ann"]
    assert table.strings("text") == ["no; never"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"speaker\n\xff\xfe\n", "is not UTF-8"),
        ("", "has no rows"),
        ("speaker,text\n", "has no rows"),
        ("speaker,text\nAnn\n", "row 1: 1 cells, but the header has 2"),
        ("a,a\n1,2\n", 'two columns named "a"'),
        ('a,b\n1,"x"y\n', "cannot be read as CSV"),
    ],
)
def test_damaged_csv(read_csv, content, message):
    with pytest.raises(CorpusError, match=message):
        read_csv(content)


def test_files_that_are_no_tables(tmp_path):
    with pytest.raises(CorpusError, match="no such file"):
        read_table(tmp_path / "t.csv", {})
    for name, message in (("t.parquet", "cannot be read as Parquet"), ("t.xls", "is no table")):
        (tmp_path / name).write_bytes(b"nonsense")
        with pytest.raises(CorpusError, match=message) as caught:
            read_table(tmp_path / name, {})
        assert "\n" not in str(caught.value)


def test_texts_that_are_kept_from_being_formulas(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("text,start\n'=1+1,'-2\n'tis,3\n", encoding="utf-8")
    table = read_table(path, {})
    assert table.strings("text") == ["=1+1", "'tis"]
    assert table.numbers("start") == [-2.0, 3.0]

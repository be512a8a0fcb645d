import pytest

from emospot.corpora.table_columns import read_table
from emospot.corpora.table_labels import read_labels
from emospot.emotions import IEMOCAP4, IEMOCAP6, LabelSet
from emospot.errors import CorpusError, UsageError


@pytest.fixture
def labels(write_table):
    def read(cells, **options):
        return read_labels(read_table(write_table(emotion=cells), {}), corpus="mine", **options)

    return read


def test_names_make_their_own_set(labels):
    found = labels(["sad", "happy", None, "", "sad"])
    assert found.labels == ("sad", "happy", None, None, "sad")
    assert found.label_set == LabelSet("mine2", ("happy", "sad"))


def test_names_of_a_known_set_are_recognised(labels):
    found = labels(["neutral", "anger", "happiness", "sadness", "anger"])
    assert found.label_set is IEMOCAP4


def test_a_known_set_may_be_incomplete(labels):
    assert labels(["anger"] * 5, set_name="iemocap6").label_set is IEMOCAP6


def test_the_order_can_be_given(labels):
    found = labels(["b", "a", "b", "a", "c"], order=("b", "c", "a"))
    assert found.label_set == LabelSet("mine3", ("b", "c", "a"))
    assert labels(["anger"] * 5, order=IEMOCAP4.labels).label_set is IEMOCAP4


@pytest.mark.parametrize("cells", [[0, 5, -1, 2, None], ["0", "5.0", "-1", "2", ""]])
def test_indices(labels, cells):
    found = labels(cells, set_name="iemocap6")
    assert found.labels == ("happiness", "frustration", None, "neutral", None)


def test_indices_into_an_own_set(labels):
    assert labels([0, 1, 1, 0, -1], order=("calm", "angry")).labels[:2] == ("calm", "angry")


def test_names_that_look_like_numbers(labels):
    found = labels(["2", "1", "2", "1", "1"], order=("1", "2"))
    assert found.labels == ("2", "1", "2", "1", "1")


def test_names_declared_as_no_label(labels):
    found = labels(["sad", "undecided", "other", "sad", "happy"], no_label=("undecided", "other"))
    assert found.labels == ("sad", None, None, "sad", "happy")


@pytest.mark.parametrize(
    ("cells", "options", "message"),
    [
        ([0, 1, 6, 0, 0], {"set_name": "iemocap6"}, r"row 3: label 6 is outside .*0 to 5"),
        (["sad"] * 5, {"set_name": "iemocap6"}, 'row 1: label "sad" is not in .*happiness, sadn'),
        (["0", "sad", "", "", ""], {"order": ("sad",)}, 'row 1: label "0" is not in'),
        ([0, 1, 2, 0, 0], {}, r"are numbers \(0, 1, 2\); name the label set"),
        ([-1] * 5, {"set_name": "iemocap6"}, 'no row has a label in column "emotion"'),
        ([""] * 5, {}, "no row has a label"),
        (["a"] * 5, {"order": ("a", "a")}, "names one twice"),
        (["a"] * 5, {"order": ("a",), "set_name": "meld7"}, "not both"),
    ],
)
def test_wrong_labels_are_told(labels, cells, options, message):
    with pytest.raises(CorpusError, match=message):
        labels(cells, **options)


def test_an_unknown_set_is_told(labels):
    with pytest.raises(UsageError, match='unknown label set "ekman"'):
        labels(["a"] * 5, set_name="ekman")

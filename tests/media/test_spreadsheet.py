import pytest

from emospot.media.spreadsheet import as_meant, defused

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "'=1", "''@x"]


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_texts_and_come_back(text):
    assert defused(text) == f"'{text}"
    assert as_meant(defused(text)) == text


@pytest.mark.parametrize("text", ["", "Hi", "'tis", "a=b", " =1", "''", "3-1"])
def test_other_texts_are_left_alone(text):
    assert defused(text) == text
    assert as_meant(text) == text


def test_numbers_stay_numbers():
    assert defused(-1.5) == -1.5
    assert defused(None) is None

import pytest

from emospot.corpora.mojibake import repaired


@pytest.mark.parametrize("right", ["It’s “fine” – really…", "fiancée", "naïve à la carte", "über"])
@pytest.mark.parametrize(
    ("written", "read"), [("cp1252", "latin1"), ("utf-8", "cp1252"), ("utf-8", "latin1")]
)
def test_each_accident_is_undone(right, written, read):
    broken = right.encode(written).decode(read, errors="replace")
    if "�" not in broken:  # what was lost cannot be found again
        assert repaired(broken) == right


@pytest.mark.parametrize(
    "right",
    ["", "plain", "It’s “fine”", "fiancée", "Ångström", "“¿Qué?”", "日本語", "naïve – où?"],
)
def test_right_texts_stay(right):
    assert repaired(right) == right


def test_a_mixed_text():
    assert repaired("fianc\xe9e\x92s caf\xc3\xa9") == "fiancée’s café"


def test_a_control_character_without_meaning_is_dropped():
    assert repaired("a\x81b") == "ab"

import json

import pytest

from emospot.corpora.json_file import read_json
from emospot.errors import CorpusError


@pytest.fixture
def root(tmp_path):
    def write(content):
        path = tmp_path / "a.json"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return read_json(path)

    return write


def test_values_know_their_place(root):
    second = root({"turns": [{"x": 1}, {"x": "two"}]}).get("turns").items("turn")[1].get("x")
    assert second.value == "two"
    assert second.as_kind(str) == "two"
    with pytest.raises(CorpusError, match=r'a\.json, "turns", turn 2, "x": expected a number, fo'):
        second.as_kind(int)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1], "expected an object, found "),
        ({"y": 1}, '"x" is missing .found: y'),
        ({}, "found: nothing"),
        ({"x": {"a": "b"}}, 'a.json, "x": expected a list, found an object'),
        ({"x": "long " * 20}, r"found \"long .*\.\.\.$"),
    ],
)
def test_what_is_not_as_expected_is_told(root, content, message):
    with pytest.raises(CorpusError, match=message):
        root(content).get("x").items("entry")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a":\n1,}', "line 2: is not JSON"),
        (b'{"a": "\xff"}', "byte 7: is not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_damaged_files(root, content, message):
    with pytest.raises(CorpusError, match=message) as caught:
        root(content)
    assert "\n" not in str(caught.value)


def test_missing_files(tmp_path):
    with pytest.raises(CorpusError, match="no such file"):
        read_json(tmp_path / "none.json")
    with pytest.raises(CorpusError, match="cannot be read"):
        read_json(tmp_path)

from pathlib import Path

import pytest

from emospot.analysis.installed_models import (
    check_model_name,
    installed_folder,
    installed_model,
    installed_names,
    is_model_name,
    model_sources,
)
from emospot.errors import ModelError


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("EMOSPOT_MODELS", str(tmp_path))
    return tmp_path


def test_the_folder_is_the_environments_or_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("EMOSPOT_MODELS", "~/mine")
    assert installed_folder() == Path.home() / "mine"
    monkeypatch.setenv("EMOSPOT_MODELS", " ")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    usual = installed_folder()
    assert usual.parts[-2:] == ("emospot", "models")


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a/b",
        "a\\b",
        ".a",
        "-a",
        "a b",
        "ä",
        "con",
        "NUL.txt",
        "a.",
        "a" * 65,
        "a\n",
    ],
)
def test_what_is_no_name(name, folder):
    assert not is_model_name(name)
    assert installed_model(name) is None
    with pytest.raises(ModelError, match="cannot be called"):
        check_model_name(name)


def test_names():
    for name in ("a", "calls-2.1", "My_Model", "a" * 64):
        assert check_model_name(name) == name


def test_what_is_installed(folder):
    assert installed_names() == []
    for name in ("b", "a", ".draft"):
        (folder / name).mkdir()
        (folder / name / "model.json").touch()
    (folder / "empty").mkdir()
    assert installed_names() == ["a", "b"]
    assert installed_model("a") == folder / "a"
    assert installed_model("empty") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [('{"a": "hf:x/y", "b": 3}', {"a": "hf:x/y"}), ("[]", {}), ("{", {}), (None, {})],
)
def test_where_they_came_from(folder, text, found):
    if text is not None:
        (folder / "sources.json").write_text(text, encoding="utf-8")
    assert model_sources() == found

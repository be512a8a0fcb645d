import inspect
from importlib import import_module
from pathlib import Path

import pytest

from emospot.corpora.kinds import KINDS, CorpusKind
from emospot.errors import CorpusError, EmospotError, UsageError


def reader(kind):
    return getattr(import_module(f"emospot.corpora.{kind.reader[0]}"), kind.reader[1])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_has_its_reader(kind, tmp_path):
    parameters = inspect.signature(reader(kind)).parameters
    options = ["task"] if kind.tasks else list(kind.options)
    assert list(parameters) == ["source", *options]
    if kind.tasks:
        assert parameters["task"].default == kind.tasks[0]
        _, given, task = kind.example.partition("--task ")
        assert not given or task.split(" ")[0] in kind.tasks
    for task in kind.tasks or (None,):
        with pytest.raises(CorpusError, match="nowhere") as caught:
            kind.read(tmp_path / "nowhere", task)
        assert "\n" not in str(caught.value)


def test_names_are_unique():
    names = [kind.name for kind in KINDS]
    assert len(set(names)) == len(names)
    assert "table" not in names  # has a command of its own


def test_an_unknown_task_is_told_before_anything_is_read():
    kind = CorpusKind("x", "", "", ("iemocap", "read_iemocap"), "", ("a", "b"))
    with pytest.raises(UsageError, match='there is no task "c"; known: a, b'):
        kind.read(Path("nowhere"), "c")
    plain = CorpusKind("x", "", "", ("emorynlp", "read_emorynlp"), "")
    with pytest.raises(UsageError, match="none can be chosen for this corpus"):
        plain.read(Path("nowhere"), "c")


def test_options_of_some_corpora_alone(tmp_path):
    by_name = {kind.name: kind for kind in KINDS}
    with pytest.raises(UsageError, match="meld has no option --tokens; leave it out"):
        by_name["meld"].read(tmp_path, tokens="frame")
    with pytest.raises(UsageError, match="meld has no option --splits"):
        by_name["meld"].read(tmp_path, splits=tmp_path)
    with pytest.raises(EmospotError):
        by_name["mosei"].read(tmp_path, tokens="frame")

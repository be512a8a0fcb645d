"""`emospot corpus import KIND` from the command line to the store."""

import json
import pickle
import shlex
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from emospot.cli.corpus import app
from emospot.conversation import Tokens
from emospot.corpora import instruments
from emospot.corpora.kinds import KINDS
from emospot.errors import CorpusError, UsageError
from emospot.features.base import FeatureDescription
from emospot.features.store import FeatureStore, SplitCounts

PAGE = Path(__file__).resolve().parents[2] / "docs" / "corpora.md"


class Lengths:
    """Words as one number an utterance, instead of a language model."""

    def describe(self):
        return FeatureDescription("words", "lengths", "1", 1, pooled=True)

    def extract(self, utterances):
        return [Tokens(np.array([[float(len(u.text))]])) if u.text else None for u in utterances]


@pytest.fixture(autouse=True)
def quick_words(monkeypatch):
    monkeypatch.setattr(instruments, "words_extractor", lambda name: Lengths())


@pytest.fixture
def run():
    def run(*arguments):
        result = CliRunner().invoke(app, ["import", *map(str, arguments)])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result

    return run


@pytest.fixture
def features(tmp_path):
    """A feature file of the published structure with two dialogues."""
    train, test = "Ses01F_impro01", "Ses05F_impro01"
    both = (train, test)
    vectors = [{name: [np.ones(d, "f4")] * 2 for name in both} for d in (4, 5, 6)]
    content = (
        {name: [f"{name}_F000", f"{name}_M000"] for name in both},
        {name: ["F", "M"] for name in both},
        {train: [2, 4], test: [0, 3]},
        *vectors,
        {name: ["Oh no.", "Yes."] for name in both},
        [train],
        [test],
    )
    path = tmp_path / "features.pkl"
    path.write_bytes(pickle.dumps(content))
    return path


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_help_has_an_example(run, kind):
    text = " ".join(run(kind.name, "--help").output.split())
    assert f"emospot corpus import {kind.name}" in text
    for task in kind.tasks:
        assert task in text
    assert ("--task" in text) == bool(kind.tasks)


def test_a_feature_file_with_its_own_words(run, features, tmp_path):
    result = run("iemocap", features, "--out", tmp_path / "s", "--task", "4-way-merged", "--json")
    described = json.loads(result.stdout)
    assert described["label_counts"]["train"]["happiness"] == 1
    store = FeatureStore.open(tmp_path / "s", verify=True)
    assert {m: f.dim for m, f in store.features.items()} == {"words": 4, "voice": 5, "face": 6}
    assert store.manifest.value_type == "float16"


def test_numbers_on_disk_and_the_splits_are_shown(run, features, tmp_path):
    result = run("iemocap", features, "--out", tmp_path / "s", "--value-type", "float32")
    assert "imported iemocap into" in result.output
    assert FeatureStore.open(tmp_path / "s").manifest.value_type == "float32"


def test_wrong_use(run, features, tmp_path):
    with pytest.raises(UsageError, match='no task "7-way"'):
        run("iemocap", features, "--out", tmp_path / "s", "--task", "7-way")
    with pytest.raises(CorpusError, match="words is ready-made in this corpus"):
        run("iemocap", features, "--out", tmp_path / "s", "--words", "minilm-l6")
    with pytest.raises(UsageError, match='error, absent, skip, found "zero"'):
        run("iemocap", features, "--out", tmp_path / "s", "--missing", "zero")
    assert not (tmp_path / "s").exists()


def commands(start):
    """The commands of the documentation that begin so, as arguments."""
    lines = PAGE.read_text("utf-8").splitlines()
    return [shlex.split(line)[3:] for line in lines if line.startswith(start)]


def test_the_page_has_every_corpus(run):
    for kind in KINDS:
        found = commands(f"emospot corpus import {kind.name} ")
        assert found, kind.name
        for arguments in found:
            help_text = run(arguments[0], "--help").output
            assert all(part in help_text for part in arguments if part.startswith("--"))


@pytest.mark.parametrize(
    ("file", "splits"),
    [
        (
            "meld/meld.parquet",
            {
                "train": SplitCounts(1038, 9989, 9989),
                "dev": SplitCounts(114, 1109, 1109),
                "test": SplitCounts(280, 2610, 2610),
            },
        ),
        (
            "iemocap/iemocap.parquet",
            {"train": SplitCounts(120, 7869, 5810), "test": SplitCounts(31, 2170, 1623)},
        ),
    ],
)
def test_the_commands_for_tables(run, shared_data, tmp_path, file, splits):
    source = shared_data / file
    (arguments,) = commands(f"emospot corpus import table {source.name} ")
    paths = {source.name: source, "STORE": tmp_path / "s"}
    run(*(paths.get(part, part) for part in arguments))
    assert FeatureStore.open(tmp_path / "s").splits == splits

"""A study imports every kind of corpus as `emospot corpus import` does."""

import csv
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from emospot.cli.corpus import app
from emospot.conversation import Tokens
from emospot.conversation.planted import PRESETS
from emospot.corpora import instruments, ravdess_conversations
from emospot.corpora.kinds import KINDS, CorpusKind
from emospot.corpora.planted import PlantedSource
from emospot.errors import ConfigError, CorpusError, EmospotError, MediaError, StoreError
from emospot.experiments.corpus_entry import CorpusEntry
from emospot.experiments.stores import open_store
from emospot.features.base import FeatureDescription
from emospot.features.store import FeatureStore

Sources = dict[str, Callable[[Path], Path]]
OPTIONS = {"value_type": "value-type", "detectors": "detector"}
"""What a key of an entry is called on the command line, where it differs."""


class Lengths:
    """Words as one number an utterance, instead of a language model."""

    def describe(self) -> FeatureDescription:
        return FeatureDescription("words", "lengths", "1", 1, pooled=True)

    def extract(self, utterances):
        return [Tokens(np.array([[float(len(u.text))]])) if u.text else None for u in utterances]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ravdess_conversations, "EACH", 3)
    monkeypatch.setattr(instruments, "words_extractor", lambda name: Lengths())
    monkeypatch.setenv("EMOSPOT_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()


def _pickled(path: Path, content: object) -> Path:
    path.write_bytes(pickle.dumps(content))
    return path


def _with_csv(path: Path, rows: list[Any]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


@pytest.fixture(scope="session")
def sources(corpora_tests: Callable[[str], ModuleType]) -> Sources:
    """Name → what writes a small source of the published structure into a folder."""

    def iemocap(folder: Path) -> Path:
        tests = corpora_tests("iemocap")
        for session in range(1, 6):
            name = f"Ses{session:02d}F_impro01"
            turns = [
                (f"{name}_{turn}", start, start + 1, emotion, (2.0, 3.0, 4.5), f"Turn {turn}.")
                for turn, emotion, start in tests.SMALL
            ]
            tests.write_dialogue(folder / "release", name, turns)
        return folder / "release"

    def iemocap_pickle(folder: Path) -> Path:
        tests = corpora_tests("published_pickles")
        content = (*tests.IEMOCAP.values(), {tests.TRAIN}, [tests.TEST])
        return _pickled(folder / "IEMOCAP_features.pkl", content)

    def meld(folder: Path) -> Path:
        tests = corpora_tests("meld")
        for split in ("train", "dev", "test"):
            tests.write_csv(folder / f"{split}_sent_emo.csv", tests.ROWS)
        return folder

    def emorynlp(folder: Path) -> Path:
        tests = corpora_tests("emorynlp")
        for season, split in enumerate(("train", "dev", "test"), 1):
            rows = [(*row[:5], season, *row[6:]) for row in tests.ROWS]
            _with_csv(folder / f"emorynlp_{split}_final.csv", [tests.HEADER, *rows])
        return folder

    def dailydialog(folder: Path) -> Path:
        tests = corpora_tests("dailydialog")
        for split in ("train", "validation", "test"):
            (folder / split).mkdir()
            (folder / split / f"dialogues_{split}.txt").write_text(tests.TEXTS)
            (folder / split / f"dialogues_emotion_{split}.txt").write_text(tests.EMOTIONS)
        return folder

    def reccon(folder: Path) -> Path:
        turns = corpora_tests("reccon").TURNS
        for split in ("train", "valid", "test"):
            content = {f"{split}_1": [turns], f"{split}_2": [turns[:1]]}
            (folder / f"dailydialog_{split}.json").write_text(json.dumps(content))
        return folder

    def ravdess(folder: Path) -> Path:
        for name in ("03-01-05-02-02-01-19", "03-01-01-01-01-01-18", "03-01-08-01-01-02-22"):
            (folder / f"{name}.wav").touch()
        return folder

    def ravdess_conversations(folder: Path) -> Path:
        corpora_tests("ravdess_conversations").write_clips(folder)
        return folder

    def planted(folder: Path) -> Path:
        (folder / "few.yaml").write_text("{world: easy, dialogues: {train: 3, test: 2}}")
        return folder / "few.yaml"

    def ravdess_faces(folder: Path) -> Path:
        corpora_tests("ravdess_faces").write_units(folder)
        return folder

    def mosei(folder: Path) -> Path:
        return _pickled(folder / "categorical.p", corpora_tests("mosei_pickles").nine())

    def mosi(folder: Path) -> Path:
        part = corpora_tests("mmsa_pickle").part
        content = {
            split: part([f"{split}$_$0", f"{split}$_$1"], [(3, 4, 5), (2, 2, 2)], aligned=True)
            for split in ("train", "valid", "test")
        }
        return _pickled(folder / "aligned_50.pkl", content)

    return {
        "iemocap": iemocap,
        "iemocap, pickle": iemocap_pickle,
        "meld": meld,
        "emorynlp": emorynlp,
        "dailydialog": dailydialog,
        "reccon": reccon,
        "ravdess": ravdess,
        "ravdess-conversations": ravdess_conversations,
        "ravdess-faces": ravdess_faces,
        "planted": planted,
        "mosei": mosei,
        "mosi": mosi,
    }


def test_every_kind_has_a_source(sources: Sources) -> None:
    assert {name.partition(",")[0] for name in sources} == {kind.name for kind in KINDS}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("iemocap", {"task": "4-way-merged"}),
        ("iemocap, pickle", {"value_type": "float32"}),
        ("meld", {"task": "sentiment", "missing": "absent"}),
        ("emorynlp", {}),
        ("dailydialog", {"words": "minilm-l6"}),
        ("reccon", {"task": "dailydialog"}),
        ("ravdess", {}),
        (
            "ravdess-conversations",
            {"voice": "basic:0.1", "words": "none", "marks": "voice=corpus"},
        ),
        ("ravdess-faces", {"words": "none", "detectors": ["units"]}),
        ("planted", {"words": "none", "value_type": "float32"}),
        ("mosei", {}),
        ("mosi", {"words": "none"}),
    ],
)
def test_the_same_store_as_by_hand(
    sources: Sources, tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    source = sources[name](tmp_path / "data")
    kind = name.partition(",")[0]
    said = [
        f"--{OPTIONS.get(key, key)}={value}"
        for key, values in options.items()
        for value in (values if isinstance(values, list) else [values])
    ]
    by_hand = ["import", kind, str(source), "--out", str(tmp_path / "hand"), *said]
    result = CliRunner().invoke(app, by_hand)
    assert result.exit_code == 0, result.output
    if "marks" in options:
        options = {**options, "marks": dict([options["marks"].split("=")])}
    entry = CorpusEntry(kind=kind, source=str(source.relative_to(tmp_path / "data")), **options)
    told: list[tuple[int, int]] = []
    store = open_store(
        name, entry, tmp_path / "stores" / kind, lambda done, total: told.append((done, total))
    )
    hand = FeatureStore.open(tmp_path / "hand")
    assert store.content_hash == hand.content_hash
    assert (store.features, store.splits) == (hand.features, hand.splits)
    total = sum(counts.utterances for counts in store.splits.values())
    assert told[-1] == (total, total)


def test_a_world_is_a_source_by_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (kind,) = [kind for kind in KINDS if kind.worlds]
    assert kind.worlds == tuple(PRESETS)
    few = PlantedSource(world="easy", dialogues={"train": 2, "test": 1})
    monkeypatch.setattr("emospot.experiments.stores.planted_source", {Path("easy"): few}.get)
    entry = CorpusEntry(kind=kind.name, source="easy")
    store = open_store("drawn", entry, tmp_path / "stores" / "drawn")
    assert {name: counts.conversations for name, counts in store.splits.items()} == {
        "train": 2,
        "test": 1,
    }


def test_an_import_is_not_repeated_and_tells_what_was_odd(
    sources: Sources, tmp_path: Path
) -> None:
    source = sources["iemocap"](tmp_path / "data")
    entry = CorpusEntry(kind="iemocap", source=source.name)
    notices: list[str] = []
    store = open_store("both", entry, tmp_path / "stores" / "both", notice=notices.append)
    assert "corpus both: 5 lines of the transcriptions are no evaluated turns" in notices
    (source / "Session1").rename(source / "gone")
    again = open_store("both", entry, tmp_path / "stores" / "both", notice=notices.append)
    assert again.content_hash == store.content_hash
    assert len(notices) == len(set(notices))


def test_a_store_of_another_entry_is_not_taken(sources: Sources, tmp_path: Path) -> None:
    source = sources["iemocap"](tmp_path / "data")
    folder = tmp_path / "stores" / "mine"
    open_store("mine", CorpusEntry(kind="iemocap", source=source.name), folder)
    other = CorpusEntry(kind="iemocap", source=source.name, task="4-way", value_type="float32")
    message = "corpus mine: .*mine was imported with another task and value_type: remove it"
    with pytest.raises(EmospotError, match=message):
        open_store("mine", other, folder)
    (tmp_path / "stores" / "mine.json").write_text("{")
    with pytest.raises(EmospotError, match=r"corpus mine: .*mine\.json is damaged: remove it"):
        open_store("mine", other, folder)


def test_a_store_from_before_an_option_was_there_is_still_the_same(
    sources: Sources, tmp_path: Path
) -> None:
    source = sources["iemocap"](tmp_path / "data")
    folder = tmp_path / "stores" / "mine"
    entry = CorpusEntry(kind="iemocap", source=source.name)
    open_store("mine", entry, folder)
    noted = tmp_path / "stores" / "mine.json"
    old = {k: v for k, v in json.loads(noted.read_text()).items() if k != "detectors"}
    noted.write_text(json.dumps(old))
    assert open_store("mine", entry, folder).detectors == {"words": "lexicon"}
    other = entry.model_copy(update={"detectors": ("lexicon=1",)})
    with pytest.raises(EmospotError, match="another detectors"):
        open_store("mine", other, folder)
    chosen = open_store("mine", other, tmp_path / "stores" / "other")
    assert chosen.detectors == {"words": "lexicon=1"}


def test_options_reach_the_reader(
    sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = sources["mosei"](tmp_path / "data")
    (tmp_path / "data" / "folds.py").touch()
    asked: list[Any] = []
    read = CorpusKind.read

    def spy(self: CorpusKind, source: Path, task: str | None, **options: Any) -> Any:
        asked.append((task, options))
        return read(self, source)

    monkeypatch.setattr(CorpusKind, "read", spy)
    entry = CorpusEntry(kind="mosei", source=source.name, splits="folds.py", tokens="frame")
    open_store("mine", entry, tmp_path / "stores" / "mine")
    assert asked == [(None, {"splits": tmp_path / "data" / "folds.py", "tokens": "frame"})]


@pytest.mark.parametrize(
    ("entry", "kind", "message"),
    [
        ({"store": "nowhere"}, StoreError, "corpus mine: .*nowhere"),
        ({"source": "gone.csv"}, ConfigError, "gone.csv is not there; set EMOSPOT_DATA to the"),
        ({"kind": "iemocap", "source": "gone"}, ConfigError, "corpus mine: .*gone is not there"),
        ({"kind": "mosi", "source": "."}, CorpusError, r"corpus mine: .* holds no \.csd file"),
        (
            {"kind": "mosei", "source": ".", "splits": "no.py"},
            ConfigError,
            "no.py is not there",
        ),
        (
            {"source": ".", "missing": "perhaps"},
            EmospotError,
            "corpus mine: missing must be one of",
        ),
        (
            {"kind": "ravdess", "source": "clips", "voice": "basic"},
            MediaError,
            "corpus mine: 3 of 3 conversations could not be measured: dialogue",
        ),
    ],
)
def test_errors_are_one_line_and_name_the_corpus(
    sources: Sources, tmp_path: Path, entry: dict[str, str], kind: type[Exception], message: str
) -> None:
    (tmp_path / "data" / "clips").mkdir()
    sources["ravdess"](tmp_path / "data" / "clips")  # empty files: nothing to decode
    with pytest.raises(kind, match=message) as caught:
        open_store("mine", CorpusEntry(**entry), tmp_path / "stores" / "mine")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("corpus mine: ")

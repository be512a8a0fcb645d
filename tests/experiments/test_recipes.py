"""The recipes for corpora with all three modalities, on small files of the published structure.

The studies are the shipped ones but for their length: one seed, one epoch, few models.
"""

import json
import pickle
import shutil
import wave
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from emospot.config import MODEL_KINDS
from emospot.corpora.table_columns import read_table
from emospot.corpora.table_conversations import read_conversations
from emospot.corpora.table_labels import read_labels
from emospot.emotions import TASKS
from emospot.experiments.corpus_entry import TABLE
from emospot.experiments.results import write_results
from emospot.experiments.runner import Outcome, run_study
from emospot.experiments.study import (
    Job,
    Study,
    load_study,
    parse_study,
    shipped_file,
    shipped_studies,
)

RNG = np.random.default_rng(2)


def shortened(name: str, models: list[str]) -> Study:
    """A shipped study with these models, one seed and one epoch."""
    values = load_study(name).model_dump(mode="json")
    values["seeds"] = 1
    values["models"] = {model: values["models"][model] for model in models}
    for entry in values["models"].values():
        entry["training"] |= {"epochs": 1, "warmup_epochs": 0}
    return parse_study(values, name)


@pytest.fixture
def ran(
    in_process: list[Job], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Outcome]:
    """Runs a study in this process, with the sources in the folder "data"."""
    monkeypatch.setenv("EMOSPOT_DATA", str(tmp_path / "data"))

    def run(study: Study) -> tuple[Outcome, dict[str, Any]]:
        outcome = run_study(study, tmp_path / "out")
        write_results(study, outcome, tmp_path / "out")
        return outcome, json.loads((tmp_path / "out" / "results.json").read_text())

    return run


def _checked(study: Study, outcome: Outcome, found: dict[str, Any], candidate: str) -> None:
    """What holds of every recipe that has run."""
    assert outcome.failed == {}
    assert set(outcome.opponents.values()) == {candidate}
    assert {run["model"] for run in found["runs"]} == set(study.models)
    (corpus,) = found["corpora"].values()
    assert set(corpus["features"]) == {"words", "voice", "face"}
    primary = [c for c in found["comparisons"] if c["primary"]]
    assert {c["reference"] for c in primary} == {candidate}
    assert all(c["metric"] == study.metric for c in primary)


@pytest.mark.parametrize("name", ["iemocap6_full", "mosei2", "mosei7", "mosei_emotions"])
def test_every_model_can_do_the_task(name: str) -> None:
    study = load_study(name)
    assert study.seeds == 5
    kinds = {study.config(model).model.kind for model in study.models}
    assert kinds == set(MODEL_KINDS)
    published = [model for model in study.models if model.endswith(", as published")]
    assert {"COGMEN, as published", "CORECT, as published"} <= set(published)
    for model in published:
        config = study.config(model)
        assert config.training.average_decay == 0
        assert not config.training.class_weights or model.startswith(("DialogueRNN", "MMGCN"))
        assert not study.models[model].candidate


LABELS = {
    "mosei2": ("data_mosei_2class.pkl", lambda n: n % 2),
    "mosei7": ("data_mosei_7class.pkl", lambda n: 6 * (n % 2)),
    "mosei_emotions": (
        "data_mosei_multilabel.pkl",
        lambda n: np.array([1, 0, n % 2, 0, 0, 1 - n % 2]),
    ),
}


def _mosei(named: Callable[..., list], path: Path, label: Callable[[int], Any]) -> None:
    """A pickle as the CORECT family has it: 8 dialogues to learn from, 2 of dev and of test."""
    content = {
        split: [
            dialogue
            for part in range(parts)
            for dialogue in named(
                f"{split}{part}-",
                {"labels": [label(part), label(part + 1)], "speakers": ["M", "M"]},
                text=RNG.normal(size=(2, 768)).astype(np.float32),
            )
        ]
        for split, parts in (("train", 4), ("dev", 1), ("test", 1))
    }
    path.parent.mkdir(parents=True)
    path.write_bytes(pickle.dumps(content))


@pytest.mark.parametrize(
    ("name", "models"),
    [
        ("mosei2", ["emospot", "majority", "GRU", "CORECT, as published"]),
        ("mosei7", ["emospot", "majority", "GRU"]),
        ("mosei_emotions", ["emospot", "GRU", "COGMEN, as published"]),
    ],
)
def test_mosei(
    ran: Callable[..., Any],
    corpora_tests: Callable[[str], ModuleType],
    tmp_path: Path,
    name: str,
    models: list[str],
) -> None:
    file, label = LABELS[name]
    _mosei(corpora_tests("mosei_pickles").named, tmp_path / "data" / "mosei" / file, label)
    study = shortened(name, models)
    outcome, found = ran(study)
    _checked(study, outcome, found, "GRU")
    assert found["labels"] == {name: list(TASKS[name].outputs)}
    # The official dev set is what epochs are chosen on.
    chosen_on = [
        tuple(json.loads(path.read_text())["dev"])
        for path in (tmp_path / "out" / "runs").glob("emospot-all-0-*/run.json")
    ]
    assert chosen_on == [("dev0-0", "dev0-1")]
    assert bool(found["confusions"]) == (TASKS[name].kind == "single")


def test_mosei2_from_tokens(
    ran: Callable[..., Any], corpora_tests: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    part = corpora_tests("mmsa_pickle").part
    content = {
        split: part(
            [f"{split}{video}$_${n}" for video in range(videos) for n in range(2)],
            [(3, 4, 5), (2, 2, 2)] * videos,
            aligned=True,
        )
        for split, videos in (("train", 8), ("valid", 2), ("test", 2))
    }
    (tmp_path / "data" / "mosei").mkdir(parents=True)
    (tmp_path / "data" / "mosei" / "aligned_50.pkl").write_bytes(pickle.dumps(content))
    values = shortened("mosei2", ["emospot", "GRU"]).model_dump(mode="json")
    values["corpora"]["mosei2"]["source"] = "mosei/aligned_50.pkl"
    study = parse_study(values, "mosei2")
    outcome, found = ran(study)
    _checked(study, outcome, found, "GRU")
    assert not found["corpora"]["mosei2"]["features"]["words"]["pooled"]


@pytest.fixture
def release(corpora_tests: Callable[[str], ModuleType], tmp_path: Path) -> Path:
    """Five dialogues of five seconds with sound and film."""
    tests = corpora_tests("iemocap")
    root = tmp_path / "data" / "iemocap" / "IEMOCAP_full_release"
    film = resources.files("emospot.sample") / "face.mp4"
    seconds = np.arange(5 * 16_000) / 16_000
    for session in range(1, 6):
        name = f"Ses{session:02d}F_impro01"
        turns = [
            (f"{name}_{turn}", start, start + 0.5, emotion, (2.0, 3.0, 4.5), "What a day!")
            for turn, emotion, start in tests.SMALL
        ]
        tests.write_dialogue(root, name, turns)
        dialog = root / f"Session{session}" / "dialog"
        (dialog / "wav").mkdir()
        tone = 0.3 * np.sin(2 * np.pi * (100 + 20 * session) * seconds) * (seconds % 0.5 > 0.1)
        with wave.open(str(dialog / "wav" / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16_000)
            file.writeframes((tone * 32_000).astype("<i2").tobytes())
        (dialog / "avi" / "DivX").mkdir(parents=True)
        with resources.as_file(film) as path:
            shutil.copy(path, dialog / "avi" / "DivX" / f"{name}.avi")
    return root


def test_iemocap6_full(ran: Callable[..., Any], release: Path) -> None:
    pytest.importorskip("mediapipe", reason="needs the extra [face]")
    pytest.importorskip("opensmile", reason="needs the extra [voice]")
    study = shortened("iemocap6_full", ["emospot", "majority", "GRU", "GRU, as published"])
    outcome, found = ran(study)
    _checked(study, outcome, found, "GRU")
    assert {run["features"] for run in found["runs"]} == {"pooled", "tokens", "pooled, labelled"}
    extractors = {m: f["extractor"] for m, f in found["corpora"]["iemocap6"]["features"].items()}
    assert extractors == {"words": "minilm-l6", "voice": "egemaps", "face": "face-mesh"}
    folds = {run["fold"] for run in found["runs"] if run["protocol"] == "opponent"}
    assert folds == {"Ses01", "Ses02", "Ses03", "Ses04"}


@pytest.mark.parametrize("name", shipped_studies())
def test_shared_tables_are_as_the_studies_say(name: str, shared_data: Path) -> None:
    """Dialogues, turns, splits and labels; nothing is measured."""
    for corpus, entry in load_study(name).corpora.items():
        path = shared_data / str(entry.source)
        if entry.kind != TABLE or shipped_file(str(entry.source)) or not path.is_file():
            continue
        table = read_table(path, entry.columns)
        labels = read_labels(
            table, corpus=corpus, set_name=entry.label_set, no_label=entry.no_label
        )
        content = read_conversations(table, labels.labels, entry.targets)
        splits = {one.conversation.split for one in content.conversations}
        assert {"train", "test"} <= splits
        assert any(label is not None for label in labels.labels)

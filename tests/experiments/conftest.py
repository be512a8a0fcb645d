"""A small store whose labels can be learned, and a study over it."""

import importlib.util
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from emospot.conversation import Conversation, Tokens, Utterance
from emospot.emotions import LabelSet
from emospot.experiments import runner
from emospot.experiments.job import run_job
from emospot.experiments.study import Job, Study, parse_study
from emospot.features.base import FeatureDescription
from emospot.features.store import FeatureStore, StoredConversation
from emospot.features.store_writer import StoreWriter

LABELS = LabelSet("moods", ("calm", "angry", "glad"))
FEATURES = {
    "words": FeatureDescription("words", "letters", "1", 6, pooled=False),
    "voice": FeatureDescription("voice", "hum", "1", 4, pooled=True),
}


def conversation(name: str, split: str, seed: int, label_seed: int) -> StoredConversation:
    """Eight utterances; each class moves its own word feature."""
    random, labels = np.random.default_rng(seed), np.random.default_rng(label_seed)
    utterances, words, voice = [], [], []
    for position in range(8):
        label = int(labels.integers(3))
        tokens = random.normal(size=(int(random.integers(1, 4)), 6))
        tokens[:, label] += 2.0
        known = LABELS.labels[label] if position != 3 else None
        utterances.append(Utterance(f"u{position}", "AB"[position % 2], label=known))
        words.append(Tokens(tokens))
        voice.append(Tokens(random.normal(size=(1, 4))) if position != 4 else None)
    return StoredConversation(
        Conversation(name, tuple(utterances), split=split),
        {"words": tuple(words), "voice": tuple(voice)},
        tuple(() for _ in utterances),
    )


@pytest.fixture(scope="session")
def make_store(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., FeatureStore]:
    """12 training and 4 test conversations in two groups, "east" and "west"."""

    def make(*, test_labels: int = 0) -> FeatureStore:
        path = tmp_path_factory.mktemp("store") / "moods"
        with StoreWriter(path, corpus="moods", label_set=LABELS, features=FEATURES) as writer:
            for number in range(16):
                split = "train" if number < 12 else "test"
                shift = test_labels if split == "test" else 0
                name = f"{('east', 'west')[number % 2]}-{number:02}"
                writer.add(conversation(name, split, number, number + shift))
        return FeatureStore.open(path)

    return make


@pytest.fixture(scope="session")
def store(make_store: Callable[..., FeatureStore]) -> FeatureStore:
    return make_store()


@pytest.fixture(scope="session")
def corpora_tests() -> Callable[[str], ModuleType]:
    """The tests of a corpus, whose helpers write files of its published structure."""

    @cache
    def load(name: str) -> ModuleType:
        path = Path(__file__).parents[1] / "corpora" / f"test_{name}.py"
        spec = importlib.util.spec_from_file_location(f"corpora_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


SMALL: dict[str, Any] = {
    "model": {"width": 16, "heads": 2, "graph_heads": 2, "experts": 2, "context_layers": 1},
    "training": {"epochs": 2, "warmup_epochs": 0, "batch_size": 4},
}


@pytest.fixture(scope="session")
def make_study(store: FeatureStore) -> Callable[..., Study]:
    def make(**changes: Any) -> Study:
        values: dict[str, Any] = {
            "title": "Moods",
            "seeds": 2,
            "corpora": {"moods": {"store": str(store.path.resolve())}},
            "features": {"tokens": {}, "pooled": {"pool": ["words"]}},
            "base": SMALL,
            "models": {
                "emospot": {},
                "MLP": {"model": {"kind": "mlp"}, "candidate": True, "features": ["pooled"]},
                "majority": {"model": {"kind": "majority"}, "features": ["pooled"]},
            },
            "ablations": {"no graph": {"model": {"graph": False}, "features": ["tokens"]}},
            "ablated": "emospot",
            "primary": "emospot",
            "choose_opponent": {"kind": "cross_validation", "folds": 2},
        }
        return parse_study(values | changes, "the study")

    return make


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Jobs of studies run in this process; the list says which did."""
    ran: list[Job] = []
    monkeypatch.setattr(runner._Runner, "_results", in_this_process(ran))
    return ran


def in_this_process(ran: list[Job]) -> Callable[..., object]:
    """What `_Runner._results` is to be, so that jobs run here and are noted in a list."""

    def results(self, jobs):
        for job in jobs:
            ran.append(job)
            values = self.study.model_dump(mode="json")
            yield job, run_job(values, job, self.stores, str(self.out)), ""

    return results

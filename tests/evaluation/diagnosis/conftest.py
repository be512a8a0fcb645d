"""A small model that was trained on planted conversations so that it needs all its parts."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch

from emospot.batch import Example
from emospot.config import load_config, parse_config
from emospot.corpora.planted import read_planted
from emospot.evaluation.diagnosis.diagnose import diagnose
from emospot.evaluation.diagnosis.diagnosis import Diagnosis
from emospot.evaluation.run import labelled_examples
from emospot.features.store import FeatureStore, StoredConversation
from emospot.features.store_writer import StoreWriter
from emospot.model.builder import build_model
from emospot.model.pretrained import PretrainedModel, load_model
from emospot.training.fit import train

# Each modality tells two of four emotions apart, not always; emotions last, so that the
# graph (the only context there is) helps.
WORLD = """
world: easy
dials: {modalities: [words, voice], emotions: 4, groups: 2, strength: 1.5, stay: 0.85, catch: 0.1,
        tokens: 8, turns: [6, 8], length: 2, styles: 1, dim: 6}
dialogues: {train: 60, dev: 10, test: 40}
"""
SETTINGS = [
    "model.width=16", "model.heads=2", "model.graph_heads=2", "model.experts=3",
    "model.expert_rank=4", "model.context=none", "model.kernel_reader=false", "model.dynamics=0",
    "model.own_heads=false", "model.mean_path=false", "model.timing=false", "model.dropout=0.1",
    "model.input_dropout=0", "training.epochs=10", "training.learning_rate=0.01",
    "training.balance_weight=0.1", "training.average_decay=0.9", "training.label_smoothing=0",
]  # fmt: skip


@dataclass(frozen=True)
class World:
    """A store of planted conversations and a run trained on it."""

    store: FeatureStore
    run: Path
    model: PretrainedModel
    examples: list[Example]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("diagnosis")
    (folder / "world.yaml").write_text(WORLD)
    corpus = read_planted(folder / "world.yaml")
    features, labels = corpus.features, corpus.label_set
    with StoreWriter(
        folder / "store", corpus="planted", label_set=labels, features=features
    ) as writer:
        for one in corpus.conversations:
            # What is true stands in for a detector that finds it.
            writer.add(StoredConversation(one.conversation, one.tokens, one.marked))
    store = FeatureStore.open(folder / "store")
    train(store, folder / "run", load_config(None, SETTINGS), seeds=[0])
    model = load_model(folder / "run" / "seed-0" / "model")
    return World(store, folder / "run", model, labelled_examples(store, "test"))


@pytest.fixture(scope="session")
def healthy(world: World) -> Diagnosis:
    return diagnose(world.model, world.examples, draws=3)


@pytest.fixture
def broken(world: World) -> Callable[..., PretrainedModel]:
    """A copy of the trained model, changed by a function without gradients."""

    def make(change: Callable[[torch.nn.Module], None]) -> PretrainedModel:
        recognizer = deepcopy(world.model.recognizer)
        with torch.no_grad():
            change(recognizer)
        return replace(world.model, recognizer=recognizer)

    return make


@pytest.fixture
def without_hotspots() -> Callable[[list[Example]], list[Example]]:
    """The conversations as a store without any detector holds them."""

    def make(examples: list[Example]) -> list[Example]:
        return [replace(e, hotspots=()) for e in examples]

    return make


@pytest.fixture
def first_tokens() -> Callable[[list[Example], str], list[Example]]:
    """The conversations with one token an utterance in a modality."""

    def make(examples: list[Example], modality: str) -> list[Example]:
        return [
            replace(
                e,
                tokens={
                    **e.tokens,
                    modality: [None if t is None else t.part(0, 1) for t in e.tokens[modality]],
                },
            )
            for e in examples
        ]

    return make


@pytest.fixture
def make_model(world: World) -> Callable[..., tuple[PretrainedModel, list[Example]]]:
    """An untrained model of another make, and eight conversations for it."""

    def make(**settings: object) -> tuple[PretrainedModel, list[Example]]:
        torch.manual_seed(0)
        given = {**world.model.config.model_dump(), **settings}
        config = parse_config({"model": given}).model
        dims = {m: world.model.card.features[m].dim for m in config.modalities}
        heads = {task.name: len(task.outputs) for task in world.model.card.heads}
        recognizer = build_model(config, dims, heads).eval()
        model = PretrainedModel(recognizer, config, world.model.card)
        return model, world.examples[:8]

    return make

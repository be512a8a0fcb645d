"""The figures of a training run on a split: each seed, then mean and spread.

A run folder holds one folder a seed (`seed-0`, …) with the model that was best on
dev, and `run.json`, which says how it was trained.
"""

import json
import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emospot.batch import Example
from emospot.emotions import LabelSet
from emospot.errors import ModelError, StoreError
from emospot.evaluation.calibration import expected_calibration_error
from emospot.evaluation.classification import ClassificationScores, classification_scores
from emospot.features.store import FeatureStore
from emospot.model.predict import predict
from emospot.model.pretrained import PretrainedModel, load_model


@dataclass(frozen=True, slots=True)
class SeedEvaluation:
    """The scores of one seed.

    Args:
        seed: of the training.
        scores: of all labelled utterances.
        calibration_error: expected calibration error after temperature.
        answered: share of utterances that are not "unsure".
        accuracy_answered: accuracy over those, or 0 where there is none.
    """

    seed: int
    scores: ClassificationScores
    calibration_error: float
    answered: float
    accuracy_answered: float


@dataclass(frozen=True, slots=True)
class RunEvaluation:
    """All seeds of a run on one split of one store.

    Args:
        split: which split.
        without: modalities that were withheld.
        store_hash: content hash of the store.
        labels: the label set's classes.
        seeds: one entry a seed.
        mean: metric → mean over seeds.
        sd: metric → sample standard deviation over seeds, 0 for one seed.
    """

    split: str
    without: tuple[str, ...]
    store_hash: str
    labels: tuple[str, ...]
    seeds: tuple[SeedEvaluation, ...]
    mean: dict[str, float]
    sd: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, dictionaries and numbers."""
        return asdict(self)


def seed_folders(run: Path) -> list[tuple[int, Path]]:
    """The finished seeds of a run: number and model folder, in order.

    Raises:
        ModelError: if there is none.
    """
    found = sorted(
        (int(folder.parent.name.removeprefix("seed-")), folder)
        for folder in run.glob("seed-*/model")
        if folder.parent.name.removeprefix("seed-").isdigit() and (folder / "model.json").is_file()
    )
    if not found:
        raise ModelError(f"{run} holds no finished training: expected {run}/seed-0/model")
    return found


def evaluate_run(
    run: Path,
    store: FeatureStore,
    split: str = "test",
    *,
    without: Collection[str] = (),
    on_seed: Callable[[SeedEvaluation], None] | None = None,
) -> RunEvaluation:
    """Score every seed of a run.

    Args:
        run: folder made by training.
        store: its features must be those of the training.
        split: "test", "dev" or "train" of the store.
        without: modalities that are withheld, e.g. {"voice"}: words alone.
        on_seed: told of each seed as it is done.

    Raises:
        ModelError: if the run holds no model, or the store does not fit it.
        StoreError: if the split has no labelled utterance.
    """
    seeds = []
    examples: list[Example] = []
    labels = store.label_set
    for number, folder in seed_folders(run):
        model = load_model(folder)
        check_fits(model, store)
        examples = examples or labelled_examples(store, split, without)
        seeds.append(evaluate_model(model, examples, labels, number, f"{split} of {store.path}"))
        if on_seed is not None:
            on_seed(seeds[-1])
    mean, sd = summarise([s.scores for s in seeds])
    return RunEvaluation(
        split, tuple(without), store.content_hash, labels.labels, tuple(seeds), mean, sd
    )


def labelled_examples(
    store: FeatureStore, split: str, without: Collection[str] = ()
) -> list[Example]:
    """The conversations of a split, with some modalities withheld."""
    return [
        Example(
            c.conversation,
            {m: tokens for m, tokens in c.tokens.items() if m not in without},
            c.hotspots,
        )
        for c in store.conversations(split)
    ]


def check_fits(model: PretrainedModel, store: FeatureStore) -> None:
    """Raise ModelError where the store's features or labels are not the model's."""
    model.check_features(store.features, f"the store {store.path}")
    if store.label_set.labels != model.card.labels.labels:
        raise ModelError(
            f"the store {store.path} is labelled with {', '.join(store.label_set.labels)}, "
            f"but the model answers {', '.join(model.card.labels.labels)}: "
            "evaluate on a corpus with the same labels"
        )


def evaluate_model(
    model: PretrainedModel, examples: Sequence[Example], labels: LabelSet, seed: int, where: str
) -> SeedEvaluation:
    """Score one model on conversations."""
    true, probabilities = [], []
    for example, answer in zip(examples, predict(model, examples), strict=True):
        for u, utterance in enumerate(example.conversation.utterances):
            if utterance.label is not None:
                true.append(labels.index(utterance.label))
                probabilities.append(answer.probabilities[u])
    if not true:
        raise StoreError(f"no labelled utterance in {where}")
    expected, found = np.array(true), np.stack(probabilities)
    confidence, correct = found.max(axis=1), found.argmax(axis=1) == expected
    sure = confidence >= model.card.unsure_below
    return SeedEvaluation(
        seed,
        classification_scores(expected, found.argmax(axis=1), labels.labels),
        expected_calibration_error(confidence, correct),
        float(sure.mean()),
        float(correct[sure].mean()) if sure.any() else 0.0,
    )


def summarise(
    scores: Sequence[ClassificationScores],
) -> tuple[dict[str, float], dict[str, float]]:
    """Mean and sample standard deviation of each metric over seeds."""
    rows = [
        {
            "weighted_f1": s.weighted_f1,
            "macro_f1": s.macro_f1,
            "accuracy": s.accuracy,
            "uar": s.uar,
            **{f"f1:{label}": value for label, value in s.f1.items()},
        }
        for s in scores
    ]
    values = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    mean = {name: float(v.mean()) for name, v in values.items()}
    sd = {name: float(v.std(ddof=1)) if len(v) > 1 else 0.0 for name, v in values.items()}
    return mean, sd


def write_evaluation(evaluation: RunEvaluation, path: Path) -> None:
    """Write `evaluation.json`, beside and renamed."""
    temporary = path.with_name(f".{path.name}.part")
    text = json.dumps(evaluation.to_dict(), indent=2, ensure_ascii=False)
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)

"""The figures of a training run on a split: each seed, then mean and spread.

A run folder holds one folder a seed (`seed-0`, …) with the model that was best on
dev, and `run.json`, which says how it was trained.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from emospot.batch import Example
from emospot.emotions import EMOTION, TaskKind
from emospot.errors import ModelError
from emospot.evaluation.answers import main_predictions, predictions_by_task, predictions_of
from emospot.evaluation.calibration import expected_calibration_error
from emospot.evaluation.marks import check_marks_unread
from emospot.evaluation.predictions import Predictions, joined
from emospot.evaluation.task_scores import Scores, task_scores
from emospot.features.store import FeatureStore
from emospot.files import write_file
from emospot.model.names import DESCRIPTION
from emospot.model.pretrained import PretrainedModel, load_model
from emospot.model.withheld import of_modalities


@dataclass(frozen=True, slots=True)
class SeedEvaluation:
    """The scores of one seed.

    Args:
        seed: of the training.
        scores: of the main task, over all utterances whose answer is known.
        calibration_error: expected calibration error after temperature; this
            and the next two are None where the main task is not a single label.
        answered: share of utterances that are not "unsure".
        accuracy_answered: accuracy over those, or 0 where there is none.
        auxiliary: further task → scores, as far as the data know its answers.
    """

    seed: int
    scores: Scores
    calibration_error: float | None
    answered: float | None
    accuracy_answered: float | None
    auxiliary: Mapping[str, Scores] = field(default_factory=dict)

    def metrics(self) -> dict[str, float]:
        """Metric → value, those of a further task as "TASK:metric"."""
        return self.scores.metrics() | {
            f"{task}:{name}": value
            for task, scores in self.auxiliary.items()
            for name, value in scores.metrics().items()
        }


@dataclass(frozen=True, slots=True)
class RunEvaluation:
    """All seeds of a run on one split of one store.

    Args:
        split: which split.
        without: modalities that were withheld.
        store_hash: content hash of the store.
        labels: the main task's outputs: the label set's classes, usually.
        seeds: one entry a seed.
        mean: metric → mean over seeds.
        sd: metric → sample standard deviation over seeds, 0 for one seed.
        task: the main task.
        kind: "single", "several" or "number".
    """

    split: str
    without: tuple[str, ...]
    store_hash: str
    labels: tuple[str, ...]
    seeds: tuple[SeedEvaluation, ...]
    mean: dict[str, float]
    sd: dict[str, float]
    task: str = EMOTION
    kind: TaskKind = "single"

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, dictionaries and numbers."""
        return asdict(self)


def seed_folders(run: Path) -> list[tuple[int, Path]]:
    """The finished seeds of a run: number and model folder, in order.

    A model's own folder counts as a run of one seed: that of its place in a run, or 0.

    Raises:
        ModelError: if there is none.
    """
    if (run / DESCRIPTION).is_file():
        return [(_seed_of(run) or 0, run)]
    found = sorted(
        (seed, folder)
        for folder in run.glob("seed-*/model")
        if (seed := _seed_of(folder)) is not None and (folder / DESCRIPTION).is_file()
    )
    if not found:
        raise ModelError(f"{run} holds no finished training: expected {run}/seed-0/model")
    return found


def _seed_of(model: Path) -> int | None:
    """The seed of a model's folder by the name of the folder around it."""
    name = model.parent.name
    number = name.removeprefix("seed-")
    return int(number) if name.startswith("seed-") and number.isdigit() else None


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
    for number, model, examples in _seeds(run, store, split, without):
        seeds.append(evaluate_model(model, examples, number, f"{split} of {store.path}"))
        if on_seed is not None:
            on_seed(seeds[-1])
    main = model.card.main
    mean, sd = summarise(seeds)
    return RunEvaluation(
        split,
        tuple(without),
        store.content_hash,
        main.outputs,
        tuple(seeds),
        mean,
        sd,
        main.name,
        main.kind,
    )


def run_predictions(
    run: Path, store: FeatureStore, split: str = "test", *, without: Collection[str] = ()
) -> Predictions:
    """The answers of all seeds of a run, utterance by utterance, to compare runs by.

    Args:
        run: folder made by training.
        store: as in `evaluate_run`.
        split: as in `evaluate_run`.
        without: as in `evaluate_run`.

    Raises:
        ModelError: as `evaluate_run`.
        StoreError: as `evaluate_run`.
    """
    where = f"{split} of {store.path}"
    return joined(
        [
            predictions_of(model, examples, where=where)
            for _, model, examples in _seeds(run, store, split, without)
        ]
    )


def _seeds(
    run: Path, store: FeatureStore, split: str, without: Collection[str]
) -> Iterator[tuple[int, PretrainedModel, list[Example]]]:
    examples: list[Example] = []
    for number, folder in seed_folders(run):
        model = load_model(folder)
        check_fits(model, store)
        examples = examples or labelled_examples(store, split, without)
        yield number, model, examples


def labelled_examples(
    store: FeatureStore, split: str, without: Collection[str] = ()
) -> list[Example]:
    """The conversations of a split, with some modalities withheld."""
    found = (Example(c.conversation, c.tokens, c.hotspots) for c in store.conversations(split))
    return [of_modalities(one, one.tokens.keys() - without) for one in found]


def check_fits(model: PretrainedModel, store: FeatureStore) -> None:
    """Whether a model can answer for what a store holds.

    Raises:
        ModelError: if its features or labels are not the model's.
        ConfigError: if the model would read marks as its hotspots.
    """
    model.check_features(store.features, f"the store {store.path}")
    main = model.card.main
    if not main.targets and store.label_set.labels != main.outputs:
        raise ModelError(
            f"the store {store.path} is labelled with {', '.join(store.label_set.labels)}, "
            f"but the model answers {', '.join(main.outputs)}: "
            "evaluate on a corpus with the same labels"
        )
    check_marks_unread(store, model.config)


def evaluate_model(
    model: PretrainedModel, examples: Sequence[Example], seed: int, where: str
) -> SeedEvaluation:
    """Score one model on conversations.

    Args:
        model: its main task is scored, and further ones where the answer is known.
        examples: the conversations.
        seed: of the training, noted in the result.
        where: what holds the conversations, for the message.

    Raises:
        StoreError: if the main task's answer is known for no utterance.
    """
    by_task = predictions_by_task(model, examples)
    found = main_predictions(model, by_task, where)
    auxiliary = {
        name: task_scores(other.task, other.true, other.predicted[0])
        for name, other in by_task.items()
        if other is not found
    }
    scores = task_scores(found.task, found.true, found.predicted[0])
    if found.task.kind != "single" or found.probabilities is None:
        return SeedEvaluation(seed, scores, None, None, None, auxiliary)
    confidence, correct = found.probabilities[0].max(axis=1), found.predicted[0] == found.true
    thresholds = found.unsure_below
    sure = confidence >= (0.0 if thresholds is None else thresholds[0])
    return SeedEvaluation(
        seed,
        scores,
        expected_calibration_error(confidence, correct),
        float(sure.mean()),
        float(correct[sure].mean()) if sure.any() else 0.0,
        auxiliary,
    )


def summarise(
    scores: Sequence[Scores | SeedEvaluation],
) -> tuple[dict[str, float], dict[str, float]]:
    """Mean and sample standard deviation of each metric over seeds."""
    rows = [s.metrics() for s in scores]
    values = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    mean = {name: float(v.mean()) for name, v in values.items()}
    sd = {name: float(v.std(ddof=1)) if len(v) > 1 else 0.0 for name, v in values.items()}
    return mean, sd


def write_evaluation(evaluation: RunEvaluation, path: Path) -> None:
    """Write `evaluation.json`.

    Raises:
        EmospotError: if it cannot be written; an older file is left as it was.
    """
    text = json.dumps(evaluation.to_dict(), indent=2, ensure_ascii=False)
    write_file(path, text.encode(), "the evaluation")

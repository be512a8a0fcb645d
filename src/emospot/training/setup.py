"""What stands before the first step of a training: the model, and its loop over the data."""

from collections.abc import Callable, Mapping, Sequence

import torch

from emospot.config import Config
from emospot.emotions import NEUTRAL, Task
from emospot.errors import ModelError, UsageError
from emospot.features.base import FeatureDescription
from emospot.features.store import FeatureStore
from emospot.model.builder import build_model
from emospot.model.emotion_model import EmotionModel
from emospot.training.data import (
    ConversationData,
    Split,
    class_counts,
    input_statistics,
    known_answers,
    readings,
    transition_counts,
)
from emospot.training.losses import balanced_weights, log_odds, log_prior, presence_weights
from emospot.training.module import EmotionModule
from emospot.training.spread import batch_count


def untrained_model(
    split: Split, config: Config, tasks: Sequence[Task], dims: Mapping[str, int], seed: int
) -> EmotionModel:
    """A model with its initial weights and what it must know of the training data."""
    torch.manual_seed(seed)
    model = build_model(config.model, dims, {task.name: len(task.outputs) for task in tasks})
    if config.training.standardise:
        for modality, dim in dims.items():
            model.set_input_statistics(modality, *input_statistics(split.train, modality, dim))
    for task in tasks:
        if task.kind == "number":
            continue  # its prior is 0, its mean
        counts, total = class_counts(split.train, task), len(known_answers(split.train, task))
        resting = task.outputs.index(NEUTRAL) if NEUTRAL in task.outputs else None
        model.set_classes(task.name, counts / max(1, total), resting)
        if task.kind == "several":
            model.set_prior(task.name, log_odds(counts, total))
            continue
        model.set_prior(task.name, log_prior(counts))
        model.set_transitions(task.name, transition_counts(split.train, task))
        if task.name in model.readers:
            model.fit_reader(task.name, *readings(split.train, dims, task))
    return model


def training_loop(
    model: EmotionModel,
    split: Split,
    config: Config,
    tasks: Sequence[Task],
    dims: dict[str, int],
    seed: int,
    tell: Callable[[Mapping[str, float]], None] = lambda line: None,
    processes: int = 1,
) -> tuple[EmotionModule, ConversationData]:
    """What Lightning trains a model by gradient with.

    Args:
        model: with its initial weights.
        split: what to learn from and to choose on.
        config: the recipe.
        tasks: what is learned, the main one first.
        dims: modality → numbers a token, in the order of the model.
        seed: of every random choice.
        tell: told the line of the history after every epoch.
        processes: that share each batch.

    Raises:
        UsageError: if there are fewer conversations than epochs, or processes, that share
            them.
    """
    batch_size = config.training.batch_size
    parts = config.training.epochs if config.training.each_once else 1
    seen = len(split.train) // parts
    if not seen:
        raise UsageError(
            f"{len(split.train)} training conversations cannot be shared by {parts} epochs: leave "
            "training.each_once out"
        )
    if seen < processes:
        raise UsageError(
            f"{seen} training conversations an epoch cannot be shared by {processes} processes: "
            "start fewer"
        )
    module = EmotionModule(
        model,
        config.training,
        tasks,
        seed=seed,
        steps_an_epoch=batch_count(seen, batch_size, processes),
        class_weights=_class_weights(split, tasks[0]) if config.training.class_weights else None,
        tell=tell,
    )
    return module, ConversationData(split, dims, tasks, batch_size, seed, parts)


def _class_weights(split: Split, main: Task) -> torch.Tensor | None:
    """What makes rare labels weigh as much as frequent ones; None for a number."""
    if main.kind == "number":
        return None
    counts = class_counts(split.train, main)
    if main.kind == "single":
        return balanced_weights(counts)
    return presence_weights(counts, len(known_answers(split.train, main)))


def features_read(store: FeatureStore, config: Config) -> dict[str, FeatureDescription]:
    """Modality → what a configuration reads of a store.

    Raises:
        ModelError: if the store lacks one.
    """
    missing = [m for m in config.model.modalities if m not in store.features]
    if missing:
        raise ModelError(
            f'the configuration reads "{missing[0]}", but {store.path} has features of '
            f"{', '.join(store.features)} only: import that modality, or set model.modalities"
        )
    return {m: store.features[m] for m in config.model.modalities}

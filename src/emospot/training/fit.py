"""Training of a run: one model a seed, its epoch chosen on dev.

A run folder holds

    run.json               configuration, store hash, dev conversations, versions
    seed-N/last.ckpt       while training: everything needed to go on
    seed-N/model/          the weights that were best on dev, with their card
    seed-N/result.json     dev score, epoch, learning curve
    metrics.json           all seeds
"""

import json
import logging
import os
import platform
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint

import emospot
from emospot.config import Config
from emospot.errors import ModelError, UsageError
from emospot.evaluation.calibration import fit_temperature, softmax, unsure_threshold
from emospot.features.store import FeatureStore
from emospot.model.builder import build_recognizer
from emospot.model.predict import predict
from emospot.model.pretrained import ModelCard, PretrainedModel, renamed, save_model
from emospot.training.checkpoint import AtomicCheckpointIO
from emospot.training.data import (
    ConversationData,
    Split,
    class_counts,
    input_statistics,
    load_split,
)
from emospot.training.losses import balanced_weights, log_prior
from emospot.training.module import EmotionModule

LAST = "last.ckpt"


@dataclass(frozen=True, slots=True)
class EpochReport:
    """What is told after each epoch: seed, epoch, of how many, loss and dev w-F1."""

    seed: int
    epoch: int
    epochs: int
    loss: float
    dev_weighted_f1: float


@dataclass(frozen=True, slots=True)
class SeedResult:
    """One trained seed.

    Args:
        seed: of every random choice.
        dev_weighted_f1: of the chosen epoch, averaged weights.
        epoch: the chosen epoch, from 0.
        epochs_run: epochs trained before the early stop.
        temperature: chosen on dev.
        unsure_below: chosen on dev.
        seconds: of training in this process.
        history: loss and dev scores of every epoch.
    """

    seed: int
    dev_weighted_f1: float
    epoch: int
    epochs_run: int
    temperature: float
    unsure_below: float
    seconds: float
    history: tuple[Mapping[str, float], ...]


def train(
    store: FeatureStore,
    out: Path,
    config: Config,
    *,
    seeds: Sequence[int] = (0,),
    resume: bool = False,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> list[SeedResult]:
    """Train one model a seed on the training conversations of a store.

    Args:
        store: labelled conversations with features.
        out: the run's folder, made if absent.
        config: sizes and recipe; where it does not name modalities, all of
            the store's are read.
        seeds: of initial weights, order of conversations and dropout.
        resume: go on with an interrupted run; finished seeds are kept.
        on_epoch: told after each epoch.

    Raises:
        UsageError: if `out` already holds a run and `resume` is not set, or the
            run was started with another configuration or store.
        ModelError: if the store lacks a modality of the configuration.
    """
    if "modalities" not in config.model.model_fields_set:
        model = config.model.model_copy(update={"modalities": tuple(store.features)})
        config = config.model_copy(update={"model": model})
    split = load_split(store, config.training)
    _open_run(out, store, config, split, resume=resume)
    results = []
    for seed in seeds:
        done = out / f"seed-{seed}" / "result.json"
        if done.is_file():
            results.append(SeedResult(**json.loads(done.read_text(encoding="utf-8"))))
            continue
        results.append(train_seed(store, split, out / f"seed-{seed}", config, seed, on_epoch))
    write_json(out / "metrics.json", _metrics(results))
    return results


def train_seed(
    store: FeatureStore,
    split: Split,
    folder: Path,
    config: Config,
    seed: int,
    on_epoch: Callable[[EpochReport], None] | None,
) -> SeedResult:
    """Train, calibrate and save one model; goes on from `last.ckpt` if there is one."""
    started = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    module, data = _prepare(store, split, config, seed)
    last = folder / LAST
    with _quiet():
        trainer = _trainer(folder, config, [_Reporter(on_epoch)] if on_epoch else [])
        trainer.fit(module, data, ckpt_path=str(last) if last.is_file() else None)
    module.recognizer.load_state_dict(module.best["weights"])
    card = ModelCard(folder.parent.name, store.label_set, _features(store, config))
    model = PretrainedModel(module.recognizer.cpu().eval(), config.model, card)
    model = calibrated(model, split, float(module.best["score"]))
    save_model(model, folder / "model")
    result = SeedResult(
        seed=seed,
        dev_weighted_f1=float(module.best["score"]),
        epoch=int(module.best["epoch"]),
        epochs_run=len(module.history),
        temperature=model.card.temperature,
        unsure_below=model.card.unsure_below,
        seconds=time.monotonic() - started,
        history=tuple(module.history),
    )
    write_json(folder / "result.json", asdict(result))
    last.unlink(missing_ok=True)
    return result


def _prepare(
    store: FeatureStore, split: Split, config: Config, seed: int
) -> tuple[EmotionModule, ConversationData]:
    labels = store.label_set
    torch.manual_seed(seed)
    dims = {m: f.dim for m, f in _features(store, config).items()}
    recognizer = build_recognizer(config.model, dims, {"emotion": len(labels)})
    counts = class_counts(split.train, labels)
    for modality, dim in dims.items():
        recognizer.set_input_statistics(modality, *input_statistics(split.train, modality, dim))
    recognizer.set_prior("emotion", log_prior(counts))
    batch_size = config.training.batch_size
    module = EmotionModule(
        recognizer,
        config.training,
        labels,
        seed=seed,
        steps_an_epoch=-(-len(split.train) // batch_size),
        class_weights=balanced_weights(counts) if config.training.class_weights else None,
    )
    return module, ConversationData(split, dims, labels, batch_size, seed)


def _features(store: FeatureStore, config: Config) -> dict[str, Any]:
    missing = [m for m in config.model.modalities if m not in store.features]
    if missing:
        raise ModelError(
            f'the configuration reads "{missing[0]}", but {store.path} has features of '
            f"{', '.join(store.features)} only: import that modality, or set model.modalities"
        )
    return {m: store.features[m] for m in config.model.modalities}


def _trainer(folder: Path, config: Config, callbacks: list[Callback]) -> lightning.Trainer:
    keep = ModelCheckpoint(
        dirpath=folder,
        filename=Path(LAST).stem,
        save_top_k=1,
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )
    stop = EarlyStopping(
        "dev_weighted_f1", mode="max", patience=config.training.patience, check_finite=False
    )
    return lightning.Trainer(
        max_epochs=config.training.epochs,
        gradient_clip_val=config.training.gradient_clip,
        callbacks=[keep, stop, *callbacks],
        plugins=[AtomicCheckpointIO()],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        deterministic="warn",
        accelerator="auto",
        devices=1,
    )


class _Reporter(Callback):
    """Tells of each epoch."""

    def __init__(self, on_epoch: Callable[[EpochReport], None]) -> None:
        self.on_epoch = on_epoch

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Called by Lightning when dev is scored."""
        last = pl_module.history[-1]
        self.on_epoch(
            EpochReport(
                pl_module.seed,
                int(last["epoch"]),
                pl_module.config.epochs,
                last["loss"],
                last["dev_weighted_f1"],
            )
        )


def calibrated(model: PretrainedModel, split: Split, score: float) -> PretrainedModel:
    """The model with temperature and "unsure" threshold chosen on dev."""
    labels = model.card.labels
    logits, true = [], []
    for example, answer in zip(split.dev, predict(model, split.dev), strict=True):
        for u, utterance in enumerate(example.conversation.utterances):
            if utterance.label is not None:
                logits.append(answer.logits[u])
                true.append(labels.index(utterance.label))
    found, expected = np.stack(logits), np.array(true)
    temperature = fit_temperature(found, expected)
    probabilities = softmax(found / temperature)
    correct = probabilities.argmax(axis=1) == expected
    return renamed(
        model,
        temperature=temperature,
        unsure_below=unsure_threshold(probabilities.max(axis=1), correct),
        scores={"dev_weighted_f1": score},
    )


def _open_run(
    out: Path, store: FeatureStore, config: Config, split: Split, *, resume: bool
) -> None:
    path = out / "run.json"
    wanted = {
        "config": config.model_dump(mode="json"),
        "store": store.content_hash,
        "dev": sorted(e.conversation.id for e in split.dev),
    }
    if path.is_file():
        if not resume:
            raise UsageError(
                f"{out} already holds a run: "
                "add --resume to go on with it, or choose another --out"
            )
        found = json.loads(path.read_text(encoding="utf-8"))
        changed = [key for key in wanted if found.get(key) != wanted[key]]
        if changed:
            raise UsageError(
                f"{out} was started with another {' and '.join(changed)}: "
                "resume with the same store and settings, or choose another --out"
            )
        return
    out.mkdir(parents=True, exist_ok=True)
    versions = {
        "emospot": emospot.__version__,
        "torch": torch.__version__,
        "lightning": lightning.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
    write_json(path, {**wanted, "versions": versions, "machine": platform.platform()})


def _metrics(results: Sequence[SeedResult]) -> dict[str, Any]:
    scores = np.array([r.dev_weighted_f1 for r in results])
    return {
        "dev_weighted_f1": {
            "mean": float(scores.mean()),
            "sd": float(scores.std(ddof=1)) if len(scores) > 1 else 0.0,
        },
        "seeds": [asdict(r) for r in results],
    }


def write_json(path: Path, value: Any) -> None:
    """Write JSON beside and rename it."""
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(json.dumps(value, indent=2, ensure_ascii=False), encoding="utf-8")
    os.replace(temporary, path)


class _quiet:  # noqa: N801
    """Without Lightning's banners and hints, which are not for our users."""

    def __enter__(self) -> None:
        self.logger = logging.getLogger("lightning.pytorch")
        self.level = self.logger.level
        self.logger.setLevel(logging.ERROR)
        self.catcher = warnings.catch_warnings()
        self.catcher.__enter__()
        warnings.simplefilter("ignore")

    def __exit__(self, *error: object) -> None:
        self.catcher.__exit__(None, None, None)
        self.logger.setLevel(self.level)

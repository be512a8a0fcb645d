"""Training of a run: one model a seed, its epoch chosen on dev.

A run folder holds

    run.json               configuration, store hash, dev conversations, versions
    seed-N/last.ckpt       while training: everything needed to go on
    seed-N/model/          the weights that were best on dev, with their card
    seed-N/result.json     dev score, epoch, learning curve
    metrics.json           all seeds
"""

import json
import math
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint

import emospot
from emospot.config import BaselineConfig, Config, as_written, parse_config
from emospot.emotions import Task
from emospot.errors import ConfigError, ModelError, UsageError
from emospot.features.store import FeatureStore
from emospot.files import write_json
from emospot.hotspots.marks import is_marks
from emospot.model.baselines.utterance_model import UtteranceModel
from emospot.model.emotion_model import EmotionModel
from emospot.model.pretrained import ModelCard, PretrainedModel, save_model
from emospot.training.calibrate import calibrated
from emospot.training.checkpoint import AtomicCheckpointIO
from emospot.training.checks import check_hotspots
from emospot.training.closed_form import Fitted, fit_closed_form
from emospot.training.data import Split, learned_tasks, load_split, recording_ranges
from emospot.training.module import CHOICE
from emospot.training.quiet import quiet
from emospot.training.results import EpochReport, SeedResult, run_metrics
from emospot.training.setup import features_read, training_loop, untrained_model
from emospot.training.spread import Spread

LAST = "last.ckpt"


def train(
    store: FeatureStore,
    out: Path,
    config: Config,
    *,
    seeds: Sequence[int] = (0,),
    resume: bool = False,
    on_epoch: Callable[[EpochReport], None] | None = None,
    spread: Spread | None = None,
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
        spread: over several processes; None: one. Lightning then starts this program
            once more for each of the others, and only the first writes.

    Raises:
        UsageError: if `out` already holds a run and `resume` is not set, or the
            run was started with another configuration or store.
        ModelError: if the store lacks a modality of the configuration.
    """
    if "modalities" not in config.model.model_fields_set:
        model = config.model.model_copy(update={"modalities": tuple(store.features)})
        config = config.model_copy(update={"model": model})
    check_hotspots(store, config)
    split = load_split(store, config.training)
    spread = spread or Spread()
    if spread.is_first:
        _open_run(out, store, config, split, resume=resume)
    results = []
    for seed in seeds:
        done = out / f"seed-{seed}" / "result.json"
        if done.is_file():
            results.append(SeedResult(**json.loads(done.read_text(encoding="utf-8"))))
            continue
        folder = out / f"seed-{seed}"
        results.append(train_seed(store, split, folder, config, seed, on_epoch, spread))
    if spread.is_first:
        write_json(out / "metrics.json", run_metrics(results))
    return results


def train_seed(
    store: FeatureStore,
    split: Split,
    folder: Path,
    config: Config,
    seed: int,
    on_epoch: Callable[[EpochReport], None] | None,
    spread: Spread | None = None,
) -> SeedResult:
    """Train, calibrate and save one model; goes on from `last.ckpt` if there is one."""
    started = time.monotonic()
    spread = spread or Spread()
    on_epoch = on_epoch if spread.is_first else None
    folder.mkdir(parents=True, exist_ok=True)
    tasks = learned_tasks(split.train, store.label_set, config.training.tasks)
    features = features_read(store, config)
    dims = {m: feature.dim for m, feature in features.items()}
    untrained = untrained_model(split, config, tasks, dims, seed)
    if isinstance(config.model, BaselineConfig) and config.model.closed_form:
        fitted = _fit_at_once(untrained, split, config, tasks, dims, seed, on_epoch)
    else:
        fitted = _fit_by_steps(
            untrained, split, folder, config, tasks, dims, seed, on_epoch, spread
        )
    pooled = [m for m, feature in features.items() if feature.pooled]
    card = ModelCard(
        folder.parent.name,
        tasks[0].labels,
        features,
        tasks=tasks,
        recordings=recording_ranges(split.train, pooled),
        detectors={m: d for m, d in store.detectors.items() if m in features and not is_marks(d)},
    )
    model = PretrainedModel(untrained.cpu().eval(), config.model, card)
    model = calibrated(model, split, fitted.score)
    result = SeedResult(
        seed=seed,
        dev_weighted_f1=None if tasks[0].kind == "number" or not split.dev else fitted.score,
        epoch=fitted.epoch,
        epochs_run=len(fitted.history),
        temperature=model.card.temperature,
        unsure_below=model.card.unsure_below,
        seconds=time.monotonic() - started,
        history=fitted.history,
        dev_mae=-fitted.score if tasks[0].kind == "number" and split.dev else None,
    )
    if spread.is_first:
        save_model(model, folder / "model")
        write_json(folder / "result.json", asdict(result))
        (folder / LAST).unlink(missing_ok=True)
    return result


def _fit_at_once(
    model: EmotionModel,
    split: Split,
    config: Config,
    tasks: Sequence[Task],
    dims: dict[str, int],
    seed: int,
    on_epoch: Callable[[EpochReport], None] | None,
) -> Fitted:
    if len(tasks) > 1:
        raise UsageError(
            f"{config.model.kind} learns one task, found {', '.join(t.name for t in tasks)}: "
            "set training.tasks"
        )

    def tell(figures: Mapping[str, float], count: int) -> None:
        _report(on_epoch, seed, count, figures)

    baseline = cast(UtteranceModel, model)
    return fit_closed_form(baseline, config, split, dims, tasks[0], tell)


def _fit_by_steps(
    model: EmotionModel,
    split: Split,
    folder: Path,
    config: Config,
    tasks: Sequence[Task],
    dims: dict[str, int],
    seed: int,
    on_epoch: Callable[[EpochReport], None] | None,
    spread: Spread,
) -> Fitted:
    """Train by gradient; `model` then has the weights that were best on dev."""
    spread.check(model, config.training.batch_size)
    module, data = training_loop(
        model,
        split,
        config,
        tasks,
        dims,
        seed,
        lambda line: _report(on_epoch, seed, config.training.epochs, line),
        spread.processes,
    )
    last = folder / LAST
    with quiet():
        trainer = _trainer(folder, config, spread)
        trainer.fit(module, data, ckpt_path=str(last) if last.is_file() else None)
    if not math.isfinite(module.best["score"]):
        raise ModelError(
            f"no epoch of seed {seed} gave finite answers on dev: set training.learning_rate lower"
        )
    model.load_state_dict(module.best["weights"])
    return Fitted(float(module.best["score"]), int(module.best["epoch"]), tuple(module.history))


def _trainer(folder: Path, config: Config, spread: Spread) -> lightning.Trainer:
    keep = ModelCheckpoint(
        dirpath=folder,
        filename=Path(LAST).stem,
        save_top_k=1,
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )
    callbacks: list[Callback] = [keep]
    if config.training.choose == "dev":
        patience = config.training.patience
        callbacks.append(EarlyStopping(CHOICE, mode="max", patience=patience, check_finite=False))
    return lightning.Trainer(
        max_epochs=config.training.epochs,
        gradient_clip_val=config.training.gradient_clip,
        callbacks=callbacks,
        plugins=[AtomicCheckpointIO()],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        deterministic="warn",
        accelerator="auto",
        devices=spread.devices,
        num_nodes=spread.nodes,
        strategy=spread.strategy(),
        sync_batchnorm=spread.processes > 1 and torch.cuda.is_available(),
        use_distributed_sampler=False,  # each process takes its share by itself
    )


def _report(
    on_epoch: Callable[[EpochReport], None] | None,
    seed: int,
    epochs: int,
    line: Mapping[str, float],
) -> None:
    """Tell of an epoch by its line of the history."""
    if on_epoch is not None:
        epoch, loss = int(line["epoch"]), line["loss"]
        dev = line.get("dev_weighted_f1"), line.get("dev_mae")
        on_epoch(EpochReport(seed, epoch, epochs, loss, *dev))


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
        found["config"] = _completed(found.get("config"))
        changed = [what for key in wanted for what in _changes(key, found.get(key), wanted[key])]
        if changed:
            raise UsageError(
                f"{out} was started with another {', '.join(changed)}: "
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


def _changes(name: str, before: Any, now: Any) -> list[str]:
    """What differs, by name: sections key by key, with the value before.

    >>> _changes("config", {"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}})
    ['config.a.c (2)']
    """
    if before == now:
        return []
    if not (isinstance(before, dict) and isinstance(now, dict)):
        return [name if isinstance(now, list) or name == "store" else f"{name} ({before})"]
    keys = dict.fromkeys((*before, *now))
    return [w for k in keys for w in _changes(f"{name}.{k}", before.get(k), now.get(k))]


def _completed(config: Any) -> Any:
    """A configuration as it would be written today: older ones lack the newer keys."""
    try:
        return parse_config({**config, "model": as_written(config["model"])}).model_dump(
            mode="json"
        )
    except (ConfigError, KeyError, TypeError):
        return config

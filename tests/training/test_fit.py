"""Training learns, repeats itself, resumes after a kill, and never reads test."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from emospot.config import parse_config
from emospot.errors import ModelError, UsageError
from emospot.evaluation.run import evaluate_run
from emospot.features.store import FeatureStore
from emospot.training.fit import train

SETTINGS = {
    "model": {
        "width": 16,
        "heads": 2,
        "graph_heads": 2,
        "experts": 2,
        "top_k": 1,
        "context_layers": 1,
        "expert_rank": 2,
        "graph_past": 2,
        "graph_future": 2,
    },
    "training": {
        "epochs": 5,
        "patience": 5,
        "batch_size": 4,
        "learning_rate": 5e-3,
        "average_decay": 0.8,
    },
}
CONFIG = parse_config(SETTINGS)


def _weights(run: Path, seed: int = 0) -> dict[str, torch.Tensor]:
    return load_file(run / f"seed-{seed}" / "model" / "model.safetensors")


def _same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_learns_and_two_runs_are_equal_and_two_seeds_are_not(make_store, tmp_path: Path) -> None:
    store = make_store()
    config = parse_config(
        {"model": SETTINGS["model"], "training": {**SETTINGS["training"], "epochs": 15}}
    )
    reports = []
    train(store, tmp_path / "a", config, seeds=(0, 1), on_epoch=reports.append)
    train(store, tmp_path / "b", config, seeds=(0,))
    assert _same(_weights(tmp_path / "a"), _weights(tmp_path / "b"))
    assert not _same(_weights(tmp_path / "a", 0), _weights(tmp_path / "a", 1))
    first = [r.epoch for r in reports if r.seed == 0]
    assert first == list(range(len(first)))
    assert reports[-1].loss < reports[0].loss
    evaluation = evaluate_run(tmp_path / "a", store)
    # Chance is a third.
    assert evaluation.mean["weighted_f1"] > 0.55
    metrics = json.loads((tmp_path / "a" / "metrics.json").read_text())
    assert len(metrics["seeds"]) == 2


def test_shuffled_test_labels_change_no_weight(make_store, tmp_path: Path) -> None:
    train(make_store("one"), tmp_path / "a", CONFIG)
    train(make_store("two", test_seed=500), tmp_path / "b", CONFIG)
    assert _same(_weights(tmp_path / "a"), _weights(tmp_path / "b"))


KILLED = """
import json, sys, time
from pathlib import Path
from emospot.config import parse_config
from emospot.features.store import FeatureStore
from emospot.training.fit import train
def slowly(report):
    print(report.epoch, flush=True)
    time.sleep(0.3)
store, config = FeatureStore.open(Path(sys.argv[1])), parse_config(json.loads(sys.argv[3]))
train(store, Path(sys.argv[2]), config, resume=True, on_epoch=slowly)
"""


@pytest.mark.parametrize("epoch", [1, 3])
def test_killed_and_resumed_equals_uninterrupted(make_store, tmp_path: Path, epoch: int) -> None:
    store = make_store()
    train(store, tmp_path / "whole", CONFIG)
    run = tmp_path / "killed"
    arguments = [sys.executable, "-c", KILLED, str(store.path), str(run), json.dumps(SETTINGS)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if int(line) >= epoch:
                time.sleep(0.05 * epoch)
                os.kill(process.pid, signal.SIGKILL)
                break
    assert (run / "seed-0" / "last.ckpt").is_file()
    assert not (run / "seed-0" / "model").exists()
    epochs = []
    train(store, run, CONFIG, resume=True, on_epoch=lambda r: epochs.append(r.epoch))
    assert epochs[0] >= epoch
    assert _same(_weights(tmp_path / "whole"), _weights(run))
    assert not (run / "seed-0" / "last.ckpt").exists()


def test_a_finished_run_is_not_overwritten_nor_mixed(make_store, tmp_path: Path) -> None:
    store = make_store()
    train(store, tmp_path / "run", CONFIG)
    with pytest.raises(UsageError, match="already holds a run"):
        train(store, tmp_path / "run", CONFIG)
    other = parse_config({**SETTINGS, "training": {"epochs": 2}})
    with pytest.raises(UsageError, match="another config"):
        train(store, tmp_path / "run", other, resume=True)
    again = train(store, tmp_path / "run", CONFIG, resume=True)
    assert again[0].epochs_run <= 5


def test_a_modality_that_the_store_lacks_is_named(make_store, tmp_path: Path) -> None:
    config = parse_config({"model": {**SETTINGS["model"], "modalities": ["words", "face"]}})
    with pytest.raises(ModelError, match='"face"'):
        train(make_store(), tmp_path / "run", config)


def test_modalities_default_to_those_of_the_store(make_store, tmp_path: Path) -> None:
    train(make_store(), tmp_path / "run", CONFIG)
    described = json.loads((tmp_path / "run/seed-0/model/model.json").read_text())
    assert described["model"]["modalities"] == ["words", "voice"]
    assert 0.05 <= described["card"]["temperature"] <= 20


def test_another_stores_features_are_refused(make_store, tmp_path: Path) -> None:
    store: FeatureStore = make_store()
    train(store, tmp_path / "run", CONFIG)
    voice = replace(store.features["voice"], extractor="whistle")
    manifest = replace(store.manifest, features={**store.features, "voice": voice})
    with pytest.raises(ModelError, match=r"whistle.*hum"):
        evaluate_run(tmp_path / "run", FeatureStore(store.path, manifest))

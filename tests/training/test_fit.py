"""Training learns, repeats itself, resumes after a kill, and never reads test."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import pytest
import torch
from safetensors.torch import load_file

from emospot.config import BaselineKind, parse_config
from emospot.emotions import emotion_task
from emospot.errors import ConfigError, ModelError, UsageError
from emospot.evaluation.run import evaluate_run
from emospot.features.store import FeatureStore
from emospot.model.emotion_dynamics import transition_log_ratio
from emospot.model.pretrained import load_model
from emospot.training.data import load_split, transition_counts
from emospot.training.fit import train

GRAPH_BASELINES = ("mmgcn", "cogmen", "corect")
BASELINES = [
    kind
    for kind in get_args(BaselineKind)
    if kind not in GRAPH_BASELINES or find_spec(f"emospot.model.baselines.{kind}")
]
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


@pytest.mark.slow
@pytest.mark.untraced
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
    assert set(load_model(tmp_path / "a" / "seed-0" / "model").card.recordings) == {"voice"}
    first = [r.epoch for r in reports if r.seed == 0]
    assert first == list(range(len(first)))
    assert reports[-1].loss < reports[0].loss
    evaluation = evaluate_run(tmp_path / "a", store)
    # Chance is a third.
    assert evaluation.mean["weighted_f1"] > 0.55
    metrics = json.loads((tmp_path / "a" / "metrics.json").read_text())
    assert len(metrics["seeds"]) == 2


def test_the_dynamics_are_counted_over_what_is_learned_from(make_store, tmp_path: Path) -> None:
    store = make_store()
    train(store, tmp_path / "run", CONFIG)
    split = load_split(store, CONFIG.training)
    counts = transition_counts(split.train, emotion_task(store.label_set))
    found = _weights(tmp_path / "run")["dynamics.emotion.log_ratio"]
    assert counts.sum() > 0
    assert torch.equal(found, transition_log_ratio(counts))


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
    with pytest.raises(UsageError, match=r"another config\.training\.epochs \(5\), "):
        train(store, tmp_path / "run", other, resume=True)
    again = train(store, tmp_path / "run", CONFIG, resume=True)
    assert again[0].epochs_run <= 5


def test_a_modality_that_the_store_lacks_is_named(make_store, tmp_path: Path) -> None:
    config = parse_config({"model": {**SETTINGS["model"], "modalities": ["words", "face"]}})
    with pytest.raises(ModelError, match='"face"'):
        train(make_store(), tmp_path / "run", config)


def test_in_one_vector_an_utterance_there_is_no_moment(make_store, tmp_path: Path) -> None:
    config = parse_config(
        {"model": {"modalities": ["words", "voice"], "learned_hotspots": ["voice"]}}
    )
    with pytest.raises(ConfigError, match="voice, of which the store has one vector an utterance"):
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


@pytest.mark.parametrize("kind", BASELINES)
def test_every_baseline_trains_and_is_evaluated_like_the_model(
    make_store, tmp_path: Path, kind: str
) -> None:
    sizes = {
        "mlp": {"width": 20, "dropout": 0.1},
        "contextual_gru": {"width": 20, "dropout": 0.1},
        "dialogue_rnn": {"width": 40},
        "mmgcn": {"width": 20, "layers": 4},
        "cogmen": {"width": 20, "heads": 2, "dropout": 0.1},
        "corect": {"width": 20, "heads": 2, "dropout": 0.1},
        "cross_modal_transformer": {"width": 20, "layers": 1},
    }
    # Long enough for every seed to pass: the draws of another machine may differ.
    recipe = {**SETTINGS["training"], "epochs": 14, "patience": 14}
    if kind == "dialogue_rnn":
        # Attention over all emotions makes the turns alike at first.
        recipe["learning_rate"] = 1e-2
    config = parse_config({"model": {"kind": kind, **sizes.get(kind, {})}, "training": recipe})
    store, run = make_store(), tmp_path / "run"
    reports = []
    (result,) = train(store, run, config, on_epoch=reports.append)
    assert len(reports) == result.epochs_run == len(result.history)
    assert reports[result.epoch].dev_weighted_f1 == result.dev_weighted_f1
    loaded = load_model(run / "seed-0" / "model")
    assert loaded.config.kind == kind
    assert loaded.config.modalities == ("words", "voice")
    assert loaded.card.scores == {"dev_weighted_f1": result.dev_weighted_f1}
    evaluation = evaluate_run(run, store)
    # Chance is a third; the majority alone scores about a sixth.
    assert (evaluation.mean["weighted_f1"] > 0.45) == (kind != "majority")
    assert train(store, run, config, resume=True)[0].dev_weighted_f1 == result.dev_weighted_f1


@pytest.mark.parametrize("kind", ["majority", "logistic_regression"])
def test_test_labels_change_nothing_of_those_fitted_at_once(
    make_store, tmp_path: Path, kind: str
) -> None:
    config = parse_config({"model": {"kind": kind}})
    train(make_store("one"), tmp_path / "a", config, seeds=(0, 1))
    train(make_store("two", test_seed=500), tmp_path / "b", config)
    assert _same(_weights(tmp_path / "a"), _weights(tmp_path / "b"))
    assert _same(_weights(tmp_path / "a", 0), _weights(tmp_path / "a", 1))


def test_a_run_begun_before_there_were_kinds_is_resumed(make_store, tmp_path: Path) -> None:
    store = make_store()
    config = parse_config({**SETTINGS, "training": {**SETTINGS["training"], "epochs": 1}})
    (before,) = train(store, tmp_path / "run", config)
    for path in (tmp_path / "run/run.json", tmp_path / "run/seed-0/model/model.json"):
        plain = json.loads(path.read_text())
        del plain.get("config", plain)["model"]["kind"]
        path.write_text(json.dumps(plain))
    assert train(store, tmp_path / "run", config, resume=True)[0].seconds == before.seconds
    assert evaluate_run(tmp_path / "run", store).mean["weighted_f1"] >= 0
    path = tmp_path / "run/run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "config": None}))
    with pytest.raises(UsageError, match="another config"):
        train(store, tmp_path / "run", config, resume=True)


def test_epochs_can_share_the_training_conversations(make_store, tmp_path: Path) -> None:
    store = make_store()
    training = {**SETTINGS["training"], "epochs": 3, "each_once": True, "choose": "last"}
    config = parse_config({**SETTINGS, "training": training})
    (result,) = train(store, tmp_path / "run", config)
    assert result.epochs_run == 3
    many = parse_config({**SETTINGS, "training": {**training, "epochs": 40}})
    with pytest.raises(UsageError, match="cannot be shared by 40 epochs"):
        train(store, tmp_path / "many", many)

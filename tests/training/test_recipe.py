"""What the keys of a recipe do: choice of the epoch, optimiser, schedule, standardising."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from emospot.config import parse_config
from emospot.emotions import IEMOCAP6, Task
from emospot.errors import ConfigError
from emospot.features.store import FeatureStore
from emospot.model.pretrained import load_model
from emospot.training.data import load_split
from emospot.training.fit import train
from emospot.training.module import DEV_LOSS, EmotionModule
from emospot.training.results import EpochReport, SeedResult

SIZES = {"width": 16, "heads": 2, "graph_heads": 2, "experts": 2, "top_k": 1, "expert_rank": 2}
RECIPE = {"epochs": 5, "patience": 5, "batch_size": 4, "learning_rate": 5e-3}


def _train(store: FeatureStore, out: Path, **recipe: Any) -> SeedResult:
    config = parse_config({"model": SIZES, "training": {**RECIPE, **recipe}})
    (result,) = train(store, out, config)
    return result


def _module(**recipe: Any) -> EmotionModule:
    config = parse_config({"training": recipe}).training
    network = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    task = Task("emotion", "single", IEMOCAP6.labels)
    return EmotionModule(network, config, [task], seed=0, steps_an_epoch=3)  # type: ignore[arg-type]


def test_the_last_epoch_is_taken_and_no_epoch_left_out(make_store, tmp_path: Path) -> None:
    store = make_store()
    chosen = _train(store, tmp_path / "dev", epochs=8, patience=1)
    last = _train(store, tmp_path / "last", epochs=8, patience=1, choose="last")
    assert chosen.epochs_run < 8
    assert (last.epoch, last.epochs_run) == (7, 8)
    assert last.dev_weighted_f1 == last.history[-1]["dev_weighted_f1"]


def test_features_are_read_as_they_are_without_standardising(make_store, tmp_path: Path) -> None:
    _train(make_store(), tmp_path / "run", epochs=1, standardise=False)
    model = load_model(tmp_path / "run" / "seed-0" / "model").recognizer
    state = model.state_dict()
    assert torch.equal(state["stems.voice.normalisation.mean"], torch.zeros(6))
    assert torch.equal(state["stems.voice.normalisation.deviation"], torch.ones(6))


def test_the_rate_falls_when_the_loss_on_dev_no_longer_does(make_store, tmp_path: Path) -> None:
    module = _module(schedule="plateau", warmup_epochs=0, optimizer="adam", learning_rate=0.5)
    found = module.configure_optimizers()
    assert type(found["optimizer"]) is torch.optim.Adam
    schedule = found["lr_scheduler"]
    assert (schedule["interval"], schedule["monitor"]) == ("epoch", DEV_LOSS)
    for _ in range(12):
        schedule["scheduler"].step(1.0)
    assert found["optimizer"].param_groups[0]["lr"] == pytest.approx(0.05)
    # And it runs within a training, without clipping.
    recipe = {"schedule": "plateau", "warmup_epochs": 0, "gradient_clip": None}
    assert _train(make_store(), tmp_path / "run", epochs=2, **recipe).epochs_run == 2


def test_a_plateau_has_no_warm_up() -> None:
    with pytest.raises(ConfigError, match="warmup_epochs 2: set it to 0"):
        parse_config({"training": {"schedule": "plateau"}})


def test_statistics_of_batch_normalisation_are_averaged_like_the_weights() -> None:
    module = _module(average_decay=0.9)
    norm = module.recognizer[1]
    averaged = module.averaged.module[1]
    expected = norm.running_mean.clone()
    for count in range(5):
        norm.running_mean.fill_(float(count))
        norm.num_batches_tracked.fill_(count)
        module.averaged.update_parameters(module.recognizer)
        own = min(0.9, (1 + count) / (10 + count))
        # The first update copies.
        expected = norm.running_mean if count == 0 else own * expected + (1 - own) * count
        expected = expected.clone()
    torch.testing.assert_close(averaged.running_mean, expected)
    assert int(averaged.num_batches_tracked) == 4


def test_the_loss_on_dev_is_plain_cross_entropy() -> None:
    module = _module(label_smoothing=0.3)
    logits = torch.zeros(4, 6)
    module._answers = [(logits, torch.tensor([0, 1, 2, 3]))]
    assert float(module.dev_loss()) == pytest.approx(math.log(6))


def test_the_recipe_stands_in_the_run(make_store, tmp_path: Path) -> None:
    _train(make_store(), tmp_path / "run", epochs=1, optimizer="adam")
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert run["config"]["training"]["optimizer"] == "adam"


def test_without_dev_all_training_conversations_are_learned_from(
    make_store, tmp_path: Path
) -> None:
    store = make_store()
    told: list[EpochReport] = []
    config = parse_config(
        {"model": SIZES, "training": {**RECIPE, "epochs": 2, "dev": "none", "choose": "last"}}
    )
    (result,) = train(store, tmp_path / "run", config, on_epoch=told.append)
    assert (result.dev_weighted_f1, result.dev_mae, result.epoch) == (None, None, 1)
    assert (result.temperature, result.unsure_below) == (1.0, 0.0)
    # No dev score; the rest is of training itself.
    assert [set(line) for line in result.history] == [
        {"epoch", "loss", "balance", "use_entropy"}
    ] * 2
    assert [(r.epoch, r.dev[1]) for r in told] == [(0, None), (1, None)]
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert run["dev"] == []
    split = load_split(store, config.training)
    assert (len(split.train), len(split.dev)) == (16, 0)
    assert "dev_weighted_f1" not in json.loads((tmp_path / "run" / "metrics.json").read_text())


@pytest.mark.parametrize("recipe", [{}, {"choose": "last", "schedule": "plateau"}])
def test_what_needs_dev_is_refused_without(recipe: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="dev"):
        parse_config({"training": {"dev": "none", "warmup_epochs": 0, **recipe}})

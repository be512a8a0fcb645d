"""A training in several processes takes the steps of one with the same batches."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from itertools import chain

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from emospot.config import parse_config
from emospot.errors import UsageError
from emospot.model.across_processes import across_processes, summing
from emospot.training.data import EpochShuffle, load_split
from emospot.training.fit import train
from emospot.training.setup import training_loop
from emospot.training.spread import SharedBatches, Spread, batch_count

RECIPE = {
    # All that draws random numbers is off: each process has its own.
    "model": {"width": 16, "dropout": 0.0, "input_dropout": 0.0, "learned_hotspots": ["words"]},
    "training": {
        "epochs": 3,
        "batch_size": 3,
        "modality_dropout": 0.0,
        "balance_weight": 0.5,
        "router_z_weight": 0.1,
        "marks_weight": 0.1,
        "class_weights": True,
    },
}


def test_two_processes_equal_one(make_store, tmp_path):
    store = make_store()
    config = {
        "model": {**RECIPE["model"], "modalities": ["words", "voice"]},
        **{"training": RECIPE["training"]},
    }
    (one,) = train(store, tmp_path / "one", parse_config(config))
    (tmp_path / "two.yaml").write_text(json.dumps(config))
    command = ["train", str(store.path), "--out", "two", "--config", "two.yaml", "--devices", "2"]
    alone = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    done = subprocess.run(
        [sys.executable, "-m", "emospot.cli.main", *command],
        cwd=tmp_path,
        env=alone,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("trained two") == 1  # the first process tells, the other does not
    two = json.loads((tmp_path / "two" / "seed-0" / "result.json").read_text())
    assert two["epochs_run"] == one.epochs_run == 3
    for before, now in zip(one.history, two["history"], strict=True):
        for name, value in before.items():
            assert now[name] == pytest.approx(value, abs=1e-5), name
    weights, others = (
        load_file(tmp_path / run / "seed-0" / "model" / "model.safetensors")
        for run in ("one", "two")
    )
    for name, weight in weights.items():
        torch.testing.assert_close(others[name], weight, atol=1e-3, rtol=0, msg=name)
    assert not list(tmp_path.glob("two/seed-0/*.ckpt"))


@pytest.mark.parametrize(
    ("count", "processes"),
    [(n, p) for n in (1, 3, 8, 9, 10, 11) for p in (1, 2, 3) if n >= p],
)
def test_the_processes_share_each_batch(count, processes):
    order = EpochShuffle(count, seed=3)
    shares = [list(SharedBatches(order, 4, own, processes)) for own in range(processes)]
    batches = [sorted(chain(*parts)) for parts in zip(*shares, strict=True)]
    assert (
        len(batches)
        == batch_count(count, 4, processes)
        == len(SharedBatches(order, 4, 0, processes))
    )
    assert all(share for parts in shares for share in parts)  # nobody has nothing to do
    whole = list(order)
    alone = [sorted(whole[start : start + 4]) for start in range(0, count, 4)]
    if len(alone) > 1 and len(alone[-1]) < processes:
        alone[-2:] = [sorted(alone[-2] + alone[-1])]
    assert batches == alone


def test_sums_are_of_this_process_where_nobody_says_otherwise():
    part = torch.tensor([1.0, 2.0])
    assert across_processes(part) is part
    with summing(lambda x: 3 * x):
        assert across_processes(part).tolist() == [3.0, 6.0]
        with summing(None):
            assert across_processes(part) is part
    assert across_processes(part) is part


def test_what_cannot_be_spread(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match="at least 1, found 0 and 1"):
        Spread(0)
    with pytest.raises(UsageError, match="batch of 3 .* cannot be shared by 4 processes"):
        Spread(2, 2).check(nn.Linear(1, 1), 3)
    normalised = nn.Sequential(nn.BatchNorm1d(3))
    with pytest.raises(UsageError, match="batch normalisation"):
        Spread(2).check(normalised, 4)
    Spread().check(normalised, 1)


@pytest.mark.parametrize(
    ("told", "first"),
    [
        ({}, True),
        ({"LOCAL_RANK": "1"}, False),
        ({"NODE_RANK": "1"}, False),
        ({"LOCAL_RANK": "0", "NODE_RANK": "1"}, False),
        ({"RANK": "0", "LOCAL_RANK": "0", "GROUP_RANK": "0"}, True),
        ({"RANK": "3", "LOCAL_RANK": "0"}, False),
        ({"SLURM_PROCID": "2"}, False),
        # Lightning's own children within a SLURM script of one task.
        ({"SLURM_PROCID": "0", "LOCAL_RANK": "1"}, False),
    ],
)
def test_the_first_process_is_known_before_they_have_met(monkeypatch, told, first):
    for name in ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "SLURM_PROCID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert Spread(2).is_first == first
    assert Spread().is_first  # trained alone, whatever it is a part of


def test_there_must_be_a_conversation_for_each_process(make_store):
    store = make_store()
    config = parse_config(RECIPE)
    split = load_split(store, config.training)
    few = replace(split, train=split.train[:2])
    with pytest.raises(UsageError, match="2 training conversations an epoch .* by 3 processes"):
        training_loop(nn.Linear(1, 1), few, config, (), {}, 0, processes=3)

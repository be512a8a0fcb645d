"""Mean and spread over seeds, and the errors of an unfit run."""

import json
from pathlib import Path

import numpy as np
import pytest

from emospot.errors import ModelError
from emospot.evaluation.classification import classification_scores
from emospot.evaluation.run import (
    RunEvaluation,
    seed_folders,
    summarise,
    write_evaluation,
)


def test_summary_is_mean_and_sample_deviation() -> None:
    true = np.array([0, 1, 1, 0])
    answers = [np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0]), np.array([1, 0, 0, 1])]
    mean, sd = summarise([classification_scores(true, a, "ab") for a in answers])
    assert mean["accuracy"] == pytest.approx((1 + 0.75 + 0) / 3)
    assert sd["accuracy"] == pytest.approx(np.std([1, 0.75, 0], ddof=1))
    assert set(mean) >= {"weighted_f1", "macro_f1", "uar", "f1:a", "f1:b"}
    assert summarise([classification_scores(true, true, "ab")])[1]["accuracy"] == 0.0


def test_a_folder_without_models_is_named(tmp_path: Path) -> None:
    (tmp_path / "seed-x" / "model").mkdir(parents=True)
    with pytest.raises(ModelError, match="no finished training"):
        seed_folders(tmp_path)


def test_seeds_are_sorted_by_number(tmp_path: Path) -> None:
    for number in (10, 2):
        folder = tmp_path / f"seed-{number}" / "model"
        folder.mkdir(parents=True)
        (folder / "model.json").write_text("{}")
    assert [number for number, _ in seed_folders(tmp_path)] == [2, 10]


def test_written_as_json(tmp_path: Path) -> None:
    evaluation = RunEvaluation("test", (), "hash", ("a", "b"), (), {"weighted_f1": 0.5}, {})
    write_evaluation(evaluation, tmp_path / "evaluation.json")
    assert json.loads((tmp_path / "evaluation.json").read_text())["mean"]["weighted_f1"] == 0.5
    assert [p.name for p in tmp_path.iterdir()] == ["evaluation.json"]

"""What a training tells, for labels and for numbers."""

import math

import pytest

from emospot.training.results import EpochReport, SeedResult, run_metrics


def _result(seed: int, f1: float | None, mae: float | None = None) -> SeedResult:
    return SeedResult(seed, f1, 3, 5, 1.0, 0.0, 2.0, ({"epoch": 0},), mae)


def test_labels_are_chosen_by_f1_and_numbers_by_the_error() -> None:
    assert _result(0, 0.6).dev == ("w-F1", 0.6)
    assert _result(0, 0.6).dev_score == 0.6
    assert _result(0, None, 0.8).dev == ("MAE", 0.8)
    assert _result(0, None, 0.8).dev_score == -0.8
    assert EpochReport(0, 1, 9, 0.5, 0.7).dev == ("w-F1", 0.7)
    assert EpochReport(0, 1, 9, 0.5, None, 0.7).dev == ("MAE", 0.7)
    assert EpochReport(0, 1, 9, 0.5, None).dev == ("w-F1", None)
    assert _result(0, None).dev_score is None


def test_metrics_of_a_run_are_mean_and_sample_deviation() -> None:
    metrics = run_metrics([_result(0, 0.5), _result(1, 0.7)])
    assert metrics["dev_weighted_f1"] == pytest.approx({"mean": 0.6, "sd": math.sqrt(0.02)})
    assert [seed["seed"] for seed in metrics["seeds"]] == [0, 1]
    assert run_metrics([_result(0, None, 0.5)])["dev_mae"] == {"mean": 0.5, "sd": 0.0}
    assert set(run_metrics([_result(0, None)])) == {"seeds"}

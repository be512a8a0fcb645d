"""What a training tells: after each epoch, for each seed, of the whole run."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from emospot.evaluation.task_scores import Scores


@dataclass(frozen=True, slots=True)
class EpochReport:
    """What is told after each epoch.

    Args:
        seed: which is trained.
        epoch: from 0.
        epochs: of how many at most.
        loss: mean over the epoch's batches.
        dev_weighted_f1: on dev; None where the main task is a number, or there is no dev.
        dev_mae: mean absolute error on dev; None unless the main task is one.
    """

    seed: int
    epoch: int
    epochs: int
    loss: float
    dev_weighted_f1: float | None
    dev_mae: float | None = None

    @property
    def dev(self) -> tuple[str, float | None]:
        """The metric that epochs are chosen by, for people, and its value."""
        return dev_metric(self)


@dataclass(frozen=True, slots=True)
class SeedResult:
    """One trained seed.

    Args:
        seed: of every random choice.
        dev_weighted_f1: of the chosen epoch, averaged weights; None where the
            main task is a number.
        epoch: the chosen epoch, from 0.
        epochs_run: epochs trained before the early stop.
        temperature: chosen on dev.
        unsure_below: chosen on dev.
        seconds: of training in this process.
        history: loss and dev scores of every epoch.
        dev_mae: mean absolute error of the chosen epoch; None unless the main
            task is a number.
    """

    seed: int
    dev_weighted_f1: float | None
    epoch: int
    epochs_run: int
    temperature: float
    unsure_below: float
    seconds: float
    history: tuple[Mapping[str, float], ...]
    dev_mae: float | None = None

    @property
    def dev(self) -> tuple[str, float | None]:
        """The metric that the epoch was chosen by, for people, and its value."""
        return dev_metric(self)

    @property
    def dev_score(self) -> float | None:
        """What is maximised: the weighted F1, or the negative mean absolute error."""
        name, value = self.dev
        return -value if name == MAE and value is not None else value


WEIGHTED_F1 = "w-F1"
MAE = "MAE"


def dev_metric(told: EpochReport | SeedResult) -> tuple[str, float | None]:
    """The metric that epochs are chosen by, for people, and its value, if there is dev."""
    if told.dev_mae is not None:
        return MAE, told.dev_mae
    return WEIGHTED_F1, told.dev_weighted_f1


def dev_figures(scores: Scores) -> dict[str, float]:
    """What the history of a training says of dev: the two foremost metrics."""
    return {f"dev_{name}": value for name, value in list(scores.metrics().items())[:2]}


def run_metrics(results: Sequence[SeedResult]) -> dict[str, Any]:
    """The content of `metrics.json`: mean and spread on dev, and all seeds.

    Args:
        results: at least one.
    """
    seeds = [asdict(result) for result in results]
    name, _ = results[0].dev
    values = np.array([v for _, v in (result.dev for result in results) if v is not None])
    if len(values) == 0:
        return {"seeds": seeds}
    return {
        "dev_weighted_f1" if name == WEIGHTED_F1 else "dev_mae": {
            "mean": float(values.mean()),
            "sd": float(values.std(ddof=1)) if len(values) > 1 else 0.0,
        },
        "seeds": seeds,
    }

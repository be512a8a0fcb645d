"""The figure that the models of a study are compared by.

It must be one that exists for the main task, and one of those that can be
computed from sums over dialogues, because interval and test draw dialogues
(`evaluation.dialogue_totals`). All but the mean absolute error grow with quality.
"""

from collections.abc import Mapping

from emospot.emotions import EMOTION, TASKS, TaskKind
from emospot.errors import ConfigError
from emospot.evaluation.dialogue_totals import METRICS

SMALLER_IS_BETTER = ("mae",)
"""The metrics of which less is more."""

NOT_SHARES = ("mae", "correlation", "concordance")
"""The metrics that are no shares, and so are not shown in per cent."""


INSIDE = "inside"
"""What stands, with a colon, before the name of a figure of what happens inside a model."""


def kind_of_task(name: str) -> TaskKind:
    """The kind of a task by its name alone, see `emotions.task_named`.

    >>> [kind_of_task(name) for name in ("emotion", "mosei_emotions", "joy+fear", "valence")]
    ['single', 'several', 'several', 'number']
    """
    if name == EMOTION:
        return "single"
    if name in TASKS:
        return TASKS[name].kind
    return "several" if "+" in name else "number"


def metrics_of(task: str) -> tuple[str, ...]:
    """The metrics that models can be compared by on a task.

    >>> metrics_of("valence")
    ('mae', 'correlation', 'concordance')
    """
    return tuple(METRICS[kind_of_task(task)])


def check_metric(metric: str, tasks: Mapping[str, str]) -> None:
    """Whether all models can be compared by a metric.

    Args:
        metric: of the study.
        tasks: model → its main task.

    Raises:
        ConfigError: if the models have different main tasks, or the task has no
            such metric.
    """
    by_task = {task: name for name, task in tasks.items()}
    if len(by_task) > 1:
        found = ", ".join(f"{name} has {task}" for task, name in by_task.items())
        raise ConfigError(
            f"the models of a study must have one main task (training.tasks), found: {found}"
        )
    for task in by_task:
        if metric not in metrics_of(task):
            raise ConfigError(
                f'metric "{metric}" does not exist for the task "{task}" '
                f"({kind_of_task(task)}): set metric to one of {', '.join(metrics_of(task))}"
            )


def better(metric: str, figure: float) -> float:
    """A figure so that more is better: to sort and to choose by.

    >>> better("mae", 0.5), better("accuracy", 0.5)
    (-0.5, 0.5)
    """
    return -figure if metric in SMALLER_IS_BETTER else figure


def is_share(metric: str) -> bool:
    """Whether a figure of this metric is shown in per cent."""
    return metric not in NOT_SHARES and not metric.startswith(f"{INSIDE}:")

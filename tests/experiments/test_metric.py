"""The figure of a study must exist for its task."""

from collections.abc import Callable

import pytest

from emospot.errors import ConfigError
from emospot.experiments.metric import better, check_metric, is_share, metrics_of
from emospot.experiments.study import Study


@pytest.mark.parametrize(
    ("metric", "task", "message"),
    [
        ("mae", "emotion", r'"mae" does not exist for the task "emotion" \(single\): .*uar$'),
        ("uar", "mosei_emotions", r"\(several\): set metric to one of weighted_f1, macro_f1"),
        ("weighted_f1", "mosei_sentiment", r"\(number\): set metric to one of mae, correlation"),
        ("acc7", "mosei_sentiment", r"\(number\): set metric to one of mae, correlation"),
        ("f1", "joy+fear", r"the study: metric .*joy\+fear"),
    ],
)
def test_a_metric_that_the_task_has_not(
    make_study: Callable[..., Study], metric: str, task: str, message: str
) -> None:
    study = {"base": {"training": {"tasks": [task]}}, "choose_opponent": None}
    with pytest.raises(ConfigError, match=message) as caught:
        make_study(metric=metric, **study)
    assert "\n" not in str(caught.value)
    fit = metrics_of(task)[0]
    assert make_study(metric=fit, **study).metric == fit


def test_all_models_answer_the_same_question(make_study: Callable[..., Study]) -> None:
    models = {"emospot": {}, "MLP": {"model": {"kind": "mlp"}, "training": {"tasks": ["age"]}}}
    with pytest.raises(ConfigError, match="one main task .*emospot.* has emotion, MLP has age"):
        make_study(models=models, choose_opponent=None)
    check_metric("mae", {"a": "age", "b": "age"})


def test_less_error_is_better() -> None:
    assert max((0.9, 0.4), key=lambda x: better("mae", x)) == 0.4
    assert max((0.9, 0.4), key=lambda x: better("uar", x)) == 0.9
    assert not is_share("mae")
    assert is_share("f1_negative_positive")

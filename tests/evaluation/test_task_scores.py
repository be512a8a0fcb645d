"""Each kind of task is decided, scored and chosen by its own formulas."""

import numpy as np
import pytest

from emospot.emotions import Task
from emospot.evaluation.classification import ClassificationScores
from emospot.evaluation.intensity import IntensityScores, NumberScores
from emospot.evaluation.several_labels import SeveralLabelsScores
from emospot.evaluation.task_scores import choice, decided, task_scores

SINGLE = Task("mood", "single", ("calm", "angry"))
SEVERAL = Task("joy+fear", "several", ("joy", "fear"))
NUMBER = Task("valence", "number", ("valence",), center=3.0, scale=0.5)
SENTIMENT = Task("sentiment", "number", ("sentiment",), sentiment=True)


def test_outputs_are_decided_by_kind() -> None:
    outputs = np.array([[0.2, -0.1], [-3.0, 0.4]])
    assert decided(SINGLE, outputs).tolist() == [0, 1]
    assert decided(SEVERAL, outputs).tolist() == [[True, False], [False, True]]
    assert decided(NUMBER, outputs[:, :1]).tolist() == [3.1, 1.5]
    assert decided(SINGLE, outputs[None]).tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("task", "true", "kind", "best"),
    [
        (SINGLE, np.array([0, 1]), ClassificationScores, 1.0),
        (SEVERAL, np.array([[1, 0], [1, 1]]), SeveralLabelsScores, 1.0),
        (NUMBER, np.array([1.5, 2.5]), NumberScores, 0.0),
        (SENTIMENT, np.array([-1.0, 1.0]), IntensityScores, 0.0),
    ],
)
def test_scores_and_choice_by_kind(task: Task, true: np.ndarray, kind: type, best: float) -> None:
    scores = task_scores(task, true, true)
    assert type(scores) is kind
    assert choice(scores) == best
    worse = task_scores(task, true, true[::-1])
    assert choice(worse) < best

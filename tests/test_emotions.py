"""The order of label sets never changes: trained models depend on it."""

import numpy as np
import pytest

from emospot.emotions import (
    IEMOCAP6,
    LABEL_SETS,
    MOSEI2,
    MOSEI7,
    MOSEI_EMOTIONS,
    NO_LABELS,
    TASKS,
    Task,
    emotion_task,
    label_set,
    task_named,
)
from emospot.errors import UsageError


def test_the_published_orders() -> None:
    assert {name: known.labels for name, known in LABEL_SETS.items()} == {
        "iemocap6": ("happiness", "sadness", "neutral", "anger", "excited", "frustration"),
        "iemocap4": ("happiness", "sadness", "neutral", "anger"),
        "meld7": ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger"),
        "meld3": ("neutral", "positive", "negative"),
        "emorynlp7": ("neutral", "joyful", "peaceful", "powerful", "scared", "mad", "sad"),
        "dailydialog7": (
            "neutral",
            "anger",
            "disgust",
            "fear",
            "happiness",
            "sadness",
            "surprise",
        ),
        "ravdess8": (
            "neutral",
            "calm",
            "happy",
            "sad",
            "angry",
            "fearful",
            "disgust",
            "surprised",
        ),
    }


def test_label_sets_by_name_and_labels_by_position() -> None:
    assert label_set("iemocap6") is IEMOCAP6
    assert [IEMOCAP6.index(label) for label in IEMOCAP6.labels] == list(range(len(IEMOCAP6)))


def test_unknown_names_say_what_is_known() -> None:
    with pytest.raises(UsageError, match="unknown label set.*iemocap6, iemocap4, meld7"):
        label_set("iemocap5")
    with pytest.raises(UsageError, match='"joy" is not in the label set iemocap6'):
        IEMOCAP6.index("joy")


def test_the_published_tasks() -> None:
    assert {name: (task.kind, task.targets) for name, task in TASKS.items()} == {
        "mosei_emotions": ("several", MOSEI_EMOTIONS.outputs),
        "mosei_sentiment": ("number", ("sentiment",)),
        "mosi_sentiment": ("number", ("sentiment",)),
        "mosei2": ("single", ("sentiment",)),
        "mosei7": ("single", ("sentiment",)),
    }
    assert MOSEI_EMOTIONS.outputs == (
        "happiness", "sadness", "anger", "surprise", "disgust", "fear",
    )  # fmt: skip
    assert (len(MOSEI2.outputs), len(MOSEI7.outputs)) == (2, 7)


@pytest.mark.parametrize(
    ("sentiment", "two", "seven"),
    [
        (-3.0, 0, 0), (-2.3333, 0, 0), (-2.0, 0, 1), (-1.0001, 0, 1), (-1.0, 0, 2),
        (-0.3333, 0, 2), (0.0, 1, 3), (0.3333, 1, 4), (1.0, 1, 4), (1.3333, 1, 5),
        (2.0, 1, 5), (2.0001, 1, 6), (3.0, 1, 6),
    ],
)  # fmt: skip
def test_labels_derived_from_sentiment_as_published(
    sentiment: float, two: int, seven: int
) -> None:
    targets = {"sentiment": sentiment}
    assert MOSEI2.answer("anger", targets) == (two,)
    assert MOSEI7.answer(None, targets) == (seven,)
    # The published intervals: open at 0's far side, e.g. [-2, -1) and (0, 1].
    edges = np.array([-2.0, -1.0, 0.0])
    expected = np.searchsorted(edges, sentiment, side="right")
    if sentiment > 0:
        expected = 4 + np.searchsorted([1.0, 2.0], sentiment, side="left")
    assert seven == expected


def test_several_labels_are_those_above_zero_where_all_are_known() -> None:
    every = dict.fromkeys(MOSEI_EMOTIONS.outputs, 0.0)
    assert MOSEI_EMOTIONS.answer(None, every | {"anger": 0.3333}) == (0, 0, 1, 0, 0, 0)
    del every["fear"]
    assert MOSEI_EMOTIONS.answer(None, every) is None


def test_tasks_of_ones_own_data() -> None:
    targets = ["valence", "joy", "fear"]
    assert task_named("emotion", IEMOCAP6, targets) == emotion_task(IEMOCAP6)
    assert task_named("valence", IEMOCAP6, targets) == Task("valence", "number", ("valence",))
    assert task_named("joy+fear", NO_LABELS, targets).outputs == ("joy", "fear")
    assert task_named("mosei2", NO_LABELS, ["sentiment"]) is MOSEI2
    ready = task_named("mosei7", MOSEI7.labels, [])
    assert (ready.targets, ready.answer("neutral", {})) == ((), (3,))
    emotion = emotion_task(IEMOCAP6)
    assert (emotion.labels, emotion.targets) == (IEMOCAP6, ())
    assert emotion.answer("anger", {}) == (3,)
    assert emotion.answer(None, {"valence": 2.0}) is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("emotion", "label set none has none; the data have the targets: joy, valence"),
        ("mosei2", '"mosei2" needs the target "sentiment".*targets: joy, valence'),
        ("joy+anger", '"joy\\+anger" needs the target "anger"'),
        ("arousal", "known tasks: emotion, mosei_emotions, mosei_sentiment"),
    ],
)
def test_a_task_that_the_data_cannot_give_is_named(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        task_named(name, NO_LABELS, ["valence", "joy"])


@pytest.mark.parametrize(
    ("name", "kind", "outputs"),
    [("", "single", "ab"), ("a.b", "single", "ab"), ("n", "number", "ab"), ("s", "several", "")],
)
def test_impossible_heads_are_refused(name: str, kind: str, outputs: str) -> None:
    with pytest.raises(UsageError, match="task"):
        Task(name, kind, tuple(outputs))

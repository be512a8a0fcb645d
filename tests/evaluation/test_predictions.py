"""Predictions keep their shape and are joined only over the same utterances."""

from dataclasses import replace

import numpy as np
import pytest

from emospot.emotions import Task
from emospot.errors import ShapeError, UsageError
from emospot.evaluation.predictions import Predictions, among, joined

TASK = Task("mood", "single", ("calm", "angry", "glad"))


def _one(seed: int, count: int = 5) -> Predictions:
    random = np.random.default_rng(seed)
    return Predictions(
        TASK,
        ("b", "b", "a", "b", "c")[:count],
        np.arange(count) % 3,
        random.integers(3, size=(1, count)),
        tuple(f"u{i}" for i in range(count)),
        random.random((1, count, 3)),
    )


def test_dialogues_are_in_the_order_of_their_first_utterance() -> None:
    one = _one(0)
    assert (one.dialogue_ids, one.seeds, len(one)) == (("b", "a", "c"), 1, 5)


def test_joined_seeds_stand_one_after_another() -> None:
    parts = [_one(seed) for seed in range(3)]
    whole = joined(parts)
    assert whole.seeds == 3
    for seed, part in enumerate(parts):
        assert (whole.predicted[seed] == part.predicted[0]).all()
        assert (whole.probabilities[seed] == part.probabilities[0]).all()
    assert joined([parts[0], replace(parts[1], probabilities=None)]).probabilities is None


@pytest.mark.parametrize(
    "change",
    [
        {"dialogues": ("b", "b", "a", "b", "b")},
        {"utterances": ("u0", "u1", "u2", "u3", "x")},
        {"true": np.array([0, 1, 2, 0, 2])},
        {"task": replace(TASK, outputs=("x", "y", "z"))},
    ],
)
def test_other_utterances_or_another_truth_are_not_joined(change: dict[str, object]) -> None:
    assert _one(0).answers_the_same_as(_one(1))
    with pytest.raises(ShapeError, match="over the same utterances and truth, found 2 with 5, 5"):
        joined([_one(0), replace(_one(1), **change)])


def test_nothing_is_not_joined() -> None:
    with pytest.raises(ShapeError, match="found 0"):
        joined([])


@pytest.mark.parametrize(
    "change",
    [
        {"predicted": np.zeros((1, 4), int)},
        {"predicted": np.zeros((0, 5), int)},
        {"true": np.zeros((5, 3), int)},
        {"utterances": ("u0",)},
        {"task": Task("x+y", "several", ("x", "y"))},
    ],
)
def test_shapes_that_do_not_fit_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ShapeError, match="shape"):
        replace(_one(0), **change)


def test_no_utterance_is_refused() -> None:
    with pytest.raises(ShapeError, match="0 utterances"):
        Predictions(TASK, (), np.zeros(0, int), np.zeros((1, 0), int))


def test_asked_about_unions_of_classes_it_sums_their_probabilities() -> None:
    one = _one(3)
    found = among(one, {"calm": "fine", "glad": "fine", "angry": "angry"})
    assert found.task.outputs == ("fine", "angry")
    assert found.true.tolist() == [0, 1, 0, 0, 1]
    p = one.probabilities[0]
    assert found.predicted[0].tolist() == (p[:, 1] > p[:, 0] + p[:, 2]).astype(int).tolist()
    np.testing.assert_allclose(found.probabilities.sum(axis=-1), 1.0)


def test_utterances_of_other_classes_are_left_out() -> None:
    one = _one(4)
    found = among(one, {"glad": "glad", "calm": "calm"})
    assert found.task.outputs == ("glad", "calm")
    assert found.utterances == ("u0", "u2", "u3")
    assert found.dialogues == ("b", "a", "b")
    assert found.true.tolist() == [1, 0, 1]
    p = one.probabilities[0, [0, 2, 3]]
    assert found.predicted[0].tolist() == (p[:, 0] > p[:, 2]).astype(int).tolist()


def test_probabilities_too_small_for_a_number() -> None:
    sure = np.zeros((1, 5, 3))
    sure[..., 2] = 1.0
    found = among(replace(_one(0), probabilities=sure), {"calm": "calm", "angry": "angry"})
    assert np.isfinite(found.probabilities).all()


@pytest.mark.parametrize(
    ("change", "answers", "message"),
    [
        ({}, {"bored": "bored"}, "cannot ask about bored: the task mood has the classes calm"),
        ({"probabilities": None}, {"calm": "calm"}, "mood is of the kind single"),
        ({"true": np.zeros(5, dtype=int)}, {"glad": "glad"}, "no utterance is glad"),
    ],
)
def test_what_cannot_be_asked(change: dict, answers: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        among(replace(_one(0), **change), answers)

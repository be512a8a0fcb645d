"""The window of neighbours: what an utterance reads, and what it does not."""

from collections.abc import Callable

import pytest
import torch

from emospot.batch import Example, collate
from emospot.model.baselines.logistic_regression import ContextWindow, with_neighbours
from emospot.model.baselines.utterance_model import UtteranceModel

DIMS = {"words": 3, "voice": 2}


@pytest.mark.parametrize(("past", "future"), [(0, 0), (2, 0), (0, 3), (3, 1)])
def test_each_place_holds_the_utterance_at_that_distance(past: int, future: int) -> None:
    x = torch.randn(2, 6, 4)
    found = with_neighbours(x, past, future).unflatten(-1, (past + 1 + future, 4))
    for u in range(6):
        for place, distance in enumerate(range(-past, future + 1)):
            inside = 0 <= u + distance < 6
            expected = x[:, u + distance] if inside else torch.zeros(2, 4)
            assert torch.equal(found[:, u, place], expected)


def test_the_window_is_three_before_and_one_after_unless_told() -> None:
    window = ContextWindow(DIMS)
    assert (window.past, window.future, window.width) == (3, 1, 25)
    assert ContextWindow(DIMS, past=0, future=0).width == 5


def test_an_answer_depends_on_its_window_alone(
    make_example: Callable[..., Example], make_baseline: Callable[..., UtteranceModel]
) -> None:
    model = make_baseline("logistic_regression", DIMS, past=2, future=1)
    batch = collate([make_example("a", 9, DIMS, missing=0.0)], DIMS)
    values = batch.modalities["words"].values
    values = values.float().requires_grad_()
    object.__setattr__(batch.modalities["words"], "values", values)
    model(batch).logits["emotion"][0, 5].sum().backward()
    read = values.grad[0].flatten(1).any(dim=-1).nonzero().flatten().tolist()
    assert read == [3, 4, 5, 6]

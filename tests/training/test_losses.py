"""The loss against a formula written out, and its edges."""

import math

import pytest
import torch

from emospot.batch import ConversationBatch, Target
from emospot.config import TrainingConfig
from emospot.model.emotion_model import EmotionOutput
from emospot.training.losses import (
    balanced_weights,
    log_odds,
    log_prior,
    presence_weights,
    task_loss,
    total_loss,
)


def _batch(mask: list[bool]) -> ConversationBatch:
    values = torch.tensor([[0, 1, 2]])
    nothing = torch.zeros(1, 3, dtype=torch.bool)
    return ConversationBatch(
        {},
        nothing.unsqueeze(-1),
        nothing,
        torch.zeros(1, 3, 2),
        torch.zeros(1, 3),
        values,
        nothing,
        ((),),
        ((),),
        {"emotion": Target(values, torch.tensor([mask]))},
    )


def _output(logits: torch.Tensor) -> EmotionOutput:
    losses = {"balance": torch.tensor(0.5), "router_z": torch.tensor(2.0)}
    return EmotionOutput({"emotion": logits}, losses=losses)


def test_equals_the_formula_with_smoothing_and_weights_of_the_auxiliary_losses() -> None:
    logits = torch.tensor([[[2.0, 0.0, -1.0], [0.3, 0.1, 0.2], [9.0, 9.0, 0.0]]])
    config = TrainingConfig(label_smoothing=0.2, balance_weight=0.1, router_z_weight=0.01)
    found = total_loss(_output(logits), _batch([True, True, False]), config)
    expected = 0.1 * 0.5 + 0.01 * 2.0
    for row, label in ((logits[0, 0].tolist(), 0), (logits[0, 1].tolist(), 1)):
        norm = math.log(sum(math.exp(x) for x in row))
        wanted = [0.2 / 3 + (0.8 if c == label else 0.0) for c in range(3)]
        expected += -sum(w * (x - norm) for w, x in zip(wanted, row, strict=True)) / 2
    assert math.isclose(float(found), expected, rel_tol=1e-5)


def test_answers_in_parts_are_learned_apart() -> None:
    random = torch.Generator().manual_seed(0)
    parts = tuple(torch.randn(1, 3, 3, generator=random) for _ in range(2))
    output = EmotionOutput({"emotion": sum(parts) / 2}, parts={"emotion": parts})
    batch, config = _batch([True, False, True]), TrainingConfig()
    alone = [total_loss(EmotionOutput({"emotion": part}), batch, config) for part in parts]
    assert torch.isclose(total_loss(output, batch, config), sum(alone) / 2)
    assert not torch.isclose(
        total_loss(output, batch, config),
        total_loss(EmotionOutput(output.logits), batch, config),
    )


def test_a_batch_without_labels_gives_zero_gradients_and_not_nan() -> None:
    logits = torch.zeros(1, 3, 3, requires_grad=True)
    config = TrainingConfig(balance_weight=0.0)
    total_loss(_output(logits), _batch([False] * 3), config).backward()
    assert torch.equal(logits.grad, torch.zeros_like(logits))


def test_class_weights_have_mean_one_over_utterances() -> None:
    counts = torch.tensor([10.0, 30.0, 60.0])
    weights = balanced_weights(counts)
    assert torch.isclose((weights * counts).sum() / counts.sum(), torch.tensor(1.0))
    assert weights[0] > weights[1] > weights[2]


def test_prior_is_a_distribution_and_finite_for_an_unseen_class() -> None:
    prior = log_prior(torch.tensor([8.0, 0.0]))
    assert torch.allclose(prior.exp(), torch.tensor([0.9, 0.1]))


def test_several_labels_are_binary_cross_entropy_with_weights_of_presence() -> None:
    outputs = torch.tensor([[1.5, -0.5], [0.2, 3.0]])
    values = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    target = Target(values, torch.ones(2, dtype=torch.bool), "several")
    weights = torch.tensor([2.0, 5.0])
    expected = 0.0
    for row in range(2):
        for label in range(2):
            chance = 1 / (1 + math.exp(-float(outputs[row, label])))
            present = float(values[row, label])
            expected -= float(weights[label]) * present * math.log(chance)
            expected -= (1 - present) * math.log(1 - chance)
    found = task_loss(outputs, target, TrainingConfig(), weights)
    assert math.isclose(float(found), expected / 4, rel_tol=1e-5)


@pytest.mark.parametrize(("kind", "expected"), [("smooth_l1", (0.125 + 2.5) / 2), ("l1", 1.75)])
def test_numbers_are_smooth_l1_or_l1(kind: str, expected: float) -> None:
    target = Target(torch.tensor([[[1.0], [0.0]]]), torch.ones(1, 2, dtype=torch.bool), "number")
    found = task_loss(torch.tensor([[1.5], [-3.0]]), target, TrainingConfig(number_loss=kind))
    assert math.isclose(float(found), expected, rel_tol=1e-6)


def test_further_tasks_count_with_their_weight_and_without_class_weights() -> None:
    logits = torch.tensor([[[2.0, 0.0, -1.0], [0.3, 0.1, 0.2], [9.0, 9.0, 0.0]]])
    numbers = torch.tensor([[[0.5], [2.0], [7.0]]])
    batch = _batch([True, True, False])
    known = torch.tensor([[False, True, False]])
    batch.targets["valence"] = Target(torch.zeros(1, 3, 1), known, "number")
    output = EmotionOutput({"emotion": logits, "valence": numbers})
    weights = torch.tensor([1.0, 3.0, 1.0])

    def loss(weight: float) -> float:
        config = TrainingConfig(auxiliary_weight=weight)
        return float(total_loss(output, batch, config, weights))

    # Smooth L1 of an error of 2 is 1.5.
    assert math.isclose(loss(0.4) - loss(0.0), 0.4 * 1.5, rel_tol=1e-5)


def test_presence_and_odds_of_labels() -> None:
    counts = torch.tensor([5.0, 0.0])
    assert presence_weights(counts, 10).tolist() == [1.0, 10.0]
    assert torch.allclose(torch.sigmoid(log_odds(counts, 10)), torch.tensor([0.5, 1 / 12]))


def test_answers_beside_the_models_weigh_as_one_auxiliary_task() -> None:
    random = torch.Generator().manual_seed(0)
    logits, *beside = (torch.randn(1, 3, 3, generator=random) for _ in range(3))
    batch, config = _batch([True, False, True]), TrainingConfig(auxiliary_weight=0.4)
    whole, *alone = (
        total_loss(EmotionOutput({"emotion": answer}), batch, config)
        for answer in (logits, *beside)
    )
    found = total_loss(
        EmotionOutput({"emotion": logits}, beside={"emotion": tuple(beside)}), batch, config
    )
    assert torch.allclose(found, whole + 0.4 * sum(alone) / 2)
    nothing = _batch([False] * 3)
    output = EmotionOutput({"emotion": logits}, beside={"emotion": tuple(beside)})
    assert float(total_loss(output, nothing, config)) == 0.0

"""The loss against a formula written out, and its edges."""

import math

import torch

from emospot.batch import ConversationBatch, Target
from emospot.config import TrainingConfig
from emospot.model.recognizer import EmotionOutput
from emospot.training.losses import balanced_weights, log_prior, total_loss


def _batch(mask: list[bool]) -> ConversationBatch:
    values = torch.tensor([[0, 1, 2]])
    nothing = torch.zeros(1, 3, dtype=torch.bool)
    return ConversationBatch(
        {},
        nothing.unsqueeze(-1),
        nothing,
        torch.zeros(1, 3, 2),
        values,
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

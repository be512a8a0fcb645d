"""Baselines that are fitted at once: majority and logistic regression.

Their networks have no weights; what is fitted is the linear layer of the head
(`model.baselines.majority`, `model.baselines.logistic_regression`). The result is
a model like any other: saved, loaded and scored by the same code.

    majority:             W = 0, b = log((n + 1) / Σ (n + 1)), the log odds of each of
                          several labels, or the mean of a number
    logistic regression:  W, b = argmin Σ loss + ‖σ W‖² / (2C), the loss being the
                          cross-entropy, of several labels that of each, and half
                          the squared error of a number (ridge regression)

C is chosen on dev; where no dialogues are held out, by cross-validation over those
of training, after which W and b are fitted to all of them.

σ is the standard deviation of each number over the training utterances: the mean
of many tokens moves less than one voice vector and must not be penalised for it.

Only labelled utterances with a modality are learned from. The seed changes
nothing.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from emospot.batch import Example, collate
from emospot.config import Config
from emospot.emotions import Task
from emospot.errors import UsageError
from emospot.evaluation.task_scores import choice, output_scores
from emospot.model.baselines.majority import Majority
from emospot.model.baselines.utterance_model import UtteranceModel
from emospot.training.data import Split
from emospot.training.linear_solutions import linear_solution, majority_bias
from emospot.training.losses import plain_loss
from emospot.training.results import dev_figures

STRENGTHS = tuple(10.0 ** (k / 2) for k in range(-10, -1))
"""The values of C that are tried, from the simplest model on."""
PARTS = 5
"""Into so many the training conversations are cut for cross-validation."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """How a fit went.

    Args:
        score: on dev of what was chosen (see `evaluation.task_scores.choice`); in
            closed form and without dev, on the held-out parts of training.
        epoch: which epoch (or, in closed form, which attempt) was chosen, from 0.
        history: loss and dev scores of each.
    """

    score: float
    epoch: int
    history: tuple[Mapping[str, float], ...]


@dataclass(frozen=True, slots=True)
class LabelledVectors:
    """What the head reads of labelled utterances.

    Args:
        features: shape (N, width).
        answers: what is right for each: its class, shape (N,), or as
            `batch.Target` has it, shape (N, K).
        known: whether it has any modality, shape (N,).
        conversation: number of the conversation that each is from, shape (N,).
    """

    features: Tensor
    answers: Tensor
    known: Tensor
    conversation: Tensor

    def __getitem__(self, rows: NDArray[np.int64]) -> "LabelledVectors":
        """Those rows alone."""
        columns = (self.features, self.answers, self.known, self.conversation)
        return LabelledVectors(*(column[torch.from_numpy(rows)] for column in columns))


@dataclass(frozen=True, slots=True)
class Head:
    """A linear layer.

    Args:
        weight: shape (C, width).
        bias: shape (C,).
    """

    weight: Tensor
    bias: Tensor

    def logits(self, rows: LabelledVectors, prior: Tensor) -> Tensor:
        """Shape (N, C); the prior where there is no modality."""
        found = F.linear(rows.features, self.weight, self.bias)
        return torch.where(rows.known.unsqueeze(-1), found, prior)


def labelled_vectors(
    model: UtteranceModel, examples: Sequence[Example], dims: Mapping[str, int], task: Task
) -> LabelledVectors:
    """What the model's head reads of the labelled utterances of conversations."""
    parts = []
    with torch.no_grad():
        for number, example in enumerate(examples):
            batch = collate([example], dims, tasks=[task])
            target = batch.targets[task.name]
            inputs = model.utterance_vectors(batch)
            features = model.network(inputs)
            there = target.mask
            conversation = torch.full((int(there.sum()),), number)
            parts.append(
                (features[there], target.values[there], inputs.known[there], conversation)
            )
    return LabelledVectors(*(torch.cat(column) for column in zip(*parts, strict=True)))


def fit_closed_form(
    model: UtteranceModel,
    config: Config,
    split: Split,
    dims: Mapping[str, int],
    task: Task,
    on_attempt: Callable[[Mapping[str, float], int], None] | None = None,
) -> Fitted:
    """Set the head of a baseline without steps of gradient.

    Args:
        model: with its input statistics and prior; its head is set.
        config: class weights are read from `training`.
        split: what to learn from and to choose on; without dev, C is chosen by
            cross-validation over the training conversations.
        dims: modality → numbers a token, in the order of the model.
        task: what is learned.
        on_attempt: told of each attempt's figures and of how many there are.

    Raises:
        UsageError: if C is to be chosen on one training conversation alone.
    """
    model.eval()
    train = labelled_vectors(model, split.train, dims, task)
    prior = model.get_buffer(f"prior_{task.name}")
    solve = _solver(model, config, task)
    strengths = (0.0,) if isinstance(model.network, Majority) else STRENGTHS
    if split.dev:
        parts = [(train, labelled_vectors(model, split.dev, dims, task))]
    else:
        # Where there is nothing to choose, nothing need be held out.
        parts = _held_out_parts(train) if len(strengths) > 1 else [(train, train)]
    seen, unseen = zip(*parts, strict=True)
    known, held_out = (torch.cat([part.answers for part in side]) for side in (seen, unseen))
    history: list[Mapping[str, float]] = []
    best = (-math.inf, -1, 0.0)
    for epoch, strength in enumerate(strengths):
        heads = [solve(part, strength) for part in seen]
        learned = [head.logits(part, prior) for head, part in zip(heads, seen, strict=True)]
        answers = [head.logits(part, prior) for head, part in zip(heads, unseen, strict=True)]
        scores = output_scores(task, torch.cat(answers).numpy(), held_out.numpy())
        loss = plain_loss(torch.cat(learned), known, task.kind, config.training)
        history.append({"epoch": epoch, "C": strength, "loss": float(loss), **dev_figures(scores)})
        if on_attempt is not None:
            on_attempt(history[-1], len(strengths))
        if choice(scores) > best[0]:
            best = (choice(scores), epoch, strength)
    score, epoch, strength = best
    chosen = solve(train, strength)
    head = cast(nn.Linear, model.heads[task.name])
    with torch.no_grad():
        head.weight.copy_(chosen.weight)
        head.bias.copy_(chosen.bias)
    return Fitted(score, epoch, tuple(history))


def _solver(
    model: UtteranceModel, config: Config, task: Task
) -> Callable[[LabelledVectors, float], Head]:
    """What makes a head of utterances and a strength."""

    def majority(rows: LabelledVectors, strength: float) -> Head:
        bias = majority_bias(rows.answers, task)
        return Head(torch.zeros(len(bias), rows.features.shape[1]), bias)

    def regression(rows: LabelledVectors, strength: float) -> Head:
        x = rows.features[rows.known].double().numpy()
        y = rows.answers[rows.known].numpy()
        balanced = config.training.class_weights
        weight, bias = linear_solution(x, y, task, strength, balanced=balanced)
        return Head(torch.from_numpy(weight).float(), torch.from_numpy(bias).float())

    return majority if isinstance(model.network, Majority) else regression


def _held_out_parts(rows: LabelledVectors) -> list[tuple[LabelledVectors, LabelledVectors]]:
    """What is learned from and what is held out, conversations kept whole, in turn."""
    from sklearn.model_selection import GroupKFold

    groups = rows.conversation.numpy()
    count = min(PARTS, len(np.unique(groups)))
    if count < 2:
        raise UsageError(
            "one labelled training conversation alone leaves none to hold out: set training.dev, "
            "or add conversations"
        )
    parts = GroupKFold(count).split(groups, groups=groups)
    return [(rows[learned], rows[rest]) for learned, rest in parts]

"""Baselines that are fitted at once: majority and logistic regression.

Their networks have no weights; what is fitted is the linear layer of the head
(`model.baselines.majority`, `model.baselines.logistic_regression`). The result is
a model like any other: saved, loaded and scored by the same code.

    majority:             W = 0, b = log((n + 1) / Σ (n + 1))
    logistic regression:  W, b = argmin Σ cross-entropy + ‖σ W‖² / (2C)

C is chosen on dev; where no dialogues are held out, by cross-validation over those
of training, after which W and b are fitted to all of them.

σ is the standard deviation of each number over the training utterances: the mean
of many tokens moves less than one voice vector and must not be penalised for it.

Only labelled utterances with a modality are learned from. The seed changes
nothing.
"""

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
from emospot.evaluation.classification import classification_scores
from emospot.model.baselines.majority import Majority
from emospot.model.baselines.utterance_model import UtteranceModel
from emospot.training.data import Split
from emospot.training.losses import log_prior

STRENGTHS = tuple(10.0 ** (k / 2) for k in range(-10, -1))
"""The values of C that are tried, from the simplest model on."""
ITERATIONS = 2000
PARTS = 5
"""Into so many the training conversations are cut for cross-validation."""
NEVER = -1e4
"""Logit of a class that training never showed."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """How a fit went.

    Args:
        score: weighted F1 on dev of what was chosen; in closed form and without
            dev, on the held-out parts of training.
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
        labels: class of each, shape (N,).
        known: whether it has any modality, shape (N,).
        conversation: number of the conversation that each is from, shape (N,).
    """

    features: Tensor
    labels: Tensor
    known: Tensor
    conversation: Tensor

    def __getitem__(self, rows: NDArray[np.int64]) -> "LabelledVectors":
        """Those rows alone."""
        columns = (self.features, self.labels, self.known, self.conversation)
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
            labels = target.values[there]
            conversation = torch.full_like(labels, number)
            parts.append((features[there], labels, inputs.known[there], conversation))
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
        task: of one label an utterance.
        on_attempt: told of each attempt's figures and of how many there are.

    Raises:
        UsageError: if there is one training conversation alone and no dev.
    """
    model.eval()
    train = labelled_vectors(model, split.train, dims, task)
    prior = model.get_buffer(f"prior_{task.name}")
    solve = _solver(model, config, task)
    strengths = (0.0,) if isinstance(model.network, Majority) else STRENGTHS
    if split.dev:
        parts = [(train, labelled_vectors(model, split.dev, dims, task))]
    else:
        parts = _held_out_parts(train)
    held_out = torch.cat([rest.labels for _, rest in parts])
    history = []
    for epoch, strength in enumerate(strengths):
        heads = [solve(learned, strength) for learned, _ in parts]
        losses = [
            float(F.cross_entropy(head.logits(learned, prior), learned.labels))
            for head, (learned, _) in zip(heads, parts, strict=True)
        ]
        answers = torch.cat(
            [head.logits(rest, prior) for head, (_, rest) in zip(heads, parts, strict=True)]
        )
        scores = classification_scores(
            held_out.numpy(), answers.argmax(dim=-1).numpy(), task.outputs
        )
        figures = {
            "epoch": epoch,
            "C": strength,
            "loss": sum(losses) / len(losses),
            "dev_weighted_f1": scores.weighted_f1,
            "dev_macro_f1": scores.macro_f1,
        }
        history.append(figures)
        if on_attempt is not None:
            on_attempt(figures, len(strengths))
    best = max(history, key=lambda figures: figures["dev_weighted_f1"])
    chosen = solve(train, best["C"])
    head = cast(nn.Linear, model.heads[task.name])
    with torch.no_grad():
        head.weight.copy_(chosen.weight)
        head.bias.copy_(chosen.bias)
    return Fitted(best["dev_weighted_f1"], int(best["epoch"]), tuple(history))


def _solver(
    model: UtteranceModel, config: Config, task: Task
) -> Callable[[LabelledVectors, float], Head]:
    """What makes a head of utterances and a strength."""
    classes = len(task.outputs)

    def majority(rows: LabelledVectors, strength: float) -> Head:
        counts = torch.bincount(rows.labels, minlength=classes).float()
        return Head(torch.zeros(classes, rows.features.shape[1]), log_prior(counts))

    def regression(rows: LabelledVectors, strength: float) -> Head:
        x = rows.features[rows.known].double().numpy()
        y = rows.labels[rows.known].numpy()
        balanced = config.training.class_weights
        weight, bias = logistic_solution(x, y, classes, strength, balanced=balanced)
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


def logistic_solution(
    x: NDArray[np.float64], y: NDArray[np.int64], classes: int, strength: float, *, balanced: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights and biases of a softmax regression over all classes.

    Args:
        x: shape (N, width).
        y: class of each row, shape (N,).
        classes: how many classes there are; one without rows is never answered.
        strength: C.
        balanced: weight classes inversely to how often they occur.

    Returns:
        Shapes (classes, width) and (classes,).
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    weight = np.zeros((classes, x.shape[1]))
    bias = np.full(classes, NEVER)
    seen = np.unique(y)
    if len(seen) < 2:
        bias[seen] = 0.0
        return weight, bias
    scaler = StandardScaler().fit(x)
    regression = LogisticRegression(
        C=strength, max_iter=ITERATIONS, class_weight="balanced" if balanced else None
    ).fit(scaler.transform(x), y)
    # The scaling moves into the weights, so that the head reads plain vectors.
    slope = regression.coef_ / scaler.scale_
    offset = regression.intercept_ - slope @ scaler.mean_
    if len(seen) == 2:
        # One logit for two classes: half of it each way is the same softmax.
        slope, offset = np.concatenate([-slope, slope]) / 2, np.array([-1, 1]) * offset / 2
    weight[seen], bias[seen] = slope, offset
    return weight, bias

"""Baselines that are fitted at once: majority and logistic regression.

Their networks have no weights; what is fitted is the linear layer of the head
(`model.baselines.majority`, `model.baselines.logistic_regression`). The result is
a model like any other: saved, loaded and scored by the same code.

    majority:             W = 0, b = log((n + 1) / Σ (n + 1))
    logistic regression:  W, b = argmin Σ cross-entropy + ‖σ W‖² / (2C), C chosen on dev

σ is the standard deviation of each number over the training utterances: the mean
of many tokens moves less than one voice vector and must not be penalised for it.

Only labelled utterances with a modality are learned from. The seed changes
nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
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
from emospot.evaluation.classification import classification_scores
from emospot.model.baselines.majority import Majority
from emospot.model.baselines.utterance_model import UtteranceModel
from emospot.training.data import Split, class_counts
from emospot.training.losses import log_prior

STRENGTHS = tuple(10.0 ** (k / 2) for k in range(-10, 1))
"""The values of C that are tried, from the simplest model on."""
ITERATIONS = 2000
NEVER = -1e4
"""Logit of a class that training never showed."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """How a fit went.

    Args:
        score: weighted F1 on dev of what was chosen.
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
    """

    features: Tensor
    labels: Tensor
    known: Tensor


def labelled_vectors(
    model: UtteranceModel, examples: Sequence[Example], dims: Mapping[str, int], task: Task
) -> LabelledVectors:
    """What the model's head reads of the labelled utterances of conversations."""
    parts = []
    with torch.no_grad():
        for example in examples:
            batch = collate([example], dims, tasks=[task])
            target = batch.targets[task.name]
            inputs = model.utterance_vectors(batch)
            features = model.network(inputs)
            there = target.mask
            parts.append((features[there], target.values[there], inputs.known[there]))
    return LabelledVectors(*(torch.cat(column) for column in zip(*parts, strict=True)))


def fit_closed_form(
    model: UtteranceModel,
    config: Config,
    split: Split,
    dims: Mapping[str, int],
    task: Task,
    on_attempt: Callable[[Mapping[str, float], int], None] | None = None,
) -> Fitted:
    """Set the head of a baseline without steps of gradient; choose on dev.

    Args:
        model: with its input statistics and prior; its head is set.
        config: class weights are read from `training`.
        split: what to learn from and to choose on.
        dims: modality → numbers a token, in the order of the model.
        task: of one label an utterance.
        on_attempt: told of each attempt's figures and of how many there are.
    """
    model.eval()
    train = labelled_vectors(model, split.train, dims, task)
    dev = labelled_vectors(model, split.dev, dims, task)
    head = cast(nn.Linear, model.heads[task.name])
    attempts: Iterator[tuple[float, Tensor, Tensor]]
    if isinstance(model.network, Majority):
        prior = log_prior(class_counts(split.train, task))
        attempts, count = iter([(0.0, torch.zeros_like(head.weight), prior)]), 1
    else:
        balanced = config.training.class_weights
        attempts = _regressions(train, len(task.outputs), balanced=balanced)
        count = len(STRENGTHS)
    history: list[Mapping[str, float]] = []
    best: tuple[float, int, Tensor, Tensor] = (-1.0, -1, head.weight, head.bias)
    for epoch, (strength, weight, bias) in enumerate(attempts):
        figures = _figures(model, weight, bias, train, dev, task)
        history.append({"epoch": epoch, "C": strength, **figures})
        if figures["dev_weighted_f1"] > best[0]:
            best = (figures["dev_weighted_f1"], epoch, weight, bias)
        if on_attempt is not None:
            on_attempt(history[-1], count)
    score, epoch, weight, bias = best
    with torch.no_grad():
        head.weight.copy_(weight)
        head.bias.copy_(bias)
    return Fitted(score, epoch, tuple(history))


def _figures(
    model: UtteranceModel,
    weight: Tensor,
    bias: Tensor,
    train: LabelledVectors,
    dev: LabelledVectors,
    task: Task,
) -> dict[str, float]:
    prior = model.get_buffer(f"prior_{task.name}")
    learned, chosen = (
        torch.where(part.known.unsqueeze(-1), F.linear(part.features, weight, bias), prior)
        for part in (train, dev)
    )
    scores = classification_scores(dev.labels.numpy(), chosen.argmax(dim=-1).numpy(), task.outputs)
    return {
        "loss": float(F.cross_entropy(learned, train.labels)),
        "dev_weighted_f1": scores.weighted_f1,
        "dev_macro_f1": scores.macro_f1,
    }


def _regressions(
    train: LabelledVectors, classes: int, *, balanced: bool
) -> Iterator[tuple[float, Tensor, Tensor]]:
    """For each strength, C and the head's weight and bias."""
    x = train.features[train.known].double().numpy()
    y = train.labels[train.known].numpy()
    for strength in STRENGTHS:
        weight, bias = logistic_solution(x, y, classes, strength, balanced=balanced)
        yield strength, torch.from_numpy(weight).float(), torch.from_numpy(bias).float()


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

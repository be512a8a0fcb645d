"""The Lightning module: one step, one epoch's score on dev, averaged weights.

Every step starts from a random state given by seed and step, and everything else
that training remembers is in the checkpoint; so a run that was killed and resumed
ends with the weights of one that was not.
"""

import math
from copy import deepcopy
from typing import Any

import torch
from lightning import LightningModule
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from emospot.batch import ConversationBatch
from emospot.config import TrainingConfig
from emospot.emotions import LabelSet
from emospot.evaluation.classification import classification_scores
from emospot.model.recognizer import Recognizer
from emospot.training.losses import total_loss
from emospot.training.modality_dropout import with_modality_dropout

FINAL_RATE = 0.05
"""Learning rate at the last step, as a share of the greatest."""


def rate_factor(step: int, warmup: int, total: int) -> float:
    """The learning rate at a step as a share of the greatest: warm-up, then cosine.

    >>> rate_factor(0, warmup=4, total=100)
    0.25
    """
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, step / max(1, total))))
    rise = min(1.0, (step + 1) / warmup) if warmup else 1.0
    return rise * (FINAL_RATE + (1 - FINAL_RATE) * cosine)


def averaging(decay: float) -> Any:
    """Exponential averaging of weights that follows quickly at first.

    The decay rises from (1 + n) / (10 + n) to `decay`, so that the initial
    weights do not linger.
    """

    def average(mean: Tensor, weight: Tensor, count: Tensor | int) -> Tensor:
        own = min(decay, (1 + float(count)) / (10 + float(count)))
        return torch.lerp(mean, weight, 1 - own)

    return average


class EmotionModule(LightningModule):
    """Trains a recognizer and keeps the averaged weights that were best on dev.

    Args:
        recognizer: what is trained.
        config: how.
        labels: the label set.
        seed: of every random choice.
        steps_an_epoch: optimiser steps.
        class_weights: shape (C,), or None.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        config: TrainingConfig,
        labels: LabelSet,
        *,
        seed: int,
        steps_an_epoch: int,
        class_weights: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.recognizer = recognizer
        self.averaged = AveragedModel(recognizer, avg_fn=averaging(config.average_decay))
        self.config = config
        self.labels = labels
        self.seed = seed
        self.steps_an_epoch = steps_an_epoch
        self.register_buffer("class_weights", class_weights, persistent=False)
        self.best: dict[str, Any] = {"score": -1.0, "epoch": -1, "weights": {}}
        self.history: list[dict[str, float]] = []
        self._answers: list[tuple[Tensor, Tensor]] = []
        self._loss_sum = 0.0

    def on_train_epoch_start(self) -> None:
        """Start the mean of the losses anew."""
        self._loss_sum = 0.0

    def on_train_batch_start(self, *_: Any) -> None:
        """Start from the random state of this seed and step."""
        # Not once an epoch: data loaders draw from the same state, and do so at
        # other moments in a resumed run.
        torch.manual_seed(self.seed * 1_000_003 + self.global_step)

    def training_step(self, batch: ConversationBatch, index: int) -> Tensor:
        """The loss of one batch."""
        batch = with_modality_dropout(batch, self.config.modality_dropout)
        loss = total_loss(self.recognizer(batch), batch, self.config, self.class_weights)
        self._loss_sum += float(loss.detach())
        return loss

    def on_train_batch_end(self, *_: Any) -> None:
        """Average the weights after every step."""
        self.averaged.update_parameters(self.recognizer)

    def on_validation_epoch_start(self) -> None:
        """Forget the answers of the epoch before."""
        self._answers = []

    def validation_step(self, batch: ConversationBatch, index: int) -> None:
        """Collect the averaged model's answers on dev."""
        target = batch.targets["emotion"]
        logits = self.averaged.module(batch).logits["emotion"]
        self._answers.append((logits[target.mask].cpu(), target.values[target.mask].cpu()))

    def dev_answers(self) -> tuple[Tensor, Tensor]:
        """Logits (N, C) and labels (N,) of the last pass over dev."""
        logits, labels = zip(*self._answers, strict=True)
        return torch.cat(logits), torch.cat(labels)

    def on_validation_epoch_end(self) -> None:
        """Score the epoch; keep its weights if they are the best so far."""
        logits, labels = self.dev_answers()
        scores = classification_scores(
            labels.numpy(), logits.argmax(dim=-1).numpy(), self.labels.labels
        )
        self.log("dev_weighted_f1", scores.weighted_f1)
        if self.trainer.sanity_checking:
            return
        self.history.append(
            {
                "epoch": self.current_epoch,
                "loss": self._loss_sum / self.steps_an_epoch,
                "dev_weighted_f1": scores.weighted_f1,
                "dev_macro_f1": scores.macro_f1,
            }
        )
        if scores.weighted_f1 > self.best["score"]:
            weights = deepcopy(self.averaged.module.state_dict())
            self.best = {
                "score": scores.weighted_f1,
                "epoch": self.current_epoch,
                "weights": {name: weight.cpu() for name, weight in weights.items()},
            }

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep what Lightning does not know."""
        checkpoint["emospot"] = {"best": self.best, "history": self.history}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take it up again."""
        self.best = checkpoint["emospot"]["best"]
        self.history = checkpoint["emospot"]["history"]

    def configure_optimizers(self) -> Any:
        """AdamW, weight decay on matrices alone, warm-up and cosine by step."""
        parameters = [p for p in self.recognizer.parameters() if p.requires_grad]
        groups: list[dict[str, Any]] = [
            {"params": [p for p in parameters if p.ndim > 1]},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(
            groups, lr=self.config.learning_rate, weight_decay=self.config.weight_decay
        )
        warmup = self.config.warmup_epochs * self.steps_an_epoch
        total = self.config.epochs * self.steps_an_epoch
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: rate_factor(step, warmup, total)
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

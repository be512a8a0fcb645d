"""The Lightning module: one step, one epoch's score on dev, averaged weights.

Every step starts from a random state given by seed and step, and everything else
that training remembers is in the checkpoint; so a run that was killed and resumed
ends with the weights of one that was not.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

import torch
from lightning import LightningModule
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from emospot.batch import ConversationBatch
from emospot.config import TrainingConfig
from emospot.emotions import Task
from emospot.evaluation.diagnosis.aligners import normalised_entropy
from emospot.evaluation.task_scores import Scores, choice, output_scores
from emospot.model.across_processes import summing
from emospot.model.emotion_model import EmotionModel, EmotionOutput
from emospot.training.losses import plain_loss, total_loss
from emospot.training.modality_dropout import with_modality_dropout
from emospot.training.results import dev_figures
from emospot.training.spread import sum_over_processes

FINAL_RATE = 0.05
"""Learning rate at the last step, as a share of the greatest."""

PLATEAU_FACTOR = 0.1
PLATEAU_PATIENCE = 10

FUSED_ON = ("cpu", "cuda")
"""Devices on which PyTorch's optimisers change all parameters in one operation."""

CHOICE = "dev_score"
"""Under this name the score that an epoch is chosen by is logged; greater is better."""
DEV_LOSS = "dev_loss"
"""Under this name the main task's loss on dev is logged, without label smoothing."""


def rate_factor(step: int, warmup: int, total: int) -> float:
    """The learning rate at a step as a share of the greatest: warm-up, then cosine.

    Args:
        step: from 0.
        warmup: steps of the rise.
        total: steps of the whole training, or 0: constant after the rise.

    >>> rate_factor(0, warmup=4, total=100)
    0.25
    >>> rate_factor(50, warmup=4, total=0)
    1.0
    """
    rise = min(1.0, (step + 1) / warmup) if warmup else 1.0
    if total == 0:
        return rise
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, step / total)))
    return rise * (FINAL_RATE + (1 - FINAL_RATE) * cosine)


def averaging(decay: float) -> Any:
    """Exponential averaging of weights that follows quickly at first.

    The decay rises from (1 + n) / (10 + n) to `decay`, so that the initial
    weights do not linger.
    """

    def average(means: list[Tensor], weights: list[Tensor], count: Tensor | int) -> None:
        if not means[0].is_floating_point():
            torch._foreach_copy_(means, weights)  # counters of batch normalisation
            return
        own = min(decay, (1 + float(count)) / (10 + float(count)))
        torch._foreach_lerp_(means, weights, 1 - own)

    return average


class AlignerCurve:
    """How the aligners were used over an epoch of training."""

    def __init__(self) -> None:
        self._balance: list[Tensor] = []
        self._use: dict[str, list[Tensor]] = {}

    def tell(self, output: EmotionOutput) -> None:
        """Take in a batch."""
        if output.expert_usage:
            self._balance.append(output.losses["balance"].detach())
        for name, use in output.expert_usage.items():
            self._use.setdefault(name, []).append(use.detach())

    def figures(self) -> dict[str, float]:
        """Mean load balance loss, and how even use was: the pairs' mean entropy, 1 at most."""
        if not self._use:
            return {}
        mean = [torch.stack(own).mean(dim=0).double().cpu().numpy() for own in self._use.values()]
        entropy = [float(normalised_entropy(use, len(use))) for use in mean]
        return {
            "balance": float(torch.stack(self._balance).mean()),
            "use_entropy": sum(entropy) / len(entropy),
        }


class EmotionModule(LightningModule):
    """Trains a model and keeps the averaged weights that were best on dev.

    Args:
        recognizer: what is trained.
        config: how.
        tasks: what is learned; the first is the main one.
        seed: of every random choice.
        steps_an_epoch: optimiser steps.
        class_weights: of the main task, shape (C,), or None.
        tell: called with the last line of the history after every epoch.
    """

    def __init__(
        self,
        recognizer: EmotionModel,
        config: TrainingConfig,
        tasks: Sequence[Task],
        *,
        seed: int,
        steps_an_epoch: int,
        class_weights: Tensor | None = None,
        tell: Callable[[Mapping[str, float]], None] = lambda _: None,
    ) -> None:
        super().__init__()
        self.tell = tell
        self.recognizer = recognizer
        # With the buffers: batch normalisation must fit the averaged weights.
        self.averaged = AveragedModel(
            recognizer, multi_avg_fn=averaging(config.average_decay), use_buffers=True
        ).requires_grad_(False)
        self.config = config
        self.main = tasks[0]
        self.seed = seed
        self.steps_an_epoch = steps_an_epoch
        self.register_buffer("class_weights", class_weights, persistent=False)
        self.best: dict[str, Any] = {"score": -math.inf, "epoch": -1, "weights": {}}
        self.history: list[dict[str, float]] = []
        self._answers: list[tuple[Tensor, Tensor]] = []
        self._loss_sum = 0.0
        self._aligners = AlignerCurve()
        self._score = math.nan
        self._figures: dict[str, float] = {}

    def on_train_epoch_start(self) -> None:
        """Start the means of the epoch anew."""
        self._loss_sum = 0.0
        self._aligners = AlignerCurve()

    def on_train_batch_start(self, *_: Any) -> None:
        """Start from the random state of this seed and step."""
        # Not once an epoch: data loaders draw from the same state, and do so at
        # other moments in a resumed run.
        # Each process drops out what it will: the same ones everywhere would be fewer.
        own = self.global_rank * 2**40
        torch.manual_seed(self.seed * 1_000_003 + self.global_step + own)

    def training_step(self, batch: ConversationBatch, index: int) -> Tensor:
        """The loss of one batch, be it shared by several processes."""
        batch = with_modality_dropout(batch, self.config.modality_dropout)
        with summing(sum_over_processes if self.trainer.world_size > 1 else None):
            output = self.recognizer(batch)
            loss = total_loss(output, batch, self.config, self.class_weights)
        self._aligners.tell(output)
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
        target = batch.targets[self.main.name]
        outputs = self.averaged.module(batch).logits[self.main.name]
        self._answers.append((outputs[target.mask].cpu(), target.values[target.mask].cpu()))

    def dev_loss(self) -> Tensor:
        """The main task's loss over the last pass over dev, without label smoothing."""
        outputs, values = (torch.cat(part) for part in zip(*self._answers, strict=True))
        return plain_loss(outputs, values, self.main.kind, self.config)

    def dev_scores(self) -> Scores:
        """The scores of the last pass over dev, of the main task."""
        outputs, values = (torch.cat(part) for part in zip(*self._answers, strict=True))
        return output_scores(self.main, outputs.numpy(), values.numpy())

    def on_validation_epoch_end(self) -> None:
        """Score the epoch on dev."""
        scores = self.dev_scores()
        self._score, self._figures = choice(scores), dev_figures(scores)
        self.log(CHOICE, self._score)
        self.log(DEV_LOSS, self.dev_loss())

    def on_train_epoch_end(self) -> None:
        """Keep the epoch's weights if they are the best so far on dev, or the last; tell."""
        loss = self._loss_sum / self.steps_an_epoch
        aligners = self._aligners.figures()
        self.history.append(
            {"epoch": self.current_epoch, "loss": loss, **aligners, **self._figures}
        )
        # Without dev conversations a score that is a number says that the loss is one.
        score = self._score if self._figures else -loss
        if score > self.best["score"] or self.config.choose == "last":
            weights = deepcopy(self.averaged.module.state_dict())
            self.best = {
                "score": score,
                "epoch": self.current_epoch,
                "weights": {name: weight.cpu() for name, weight in weights.items()},
            }
        self.tell(self.history[-1])

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep what Lightning does not know."""
        checkpoint["emospot"] = {"best": self.best, "history": self.history}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take it up again."""
        self.best = checkpoint["emospot"]["best"]
        self.history = checkpoint["emospot"]["history"]

    def configure_optimizers(self) -> Any:
        """The optimiser, weight decay on matrices alone, and the schedule of its rate."""
        parameters = [p for p in self.recognizer.parameters() if p.requires_grad]
        groups: list[dict[str, Any]] = [
            {"params": [p for p in parameters if p.ndim > 1]},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ]
        make = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}[self.config.optimizer]
        optimizer = make(
            groups,
            lr=self.config.learning_rate,
            weight_decay=self.config.weight_decay,
            fused=all(p.device.type in FUSED_ON for p in parameters),
        )
        return {"optimizer": optimizer, "lr_scheduler": self._schedule(optimizer)}

    def _schedule(self, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
        if self.config.schedule == "plateau":
            plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
                optimizer, factor=PLATEAU_FACTOR, patience=PLATEAU_PATIENCE
            )
            return {"scheduler": plateau, "interval": "epoch", "monitor": DEV_LOSS}
        warmup = self.config.warmup_epochs * self.steps_an_epoch
        falls = self.config.schedule == "cosine"
        total = self.config.epochs * self.steps_an_epoch if falls else 0
        by_step = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: rate_factor(step, warmup, total)
        )
        return {"scheduler": by_step, "interval": "step"}

"""What training minimises.

    loss = L_main + w · Σ_others L_task + w · L_hotspots + λ · L_lb + μ · L_z + L_length
         + ν · L_marks

over the utterances of the batch whose answer is known; where a head answers in parts,
L is the mean of theirs, so that each is learned apart:

    single     cross-entropy with label smoothing
    several    binary cross-entropy, mean over the labels
    number     smooth L1 (quadratic below one standard deviation) or L1

L_hotspots is that of the answers from learned hotspots alone, and of those beside a second
reading (`model.second_reading`), L_length keeps those of
words short and L_marks holds all to marked ones (`model.learned_hotspots`, and
`model.learned_moments` for one class against the rest). L_lb is the aligners' load
balance, L_z the router's z-loss (see `model.mixture_of_aligners`).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from emospot.batch import ConversationBatch, Target
from emospot.config import TrainingConfig
from emospot.emotions import TaskKind
from emospot.model.across_processes import across_processes
from emospot.model.emotion_model import EmotionOutput


def total_loss(
    output: EmotionOutput,
    batch: ConversationBatch,
    config: TrainingConfig,
    class_weights: Tensor | None = None,
) -> Tensor:
    """The scalar that is minimised; 0 · logits where no answer is known.

    Args:
        output: of the model.
        batch: its first target is that of the main task.
        config: weights and kinds of the losses.
        class_weights: of the main task, shape (C,): of each class for a single
            label, of its presence for several, see `balanced_weights` and
            `presence_weights`.
    """
    weights = {
        "balance": config.balance_weight,
        "router_z": config.router_z_weight,
        "hotspot_length": 1.0,
        "hotspot_marks": config.marks_weight,
    }
    loss = torch.zeros((), device=batch.mask.device)
    for name, part in output.losses.items():
        loss = loss + weights[name] * part
    for position, (name, target) in enumerate(batch.targets.items()):
        weight, classes = (
            (1.0, class_weights) if position == 0 else (config.auxiliary_weight, None)
        )
        parts = output.parts.get(name, (output.logits[name],))
        for answer in parts:
            loss = loss + weight / len(parts) * _known_loss(answer, target, config, classes)
        for beside in (output.evidence.get(name, ()), output.beside.get(name, ())):
            for answer in beside:
                own = _known_loss(answer, target, config, classes)
                loss = loss + config.auxiliary_weight * weight / len(beside) * own
        against_rest = output.against_rest.get(name, ())
        for answer in against_rest:
            own = against_rest_loss(answer[target.mask], target)
            loss = loss + config.auxiliary_weight * weight / len(against_rest) * own
    return loss


def _known_loss(
    answer: Tensor, target: Target, config: TrainingConfig, class_weights: Tensor | None
) -> Tensor:
    """`task_loss` where the answer is known; 0 · answer where it is nowhere."""
    return task_loss(answer[target.mask], target, config, class_weights)


def against_rest_loss(outputs: Tensor, target: Target) -> Tensor:
    """The loss of answers learned one class against the rest, the sum of all classes.

    Args:
        outputs: where `target.mask` is True, shape (N, classes).
        target: all of the batch's answers, of a single or of several labels.
    """
    values = target.values[target.mask]
    if target.kind == "single":
        values = F.one_hot(values.long(), outputs.shape[-1])
    loss = F.binary_cross_entropy_with_logits(outputs, values.to(outputs.dtype), reduction="sum")
    return _mean(loss, outputs.new_tensor(len(outputs)))


def task_loss(
    outputs: Tensor, target: Target, config: TrainingConfig, class_weights: Tensor | None = None
) -> Tensor:
    """The loss of one head over the utterances whose answer is known.

    Args:
        outputs: of the head, where `target.mask` is True, shape (N, K).
        target: all of the batch's answers.
        config: label smoothing and the loss of numbers are read.
        class_weights: as in `total_loss`.
    """
    values = target.values[target.mask]
    if target.kind == "single":
        loss = F.cross_entropy(
            outputs,
            values,
            weight=class_weights,
            reduction="sum",
            label_smoothing=config.label_smoothing,
        )
        each = torch.ones_like(values) if class_weights is None else class_weights[values]
        return _mean(loss, each.to(outputs.dtype).sum())
    if target.kind == "several":
        loss = F.binary_cross_entropy_with_logits(
            outputs, values, pos_weight=class_weights, reduction="sum"
        )
    else:
        number_loss = F.l1_loss if config.number_loss == "l1" else F.smooth_l1_loss
        loss = number_loss(outputs, values, reduction="sum")
    return _mean(loss, outputs.new_tensor(outputs.numel()))


def _mean(total: Tensor, weight: Tensor) -> Tensor:
    """Over all processes; 0 where none has any weight."""
    everything = across_processes(weight)
    return across_processes(total) / torch.where(everything > 0, everything, 1.0)


def plain_loss(outputs: Tensor, values: Tensor, kind: TaskKind, config: TrainingConfig) -> Tensor:
    """The loss of answers that are all known, without label smoothing.

    Args:
        outputs: of a head, shape (N, K).
        values: what is right, as `Target` has it, N first.
        kind: of the task.
        config: the loss of numbers is read.
    """
    everywhere = torch.ones(len(outputs), dtype=torch.bool)
    unsmoothed = config.model_copy(update={"label_smoothing": 0.0})
    return task_loss(outputs, Target(values, everywhere, kind), unsmoothed)


def balanced_weights(counts: Tensor) -> Tensor:
    """Weights inversely proportional to the class counts, of mean 1 over utterances.

    Args:
        counts: utterances of each class, shape (C,).

    >>> balanced_weights(torch.tensor([1.0, 3.0]))
    tensor([2.0000, 0.6667])
    """
    return counts.sum() / (len(counts) * counts.clamp(min=1))


def presence_weights(counts: Tensor, total: int) -> Tensor:
    """How many utterances lack a label for each that carries it.

    Args:
        counts: utterances that carry each label, shape (K,).
        total: utterances in all.

    >>> presence_weights(torch.tensor([5.0, 2.0]), 10)
    tensor([1., 4.])
    """
    return (total - counts) / counts.clamp(min=1)


def log_prior(counts: Tensor) -> Tensor:
    """Log frequencies of the classes with one utterance added to each, shape (C,)."""
    return torch.log((counts + 1) / (counts + 1).sum())


def log_odds(counts: Tensor, total: int) -> Tensor:
    """Log odds of each label with one utterance added either way, shape (K,).

    Args:
        counts: utterances that carry each label, shape (K,).
        total: utterances in all.
    """
    return torch.log((counts + 1) / (total - counts + 1))

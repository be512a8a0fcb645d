"""What training minimises.

    loss = Σ_heads task loss + λ · L_lb + μ · L_z

For a single label the task loss is cross-entropy with label smoothing, over the
labelled utterances of the batch. L_lb is the aligners' load balance, L_z the
router's z-loss (see `model.mixture_of_aligners`, `model.recognizer`).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from emospot.batch import ConversationBatch
from emospot.config import TrainingConfig
from emospot.model.recognizer import EmotionOutput


def total_loss(
    output: EmotionOutput,
    batch: ConversationBatch,
    config: TrainingConfig,
    class_weights: Tensor | None = None,
) -> Tensor:
    """The scalar that is minimised; 0 · logits where nothing is labelled."""
    loss = config.balance_weight * output.losses["balance"]
    loss = loss + config.router_z_weight * output.losses["router_z"]
    for name, target in batch.targets.items():
        logits = output.logits[name][target.mask]
        if len(logits) == 0:
            loss = loss + 0.0 * output.logits[name].sum()
            continue
        loss = loss + F.cross_entropy(
            logits,
            target.values[target.mask],
            weight=class_weights,
            label_smoothing=config.label_smoothing,
        )
    return loss


def balanced_weights(counts: Tensor) -> Tensor:
    """Weights inversely proportional to the class counts, of mean 1 over utterances.

    Args:
        counts: utterances of each class, shape (C,).

    >>> balanced_weights(torch.tensor([1.0, 3.0]))
    tensor([2.0000, 0.6667])
    """
    return counts.sum() / (len(counts) * counts.clamp(min=1))


def log_prior(counts: Tensor) -> Tensor:
    """Log frequencies of the classes with one utterance added to each, shape (C,)."""
    return torch.log((counts + 1) / (counts + 1).sum())

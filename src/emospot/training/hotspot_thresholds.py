"""From which score on learned hotspots of voice and face count.

A turn at rest should have none, a turn that is moved at least one. So the threshold is
the one with the best F1 of "is this turn moved?" over turns whose label is known, half-way
to the next lower strength. A turn is as strong as the tokens of its voice that answer for
it (`hotspots.tokens.greatest_mean`), or as the moment of its face that is held best
(`hotspots.tokens.held_means`).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve

from emospot.batch import Example
from emospot.config import ModelConfig
from emospot.conversation import VOICE
from emospot.emotions import NEUTRAL
from emospot.hotspots.tokens import greatest_mean, held_means
from emospot.model.predict import predict
from emospot.model.pretrained import PretrainedModel


def hotspot_thresholds(model: PretrainedModel, examples: Sequence[Example]) -> dict[str, float]:
    """Modality → threshold, of those whose learned tokens have times and no characters.

    Args:
        model: trained on a single label.
        examples: conversations. One number is hardly overfitted, and it depends on the
            speakers: many that were trained on say more than a few that were not.

    Returns:
        Nothing where no class is at rest, or turns of one kind alone are there.
    """
    config, main = model.config, model.card.main
    if not isinstance(config, ModelConfig):
        return {}
    learned = config.learned_hotspots
    if not learned or main.kind != "single" or NEUTRAL not in main.outputs:
        return {}
    strongest: dict[str, list[float]] = {modality: [] for modality in learned}
    moved: dict[str, list[bool]] = {modality: [] for modality in learned}
    for example, answer in zip(examples, predict(model, examples), strict=True):
        for modality, scores in answer.hotspots.items():
            for utterance, tokens, own in zip(
                example.conversation.utterances, example.tokens[modality], scores, strict=True
            ):
                if utterance.label is None or tokens is None:
                    continue
                if tokens.times is not None and tokens.offsets is None:
                    strongest[modality].append(
                        greatest_mean(own, config.hotspot_share)
                        if modality == VOICE
                        else float(held_means(np.asarray(tokens.times, float), own).max())
                    )
                    moved[modality].append(utterance.label != NEUTRAL)
    return {
        modality: best_threshold(np.array(strongest[modality]), np.array(moved[modality]))
        for modality in learned
        if len(set(moved[modality])) == 2
    }


def best_threshold(scores: NDArray[np.float64], wanted: NDArray[np.bool_]) -> float:
    """The threshold with the best F1, half-way between the two scores that it lies between.

    Args:
        scores: shape (N,).
        wanted: whether each should reach it, both kinds among them, shape (N,).

    >>> best_threshold(np.array([0.1, 0.2, 0.6, 0.8]), np.array([False, False, True, True]))
    0.4
    """
    precision, recall, thresholds = precision_recall_curve(wanted, scores)
    both = precision[:-1] + recall[:-1]
    f1 = np.divide(2 * precision[:-1] * recall[:-1], both, out=np.zeros_like(both), where=both > 0)
    best = int(np.argmax(f1))
    lower = scores[scores < thresholds[best]].max(initial=0.0)
    return float((thresholds[best] + lower) / 2)

"""How sure a trained model may be: temperatures and thresholds chosen on dev conversations."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from emospot.batch import Example
from emospot.evaluation.calibration import (
    MIN_WITHHELD,
    fit_temperature,
    softmax,
    unsure_threshold,
)
from emospot.model.confidence import Confidence, part_name, parts
from emospot.model.predict import predict
from emospot.model.pretrained import PretrainedModel, renamed
from emospot.model.withheld import of_modalities
from emospot.training.data import Split


def calibrated(model: PretrainedModel, split: Split, score: float) -> PretrainedModel:
    """The model with temperatures and "unsure" thresholds chosen on dev, for a single label.

    Where several modalities are read, parts of them have their own, chosen with the others
    withheld (see `model.confidence`). Without dev conversations it is left as it is.
    """
    if not split.dev:
        return model
    main = model.card.main
    if main.kind != "single":
        figure = {"dev_mae": -score} if main.kind == "number" else {"dev_weighted_f1": score}
        return renamed(model, scores=figure)
    logits, true, there = _answers(model, split.dev)
    # What was read in part gets a confidence of its own below.
    full = there.all(axis=1)
    rows = full if full.sum() >= MIN_WITHHELD else np.full(len(true), fill_value=True)
    whole = confidence_of(logits[rows], true[rows])
    partial = {}
    for kept in parts(model.config.modalities):
        logits, true, there = _answers(model, [of_modalities(e, kept) for e in split.dev])
        read = there.any(axis=1)
        if read.sum() >= MIN_WITHHELD:
            own = confidence_of(logits[read], true[read])
            # Dev sets are small, and their thresholds rough: nothing is answered of a part at
            # a probability at which it would not be of the whole.
            threshold = max(own.unsure_below, whole.unsure_below)
            partial[part_name(kept)] = replace(own, unsure_below=threshold)
    return renamed(
        model,
        temperature=whole.temperature,
        unsure_below=whole.unsure_below,
        partial=partial,
        scores={"dev_weighted_f1": score},
    )


def _answers(
    model: PretrainedModel, examples: Sequence[Example]
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.bool_]]:
    """Logits (N, C), true class (N,) and what was read (N, M), where the class is known."""
    main = model.card.main
    logits, true, there = [], [], []
    for example, answer in zip(examples, predict(model, examples), strict=True):
        present = np.stack(list(answer.present.values()), axis=1)
        for u, utterance in enumerate(example.conversation.utterances):
            known = main.answer(utterance.label, utterance.targets)
            if known is not None:
                logits.append(answer.logits[u])
                true.append(int(known[0]))
                there.append(present[u])
    return np.stack(logits), np.array(true), np.stack(there)


def confidence_of(logits: NDArray[np.floating], true: NDArray[np.integer]) -> Confidence:
    """Temperature and threshold that held-out answers ask for.

    Args:
        logits: shape (N, C).
        true: index of the true class, shape (N,).
    """
    temperature = fit_temperature(logits, true)
    probabilities = softmax(logits / temperature)
    correct = probabilities.argmax(axis=1) == true
    return Confidence(temperature, unsure_threshold(probabilities.max(axis=1), correct))

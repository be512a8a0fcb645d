"""Answers of a trained model for whole conversations, with their evidence."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from emospot.batch import ConversationBatch, Example, collate
from emospot.model.pretrained import PretrainedModel

UTTERANCES_A_BATCH = 512


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of one conversation of U utterances.

    Args:
        logits: before temperature, shape (U, C).
        probabilities: after temperature, shape (U, C).
        gates: modality → for each utterance the hotspot gate of its tokens in
            [0, 1], shape (T,), empty where the modality is absent.
        present: modality → whether the model read it, shape (U,).
    """

    logits: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    gates: Mapping[str, tuple[NDArray[np.float32], ...]]
    present: Mapping[str, NDArray[np.bool_]]


def predict(model: PretrainedModel, examples: Sequence[Example]) -> list[Prediction]:
    """The predictions of each conversation, in order.

    Conversations of similar length are computed together; the answers do not
    depend on which.
    """
    dims = {m: model.card.features[m].dim for m in model.config.modalities}
    answers: dict[int, Prediction] = {}
    for indices in _batches([len(e.conversation.utterances) for e in examples]):
        batch = collate([examples[i] for i in indices], dims)
        with torch.inference_mode():
            output = model.recognizer.eval()(batch)
        logits = output.logits["emotion"]
        probabilities = torch.softmax(logits / model.card.temperature, dim=-1)
        for b, i in enumerate(indices):
            count = len(examples[i].conversation.utterances)
            answers[i] = Prediction(
                logits[b, :count].numpy(),
                probabilities[b, :count].numpy(),
                {m: _gates(batch, m, g, b, count) for m, g in output.gates.items()},
                {m: batch.present[b, :count, n].numpy() for n, m in enumerate(dims)},
            )
    return [answers[i] for i in range(len(examples))]


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if batch and lengths[i] * (len(batch) + 1) > UTTERANCES_A_BATCH:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _gates(
    batch: ConversationBatch, modality: str, gates: torch.Tensor, b: int, count: int
) -> tuple[NDArray[np.float32], ...]:
    mask = batch.modalities[modality].mask[b]
    return tuple(gates[b, u][mask[u]].numpy() for u in range(count))

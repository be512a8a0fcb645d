"""Answers of a trained model for whole conversations, with their evidence."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emospot.batch import ConversationBatch, Example, collate
from emospot.emotions import Task
from emospot.model.confidence import by_presence, presence_number
from emospot.model.conversation_graph import ConversationGraph
from emospot.model.emotion_model import EmotionOutput
from emospot.model.neighbours import Neighbours
from emospot.model.pretrained import PretrainedModel

UTTERANCES_A_BATCH = 512


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of one conversation of U utterances.

    Args:
        logits: outputs of the main head before temperature, shape (U, C).
        probabilities: after temperature, shape (U, C): over the labels of a
            single-label task, of each label where several may apply; of a
            number there are none, shape (U, 0).
        temperature: by which the logits were divided, by what was read of the utterance,
            shape (U,).
        unsure_below: the probability under which the answer is "unsure", by the same,
            shape (U,).
        gates: modality → for each utterance the hotspot gate of its tokens in
            [0, 1], shape (T,), empty where the modality is absent.
        present: modality → whether the model read it, shape (U,).
        outputs: head → its outputs, shape (U, K).
        hotspots: modality → for each utterance the learned score of its tokens in
            [0, 1], shape (T,); of modalities whose hotspots the model learns.
        neighbours: numbers of the other utterances that the conversation graph looked at
            most for each, the weightiest first, −1 where there are fewer, shape (U, N);
            (U, 0) where nobody asked, or the model has no such graph.
        attention: their shares of the graph's attention, 0 where there are fewer, (U, N).
    """

    logits: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    temperature: NDArray[np.float32]
    unsure_below: NDArray[np.float32]
    gates: Mapping[str, tuple[NDArray[np.float32], ...]]
    present: Mapping[str, NDArray[np.bool_]]
    outputs: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    hotspots: Mapping[str, tuple[NDArray[np.float32], ...]] = field(default_factory=dict)
    neighbours: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    attention: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    def probabilities_at(self, temperature: NDArray[np.floating]) -> NDArray[np.float64]:
        """The probabilities of a single label at other temperatures.

        Two answers to one utterance, of which one has read less, are held against each
        other at one temperature: else a difference of temperatures looks like one of
        evidence.

        Args:
            temperature: of each utterance, shape (U,).

        Returns:
            Shape (U, C).
        """
        scaled = torch.from_numpy(self.logits).double() / torch.from_numpy(temperature)[:, None]
        return np.asarray(torch.softmax(scaled, dim=-1).numpy())


def predict(
    model: PretrainedModel, examples: Sequence[Example], *, neighbours: int = 0
) -> list[Prediction]:
    """The predictions of each conversation, in order, computed where the model's weights are.

    Conversations of similar length are computed together; the answers do not
    depend on which.

    Args:
        model: that answers.
        examples: the conversations.
        neighbours: of each utterance so many others are named that the conversation graph
            looked at; 0: that is not computed.
    """
    dims = dims_read(model)
    recognizer = model.recognizer.eval()
    device = next((weight.device for weight in recognizer.parameters()), torch.device("cpu"))
    answers: dict[int, Prediction] = {}
    for indices in _batches([len(e.conversation.utterances) for e in examples]):
        batch = collate([examples[i] for i in indices], dims)
        with torch.inference_mode(), _watched(model, neighbours) as looks:
            output = recognizer(batch.to(device))
        for b, i in enumerate(indices):
            answers[i] = prediction_of(model, batch, output, b)
            if looks:
                count = len(batch.ids[b])
                places, weights = looks[-1].places[b, :count], looks[-1].weights[b, :count]
                answers[i] = replace(
                    answers[i], neighbours=places.cpu().numpy(), attention=weights.cpu().numpy()
                )
    return [answers[i] for i in range(len(examples))]


def _watched(model: PretrainedModel, count: int) -> AbstractContextManager[list[Neighbours]]:
    """Within the block, what the graph looks at is added to the list, if somebody asks."""
    graph = getattr(model.recognizer, "graph", None)
    if count > 0 and isinstance(graph, ConversationGraph):
        return graph.watched(count)
    return nullcontext([])


def dims_read(model: PretrainedModel) -> dict[str, int]:
    """The modalities that a model reads, in its order, with the numbers of a token."""
    return {m: model.card.features[m].dim for m in model.config.modalities}


def prediction_of(
    model: PretrainedModel, batch: ConversationBatch, output: EmotionOutput, b: int
) -> Prediction:
    """What a model said of conversation `b` of a batch."""
    count = len(batch.ids[b])
    main = model.card.main
    logits = output.logits[main.name].cpu()
    temperatures, thresholds = by_presence(
        model.card.confidence, model.card.partial, tuple(batch.modalities)
    )
    read = presence_number(batch.present[b, :count])
    probabilities = label_probabilities(main, logits[b, :count], temperatures[read].unsqueeze(-1))
    return Prediction(
        logits[b, :count].numpy(),
        probabilities.numpy(),
        temperatures[read].numpy(),
        thresholds[read].numpy(),
        {m: _of_tokens(batch, m, g, b, count) for m, g in output.gates.items()},
        {m: batch.present[b, :count, n].numpy() for n, m in enumerate(batch.modalities)},
        {head: values[b, :count].cpu().numpy() for head, values in output.logits.items()},
        {m: _of_tokens(batch, m, s, b, count) for m, s in output.hotspots.items()},
    )


def label_probabilities(task: Task, outputs: Tensor, temperature: float | Tensor = 1.0) -> Tensor:
    """Probabilities of a task's labels.

    Args:
        task: of the head.
        outputs: of the head, shape (..., K).
        temperature: divides the logits; a tensor of shape (..., 1) or a number for all.

    Returns:
        Shape (..., K); (..., 0) for a number.
    """
    if task.kind == "number":
        return outputs[..., :0]
    scaled = outputs / temperature
    return torch.softmax(scaled, dim=-1) if task.kind == "single" else torch.sigmoid(scaled)


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if batch and lengths[i] * (len(batch) + 1) > UTTERANCES_A_BATCH:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _of_tokens(
    batch: ConversationBatch, modality: str, values: torch.Tensor, b: int, count: int
) -> tuple[NDArray[np.float32], ...]:
    mask = batch.modalities[modality].mask[b]
    own = values[b].cpu()
    return tuple(own[u][mask[u]].numpy() for u in range(count))

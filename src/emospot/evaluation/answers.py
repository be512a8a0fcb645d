"""A model's answers to utterances whose truth is known, side by side with it."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from emospot.batch import Example
from emospot.emotions import Task
from emospot.errors import StoreError
from emospot.evaluation.predictions import Predictions
from emospot.evaluation.task_scores import decided
from emospot.model.predict import Prediction, label_probabilities, predict
from emospot.model.pretrained import PretrainedModel


def predictions_of(
    model: PretrainedModel, examples: Sequence[Example], *, where: str = "these conversations"
) -> Predictions:
    """The answers of one model to its main task, as the predictions of one seed.

    Args:
        model: the model.
        examples: conversations; utterances whose answer is not known are read
            as context and left out of the result.
        where: what holds the conversations, for the message.

    Raises:
        StoreError: if the answer is known for no utterance.
    """
    return main_predictions(model, predictions_by_task(model, examples), where)


def main_predictions(
    model: PretrainedModel, found: Mapping[str, Predictions], where: str
) -> Predictions:
    """The answers to the model's main task among those to all.

    Raises:
        StoreError: if they are not there, as the answer is known for no utterance.
    """
    main = model.card.main
    if main.name not in found:
        needed = ", ".join(main.targets)
        raise StoreError(
            f"no utterance with {needed} in {where}"
            if needed
            else f"no labelled utterance in {where}"
        )
    return found[main.name]


def predictions_by_task(
    model: PretrainedModel, examples: Sequence[Example]
) -> dict[str, Predictions]:
    """The answers of all heads of one model, as the predictions of one seed each.

    Args:
        model: the model.
        examples: as in `predictions_of`.

    Returns:
        Task → predictions; without the tasks whose answer is known for no
        utterance.
    """
    answers = predict(model, examples)
    found = {
        task.name: predictions_from(model, task, examples, answers) for task in model.card.heads
    }
    return {name: predictions for name, predictions in found.items() if predictions is not None}


def predictions_from(
    model: PretrainedModel, task: Task, examples: Sequence[Example], answers: Sequence[Prediction]
) -> Predictions | None:
    """Answers to one task, side by side with what is known of it.

    Args:
        model: that gave them.
        task: of one of its heads.
        examples: the conversations.
        answers: to each of them.

    Returns:
        None where the answer is known for no utterance.
    """
    dialogues, utterances, true, outputs, calibrated, thresholds = [], [], [], [], [], []
    for example, answer in zip(examples, answers, strict=True):
        for u, utterance in enumerate(example.conversation.utterances):
            known = task.answer(utterance.label, utterance.targets)
            if known is not None:
                dialogues.append(example.conversation.id)
                utterances.append(utterance.id)
                true.append(known)
                outputs.append(answer.outputs[task.name][u])
                calibrated.append(answer.probabilities[u])
                thresholds.append(answer.unsure_below[u])
    if not true:
        return None
    found = np.stack(outputs)
    probabilities = (
        np.stack(calibrated)
        if task == model.card.main
        else label_probabilities(task, torch.from_numpy(found)).numpy()
    )
    truth = np.array(true)
    if task.kind == "several":
        truth = truth > 0
    else:
        truth = truth[:, 0].astype(np.int64 if task.kind == "single" else np.float64)
    return Predictions(
        task,
        tuple(dialogues),
        truth,
        decided(task, found)[None],
        tuple(utterances),
        probabilities[None],
        np.array(thresholds)[None] if task == model.card.main else None,
    )

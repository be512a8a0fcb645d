"""A conversation answered while it goes on."""

from dataclasses import replace

import torch
from torch import Tensor

from emospot.batch import Example, collate
from emospot.errors import ModelError
from emospot.model.past import Past
from emospot.model.predict import Prediction, dims_read, prediction_of
from emospot.model.pretrained import PretrainedModel
from emospot.model.recognizer import Recognizer


class LiveConversation:
    """The answers of a causal model to one conversation, in pieces as it goes on.

    They are those to the whole conversation, however it is cut; an utterance costs the
    same whenever it comes.

    Args:
        model: a causal one.

    Raises:
        ModelError: if the model cannot go on with a conversation.
    """

    def __init__(self, model: PretrainedModel) -> None:
        recognizer = model.recognizer
        reason = (
            recognizer.why_not_live()
            if isinstance(recognizer, Recognizer)
            else "it is a published model that reads the whole conversation"
        )
        if reason:
            raise ModelError(
                f"the model {model.card.name} cannot answer a conversation that goes on: {reason}"
            )
        self._model, self._recognizer = model, recognizer.eval()
        self._dims = dims_read(model)
        self._past = Past()
        self._speakers: list[str] = []

    def answer(self, what: Example, *, provisional: bool = False) -> Prediction:
        """The answers to what comes next.

        Args:
            what: the next utterances, one at least; of the conversation's id nothing is read.
            provisional: forget what is said here: it is not over yet, or an utterance
                might still be another's.
        """
        past, speakers = self._past.copy(), list(self._speakers)
        for utterance in what.conversation.utterances:
            if utterance.speaker not in speakers:
                speakers.append(utterance.speaker)
        batch = replace(collate([what], self._dims), speakers=_indices(what, speakers))
        with torch.inference_mode():
            output = self._recognizer(batch, past)
        if not provisional:
            self._past, self._speakers = past, speakers
        return prediction_of(self._model, batch, output, 0)

    @property
    def kept(self) -> int:
        """Numbers that are kept of all that was said."""
        return self._past.size()


def _indices(what: Example, speakers: list[str]) -> Tensor:
    """The index of each utterance's speaker, shape (1, U)."""
    return torch.tensor([[speakers.index(u.speaker) for u in what.conversation.utterances]])

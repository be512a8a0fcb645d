"""`EmotionPipeline`: conversations in, labels with scores out, as Hugging Face's pipelines do.

    pipe = emospot.pipeline("emotion-recognition-in-conversation", model="bundled")
    pipe([{"speaker": "Anna", "text": "I am so happy!"}])
    [{"label": "happiness", "score": 0.71, "unsure": False, "speaker": "Anna", …}]

A conversation gives a list with one entry an utterance; a list of conversations gives a
list of those. Every conversation is measured and answered by itself, exactly as
`emospot.analyze` does, so that an answer does not depend on what else is asked.
"""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emospot.analysis.analyze import analyze
from emospot.analysis.hub_models import bare_reference
from emospot.analysis.models import BUNDLED, load, local_folder
from emospot.analysis.types import Analysis, UtteranceFinding
from emospot.emotions import UNSURE
from emospot.errors import UsageError
from emospot.interfaces.model_page import TASK
from emospot.interfaces.pipeline_inputs import files_of, is_conversation_of_turns
from emospot.model.pretrained import PretrainedModel

if TYPE_CHECKING:
    import torch

Answer = dict[str, Any]
Answers = list[Answer] | list[list[Answer]]
"""Of one conversation: one entry an utterance, see `EmotionPipeline`."""


class EmotionPipeline:
    """Recognises emotions in conversations, with the interface of a Hugging Face pipeline.

    Args:
        model: a loaded model, or what `emospot.load` takes; of a model on Hugging Face "hf:"
            may be left out where no folder is called like its owner.
        top_k: 1: the most probable class of each utterance, as one dictionary. More, or
            None for all classes: a list of dictionaries an utterance, the most probable
            class first.
        device: where the model computes: "cpu", "cuda:1", a `torch.device`, or the number
            of a graphics card (−1: the CPU); None: where it is. The extractors compute on
            the CPU.
        detectors: choices of hotspot detectors, as in `emospot.analyze`.
        allow_download: whether a model of Hugging Face may be fetched.

    Raises:
        ModelError: if there is no such model, or it does not answer one emotion an utterance.
        UsageError: if there is no such device.
    """

    task = TASK

    def __init__(
        self,
        model: str | Path | PretrainedModel = BUNDLED,
        *,
        top_k: int | None = 1,
        device: "int | str | torch.device | None" = None,
        detectors: Sequence[str] = (),
        allow_download: bool = False,
    ) -> None:
        loaded = model
        if not isinstance(loaded, PretrainedModel):
            loaded = load(_meant(loaded), allow_download=allow_download)
        loaded.require_single_label()
        self.model = loaded
        self.top_k = _checked(top_k)
        self.detectors = tuple(detectors)
        if device is not None:
            _move(loaded, device)

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes."""
        return self.model.card.labels.labels

    def __call__(self, inputs: Any, *, top_k: int | str | None = "as made") -> Any:
        """The emotions of one conversation or of several.

        Args:
            inputs: one conversation: a path; a list of turns; or a dictionary with "raw"
                (or "array") and "sampling_rate", or "path", and with "turns" (or
                "utterances") or "text" (`interfaces.pipeline_inputs`). Several: a list of
                those. An iterator of those gives an iterator.
            top_k: as of the pipeline, for this call.

        Returns:
            Of a conversation a list, see `top_k` of the pipeline, with label, score (its
            probability), unsure (whether the model would rather not say), speaker, start,
            end and text; of several a list of those.

        Raises:
            EmospotError: if an input cannot be read.
        """
        count = self.top_k if top_k == "as made" else _checked(top_k)
        if isinstance(inputs, Iterator):
            return (_answers(self.analyze(one), count) for one in inputs)
        if _several(inputs):
            return [_answers(self.analyze(one), count) for one in inputs]
        return _answers(self.analyze(inputs), count)

    def analyze(self, conversation: Any) -> Analysis:
        """All that is said of one conversation: hotspots, gates, warnings.

        Args:
            conversation: as in a call.

        Raises:
            EmospotError: if it cannot be read.
        """
        with tempfile.TemporaryDirectory(prefix="emospot-") as folder:
            files = files_of(conversation, Path(folder))
            return analyze(
                files.recording, files.transcript, model=self.model, detectors=self.detectors
            )


def pipeline(
    task: str = TASK, model: str | Path | PretrainedModel | None = None, **options: Any
) -> EmotionPipeline:
    """The pipeline of a task, as `transformers.pipeline` gives it.

    Args:
        task: "emotion-recognition-in-conversation".
        model: see `EmotionPipeline`; None: the bundled one.
        options: of `EmotionPipeline`.

    Raises:
        UsageError: if there is no such task.
    """
    if task != TASK:
        raise UsageError(f'there is no task "{task}": expected "{TASK}"')
    return EmotionPipeline(BUNDLED if model is None else model, **options)


def _meant(name: str | Path) -> str | Path:
    """The name, with "hf:" where it can only be one of Hugging Face."""
    if local_folder(name) is not None:
        return name
    return str(bare_reference(str(name)) or name)


def _several(inputs: Any) -> bool:
    """Whether a list holds conversations, not turns."""
    return isinstance(inputs, list | tuple) and not is_conversation_of_turns(inputs)


def _answers(analysis: Analysis, top_k: int | None) -> Answers:
    if top_k == 1:
        return [_ranked(utterance, 1)[0] for utterance in analysis.utterances]
    return [_ranked(utterance, top_k) for utterance in analysis.utterances]


def _ranked(utterance: UtteranceFinding, top_k: int | None) -> list[Answer]:
    """The most probable classes of an utterance."""
    around = {
        "unsure": utterance.emotion == UNSURE,
        "speaker": utterance.speaker,
        "start": utterance.start,
        "end": utterance.end,
        "text": utterance.text,
    }
    ranked = sorted(utterance.probabilities.items(), key=lambda pair: -pair[1])
    return [{"label": label, "score": score, **around} for label, score in ranked[:top_k]]


def _checked(top_k: Any) -> int | None:
    if top_k is not None and (isinstance(top_k, bool) or not isinstance(top_k, int) or top_k < 1):
        raise UsageError(f"top_k is {top_k!r}: expected a number from 1, or None for all classes")
    return top_k


def _move(model: PretrainedModel, device: "int | str | torch.device") -> None:
    import torch

    wanted = f"cuda:{device}" if isinstance(device, int) and device >= 0 else device
    try:
        model.recognizer.to(torch.device("cpu" if wanted == -1 else wanted))
    except (RuntimeError, AssertionError, ValueError) as error:
        reason = str(error).split("\n")[0][:150]
        raise UsageError(
            f'the device "{device}" cannot be used: {reason}; take "cpu", or a device of '
            f"torch.cuda.device_count() = {torch.cuda.device_count()}"
        ) from None

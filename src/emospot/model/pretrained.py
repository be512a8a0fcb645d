"""A trained model on disk: weights as safetensors, everything else as JSON.

A model is a folder with `model.safetensors` and `model.json`. Loading never runs
code from it. The JSON says which features the weights were trained on, so that a
model is never fed with others.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

import emospot
from emospot.config import AnyModelConfig, as_written, parse_config
from emospot.emotions import LabelSet, Task, emotion_task
from emospot.errors import ModelError, UsageError
from emospot.features.base import FeatureDescription
from emospot.features.store_manifest import earlier_detectors
from emospot.files import write_file, write_json
from emospot.model.builder import build_model
from emospot.model.confidence import Confidence, check_confidence, part_number
from emospot.model.emotion_model import EmotionModel
from emospot.model.names import DESCRIPTION, WEIGHTS
from emospot.model.recording_range import RecordingRange

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What must be known to use a model rightly.

    Args:
        name: how it is called.
        labels: the main head's outputs, in the order of the logits: of a
            single-label task its label set.
        features: modality → what the weights were trained on.
        temperature: divides the logits, chosen on dev.
        unsure_below: calibrated probability under which the answer is "unsure".
        partial: set of modalities, e.g. "words" → temperature and threshold where they
            alone have been read (see `model.confidence`).
        language: ISO 639-1 code of the words it understands, "" for any.
        licence: one sentence.
        limits: sentences that every reader of its answers must see.
        scores: figures from the protocol, e.g. {"test_weighted_f1": 0.65}.
        emospot_version: version of the program that wrote it.
        tasks: what the heads say, the main task first; none: `labels` alone.
        recordings: modality with one vector an utterance → the range of the
            training's recordings.
        detectors: modality → the choice of hotspot detectors (`hotspots.registry`) of
            the training; a modality without one gets the usual.
    """

    name: str
    labels: LabelSet
    features: Mapping[str, FeatureDescription]
    temperature: float = 1.0
    unsure_below: float = 0.0
    partial: Mapping[str, Confidence] = field(default_factory=dict)
    language: str = ""
    licence: str = ""
    limits: tuple[str, ...] = ()
    scores: Mapping[str, float] | None = None
    emospot_version: str = emospot.__version__
    tasks: tuple[Task, ...] = ()
    recordings: Mapping[str, RecordingRange] = field(default_factory=dict)
    detectors: Mapping[str, str] = field(default_factory=dict)

    @property
    def confidence(self) -> Confidence:
        """Temperature and threshold where all modalities have been read."""
        return Confidence(self.temperature, self.unsure_below)

    @property
    def heads(self) -> tuple[Task, ...]:
        """What the heads say, the main task first."""
        return self.tasks or (emotion_task(self.labels),)

    @property
    def main(self) -> Task:
        """The task that the model was chosen by."""
        return self.heads[0]


@dataclass(frozen=True, slots=True)
class PretrainedModel:
    """A model of any kind with its configuration and its card."""

    recognizer: EmotionModel
    config: AnyModelConfig
    card: ModelCard

    def check_features(self, features: Mapping[str, FeatureDescription], where: str) -> None:
        """Raise where the model would read other features than it was trained on.

        Args:
            features: modality → what is there; absent modalities are fine.
            where: what holds them, for the message, e.g. "this store".

        Raises:
            ModelError: naming both extractors and what to do.
        """
        if not set(self.config.modalities) & set(features):
            raise ModelError(
                f"{where} has features of {', '.join(features) or 'nothing'}, but the model "
                f"{self.card.name} reads {', '.join(self.config.modalities)}: choose another model"
            )
        for modality in self.config.modalities:
            found, expected = features.get(modality), self.card.features[modality]
            if found is not None and _identity(found) != _identity(expected):
                raise ModelError(
                    f'features "{modality}" of {where} come from {_named(found)}, but the model '
                    f"{self.card.name} was trained on {_named(expected)}: extract them again with "
                    f"--{modality} {expected.extractor}, or choose another model"
                )

    def require_single_label(self) -> None:
        """Raise where the model does not answer one emotion an utterance.

        Raises:
            ModelError: naming its task and what to do.
        """
        main = self.card.main
        if main.kind != "single":
            raise ModelError(
                f'the model {self.card.name} was trained on the task "{main.name}" '
                f"({', '.join(main.outputs)}), but an analysis needs one emotion an utterance: "
                "choose a model of a single-label task"
            )


def _identity(description: FeatureDescription) -> tuple[Any, ...]:
    return (description.extractor, description.dim, description.pooled)


def _named(description: FeatureDescription) -> str:
    unit = "an utterance" if description.pooled else "a token"
    return f"{description.extractor} ({description.dim} numbers {unit})"


def save_model(model: PretrainedModel, folder: Path, *, half: bool = False) -> None:
    """Write a model, beside and renamed.

    Args:
        model: what to write.
        folder: made if absent.
        half: store the weights in half precision.

    Raises:
        EmospotError: if it cannot be written; an older model is left as it was.
    """
    from safetensors.torch import save

    dtype = torch.float16 if half else torch.float32
    weights = {
        name: tensor.detach().cpu().to(dtype).contiguous()
        for name, tensor in model.recognizer.state_dict().items()
    }
    # Not `save_file`: it makes a file that only its owner may read.
    write_file(folder / WEIGHTS, save(weights), "the model's weights")
    description = {
        "format_version": FORMAT_VERSION,
        "model": model.config.model_dump(mode="json"),
        "card": asdict(model.card),
    }
    write_json(folder / DESCRIPTION, description)


def load_model(folder: Path) -> PretrainedModel:
    """Read a model, ready for inference on the CPU in single precision.

    Raises:
        ModelError: if it is missing, of another version or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    config, card = read_description(folder)
    outputs = {task.name: len(task.outputs) for task in card.heads}
    dims = {m: f.dim for m, f in card.features.items()}
    recognizer = build_model(config, dims, outputs)
    try:
        weights = load_file(folder / WEIGHTS)
        recognizer.load_state_dict({name: w.float() for name, w in weights.items()})
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        if "size mismatch" in reason:
            raise ModelError(
                f"the weights {folder / WEIGHTS} are those of another version's model: train it "
                f"again ({reason})"
            ) from None
        raise ModelError(f"the weights {folder / WEIGHTS} are damaged: {reason}") from None
    return PretrainedModel(recognizer.eval(), config, card)


def read_description(folder: Path) -> tuple[AnyModelConfig, ModelCard]:
    """The configuration and card of a model, without its weights.

    Raises:
        ModelError: if it is missing, of another version or damaged.
    """
    path = folder / DESCRIPTION
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise ModelError(f"no model in {folder}: expected {DESCRIPTION} and {WEIGHTS}") from None
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is not valid JSON: {error}") from None
    version = plain.get("format_version") if isinstance(plain, dict) else None
    if version != FORMAT_VERSION:
        raise ModelError(
            f"{path} has format version {version}, this emospot reads {FORMAT_VERSION}: "
            "use the emospot version that wrote it, or train again"
        )
    try:
        config = parse_config({"model": as_written(plain["model"])}).model
        card = dict(plain["card"])
        card["labels"] = LabelSet(card["labels"]["name"], tuple(card["labels"]["labels"]))
        card["features"] = {m: FeatureDescription(**f) for m, f in card["features"].items()}
        card["limits"] = tuple(card["limits"])
        card["partial"] = {m: Confidence(**c) for m, c in card.get("partial", {}).items()}
        tasks = (Task(**{**t, "outputs": tuple(t["outputs"])}) for t in card.get("tasks", ()))
        card["tasks"] = tuple(tasks)
        card["recordings"] = {
            m: RecordingRange(
                tuple(r["mean"]), tuple(r["between"]), tuple(r["within"]), float(r["limit"])
            )
            for m, r in card.get("recordings", {}).items()
        }
        card.setdefault("detectors", earlier_detectors(card["features"]))
        found = _of_right_kinds(ModelCard(**card))
        _check_confidences(found, config.modalities)
        return config, found
    except (KeyError, TypeError, ValueError, AttributeError, UsageError) as error:
        raise ModelError(f"{path} is damaged: {error}") from None


def _of_right_kinds(card: ModelCard) -> ModelCard:
    """The card, if its texts are texts and its numbers numbers: others write cards, too."""
    texts = (card.name, card.language, card.licence, card.emospot_version, *card.limits)
    strange = [text for text in texts if not isinstance(text, str)]
    if strange:
        raise TypeError(f"expected a text in the card, found {strange[0]!r}")
    return replace(
        card,
        temperature=float(card.temperature),
        unsure_below=float(card.unsure_below),
        partial={
            m: Confidence(float(c.temperature), float(c.unsure_below))
            for m, c in card.partial.items()
        },
        scores=None if card.scores is None else {n: float(v) for n, v in card.scores.items()},
    )


def _check_confidences(card: ModelCard, modalities: Sequence[str]) -> None:
    """Raise a ValueError where an answer would be divided by what is no temperature."""
    check_confidence(card.confidence, "the model")
    for name, own in card.partial.items():
        # The empty set has the number 0: where nothing was read, nothing was calibrated.
        if not part_number(name, modalities):
            raise ValueError(
                f'"{name}" in partial is no set of the modalities {", ".join(modalities)} '
                "(in this order, joined by +)"
            )
        check_confidence(own, f'"{name}"')


def renamed(model: PretrainedModel, **changes: Any) -> PretrainedModel:
    """The same model with another card."""
    return replace(model, card=replace(model.card, **changes))

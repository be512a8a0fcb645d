"""From the model's answer to findings: which emotion, how sure, on what evidence.

An answer is "unsure" where its calibrated probability is below the model's
threshold, where no modality that the model reads was there, and where the words
are in a language that the model does not understand.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from emospot.analysis.effects import Effects, Place
from emospot.analysis.measure import Measurements
from emospot.analysis.types import (
    HotspotFinding,
    ModalityFinding,
    ModelFinding,
    NeighbourFinding,
    UtteranceFinding,
)
from emospot.analysis.used_hotspots import tokens_inside, uses_hotspots
from emospot.conversation import MODALITIES, Conversation, Hotspot, Tokens
from emospot.emotions import UNSURE
from emospot.model.predict import Prediction
from emospot.model.pretrained import PretrainedModel


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that an explanation draws on.

    Args:
        model: which answered.
        measured: what was measured.
        prediction: the answer.
        understood: False where the words are in another language.
        effects: what counted, where it was asked.
    """

    model: PretrainedModel
    measured: Measurements
    prediction: Prediction
    understood: bool
    effects: Effects = field(default_factory=Effects)

    def never_read(self, modality: str) -> bool:
        """Whether the model read the modality in no utterance."""
        present = self.prediction.present.get(modality)
        return present is None or not present.any()


def explain(conversation: Conversation, evidence: Evidence) -> tuple[UtteranceFinding, ...]:
    """The finding of every utterance, in turn order."""
    return tuple(
        _finding(conversation, index, evidence) for index in range(len(conversation.utterances))
    )


def _finding(conversation: Conversation, index: int, evidence: Evidence) -> UtteranceFinding:
    utterance, card = conversation.utterances[index], evidence.model.card
    probabilities = evidence.prediction.probabilities[index].astype(float)
    probabilities /= probabilities.sum()
    best = int(probabilities.argmax())
    heard = any(present[index] for present in evidence.prediction.present.values())
    threshold = float(evidence.prediction.unsure_below[index])
    sure = heard and evidence.understood and probabilities[best] >= threshold
    return UtteranceFinding(
        id=utterance.id,
        speaker=utterance.speaker,
        start=utterance.start,
        end=utterance.end,
        text=utterance.text,
        emotion=card.labels.labels[best] if sure else UNSURE,
        confidence=float(probabilities[best]),
        probabilities={
            label: float(p) for label, p in zip(card.labels.labels, probabilities, strict=True)
        },
        hotspots=tuple(
            _hotspot(hotspot, (index, place), evidence)
            for place, hotspot in enumerate(evidence.measured.hotspots[index])
        ),
        modalities={m: _modality(m, index, evidence) for m in MODALITIES},
        word_times_estimated=utterance.word_times_estimated,
        unsure_below=round(threshold, 4),
        neighbours=_neighbours(conversation, index, evidence.prediction),
    )


def _neighbours(
    conversation: Conversation, index: int, prediction: Prediction
) -> tuple[NeighbourFinding, ...]:
    if len(prediction.neighbours) == 0:
        return ()
    pairs = zip(prediction.neighbours[index], prediction.attention[index], strict=True)
    return tuple(
        NeighbourFinding(conversation.utterances[place].id, float(weight))
        for place, weight in pairs
        if place >= 0
    )


def _read(modality: str, index: int, evidence: Evidence) -> bool:
    present = evidence.prediction.present.get(modality)
    return present is not None and bool(present[index])


def _tokens(modality: str, index: int, evidence: Evidence) -> Tokens | None:
    features = evidence.measured.features.get(modality)
    return features[index] if features is not None else None


def _gates(modality: str, index: int, evidence: Evidence) -> NDArray[np.floating] | None:
    gates = evidence.prediction.gates.get(modality)
    if gates is None or not _read(modality, index, evidence):
        return None
    return gates[index] if uses_hotspots(evidence.model, modality) else None


def _hotspot(hotspot: Hotspot, place: Place, evidence: Evidence) -> HotspotFinding:
    index, _ = place
    gates = _gates(hotspot.modality, index, evidence)
    tokens = _tokens(hotspot.modality, index, evidence)
    gate = None
    if gates is not None and tokens is not None:
        inside = tokens_inside(hotspot, tokens)
        gate = float(gates[inside].mean()) if inside.any() else None
    return HotspotFinding(
        modality=hotspot.modality,
        start=hotspot.start,
        end=hotspot.end,
        score=hotspot.score,
        fired_by=hotspot.fired_by,
        used_by_model=gate is not None,
        gate=gate,
        char_start=hotspot.char_start,
        char_end=hotspot.char_end,
        apex=hotspot.apex,
        effect=evidence.effects.hotspots.get(place),
    )


def _modality(modality: str, index: int, evidence: Evidence) -> ModalityFinding:
    measured = evidence.measured
    used = _read(modality, index, evidence)
    gates = _gates(modality, index, evidence)
    tokens = _tokens(modality, index, evidence)
    effect = evidence.effects.modalities.get(modality)
    offsets: Sequence[Sequence[int]] = ()
    if gates is not None and tokens is not None and tokens.offsets is not None:
        offsets = tokens.offsets.tolist()
    return ModalityFinding(
        present=measured.seen(modality, index),
        used_by_model=used,
        reason=_reason(modality, index, evidence, used=used),
        mean_gate=float(gates.mean()) if gates is not None and len(gates) else None,
        gates=tuple(round(float(g), 4) for g in gates) if gates is not None else (),
        gate_offsets=tuple((int(a), int(b)) for a, b in offsets),
        effect=float(effect[index]) if effect is not None else None,
    )


def _reason(modality: str, index: int, evidence: Evidence, *, used: bool) -> str:
    if modality in evidence.measured.absent:
        return evidence.measured.absent[modality]
    if not evidence.measured.seen(modality, index):
        return evidence.measured.why.get((modality, index), f"no {modality} in this utterance")
    if used:
        return ""
    if modality not in evidence.model.config.modalities:
        return f"the model {evidence.model.card.name} does not read the {modality}"
    if modality == "words" and not evidence.understood:
        return "the words are in a language that the model does not understand"
    if modality in evidence.measured.unread:
        return evidence.measured.unread[modality]
    return f"too little {modality} in this utterance for what the model reads of it"


def model_finding(model: PretrainedModel) -> ModelFinding:
    """What a reader must know of the model."""
    card = model.card
    return ModelFinding(
        name=card.name,
        version=card.emospot_version,
        label_set=card.labels.name,
        labels=card.labels.labels,
        temperature=card.temperature,
        unsure_below=card.unsure_below,
        licence=card.licence,
        features={m: f.extractor for m, f in card.features.items()},
        limits=card.limits,
    )

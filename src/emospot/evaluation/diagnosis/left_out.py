"""What a diagnosis does not look at, and why: a part that is not there is not accused."""

from collections.abc import Collection, Sequence

from emospot.config import ModelConfig
from emospot.evaluation.diagnosis.aligners import AlignerUse
from emospot.evaluation.diagnosis.contributions import GRAPH
from emospot.evaluation.diagnosis.error_groups import (
    DIALOGUE_LENGTH,
    POSITION,
    SHIFT,
    SPEAKER,
    UTTERANCE_LENGTH,
    ErrorGroup,
)
from emospot.evaluation.diagnosis.gates import GateWatch
from emospot.evaluation.diagnosis.interventions import graph_of
from emospot.model.pretrained import PretrainedModel

_ALIKE = {
    SHIFT: "no turn follows another one of its speaker",
    POSITION: "every dialogue is one turn",
    DIALOGUE_LENGTH: "all dialogues are of the same length",
    UTTERANCE_LENGTH: "all utterances have the same number of tokens",
    SPEAKER: "there is one speaker, or none is named",
}
"""Family of which there is one group → why."""


def left_out(
    model: PretrainedModel,
    modalities: Collection[str],
    gates: GateWatch,
    aligners: Sequence[AlignerUse],
    groups: Sequence[ErrorGroup],
) -> dict[str, str]:
    """What was not looked at → why.

    Args:
        model: that was diagnosed.
        modalities: those that any utterance has.
        gates: what was watched of them.
        aligners: those that were measured.
        groups: those that were measured.
    """
    found = {m: f"no utterance has {m}" for m in model.config.modalities if m not in modalities}
    if not gates.there:
        found["gates"] = _no_gates(model)
    if not aligners:
        found["aligners"] = _no_aligners(model)
    if graph_of(model.recognizer) is None:
        own = isinstance(model.config, ModelConfig)
        found[GRAPH] = "model.graph is off" if own else f"{model.config.kind} has no such part"
    main = model.card.main
    if main.kind != "single":
        why = f'the task "{main.name}" is not of a single label'
        found |= dict.fromkeys(("calibration", "confusions", SHIFT), why)
    grouped = {group.family for group in groups}
    return {f: why for f, why in _ALIKE.items() if f not in grouped} | found


def _no_gates(model: PretrainedModel) -> str:
    if isinstance(model.config, ModelConfig):
        return f"model.fusion is {model.config.fusion}"
    return f"{model.config.kind} has no hotspot-gated fusion"


def _no_aligners(model: PretrainedModel) -> str:
    config = model.config
    if not isinstance(config, ModelConfig):
        return f"{config.kind} has no mixture of aligners"
    if config.aligners != "mixture":
        return f"model.aligners is {config.aligners}"
    if len(config.modalities) == 1:
        return "one modality has none to be aligned with"
    return "no utterance has two modalities"

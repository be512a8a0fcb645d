"""What became of each modality: present, absent, or measured and not used.

Two questions are kept apart. Was the modality measured in an utterance? And
did the model read it, and at the grain of hotspots? A hotspot may be shown as
something the emotion could rest on only if both are answered with yes
(`HotspotFinding.used_by_model`).
"""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from emospot.analysis.types import Analysis, HotspotFinding, ModalityFinding, UtteranceFinding
from emospot.conversation import MODALITIES
from emospot.report.clock import hundredths

NOT_USED = "measured, not used"
NOTHING_READ = "nothing read"
"""In the place of an answer where the model read no modality of an utterance."""
UNDECIDED_FROM, UNDECIDED_TO = 0.45, 0.55
"""Gates, rounded to hundredths, that turn neither to the hotspot nor to the whole."""
Use = Literal["used", "not used", "partly used", "none"]
"""Of the hotspots of one modality: "none" where there are no hotspots."""


@dataclass(frozen=True, slots=True)
class ModalityChip:
    """One modality of one utterance in a word.

    Args:
        modality: its name.
        state: "read" (measured, the model reads it), "unused" or "absent".
        text: the state as the page writes it.
        reason: why it is absent or unused, else "".
        mean_gate: mean hotspot gate in [0, 1], or None.
    """

    modality: str
    state: Literal["read", "unused", "absent"]
    text: str
    reason: str
    mean_gate: float | None


@dataclass(frozen=True, slots=True)
class ModalityRow:
    """One modality over the whole recording.

    Args:
        modality: its name.
        extractor: what measured it, "" if nothing did.
        model_feature: what the model reads of it, "" if nothing.
        present: number of utterances in which it was measured.
        hotspots: number of hotspots.
        used: number of those that the model read.
    """

    modality: str
    extractor: str
    model_feature: str
    present: int
    hotspots: int
    used: int


def modality_names(analysis: Analysis) -> list[str]:
    """Every modality that the analysis mentions: words, voice, face, then others.

    The three usual ones come first, the others in order of appearance.
    """
    mentioned = dict.fromkeys(
        [
            *(name for utterance in analysis.utterances for name in utterance.modalities),
            *(spot.modality for utterance in analysis.utterances for spot in utterance.hotspots),
            *analysis.extractors,
            *analysis.model.features,
        ]
    )
    usual = [name for name in MODALITIES if name in mentioned]
    return usual + [name for name in mentioned if name not in MODALITIES]


def read_nothing(utterance: UtteranceFinding) -> bool:
    """Whether the model read no modality of an utterance, so that its numbers say nothing.

    False where nothing is known of its modalities.
    """
    findings = utterance.modalities.values()
    return bool(findings) and not any(f.present and f.used_by_model for f in findings)


def answer_of(utterance: UtteranceFinding) -> str:
    """The emotion, "unsure", or that nothing was read."""
    return NOTHING_READ if read_nothing(utterance) else utterance.emotion


def features_said(analysis: Analysis) -> list[str]:
    """What the model reads of each modality, and where it read it in no utterance."""
    read = {
        name
        for utterance in analysis.utterances
        for name, finding in utterance.modalities.items()
        if finding.present and finding.used_by_model
    }
    return [
        f"{name} as {feature}{'' if name in read else ' (not read here)'}"
        for name, feature in analysis.model.features.items()
    ]


def gate_said(gate: float) -> str:
    """A gate in words.

    >>> gate_said(0.7), gate_said(0.52)
    ('0.70', '0.52 (undecided)')
    """
    undecided = UNDECIDED_FROM <= round(gate, 2) <= UNDECIDED_TO
    return f"{hundredths(gate)}{' (undecided)' if undecided else ''}"


def hotspots_of(analysis: Analysis, modality: str) -> list[HotspotFinding]:
    """The hotspots of one modality in all utterances."""
    return [
        spot
        for utterance in analysis.utterances
        for spot in utterance.hotspots
        if spot.modality == modality
    ]


def hotspot_use(analysis: Analysis, modality: str) -> Use:
    """Whether the model read the hotspots of a modality: all, none, some of them."""
    used = Counter(spot.used_by_model for spot in hotspots_of(analysis, modality))
    if not used:
        return "none"
    if not used[False]:
        return "used"
    return "partly used" if used[True] else "not used"


def modality_chip(modality: str, finding: ModalityFinding) -> ModalityChip:
    """One modality of one utterance in a word.

    >>> modality_chip("face", ModalityFinding(present=False, used_by_model=False)).text
    'absent'
    """
    if not finding.present:
        return ModalityChip(
            modality, "absent", "absent", finding.reason or "no reason given", None
        )
    if not finding.used_by_model:
        text = f"{NOT_USED} by this model"
        return ModalityChip(modality, "unused", text, finding.reason, None)
    return ModalityChip(modality, "read", "read by the model", finding.reason, finding.mean_gate)


def modality_rows(analysis: Analysis) -> list[ModalityRow]:
    """Each modality over the whole recording, in the order of `modality_names`."""
    rows = []
    for name in modality_names(analysis):
        findings = [u.modalities[name] for u in analysis.utterances if name in u.modalities]
        spots = hotspots_of(analysis, name)
        rows.append(
            ModalityRow(
                modality=name,
                extractor=analysis.extractors.get(name, ""),
                model_feature=analysis.model.features.get(name, ""),
                present=sum(finding.present for finding in findings),
                hotspots=len(spots),
                used=sum(spot.used_by_model for spot in spots),
            )
        )
    return rows

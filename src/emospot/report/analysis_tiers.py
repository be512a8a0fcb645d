"""An analysis for the programs that annotate: Praat (TextGrid) and ELAN (.eaf).

Both hold the tiers of the speakers (`speaker_tiers`) and those of the hotspots
(`hotspot_tiers`). In ELAN an emotion stands for its utterance, whose times it therefore
has, and is chosen from the model's labels; the tiers' types say what they hold, so that
tiers may be given other names.
"""

from emospot.analysis.types import Analysis
from emospot.conversation import MODALITIES
from emospot.emotions import UNSURE
from emospot.media.elan_writing import WrittenTier, elan_document
from emospot.media.textgrid_writing import textgrid, with_length
from emospot.media.tier_names import CONFIDENCE, EMOTION, UTTERANCES
from emospot.media.tiers import Interval
from emospot.report.hotspot_tiers import hotspot_text, hotspot_tiers, tier_kind
from emospot.report.speaker_tiers import speaker_tiers


def to_textgrid(analysis: Analysis, _: str | None = None) -> str:
    """Praat's long text format; see the module."""
    tiers: dict[str, list[Interval]] = {}
    for own in speaker_tiers(analysis.utterances):
        rows = (own.texts, own.emotions, own.confidences)
        tiers.update({name: list(row) for name, row in zip(own.names, rows, strict=True)})
    tiers.update(_hotspots(analysis))
    return textgrid(tiers, analysis.duration or 0.0)


def to_eaf(analysis: Analysis, media: str | None = None) -> str:
    """An ELAN document.

    Args:
        analysis: what is written.
        media: address of the recording relative to the document, or None.
    """
    tiers = []
    for own in speaker_tiers(analysis.utterances):
        said, felt, sure = own.names
        who, places = own.speaker, range(len(own.utterances))
        tiers += [
            WrittenTier(said, UTTERANCES, own.texts, who),
            WrittenTier(felt, EMOTION, own.emotions, who, said, places),
            WrittenTier(sure, CONFIDENCE, own.confidences, who, said, places),
        ]
    for name, intervals in _hotspots(analysis).items():
        tiers.append(WrittenTier(name, tier_kind(name.partition(" ")[0]), intervals))
    model = analysis.model
    choices = model.label_set or EMOTION
    return elan_document(
        tiers,
        media=media,
        vocabularies={choices: (*model.labels, UNSURE)},
        vocabulary_of={EMOTION: choices},
        properties={
            "emospot": analysis.emospot_version,
            "emospot recording": analysis.recording,
            "emospot model": f"{model.name} {model.version}".strip(),
            "emospot licence": model.licence,
        },
        created=analysis.created,
    )


def _hotspots(analysis: Analysis) -> dict[str, list[Interval]]:
    found = []
    for utterance in analysis.utterances:
        for spot in utterance.hotspots:
            if spot.start is not None and spot.end is not None:
                text = hotspot_text(
                    utterance.words_of(spot),
                    spot.fired_by,
                    spot.score,
                    used=spot.used_by_model,
                )
                found.append((spot.modality, with_length(spot.start, spot.end, text)))
    looked = {
        modality
        for utterance in analysis.utterances
        for modality, own in utterance.modalities.items()
        if own.present
    }
    return hotspot_tiers(found, [modality for modality in MODALITIES if modality in looked])

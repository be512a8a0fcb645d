"""Hotspots as rows of intervals, for the programs that annotate (ELAN, Praat).

A tier a modality, "voice hotspots"; hotspots of one modality that overlap stand in tiers
of their own ("voice hotspots 2"). An interval's text is what fired and the score
("phrase 0.83"), after the words if there are any ("not happy: lexicon 0.50").
`evaluation.span_files` and `corpora.annotated` read them back.
"""

from collections.abc import Sequence

from emospot.media.textgrid_writing import apart
from emospot.media.tiers import Interval

NOT_USED = "(not used)"
"""Said of a hotspot that the model did not read: it was measured and is no reason."""


def hotspot_text(words: str | None, fired_by: str, score: float, *, used: bool = True) -> str:
    """The text of a hotspot's interval.

    >>> hotspot_text("not happy", "lexicon", 0.5), hotspot_text(None, "phrase", 0.826, used=False)
    ('not happy: lexicon 0.50', 'phrase (not used) 0.83')
    """
    what = f"{fired_by} {score:.2f}" if used else f"{fired_by} {NOT_USED} {score:.2f}"
    return " ".join(f"{words}: {what}".split()) if words else what


def tier_kind(modality: str) -> str:
    """Name of the first tier of a modality, and of their type in ELAN."""
    return f"{modality} hotspots"


def hotspot_tiers(
    hotspots: Sequence[tuple[str, Interval]], looked: Sequence[str]
) -> dict[str, list[Interval]]:
    """Name of the tier → intervals that do not overlap.

    Args:
        hotspots: modality and interval.
        looked: modalities that have a tier even where nothing was found.
    """
    tiers: dict[str, list[Interval]] = {}
    for modality in dict.fromkeys((*looked, *(modality for modality, _ in hotspots))):
        own = [one for of, one in hotspots if of == modality]
        for number, row in enumerate(apart(own), start=1):
            name = tier_kind(modality) + (f" {number}" if number > 1 else "")
            tiers[name] = [own[place] for place in row]
    return tiers

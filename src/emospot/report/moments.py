"""The strongest moments of a recording, to be gone through one by one.

Two lists that are never mixed: hotspots that the model read, by how much of the answer
went when they were withheld (where that was not measured: by the detector's strength),
and hotspots that were measured only, by strength. The second are no reasons.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from emospot.analysis.types import Analysis, HotspotFinding, UtteranceFinding
from emospot.report.effects import LEAST

MOST_MOMENTS = 8


@dataclass(frozen=True, slots=True)
class Moment:
    """One hotspot with its utterance.

    Args:
        index: of the utterance in the analysis.
        utterance: the utterance.
        hotspot: the hotspot.
        words: the words that it covers, "" where they are not known.
    """

    index: int
    utterance: UtteranceFinding
    hotspot: HotspotFinding
    words: str


@dataclass(frozen=True, slots=True)
class StrongestMoments:
    """The two lists.

    Args:
        by_effect: whether the first list is ordered by effects.
        read: hotspots that the model read, the weightiest first.
        unread: hotspots that were measured only, the strongest first.
    """

    by_effect: bool
    read: tuple[Moment, ...]
    unread: tuple[Moment, ...]


def strongest_moments(analysis: Analysis, most: int = MOST_MOMENTS) -> StrongestMoments:
    """The strongest moments of an analysis, at most so many a list."""
    moments = [
        Moment(index, utterance, spot, utterance.words_of(spot) or "")
        for index, utterance in enumerate(analysis.utterances)
        for spot in utterance.hotspots
    ]
    read = [moment for moment in moments if moment.hotspot.used_by_model]
    unread = [moment for moment in moments if not moment.hotspot.used_by_model]
    asked = [moment for moment in read if moment.hotspot.effect is not None]
    if asked:
        counted = [moment for moment in asked if (moment.hotspot.effect or 0.0) >= LEAST]
        counted.sort(key=lambda moment: -(moment.hotspot.effect or 0.0))
        return StrongestMoments(True, tuple(counted[:most]), _by_strength(unread, most))
    return StrongestMoments(False, _by_strength(read, most), _by_strength(unread, most))


def _by_strength(moments: Sequence[Moment], most: int) -> tuple[Moment, ...]:
    return tuple(sorted(moments, key=lambda moment: -moment.hotspot.score)[:most])

"""Shares of emotions, of all and of each speaker.

Shares are of speaking time where every utterance has a start and an end, so
that a long outburst weighs more than a "no"; otherwise they are shares of the
utterances. Which one it is is said beside the figures. "unsure" is counted as
itself: leaving it out would make the other shares look surer than they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from emospot.analysis.types import Analysis, UtteranceFinding


@dataclass(frozen=True, slots=True)
class EmotionShares:
    """The shares of emotions in some utterances.

    Args:
        speaker: whose utterances, or None for all.
        utterances: how many there are.
        seconds: their speaking time, or None where it is not known.
        shares: emotion → share; they sum to 1, the greatest first.
    """

    speaker: str | None
    utterances: int
    seconds: float | None
    shares: dict[str, float]


@dataclass(frozen=True, slots=True)
class Summary:
    """Shares of all speakers together and of each.

    Args:
        unit: what is shared out.
        everyone: all utterances.
        speakers: in the order of their first turn.
    """

    unit: Literal["speaking time", "utterances"]
    everyone: EmotionShares
    speakers: tuple[EmotionShares, ...]


def summarize(analysis: Analysis) -> Summary:
    """The shares of emotions of an analysis."""
    lengths = [_length(utterance) for utterance in analysis.utterances]
    by_time = all(length is not None for length in lengths) and sum(filter(None, lengths)) > 0
    by_speaker: dict[str, list[UtteranceFinding]] = {}
    for utterance in analysis.utterances:
        by_speaker.setdefault(utterance.speaker, []).append(utterance)
    return Summary(
        unit="speaking time" if by_time else "utterances",
        everyone=_shares(None, analysis.utterances, by_time),
        speakers=tuple(_shares(name, theirs, by_time) for name, theirs in by_speaker.items()),
    )


def _length(utterance: UtteranceFinding) -> float | None:
    if utterance.start is None or utterance.end is None:
        return None
    return max(0.0, utterance.end - utterance.start)


def _shares(
    speaker: str | None, utterances: Sequence[UtteranceFinding], by_time: bool
) -> EmotionShares:
    lengths = [_length(utterance) or 0.0 for utterance in utterances]
    # A speaker whose utterances all last no time still has emotions to count.
    weights = lengths if by_time and sum(lengths) > 0 else [1.0] * len(utterances)
    sums: dict[str, float] = {}
    for utterance, weight in zip(utterances, weights, strict=True):
        sums[utterance.emotion] = sums.get(utterance.emotion, 0.0) + weight
    ordered = sorted(sums.items(), key=lambda item: -item[1])
    shares = {emotion: value / sum(weights) for emotion, value in ordered}
    return EmotionShares(speaker, len(utterances), sum(lengths) if by_time else None, shares)

"""What withholding something did to an answer, in words.

The effect of a modality or hotspot is measured: the model is asked again without it,
and the effect is the fall of the probability of what was the most probable class. It is
written as the change, so that "-12 points" reads "without it, 12 points less". The points
are those between the two whole percentages that stand beside them, or they would not add
up to the eye. Effects of several things do not add up: what two of them say alike is
missed only when both go.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from emospot.analysis.types import UtteranceFinding
from emospot.report.clock import percent

LEAST = 0.005
"""Changes below half a point are told as none."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What withholding one thing did.

    Args:
        text: the change in points.
        now: the probability as it is, in words.
        without: the probability without it, in words.
        size: the change in [0, 1] without its sign, for drawing.
        side: whether it spoke "for" the most probable class, "against" it, or "neither".
    """

    text: str
    now: str
    without: str
    size: float
    side: str


def points(effect: float, confidence: float) -> str:
    """The change of the probability when something is withheld, in points of percent.

    Args:
        effect: fall of the probability of the most probable class.
        confidence: that probability.

    >>> points(0.12, 0.5), points(-0.034, 0.5), points(0.01, 0.6), points(0.004, 0.6)
    ('−12 points', '+3 points', '−1 point', 'no change')
    >>> points(0.096, 0.264)  # 26% → 17%
    '−9 points'
    """
    if abs(effect) < LEAST:
        return "no change"
    fall = round(100 * confidence) - round(100 * _without(effect, confidence))
    if fall == 0:
        return "less than a point"
    sign, count = "−" if fall > 0 else "+", abs(fall)
    return f"{sign}{count} {'point' if count == 1 else 'points'}"


def effect_of(effect: float | None, confidence: float) -> Effect | None:
    """An effect in words, None where it was not asked for.

    Args:
        effect: fall of the probability of the most probable class.
        confidence: that probability.
    """
    if effect is None:
        return None
    side = "neither" if abs(effect) < LEAST else "for" if effect > 0 else "against"
    return Effect(
        text=points(effect, confidence),
        now=percent(confidence),
        without=percent(_without(effect, confidence)),
        size=min(1.0, abs(effect)),
        side=side,
    )


def _without(effect: float, confidence: float) -> float:
    return min(1.0, max(0.0, confidence - effect))


def modality_effects(utterance: UtteranceFinding) -> Mapping[str, Effect]:
    """Modality → its effect, of the modalities that were asked for."""
    found = {
        name: effect_of(finding.effect, utterance.confidence)
        for name, finding in utterance.modalities.items()
    }
    return {name: effect for name, effect in found.items() if effect is not None}


def leading_modality(utterance: UtteranceFinding) -> str | None:
    """The modality that spoke most for the answer; None where none did or none was asked."""
    speaking = {
        name: finding.effect
        for name, finding in utterance.modalities.items()
        if finding.effect is not None and finding.effect >= LEAST
    }
    return max(speaking, key=lambda name: speaking[name], default=None)

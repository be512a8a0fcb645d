"""Findings: what was found, how sure that is, and what to try.

All rules stand here and in `part_findings` and `answer_findings`, the thresholds here alone.

A finding is a *problem* where a part does nothing, does harm, or an answer is never given;
a *note* where something is worth knowing, or what a part does cannot be told; *fine* where
nothing wrong was found. It is

sure         if the 95 % interval lies beyond the threshold, or p < 0.01 after correction
likely       if the figure lies beyond the threshold, or p < 0.05 after correction
cannot tell  if neither that nor the opposite is shown

With fewer than `FEWEST_DIALOGUES` dialogues nothing that rests on an interval is sure: the
bootstrap of so few is too narrow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from emospot.evaluation.diagnosis.error_groups import FEWEST_DIALOGUES
from emospot.evaluation.significance import Interval

Severity = Literal["problem", "note", "fine"]
Certainty = Literal["sure", "likely", "cannot tell"]

Verdict = tuple[Severity, Certainty, str]
"""How bad it is, how sure that is, and what it is in words."""

MARGIN = 0.005
"""Half a point of w-F1 (of a number: of its deviation): a part whose absence costs less is of
no use, whatever its p; seeds of one model differ by as much."""
SURE_P, LIKELY_P = 0.01, 0.05
COLLAPSED_SHARE = 0.95
"""Of a gate's values at one end, from which it chooses nothing."""
SATURATED_SHARE = 0.5
"""Of a gate's values at its ends, from which it can hardly be trained on: σ' is below 0.05
there."""
STILL = 0.01
"""Deviation of a gate or of routing weights that is none: a hundredth of the range."""
DEAD_SHARE = 0.05
"""Of even use, below which an aligner is dead: of a hundred utterances of an even share it
gets five."""
TAKES_ALL = 0.9
"""Share of all use at which one aligner has everything."""
NO_CORRELATION = 0.1
"""Below which a gate does not follow its hotspots: 1 % of its variance."""
MISCALIBRATED, FAR_OFF = 0.05, 0.1
"""Calibration error in probability that is worth a note, and that is a problem."""
WORSE = 0.05
"""Greater error of a group that is worth telling: five points (of a number: of its deviation)."""
RULE_OF_THREE = 3.0
"""Of N cases without one of a kind, its share is below 3 / N (95 %)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Args:
        name: what: "gate", "hotspots", "aligners", "contribution", "calibration", "confusion",
            "missing class", or a family of `error_groups`.
        subject: of what part: a modality, a pair, "graph"; "" for the whole model.
        severity: "problem", "note" or "fine".
        certainty: "sure", "likely" or "cannot tell".
        sentence: what was found, with figures.
        advice: what to try, "" for nothing.
        evidence: the numbers that it rests on.
    """

    name: str
    subject: str
    severity: Severity
    certainty: Certainty
    sentence: str
    advice: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)


def by_p(p: float) -> Certainty:
    """How sure a difference is whose p, after correction, is this.

    >>> by_p(0.001), by_p(0.03), by_p(0.2)
    ('sure', 'likely', 'cannot tell')
    """
    return "sure" if p < SURE_P else "likely" if p < LIKELY_P else "cannot tell"


def by_limit(*, beyond: bool, dialogues: int) -> Certainty:
    """How sure it is that a figure lies beyond a threshold, as it was observed to.

    Args:
        beyond: whether its interval does, too.
        dialogues: that it comes from.

    >>> by_limit(beyond=True, dialogues=30), by_limit(beyond=True, dialogues=3)
    ('sure', 'likely')
    """
    return "sure" if beyond and dialogues >= FEWEST_DIALOGUES else "likely"


def percent(share: float) -> str:
    """A share in per cent.

    >>> percent(0.0012), percent(0.25)
    ('0.1 %', '25 %')
    """
    return f"{100 * share:.1f} %" if abs(share) < 0.1 else f"{100 * share:.0f} %"


def shown(interval: Interval, metric: str, *, signed: bool = False) -> str:
    """A figure of a metric with its interval: shares in points, others as they are.

    >>> shown(Interval(0.123, 0.1, 0.15, 0.95), "weighted_f1")
    '12.3 points (10.0 to 15.0)'
    >>> shown(Interval(0.5, -0.25, 0.75, 0.95), "mae")
    '0.50 (-0.25 to 0.75)'
    """
    scale, digits = (1, 2) if metric == "mae" else (100, 1)
    value, low, high = (
        # No minus before a zero.
        f"{round(scale * x, digits) + 0.0:{'+' if signed else ''}.{digits}f}"
        for x in (interval.value, interval.low, interval.high)
    )
    return f"{value}{'' if metric == 'mae' else ' points'} ({low} to {high})"

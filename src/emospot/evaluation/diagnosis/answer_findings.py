"""What a model's answers are like, as findings: calibration, confusions, groups of utterances.

*Calibration.* Worth telling from `MISCALIBRATED` on, a problem from `FAR_OFF`, if a perfectly
calibrated model would hardly show as much (`Reliability.limit`); sure where the signed gap
is not 0 either.

*Missing classes.* A problem: a class that is there and never answered. Sure from as many
utterances as would show an answer rate of one in twenty (rule of three).

*Groups.* Worth telling where a group's error is greater by `WORSE` and p after correction is
below 0.05. It is no fault of the model by itself: shifts are harder for anybody.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from emospot.evaluation.diagnosis.error_groups import (
    DIALOGUE_LENGTH,
    POSITION,
    SHIFT,
    SPEAKER,
    UTTERANCE_LENGTH,
    Confusion,
    ErrorGroup,
    GroupComparison,
)
from emospot.evaluation.diagnosis.findings import (
    FAR_OFF,
    LIKELY_P,
    MISCALIBRATED,
    RULE_OF_THREE,
    WORSE,
    Certainty,
    Finding,
    Verdict,
    by_p,
    percent,
    shown,
)
from emospot.evaluation.diagnosis.reliability import Reliability

SEEN_RATE = 0.05
"""How often a class must be answered at least to count as known."""

FEWEST_CONFUSED = 5
"""How often two classes are confused at least to be told of."""

_ADVICE = {
    SHIFT: "let a turn's own evidence count more: a lower model.dynamics, model.context=none",
    POSITION: "where the start is worse, context is missing there; where the end is, try a "
    "narrower window (model.graph_past)",
    DIALOGUE_LENGTH: "train on dialogues of such lengths, or narrow the window "
    "(model.graph_past, model.graph_future)",
    UTTERANCE_LENGTH: "short utterances say little: let them read more around them "
    "(model.graph_past); for long ones try model.mean_path=true, or hotspots",
    SPEAKER: "train on more speakers like this one; listen to what is answered",
}
_BASELINES_ADVICE = {
    SHIFT: "compare with a model that reads less context (model.kind=mlp)",
    POSITION: "compare with a model that reads less context (model.kind=mlp)",
    DIALOGUE_LENGTH: "train on dialogues of such lengths",
    UTTERANCE_LENGTH: "short utterances say little; for long ones try model.pooling=attention",
    SPEAKER: _ADVICE[SPEAKER],
}
_LARGER = "diagnose on a larger split"
_CALIBRATE = (
    "the temperature is fitted on dev conversations: are these like them? training.dev=none fits "
    "none; a higher training.label_smoothing makes a model less sure"
)
_CONFUSED = (
    "look at some of them: labels may overlap there; training.class_weights=true helps a rare "
    "class, further modalities one that sounds or looks alike"
)


def calibration_finding(found: Reliability) -> Finding:
    """Whether confidence can be believed."""
    error, gap = found.error, found.gap
    severity, certainty, what = _calibration_verdict(found)
    sentence = (
        f"confidence {what}: calibration error {percent(error.value)} ({percent(error.low)} to "
        f"{percent(error.high)}), by chance {percent(found.expected)} to {percent(found.limit)}; "
        f"confidence less accuracy {shown(gap, 'accuracy', signed=True)}"
    )
    advice = "" if severity == "fine" else _CALIBRATE
    evidence = {"error": error, "expected": found.expected, "limit": found.limit, "gap": gap}
    return Finding("calibration", "", severity, certainty, sentence, advice, evidence)


def _calibration_verdict(found: Reliability) -> Verdict:
    error, gap = found.error.value, found.gap
    if error < MISCALIBRATED:
        certainty: Certainty = "sure" if found.error.high < FAR_OFF else "likely"
        return "fine", certainty, "can be believed"
    if error <= found.limit:
        return "note", "cannot tell", "may or may not be believed"
    apart = gap.low > 0 or gap.high < 0
    what = f"is too {'high' if gap.value > 0 else 'low'}" if apart else "is off"
    return "problem" if error >= FAR_OFF else "note", "sure" if apart else "likely", what


def class_findings(
    confusions: Sequence[Confusion], support: Mapping[str, int], answered: Mapping[str, int]
) -> Iterator[Finding]:
    """What is to be said of the classes.

    Args:
        confusions: the most frequent first.
        support: class → utterances whose truth it is.
        answered: class → how often it is answered.
    """
    missing = {c: n for c, n in support.items() if n and not answered[c]}
    if missing:
        names = ", ".join(f"{c} ({n} utterances)" for c, n in missing.items())
        enough = max(missing.values()) >= RULE_OF_THREE / SEEN_RATE
        yield Finding(
            "missing class",
            "",
            "problem",
            "sure" if enough else "likely",
            f"never answered: {names}",
            "training.class_weights=true, or more utterances of these classes",
            {"never_answered": missing},
        )
    if confusions and confusions[0].count >= FEWEST_CONFUSED:
        worst = confusions[0]
        yield Finding(
            "confusion",
            "",
            "note",
            "sure",
            f"most errors: {worst.true} taken for {worst.said}, {worst.count} times "
            f"({percent(worst.of_true)} of {worst.true}, {percent(worst.of_errors)} of all "
            "errors)",
            _CONFUSED,
            {"true": worst.true, "said": worst.said, "count": worst.count},
        )


def group_findings(
    groups: Sequence[ErrorGroup], scale: float, *, shares: bool, baseline: bool = False
) -> Iterator[Finding]:
    """What is to be said of each family of groups.

    Args:
        groups: of all families.
        scale: of errors: 1 for shares, for a number its deviation.
        shares: whether errors are shares, and so shown in points.
        baseline: whether the model is a published one, with settings of its own.
    """
    advice = _BASELINES_ADVICE if baseline else _ADVICE
    for family in dict.fromkeys(group.family for group in groups):
        own = [group for group in groups if group.family == family]
        yield _family(family, own, scale, advice[family], shares=shares)


def _family(
    family: str, groups: Sequence[ErrorGroup], scale: float, advice: str, *, shares: bool
) -> Finding:
    compared = [(g, g.comparison) for g in groups if g.comparison is not None]
    compared.sort(key=lambda one: -one[1].difference.value)
    if not compared:
        sentence = f"{family}: too few utterances or dialogues to compare"
        return Finding(family, "", "note", "cannot tell", sentence, _LARGER)
    worse = [
        (group, found)
        for group, found in compared
        if found.corrected < LIKELY_P and found.difference.value >= WORSE * scale
    ]
    evidence = {
        group.name: {"error": group.error, "utterances": group.utterances, **asdict(found)}
        for group, found in worse or compared
    }
    if worse:
        told = "; ".join(_described(*own, shares=shares) for own in worse[:3])
        return Finding(
            family,
            worse[0][0].name,
            "note",
            by_p(worse[0][1].corrected),
            f"{family}: more errors for {told}",
            advice,
            evidence,
        )
    excluded = all(found.difference.high < WORSE * scale for _, found in compared)
    what = "no group is worse" if excluded else "no group is shown to be worse"
    return Finding(
        family,
        "",
        "fine",
        "sure" if excluded else "cannot tell",
        f"{family}: {what}; most errors for {_described(*compared[0], shares=shares)}",
        "",
        evidence,
    )


def _described(group: ErrorGroup, found: GroupComparison, *, shares: bool) -> str:
    metric = "accuracy" if shares else "mae"
    return (
        f"{group.name}, {shown(found.difference, metric, signed=True)} against the others, "
        f"{group.utterances} utterances"
    )

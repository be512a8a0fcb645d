"""The rules for calibration, classes and groups, one figure changed at a time."""

import pytest

from emospot.evaluation.diagnosis.answer_findings import (
    calibration_finding,
    class_findings,
    group_findings,
)
from emospot.evaluation.diagnosis.error_groups import (
    POSITION,
    SPEAKER,
    Confusion,
    ErrorGroup,
    GroupComparison,
)
from emospot.evaluation.diagnosis.reliability import Reliability
from emospot.evaluation.significance import Interval


def about(value: float, reach: float) -> Interval:
    return Interval(value, value - reach, value + reach, 0.95)


@pytest.mark.parametrize(
    ("error", "gap", "limit", "severity", "certainty", "what"),
    [
        (about(0.03, 0.02), about(0.02, 0.01), 0.02, "fine", "sure", "can be believed"),
        (about(0.04, 0.07), about(0.0, 0.1), 0.08, "fine", "likely", "can be believed"),
        (about(0.07, 0.02), about(0.06, 0.02), 0.03, "note", "sure", "is too high"),
        (about(0.07, 0.02), about(-0.06, 0.02), 0.03, "note", "sure", "is too low"),
        (about(0.07, 0.02), about(0.01, 0.02), 0.03, "note", "likely", "is off"),
        (about(0.15, 0.02), about(0.15, 0.02), 0.03, "problem", "sure", "is too high"),
        (about(0.15, 0.1), about(0.1, 0.2), 0.16, "note", "cannot tell", "may or may not"),
    ],
)
def test_calibration(error, gap, limit, severity, certainty, what):
    finding = calibration_finding(Reliability(error, limit / 2, limit, gap, ()))
    assert (finding.severity, finding.certainty) == (severity, certainty)
    assert f"confidence {what}" in finding.sentence
    assert bool(finding.advice) == (severity != "fine")


def test_a_class_that_is_never_answered():
    support, answered = {"calm": 80, "cross": 12, "glad": 0}, {"calm": 92, "cross": 0, "glad": 0}
    (finding,) = class_findings([], support, answered)
    assert (finding.severity, finding.certainty) == ("problem", "likely")
    assert finding.sentence == "never answered: cross (12 utterances)"
    (finding,) = class_findings([], {**support, "cross": 60}, answered)
    assert finding.certainty == "sure"
    assert "training.class_weights=true" in finding.advice


def test_the_worst_confusion():
    support = {"calm": 20, "cross": 20}
    worst = Confusion("calm", "cross", 6, 0.3, 0.75)
    (finding,) = class_findings([worst], support, support)
    assert (finding.severity, finding.certainty) == ("note", "sure")
    assert "calm taken for cross, 6 times (30 % of calm, 75 % of all errors)" in finding.sentence
    few = Confusion("calm", "cross", 4, 0.2, 1.0)
    assert list(class_findings([few], support, support)) == []


def group(name: str, difference: Interval | None, p: float = 0.0, family=SPEAKER) -> ErrorGroup:
    comparison = None if difference is None else GroupComparison(difference, p, p)
    return ErrorGroup(family, name, 100, 10, about(0.3, 0.1), comparison)


def test_groups_that_are_worse_are_told_the_worst_first():
    groups = [
        group("S1", about(0.1, 0.05), 0.03),
        group("S2", about(0.2, 0.05), 0.001),
        group("S3", about(-0.2, 0.05), 0.001),
        group("S4", about(0.3, 0.4), 0.2),
        group("S5", None),
    ]
    (finding,) = group_findings(groups, 1.0, shares=True)
    assert (finding.severity, finding.certainty, finding.subject) == ("note", "sure", "S2")
    assert list(finding.evidence) == ["S2", "S1"]
    assert "S2, +20.0 points (+15.0 to +25.0) against the others" in finding.sentence
    (finding,) = group_findings(groups[:1], 1.0, shares=True)
    assert finding.certainty == "likely"


def test_a_significant_difference_of_no_size_is_not_told():
    (finding,) = group_findings([group("S1", about(0.03, 0.01), 0.001)], 1.0, shares=True)
    assert (finding.severity, finding.certainty) == ("fine", "sure")
    assert "no group is worse" in finding.sentence


def test_what_the_data_cannot_exclude_is_said():
    found = list(
        group_findings(
            [group("S1", about(0.03, 0.1), 0.5), group("first turn", None, family=POSITION)],
            1.0,
            shares=True,
        )
    )
    assert [(f.severity, f.certainty) for f in found] == [
        ("fine", "cannot tell"),
        ("note", "cannot tell"),
    ]
    assert "too few utterances or dialogues" in found[1].sentence


def test_errors_of_a_number_are_in_its_own_unit():
    (finding,) = group_findings([group("S1", about(0.2, 0.05), 0.001)], 2.0, shares=False)
    assert finding.severity == "note"
    assert "+0.20 (+0.15 to +0.25) against the others" in finding.sentence
    (finding,) = group_findings([group("S1", about(0.09, 0.05), 0.001)], 2.0, shares=False)
    assert finding.severity == "fine"


def test_a_baseline_gets_advice_of_its_own():
    groups = [group("first turn", about(0.2, 0.05), 0.001, family=POSITION)]
    (own,) = group_findings(groups, 1.0, shares=True)
    (baselines,) = group_findings(groups, 1.0, shares=True, baseline=True)
    assert "model.graph_past" in own.advice
    assert baselines.advice == "compare with a model that reads less context (model.kind=mlp)"

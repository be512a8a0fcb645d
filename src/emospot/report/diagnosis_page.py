"""A diagnosis as one HTML file that needs nothing else.

For who trains models: the findings come first, each with how sure it is and what to try,
then every measurement with its interval, drawn and in numbers, and at last what was not
looked at. There is no script; names from the data are escaped by the template engine, and
a content security policy keeps the page from fetching anything.
"""

from pathlib import Path
from typing import Any

import emospot
from emospot.evaluation.diagnosis.diagnosis import SEVERITIES, Diagnosis
from emospot.evaluation.diagnosis.error_groups import ErrorGroup
from emospot.files import write_file
from emospot.report.diagnosis_figures import (
    BARS_HEIGHT,
    BARS_WIDTH,
    SQUARE,
    SQUARE_PAD,
    WIDE,
    Axis,
    Strip,
    histogram,
    reliability_points,
    strip,
)
from emospot.report.pages import environment, source

MOST_GROUPS = 12
"""Of a family that are drawn; the worst ones, where there are more."""
METRICS = {"weighted_f1": "w-F1", "mae": "mean absolute error"}
STYLES = ("page", "diagnosis")
HOW = {"shuffled": "shuffled", "mean": "at its mean", "absent": "withheld"}
ERRORS = {
    "single": "wrong answers in per cent",
    "several": "wrong labels in per cent",
    "number": "mean absolute error",
}
SECTIONS = {
    "problem": "Problems",
    "note": "Worth knowing",
    "fine": "Nothing wrong found",
}


def write_diagnosis_page(diagnosis: Diagnosis, path: Path) -> None:
    """Write the page of a diagnosis.

    Args:
        diagnosis: what is shown.
        path: the HTML file; missing folders are made.

    Raises:
        EmospotError: if the file cannot be written; an older one is left as it was.
    """
    page = diagnosis_page(diagnosis)
    write_file(path, page.encode("utf-8", "replace"), "the page")


def diagnosis_page(diagnosis: Diagnosis) -> str:
    """The page of a diagnosis as HTML text."""
    made = environment()
    made.filters["signed"] = signed
    return made.get_template("diagnosis.html.j2").render(
        d=diagnosis,
        version=emospot.__version__,
        # The report's look, and what is drawn here only.
        style="".join(source(f"{name}.css") for name in STYLES),
        metric=METRICS[diagnosis.metric],
        shares=diagnosis.metric != "mae",
        sections={SECTIONS[s]: (s, diagnosis.of(s)) for s in SEVERITIES if diagnosis.of(s)},
        worth=_worth(diagnosis),
        gates=[(use, histogram(use.histogram)) for use in diagnosis.gates],
        aligners=_aligners(diagnosis),
        points=reliability_points(diagnosis.calibration) if diagnosis.calibration else [],
        matrix=_matrix(diagnosis),
        families=_families(diagnosis),
        sizes=_sizes(),
    )


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign, and none before a zero that is only rounded.

    >>> signed(0.5), signed(-0.001), signed(-3.26, 1)
    ('+0.50', '+0.00', '−3.3')
    """
    return f"{round(value, digits) + 0.0:+.{digits}f}".replace("-", "−")


def _sizes() -> dict[str, Any]:
    square = Axis(0.0, 1.0, SQUARE_PAD, SQUARE - 6)
    return {
        "bars": (BARS_WIDTH, BARS_HEIGHT),
        "square": SQUARE,
        "pad": SQUARE_PAD,
        "share_ticks": square.ticks(100),
        "unit_ticks": Axis(0.0, 1.0, 0.0, BARS_WIDTH).ticks(),
    }


def _troubled(diagnosis: Diagnosis, name: str) -> set[str]:
    """The subjects of a kind of finding that are a problem."""
    return {f.subject for f in diagnosis.of("problem") if f.name == name}


def _worth(diagnosis: Diagnosis) -> Strip | None:
    rows = [
        (f"{part.part}, {HOW[own.how]}", own.drop, part.part)
        for part in diagnosis.contributions
        for own in part.replaced
    ]
    if not rows:
        return None
    troubled = _troubled(diagnosis, "contribution")
    shares = diagnosis.metric != "mae"
    lost = "points of w-F1 lost" if shares else "greater mean absolute error"
    return strip(
        [(name, drop, part in troubled) for name, drop, part in rows],
        reference=0.0,
        title=f"{lost} without it",
        percent=shares,
        band=diagnosis.margin,
        width=WIDE,
    )


def _aligners(diagnosis: Diagnosis) -> list[tuple[Any, Strip]]:
    troubled = _troubled(diagnosis, "aligners")
    return [
        (
            use,
            strip(
                [
                    (f"aligner {number}", own, use.name in troubled)
                    for number, own in enumerate(use.use, start=1)
                ],
                reference=1 / use.experts,
                title="per cent of all weight; the line: even use",
                percent=True,
                least=0.0,
            ),
        )
        for use in diagnosis.aligners
    ]


def _matrix(diagnosis: Diagnosis) -> list[tuple[str, int, list[tuple[int, float]]]]:
    """True class, its count, and of every answer how often it is given and its share."""
    return (
        [
            (label, sum(row), [(count, count / sum(row) if sum(row) else 0.0) for count in row])
            for label, row in zip(diagnosis.labels, diagnosis.confusion, strict=True)
        ]
        if diagnosis.confusion
        else []
    )


def _families(diagnosis: Diagnosis) -> list[tuple[str, Strip, int]]:
    """Family, its groups, and how many are not shown."""
    shares = diagnosis.task_kind != "number"
    found = []
    for family in dict.fromkeys(group.family for group in diagnosis.groups):
        groups = [group for group in diagnosis.groups if group.family == family]
        shown = _worst(groups)
        worse = {name for f in diagnosis.of("note") if f.name == family for name in f.evidence}
        total = sum(g.utterances for g in groups)
        mean = sum(g.error.value * g.utterances for g in groups) / total
        drawn = strip(
            [(f"{g.name} ({g.utterances})", g.error, g.name in worse) for g in shown],
            reference=mean,
            title=f"{ERRORS[diagnosis.task_kind]}; the line: all utterances",
            percent=shares,
            least=0.0,
        )
        found.append((family, drawn, len(groups) - len(shown)))
    return found


def _worst(groups: list[ErrorGroup]) -> list[ErrorGroup]:
    """All groups, or those with the most errors among so many; compared ones first."""
    if len(groups) <= MOST_GROUPS:
        return groups
    order = sorted(groups, key=lambda g: (g.comparison is None, -g.error.value))
    return order[:MOST_GROUPS]

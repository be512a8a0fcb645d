"""`gains.html`: what each part gives in each world, as one figure a part.

Plain SVG in one file that needs no network. A row a world; a dot is the mean gain over
seeds, a line its 95 % interval, small dots the seeds.
"""

import math
from collections.abc import Sequence
from typing import Any

from emospot.experiments.drawing import MOST_TICKS, place, rendered
from emospot.experiments.mechanisms import Gain, MechanismMatrix, MechanismTest
from emospot.experiments.student import points, shown_p
from emospot.experiments.study import STARTS, Study

WIDTH, LEFT, RIGHT, TOP, ROW = 640, 130, 20, 10, 44
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


def gains_page(study: Study, matrix: MechanismMatrix) -> str:
    """The whole page."""
    low, high, step = _span(matrix.gains)
    return rendered(
        "gains.html.j2",
        title=study.title,
        metric=study.metric.replace("_", " "),
        width=WIDTH,
        left=LEFT,
        right=WIDTH - RIGHT,
        top=TOP,
        zero=_x(0.0, low, high),
        ticks=[
            (_x(step * n, low, high), f"{100 * step * n:+.0f}" if n else "0")
            for n in range(round(low / step), round(high / step) + 1)
        ],
        figures=[
            _figure(part, matrix, low, high)
            for part in dict.fromkeys(gain.part for gain in matrix.gains)
        ],
    )


def _figure(part: str, matrix: MechanismMatrix, low: float, high: float) -> dict[str, Any]:
    own = [gain for gain in matrix.gains if gain.part == part]
    worlds = list(dict.fromkeys(gain.world for gain in own))
    rows = []
    for number, world in enumerate(worlds):
        here = {gain.start: gain for gain in own if gain.world == world}
        middle = TOP + ROW * (number + 0.5)
        marks = [
            _mark(here[start], middle + side * ROW / 6, low, high)
            for (start, _), side in zip(STARTS, (-1, 1), strict=True)
            if start in here
        ]
        bold = any(gain.own for gain in here.values())
        rows.append({"world": world, "own": bold, "y": middle, "marks": marks})
    return {
        "part": part,
        "rows": rows,
        "bottom": TOP + ROW * len(worlds),
        "said": [_said(test) for test in matrix.tests if test.part == part],
    }


def _mark(gain: Gain, y: float, low: float, high: float) -> dict[str, Any]:
    return {
        "start": gain.start,
        "y": round(y, 1),
        "x": _x(gain.mean, low, high),
        "low": _x(gain.low, low, high),
        "high": _x(gain.high, low, high),
        "seeds": [_x(value, low, high) for value in gain.seeds],
        "text": points(gain.mean, gain.low, gain.high),
    }


def _said(test: MechanismTest) -> str:
    where = "added to the bare model" if test.start == "bare" else "in the full model"
    limits = f"[{100 * test.low:+.1f}, {100 * test.high:+.1f}]"
    return (
        f"{where}: {100 * test.difference:+.1f} points more in {test.world} than in the plain "
        f"world {limits}, p {shown_p(test.p)}"
    )


def _span(gains: Sequence[Gain]) -> tuple[float, float, float]:
    """Ends of the axis around zero and all that is drawn, and the step between its ticks."""
    values = [0.0, *(v for g in gains for v in (g.low, g.high, *g.seeds))]
    wide = max(values) - min(values)
    step = next((s for s in STEPS if wide / s <= MOST_TICKS), STEPS[-1])
    return step * math.floor(min(values) / step), step * math.ceil(max(values) / step), step


def _x(value: float, low: float, high: float) -> float:
    return place(value, low, high, LEFT, WIDTH - RIGHT)

"""`figures.html`: the figures that a study asks for, on one page.

Plain SVG in one file that needs no network. A large dot is the mean over seeds, the line
through it its 95 % interval, small dots are the seeds.
"""

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from emospot.experiments.drawing import place, rendered, ticks
from emospot.experiments.figures import Point, StudyFigure
from emospot.experiments.metric import is_share
from emospot.experiments.tables import SHOWN

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 680, 330, 64, 16, 14, 58
COLOURS = 8
LEAST_BITS = 0.1
"""Of an axis of mutual information."""
LETTER = 7.0
"""Width of a letter under the axis, at most about; a space between names is in it."""
APART = 7.0
"""Between the points of two lines at a place that is no number."""
SEEDS = (
    "Large dot: mean over seeds; line through it: its 95 % interval (Student's t); small dots: "
    "the seeds."
)
TEXTS = {
    "seconds": "seconds of training",
    "parameters": "parameters",
    "loss": "loss",
    "balance": "load balance loss",
    "use_entropy": "use entropy (1: even)",
    "f1": "F1",
}
_NO_SHARES = ("seconds", "parameters", "loss", "balance", "use_entropy")


def figures_page(
    title: str,
    figures: Sequence[StudyFigure],
    *,
    shown: str = SEEDS,
    one: str = "seed",
    shares: bool = True,
) -> str:
    """The whole page.

    Args:
        title: of the page.
        figures: with their points.
        shown: what dots and lines are.
        one: what a small dot is.
        shares: whether metrics are scores, told per cent where they are shares, on an axis
            around what was found; else they are quantities, on an axis from 0.
    """
    return rendered(
        "figures.html.j2",
        title=title,
        shown=shown,
        one=one,
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        top=TOP,
        bottom=HEIGHT - BOTTOM,
        figures=[_figure(figure, shares=shares) for figure in figures if figure.points],
    )


def _figure(figure: StudyFigure, *, shares: bool) -> dict[str, Any]:
    share = shares and is_share(figure.metric) and figure.metric not in _NO_SHARES
    scale = 100.0 if share else 1.0
    values = [scale * v for p in figure.points for v in (p.low, p.high, *p.seeds)]
    # On an axis of its own what is nearly nothing would look like much.
    around = [0.0, LEAST_BITS] if "bits" in figure.metric else [] if shares else [0.0]
    low, high, step = ticks(min([*values, *around]), max([*values, *around]))
    lines = list(dict.fromkeys(p.line for p in figure.points))
    horizontal = _Horizontal(figure.points)

    def y(value: float) -> float:
        return place(scale * value, low, high, HEIGHT - BOTTOM, TOP)

    drawn = []
    for number, line in enumerate(lines):
        aside = 0.0 if horizontal.numbers else APART * (number - (len(lines) - 1) / 2)
        points = [
            {
                "x": horizontal.at(p) + aside,
                "y": y(p.mean),
                "low": y(p.low),
                "high": y(p.high),
                "seeds": [y(seed) for seed in p.seeds] if len(p.seeds) > 1 else [],
                "text": _text(p, figure.x, scale, share=share),
            }
            for p in figure.points
            if p.line == line
        ]
        path = " ".join(f"{p['x']:.1f},{p['y']:.1f}" for p in points)
        joined = path if horizontal.numbers else ""
        drawn.append({"name": line, "colour": number % COLOURS, "points": points, "path": joined})
    name = figure.metric.partition(":")[2] or SHOWN.get(figure.metric, figure.metric)
    seeds = max(len(p.seeds) for p in figure.points)
    return {
        "title": figure.title,
        "caption": figure.caption,
        "seeds": seeds,
        "lines": drawn,
        "x": figure.x,
        "y": TEXTS.get(figure.metric, name) + (", per cent" if share else ""),
        "x_ticks": horizontal.ticks,
        "y_ticks": [
            (place(low + step * n, low, high, HEIGHT - BOTTOM, TOP), f"{low + step * n:.6g}")
            for n in range(round((high - low) / step) + 1)
        ],
    }


def _text(point: Point, x: str, scale: float, *, share: bool) -> str:
    digits = ".1f" if share else ".4g"
    mean, low, high = (f"{scale * v:{digits}}" for v in (point.mean, point.low, point.high))
    interval = f" [{low}, {high}]" if len(point.seeds) > 1 else ""
    return f"{point.line}, {x} {point.place}: {mean}{interval}"


class _Horizontal:
    """Where places stand: at their numbers where all have one, else side by side."""

    def __init__(self, points: Sequence[Point]) -> None:
        places = {p.place: p.x for p in points}
        numbers = {name: x for name, x in places.items() if x is not None}
        self.numbers = len(numbers) == len(places) > 1
        self._at: dict[str, float]
        left, right = LEFT + 14, WIDTH - RIGHT - 14
        self._wide = (right - left) / len(places)
        if self.numbers:
            low, high = min(numbers.values()), max(numbers.values())
            self._at = {p: place(x, low, high, left, right) for p, x in numbers.items()}
        else:
            self._at = {p: left + self._wide * (n + 0.5) for n, p in enumerate(places)}

    def at(self, point: Point) -> float:
        """From the left."""
        return self._at[point.place]

    @property
    def ticks(self) -> list[tuple[float, tuple[str, ...]]]:
        """Where names stand, and their lines; of places that stand too close only some."""
        found: list[tuple[float, tuple[str, ...]]] = []
        for name, x in sorted(self._at.items(), key=lambda item: item[1]):
            lines = (name,) if self.numbers else self._lines(name)
            apart = LETTER / 2 * (_widest(lines) + _widest(found[-1][1])) if found else 0.0
            if not found or x - found[-1][0] >= apart:
                found.append((round(x, 1), lines))
        return found

    def _lines(self, name: str) -> tuple[str, ...]:
        """A name in two lines, where it is wider than its place and they are enough."""
        lines = tuple(wrap(name, max(1, int(self._wide / LETTER)), break_long_words=False))
        return lines if len(lines) == 2 else (name,)


def _widest(lines: Sequence[str]) -> int:
    return max(map(len, lines))

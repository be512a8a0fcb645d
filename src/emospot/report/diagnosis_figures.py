"""The figures of a diagnosis: numbers become places on an axis.

Everything is drawn as SVG in the template; here is only where things lie, in units of the
drawing. A row of a *strip* is a dot with its interval on a common axis, a line where
nothing or evenness is.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from emospot.evaluation.diagnosis.reliability import Reliability
from emospot.evaluation.significance import Interval

STRIP_PAD = 14
WIDE, NARROW = 520, 260
SQUARE, SQUARE_PAD = 300, 34
BARS_WIDTH, BARS_HEIGHT = 300, 90


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of an axis.

    Args:
        place: along the axis.
        label: what stands there.
    """

    place: float
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """Values from `low` to `high` along a drawing from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Where a value lies; what lies outside is put to the end.

        >>> Axis(0.0, 1.0, 0.0, 200.0).place(0.25)
        50.0
        """
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self, scale: float = 1.0, unit: str = "") -> list[Tick]:
        """Round values along the axis.

        Args:
            scale: by which values are multiplied to be read.
            unit: behind each.

        >>> [tick.label for tick in Axis(-0.04, 0.21, 0, 1).ticks(100, " %")]
        ['0 %', '5 %', '10 %', '15 %', '20 %']
        """
        low, high = self.low * scale, self.high * scale
        step = _step(high - low)
        digits = max(0, -math.floor(math.log10(step)))
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        return [
            Tick(self.place(n * step / scale), f"{n * step:.{digits}f}{unit}".replace("-", "−"))
            for n in range(first, last + 1)
        ]


def _step(span: float, most: int = 6) -> float:
    """The least of 1, 2, 5 times a power of ten that divides a span in at most `most` parts.

    >>> _step(1.0), _step(27.0)
    (0.2, 5.0)
    """
    power = float(10 ** math.floor(math.log10(span / most)))
    return next(m * power for m in (1, 2, 5, 10) if span / (m * power) <= most)


@dataclass(frozen=True, slots=True)
class StripRow:
    """A figure with its interval.

    Args:
        name: what it is of.
        text: as it is read.
        dot: place of the value.
        low: place of the lower limit.
        high: place of the upper limit.
        marked: whether a finding is about it.
    """

    name: str
    text: str
    dot: float
    low: float
    high: float
    marked: bool


@dataclass(frozen=True, slots=True)
class Strip:
    """Figures below each other on one axis.

    Args:
        rows: from the top.
        ticks: of the axis.
        line: place of the reference.
        band: places between which a figure is of no use, None for no band.
        title: of the axis.
        width: of the drawing.
    """

    rows: tuple[StripRow, ...]
    ticks: list[Tick]
    line: float
    band: tuple[float, float] | None
    title: str
    width: int


def strip(
    rows: Sequence[tuple[str, Interval, bool]],
    *,
    reference: float,
    title: str,
    percent: bool,
    band: float | None = None,
    least: float | None = None,
    width: int = NARROW,
) -> Strip:
    """Draw figures below each other.

    Args:
        rows: name, figure, and whether it is marked.
        reference: where the line is drawn.
        title: of the axis.
        percent: whether figures are shares, and read in per cent or points.
        band: half the width of the band around the reference, None for no band.
        least: of the axis, None: what the figures need.
        width: of the drawing.
    """
    values = [v for _, own, _ in rows for v in (own.low, own.high)] + [reference]
    if band is not None:
        values += [reference - 2 * band, reference + 2 * band]
    low, high = min(values) if least is None else least, max(values)
    high = high if high > low else low + 1.0
    axis = Axis(low, high, STRIP_PAD, width - STRIP_PAD)
    scale = 100.0 if percent else 1.0
    return Strip(
        tuple(
            StripRow(
                name,
                _read(own, percent=percent),
                axis.place(own.value),
                axis.place(own.low),
                axis.place(own.high),
                marked,
            )
            for name, own, marked in rows
        ),
        axis.ticks(scale),
        axis.place(reference),
        None if band is None else (axis.place(reference - band), axis.place(reference + band)),
        title,
        width,
    )


def _read(own: Interval, *, percent: bool) -> str:
    scale, digits = (100.0, 1) if percent else (1.0, 2)
    value, low, high = (
        f"{round(scale * v, digits) + 0.0:.{digits}f}" for v in (own.value, own.low, own.high)
    )
    return f"{value} ({low} to {high})".replace("-", "−")


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a histogram, from the bottom up."""

    x: float
    width: float
    height: float
    label: str


def histogram(counts: Sequence[int]) -> list[Bar]:
    """The bars of counts in even bins from 0 to 1; the highest fills the drawing."""
    most, total = max(counts), sum(counts)
    width = BARS_WIDTH / len(counts)
    return [
        Bar(
            round(n * width, 1),
            round(width - 1, 1),
            round(BARS_HEIGHT * count / most, 1),
            f"{n / len(counts):.2f} to {(n + 1) / len(counts):.2f}: {100 * count / total:.1f} %",
        )
        for n, count in enumerate(counts)
    ]


@dataclass(frozen=True, slots=True)
class ReliabilityPoint:
    """The answers of similar confidence.

    Args:
        x: place of the mean confidence.
        y: place of the accuracy, from the top.
        low: place of its lower limit.
        high: place of its upper limit.
        bar: height of the bar that tells how many answers these are.
        left: of that bar.
        right: of that bar.
        label: all of it in words.
    """

    x: float
    y: float
    low: float
    high: float
    bar: float
    left: float
    right: float
    label: str


def reliability_points(found: Reliability) -> list[ReliabilityPoint]:
    """The points of a reliability diagram, accuracy upwards over confidence."""
    across = Axis(0.0, 1.0, SQUARE_PAD, SQUARE - 6)
    up = Axis(0.0, 1.0, SQUARE - SQUARE_PAD, 6)
    most = max(own.utterances for own in found.bins)
    return [
        ReliabilityPoint(
            across.place(own.confidence),
            up.place(own.accuracy.value),
            up.place(own.accuracy.low),
            up.place(own.accuracy.high),
            round(50 * own.utterances / most, 1),
            across.place(own.low),
            across.place(own.high),
            f"{own.utterances} answers of confidence {own.confidence:.2f}: "
            f"{100 * own.accuracy.value:.0f} % right ({100 * own.accuracy.low:.0f} to "
            f"{100 * own.accuracy.high:.0f})",
        )
        for own in found.bins
    ]

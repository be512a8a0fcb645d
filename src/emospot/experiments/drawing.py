"""What the pages of a study have in common: plain SVG in one file that needs no network."""

import math
from importlib import resources

from jinja2 import Environment, StrictUndefined

MOST_TICKS = 7


def rendered(template: str, **values: object) -> str:
    """A page from its template in this package."""
    text = (resources.files("emospot.experiments") / template).read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(text).render(values)


def place(value: float, low: float, high: float, start: float, end: float) -> float:
    """Where a value stands on an axis from `low` at `start` to `high` at `end`.

    >>> place(0.75, 0.5, 1.0, 10, 110)
    60.0
    """
    share = (value - low) / (high - low) if high > low else 0.5
    return round(start + share * (end - start), 1)


def ticks(low: float, high: float) -> tuple[float, float, float]:
    """The ends of an axis at round numbers around all values, and the step between.

    >>> ticks(61.2, 78.9)
    (60.0, 80.0, 5.0)
    """
    wide = max(high - low, abs(high) * 1e-3, 1e-6)
    power = 10.0 ** math.floor(math.log10(wide / MOST_TICKS))
    step = next(s * power for s in (1, 2, 5, 10) if wide / (s * power) <= MOST_TICKS)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return first * step, max(last, first + 1) * step, step

"""Times as people and programs write them: 75.5, 1:15.5, 00:01:15,500."""

import re

CLOCK = r"(?:\d+:)?\d{1,2}:\d{1,2}(?:[.,:]\d{1,9})?"
"""Pattern of a clock time with minutes and seconds at least."""

_PARTS = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2})(?:[.,:](\d{1,9}))?$")


def parse_clock(text: str) -> float | None:
    """Seconds of a clock time or of a plain number, None if it is neither.

    >>> parse_clock("00:01:15,500"), parse_clock("1:15.5"), parse_clock("75.5")
    (75.5, 75.5, 75.5)
    >>> parse_clock("soon") is None
    True
    """
    text = text.strip()
    match = _PARTS.match(text)
    if match is None:
        try:
            # A decimal comma occurs where the columns are parted by semicolons.
            return float(text.replace(",", "."))
        except ValueError:
            return None
    hours, minutes, seconds, fraction = match.groups()
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    return whole + (float(f"0.{fraction}") if fraction else 0.0)

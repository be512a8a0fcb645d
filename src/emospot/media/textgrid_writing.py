"""Writing a Praat TextGrid, in its long text form.

An interval tier covers its whole time: where nothing is, there is an empty interval. Two
intervals cannot overlap, so what overlaps needs tiers of its own (`apart`). Times keep all
their digits.
"""

from collections.abc import Mapping, Sequence

from emospot.media.tiers import Interval

SHORTEST = 0.001
"""Seconds that are given to what has no length, as no tier can hold it."""


def textgrid(tiers: Mapping[str, Sequence[Interval]], end: float) -> str:
    """The text of a TextGrid.

    Args:
        tiers: name → intervals in order of time that do not overlap.
        end: seconds of the recording; it ends later if an interval does.

    >>> print(textgrid({"Anna": [Interval(0.5, 1.0, "Hi")]}, 2.0).splitlines()[-1].strip())
    text = ""
    """
    last = max([end, SHORTEST, *(one.end for own in tiers.values() for one in own)])
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0",
        f"xmax = {last!r}",
        "tiers? <exists>",
        f"size = {len(tiers)}",
        "item []:",
    ]
    for number, (name, intervals) in enumerate(tiers.items(), start=1):
        filled = _filled(intervals, last)
        lines += [
            f"    item [{number}]:",
            '        class = "IntervalTier"',
            f"        name = {_quoted(name)}",
            "        xmin = 0",
            f"        xmax = {last!r}",
            f"        intervals: size = {len(filled)}",
        ]
        for place, one in enumerate(filled, start=1):
            lines += [
                f"        intervals [{place}]:",
                f"            xmin = {one.start!r}",
                f"            xmax = {one.end!r}",
                f"            text = {_quoted(one.text)}",
            ]
    return "\n".join(lines) + "\n"


def apart(intervals: Sequence[Interval]) -> list[list[int]]:
    """Rows of intervals in which none overlap, as few as there must be.

    Args:
        intervals: in any order.

    Returns:
        Places of the intervals, row by row, each in order of time; at least one row.

    >>> apart([Interval(0, 2, ""), Interval(1, 3, ""), Interval(2, 4, "")])
    [[0, 2], [1]]
    """
    rows: list[list[int]] = [[]]
    for place in sorted(range(len(intervals)), key=lambda k: (intervals[k].start, k)):
        start = intervals[place].start
        free = (row for row in rows if not row or intervals[row[-1]].end <= start)
        row = next(free, None)
        if row is None:
            rows.append(row := [])
        row.append(place)
    return rows


def with_length(start: float, end: float, text: str) -> Interval:
    """An interval that a tier can hold: one without length is made a thousandth long."""
    return Interval(start, max(end, start + SHORTEST), text)


def _filled(intervals: Sequence[Interval], end: float) -> list[Interval]:
    """The intervals with empty ones between them, from 0 to the end."""
    filled: list[Interval] = []
    last = 0.0
    for one in intervals:
        if one.start > last:
            filled.append(Interval(last, one.start, ""))
        filled.append(one)
        last = one.end
    return [*filled, Interval(last, end, "")] if last < end else filled


def _quoted(text: str) -> str:
    """In quotes, on one line."""
    doubled = " ".join(text.split()).replace('"', '""')
    return f'"{doubled}"'

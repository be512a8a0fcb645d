"""Praat TextGrids, long or short.

Praat reads a TextGrid as a row of values: quoted texts, free-standing numbers
and `<flags>`; everything else ("xmin =", "intervals [1]:") is decoration. Read
like this, the long and the short form are the same format. The values are: the
two texts of the header, start, end, `<exists>`, the number of tiers; then for
each tier its class, name, start, end, number of entries, and for each entry
start, end, text (a point has one time).
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path

from emospot.errors import TranscriptError
from emospot.media.tiers import Interval, Tier, segments_of_tiers
from emospot.media.transcript_types import Notices, Segment

_VALUE = re.compile(
    r'"(?P<text>[^"]*(?:""[^"]*)*)"|(?<!\S)(?P<number>-?\d+\.?\d*(?:[eE][-+]?\d+)?)%?(?!\S)'
    r"|(?P<flag><\w+>)"
)


def read_textgrid(text: str, notices: Notices) -> list[Segment]:
    """The segments of a TextGrid, see `emospot.media.tiers`.

    Args:
        text: the file's content.
        notices: of the file; gets what was repaired or left out.

    Raises:
        TranscriptError: if the file is no TextGrid or ends too early.
    """
    segments = segments_of_tiers(read_tiers(text, notices.path), notices)
    if not segments:
        raise TranscriptError(f"{notices.path}: holds no interval with a text")
    return segments


def read_tiers(text: str, path: Path) -> list[Tier]:
    """The interval tiers of a TextGrid; tiers of points are skipped.

    Raises:
        TranscriptError: as `read_textgrid`.
    """
    values = _Values(text, path)
    if values.text() != "ooTextFile" or values.text() != "TextGrid":
        raise TranscriptError(f'{path}, line 1: expected File type = "ooTextFile" of a TextGrid')
    values.number(), values.number()
    if values.flag() != "<exists>":
        return []
    tiers = []
    for _ in range(values.count()):
        kind, name = values.text(), values.text()
        values.number(), values.number()
        entries = values.count()
        if kind == "IntervalTier":
            intervals = (_interval(values) for _ in range(entries))
            tiers.append(Tier(name, tuple(intervals)))
            continue
        for _ in range(entries):
            values.number(), values.text()
    return tiers


def _interval(values: "_Values") -> Interval:
    start, end, text = values.number(), values.number(), values.text()
    return Interval(start, end, text, f"the interval at {start:g} s")


class _Values:
    """The values of a TextGrid, one after another, with errors that name the line."""

    def __init__(self, text: str, path: Path) -> None:
        self._text = text
        self._path = path
        self._matches: Iterator[re.Match[str]] = _VALUE.finditer(text)

    def text(self) -> str:
        return self._next("text", "a text in quotes")[1:-1].replace('""', '"')

    def number(self) -> float:
        return float(self._next("number", "a number").rstrip("%"))

    def count(self) -> int:
        number = self.number()
        return int(number) if math.isfinite(number) else 0

    def flag(self) -> str:
        return self._next("flag", "<exists>")

    def _next(self, kind: str, expected: str) -> str:
        match = next(self._matches, None)
        if match is None:
            lines = self._text.rstrip("\n").count("\n") + 1
            raise TranscriptError(
                f"{self._path}, line {lines}: the file ends where {expected} is expected; "
                "it seems to be cut off"
            )
        if match.lastgroup != kind:
            line = self._text.count("\n", 0, match.start()) + 1
            raise TranscriptError(
                f"{self._path}, line {line}: found {match[0][:40]}, expected {expected}"
            )
        return match[0]

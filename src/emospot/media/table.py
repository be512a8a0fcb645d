"""Tables (CSV, TSV): a header line, then one utterance a line.

Columns are found by the usual names, whatever their case, blanks and
underscores: text; optionally speaker, start, and end or duration. Times are
seconds or clock times (1:15.5), milliseconds where the column's name ends in
"ms". An empty field, "nan", "none" or "null" is a missing value. The delimiter
(comma, semicolon, tab, bar) is the one that makes the most of the header.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from emospot.errors import TranscriptError
from emospot.media.clock import parse_clock
from emospot.media.spreadsheet import as_meant
from emospot.media.transcript_types import Notices, Segment, checked_times

_NAMES = {
    # In the order of preference: a table can have both an "utterance" and a "text".
    "text": ("text", "transcript", "transcription", "utterance", "sentence", "content", "words"),
    "speaker": ("speaker", "speakername", "speakerid", "spk", "name", "participant", "who"),
    "start": ("start", "starttime", "begin", "begintime", "onset", "from", "tmin", "in"),
    "end": ("end", "endtime", "stop", "stoptime", "offset", "to", "tmax", "out"),
    "duration": ("duration", "dur", "length"),
}
_UNITS = {"ms": 0.001, "msec": 0.001, "milliseconds": 0.001}
_SECONDS = ("s", "sec", "secs", "seconds")
_MISSING = {"", "nan", "none", "null", "na", "n/a", "<na>", "-"}


@dataclass(frozen=True, slots=True)
class _Column:
    index: int
    scale: float


def table_delimiter(header: str) -> str | None:
    """The delimiter of a header line, None if no text column is found with any.

    >>> table_delimiter("Start;End;Text")
    ';'
    """
    counts = {}
    for delimiter in (",", ";", "\t", "|"):
        columns = _columns(next(csv.reader([header], delimiter=delimiter), []))
        if "text" in columns:
            counts[delimiter] = len(columns)
    return max(counts, key=lambda d: counts[d]) if counts else None


def read_table(text: str, notices: Notices) -> list[Segment]:
    r"""The segments of a table.

    Args:
        text: the file's content.
        notices: of the file; gets what was repaired or left out.

    Raises:
        TranscriptError: if there is no text column, a line does not fit the
            header, or a time cannot be read.

    >>> from pathlib import Path
    >>> read_table("start,end,speaker,text\n1,2.5,Anna,Hi\n", Notices(Path("a.csv")))
    [Segment(speaker='Anna', start=1.0, end=2.5, text='Hi', words=())]
    """
    header = text.split("\n", 1)[0]
    delimiter = table_delimiter(header)
    if delimiter is None:
        raise TranscriptError(
            f'{notices.path}, line 1: found the columns "{header[:80]}", expected a header with '
            "text and, where known, speaker, start and end"
        )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    segments: list[Segment] = []
    try:
        titles = next(reader)
        columns = _columns(titles)
        for row in reader:
            if any(field.strip() for field in row):
                place = f"line {reader.line_num}"
                segments += _segment(
                    _fitted(row, titles, columns, place, notices), columns, place, notices
                )
    except csv.Error as error:
        raise TranscriptError(f"{notices.path}, line {reader.line_num}: {error}") from error
    return segments


def _columns(titles: Sequence[str]) -> dict[str, _Column]:
    """What is found where: kind ("text", "start", …) → column."""
    plain: dict[str, _Column] = {}
    for index, title in enumerate(titles):
        words = re.split(r"[\W_]+", title.strip().strip("\ufeff").lower())
        words = [word for word in words if word]
        scale = 1.0
        if len(words) > 1 and words[-1] in (*_UNITS, *_SECONDS):
            scale = _UNITS.get(words.pop(), 1.0)
        plain.setdefault("".join(words), _Column(index, scale))
    found = {}
    for kind, names in _NAMES.items():
        name = next((name for name in names if name in plain), None)
        if name is not None:
            found[kind] = plain[name]
    return found


def _fitted(
    row: list[str],
    titles: Sequence[str],
    columns: Mapping[str, _Column],
    place: str,
    notices: Notices,
) -> list[str]:
    """The row with as many fields as the header has."""
    if len(row) < len(titles):
        return row + [""] * (len(titles) - len(row))
    if len(row) == len(titles):
        return row
    last = len(titles) - 1
    if columns["text"].index != last:
        raise TranscriptError(
            f"{notices.path}, {place}: found {len(row)} fields, expected {len(titles)}; "
            "put texts that hold the delimiter in quotes"
        )
    notices.add(place, "more fields than columns; the rest was taken as part of the text")
    return [*row[:last], ", ".join(field.strip() for field in row[last:])]


def _segment(
    row: Sequence[str], columns: Mapping[str, _Column], place: str, notices: Notices
) -> list[Segment]:
    """The segment of a row, [] if it has neither text nor time."""
    start, end, duration = (
        _time(row, columns.get(kind), place, notices) for kind in ("start", "end", "duration")
    )
    if end is None and start is not None and duration is not None:
        end = start + duration
    start, end = checked_times(start, end, place, notices)
    text = _value(row, columns["text"])
    speaker = _value(row, columns["speaker"]) if "speaker" in columns else ""
    if not text and start is None:
        notices.add(place, "neither text nor time; the line was left out")
        return []
    name = None if speaker.lower() in _MISSING else speaker
    return [Segment(name, start, end, text)]


def _value(row: Sequence[str], column: _Column) -> str:
    return " ".join(as_meant(row[column.index]).split())


def _time(
    row: Sequence[str], column: _Column | None, place: str, notices: Notices
) -> float | None:
    if column is None or row[column.index].strip().lower() in _MISSING:
        return None
    seconds = parse_clock(row[column.index])
    if seconds is None:
        raise TranscriptError(
            f'{notices.path}, {place}: "{row[column.index].strip()[:40]}" is no time; expected '
            "seconds (75.5) or a clock time (1:15.5)"
        )
    return seconds * column.scale

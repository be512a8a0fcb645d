r"""Subtitle cues (SRT, VTT): a time span and lines of text, with speakers inside.

One cue can hold several speakers: after `<v NAME>` tags, after lines that begin
with `NAME:` (see `speaker_names`), or after two or more lines that begin with a
dash. It is then split, and its time is shared by characters. Markup of the
formats (`<i>`, `<font …>`, `{\an8}`, …) is taken away; anything else in angle
brackets is text, and what emospot says of an emotion (`<c.emotion>`) is none of
the words. A cue without text stays as a segment without words, since
its time still tells that somebody speaks.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from emospot.errors import TranscriptError
from emospot.media.clock import CLOCK, parse_clock
from emospot.media.speaker_names import SpeakerNames
from emospot.media.transcript_types import (
    Notices,
    Segment,
    TimedWord,
    checked_times,
    shared_time,
)

_TIMING = re.compile(rf"\s*({CLOCK})\s*-->\s*({CLOCK})(?:\s.*)?$")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
_MARKUP = re.compile(
    r"</?(?:b|i|u|s|font|c|v|lang|ruby|rt)(?:[.\s][^<>]*)?/?>|\{\\[^{}]*\}", re.IGNORECASE
)
_SAID_BY_US = re.compile(r"<c\.emotion>.*?</c>", re.DOTALL)
_TIME_MARK = re.compile(rf"<({CLOCK})>")
_DASH = re.compile(r"\s*[-–—]\s*(?=\S)")


@dataclass(frozen=True, slots=True)
class Cue:
    """One cue as it stands in the file.

    Args:
        line: number of its timing line, from 1.
        start: seconds.
        end: seconds, perhaps before `start`.
        text: its lines, markup included.
    """

    line: int
    start: float
    end: float
    text: tuple[str, ...]


def parse_timing(text: str) -> tuple[float, float] | None:
    """Start and end of a timing line, None if the line is none.

    >>> parse_timing("00:00:01,000 --> 00:00:02,500")
    (1.0, 2.5)
    """
    match = _TIMING.match(text)
    if match is None:
        return None
    start, end = parse_clock(match[1]), parse_clock(match[2])
    return None if start is None or end is None else (start, end)


def broken_timing(path: object, line: int, text: str) -> TranscriptError:
    """The error for a line that should be a timing line."""
    return TranscriptError(
        f'{path}, line {line}: found "{text.strip()[:80]}", expected times such as '
        "00:00:01,000 --> 00:00:02,500; correct the line"
    )


def segments_of_cues(
    cues: Sequence[Cue], notices: Notices, *, entities: bool = False
) -> list[Segment]:
    """Clean the cues, find their speakers and split them where several speak.

    Args:
        cues: in the order of the file.
        notices: of the file; gets what was repaired.
        entities: whether the format writes "&" as "&amp;" (VTT does).
    """
    read = html.unescape if entities else str
    cues = [replace(cue, text=_without_emotions(cue.text)) for cue in cues]
    plain = [[_clean(line) for line in cue.text] for cue in cues]
    names = SpeakerNames([lines for lines in plain if any(lines)])
    segments: list[Segment] = []
    for cue, lines in zip(cues, plain, strict=True):
        start, end = checked_times(cue.start, cue.end, f"line {cue.line}", notices)
        parts = _voices(cue) or _named_parts(lines, cue.text, names)
        spans = shared_time(start, end, [len(_clean(raw)) for _, _, raw in parts])
        for (speaker, text, raw), (part_start, part_end) in zip(parts, spans, strict=True):
            words = tuple(
                TimedWord(word.start, word.end, read(word.text))
                for word in _timed_words(raw, part_start, part_end)
            )
            name = None if speaker is None else read(speaker)
            segments.append(Segment(name, part_start, part_end, read(text), words))
    return segments


Part = tuple[str | None, str, str]
"""Speaker, clean text, and the text with its markup."""


def _without_emotions(lines: tuple[str, ...]) -> tuple[str, ...]:
    if not any("<c.emotion>" in line for line in lines):
        return lines
    return tuple(_SAID_BY_US.sub("", "\n".join(lines)).split("\n"))


def _voices(cue: Cue) -> list[Part]:
    """The parts of a cue with `<v NAME>` tags, [] where it has none."""
    whole = "\n".join(cue.text)
    pieces = _VOICE.split(whole)
    if len(pieces) == 1:
        return []
    pairs: list[tuple[str | None, str]] = [(None, pieces[0])]
    pairs += [(" ".join(n.split()), t) for n, t in zip(pieces[1::2], pieces[2::2], strict=True)]
    return [(name, _clean(raw), raw) for name, raw in pairs if name is not None or _clean(raw)]


def _named_parts(lines: list[str], raws: Sequence[str], names: SpeakerNames) -> list[Part]:
    """The parts of a cue by `NAME:` prefixes and dashes; one part where it has none."""
    dialogue = sum(_DASH.match(line) is not None for line in lines) > 1
    parts: list[tuple[str | None, list[str], list[str]]] = []
    for line, raw in zip(lines, raws, strict=True):
        name, rest = names.split(line)
        dash = _DASH.match(line) if dialogue else None
        if name is None and dash is not None:
            rest = line[dash.end() :]
        if name is not None or dash is not None or not parts:
            parts.append((name, [], []))
        parts[-1][1].append(rest)
        parts[-1][2].append(raw)
    joined = [
        (name, " ".join(" ".join(text).split()), "\n".join(raw)) for name, text, raw in parts
    ]
    return joined or [(None, "", "")]


def _timed_words(raw: str, start: float | None, end: float | None) -> tuple[TimedWord, ...]:
    """Words of a text with time marks such as `<00:00:03.500>`, () without marks."""
    pieces = _TIME_MARK.split(raw)
    if len(pieces) == 1 or start is None or end is None:
        return ()
    times = [start, *(parse_clock(mark) or 0.0 for mark in pieces[1::2]), end]
    if times != sorted(times):
        return ()
    texts = [_clean(piece) for piece in pieces[::2]]
    spans = zip(times[:-1], times[1:], texts, strict=True)
    return tuple(TimedWord(a, b, text) for a, b, text in spans if text)


def _clean(text: str) -> str:
    """The text without markup, with single spaces."""
    return " ".join(_TIME_MARK.sub("", _MARKUP.sub("", text)).split())

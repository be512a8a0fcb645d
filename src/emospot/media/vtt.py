"""WebVTT subtitles (.vtt): blocks parted by blank lines.

A block with a timing line in its first or second line is a cue (the line before
it is its identifier); `NOTE`, `STYLE` and `REGION` blocks are skipped. Time
marks within a text (`<00:00:03.500>`) give word times.
"""

from collections.abc import Iterator

from emospot.errors import TranscriptError
from emospot.media.cues import Cue, broken_timing, parse_timing, segments_of_cues
from emospot.media.transcript_types import Notices, Segment

_NO_CUES = ("NOTE", "STYLE", "REGION", "WEBVTT")


def read_vtt(text: str, notices: Notices) -> list[Segment]:
    r"""The segments of a WebVTT file.

    Args:
        text: the file's content.
        notices: of the file; gets what was repaired or left out.

    Raises:
        TranscriptError: if the header is missing, a timing line cannot be read
            or there is no cue.

    >>> from pathlib import Path
    >>> read_vtt("WEBVTT\n\n00:01.000 --> 00:02.000\n<v Anna>Hi", Notices(Path("a.vtt")))
    [Segment(speaker='Anna', start=1.0, end=2.0, text='Hi', words=())]
    """
    lines = text.split("\n")
    if not lines[0].startswith("WEBVTT"):
        raise TranscriptError(
            f'{notices.path}, line 1: found "{lines[0][:40]}", expected "WEBVTT"; '
            "is it another format? Then give the file that format's ending"
        )
    cues = []
    for number, block in _blocks(lines):
        place = next((k for k, line in enumerate(block[:2]) if "-->" in line), None)
        if place is not None:
            times = parse_timing(block[place])
            if times is None:
                raise broken_timing(notices.path, number + place, block[place])
            cues.append(Cue(number + place, *times, tuple(block[place + 1 :])))
        elif not block[0].startswith(_NO_CUES):
            notices.add(f"line {number}", "text without times; it was left out")
    if not cues:
        raise TranscriptError(f"{notices.path}: holds no cue with times")
    return segments_of_cues(cues, notices, entities=True)


def _blocks(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Runs of lines that are not blank, with the number of their first line."""
    block: list[str] = []
    for number, line in enumerate([*lines, ""], start=1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []

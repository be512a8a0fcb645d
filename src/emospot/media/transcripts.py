"""Read a transcript of any known format.

The file's ending names the format; where it says little (.txt, .json, another
or none), the content decides. Each format has its own file in this room.

| ending | format | speakers | times |
|---|---|---|---|
| .srt, .vtt | subtitles | `NAME:`, `<v NAME>` | cues, VTT also words |
| .csv, .tsv | table with a header | column | columns |
| .TextGrid | Praat | tiers | intervals, words from a word tier |
| .eaf | ELAN | participant or tier | intervals, words from a word tier |
| .rttm | speaker turns, words in a .txt beside it | field | turns |
| .json, .jsonl | emospot's own | field | utterances and words |
| .txt | one utterance a line | `NAME:` | none |
"""

import re
from collections.abc import Callable
from pathlib import Path

from emospot.errors import TranscriptError
from emospot.media.cues import parse_timing
from emospot.media.elan import read_elan
from emospot.media.json_transcript import read_json, read_json_lines
from emospot.media.plain_text import read_plain_text
from emospot.media.rttm import read_rttm
from emospot.media.srt import read_srt
from emospot.media.table import read_table, table_delimiter
from emospot.media.text_file import decode_text, read_bytes
from emospot.media.textgrid import read_textgrid
from emospot.media.transcript_types import Notices, Segment, TimedWord, Transcript
from emospot.media.vtt import read_vtt

__all__ = ["TRANSCRIPT_SUFFIXES", "Segment", "TimedWord", "Transcript", "read_transcript"]

Reader = Callable[[str, Notices], list[Segment]]

_READERS: dict[str, Reader] = {
    ".srt": read_srt,
    ".vtt": read_vtt,
    ".csv": read_table,
    ".tsv": read_table,
    ".textgrid": read_textgrid,
    ".rttm": read_rttm,
    ".jsonl": read_json_lines,
}
TRANSCRIPT_SUFFIXES = (*_READERS, ".eaf", ".json", ".txt")
"""Endings of the formats, in lower case."""


def read_transcript(path: Path) -> Transcript:
    """Read a transcript.

    Args:
        path: the file; its format is told by its ending or its content.

    Returns:
        The segments in the order of the file (sorted by start where the
        format has tiers), and notices about repairs.

    Raises:
        TranscriptError: if the file is missing, empty, of no known format,
            malformed, or holds no utterance; it names file and place.
    """
    path = Path(path)
    notices = Notices(path)
    content = read_bytes(path)
    suffix = path.suffix.lower()
    if suffix == ".eaf":
        segments = read_elan(content, notices)
    else:
        text = decode_text(content, notices)
        reader = _READERS.get(suffix) or _reader_by_content(text, suffix)
        if reader is None:
            raise TranscriptError(
                f"{path}: is of no known format; known are {', '.join(TRANSCRIPT_SUFFIXES)}"
            )
        segments = reader(text, notices)
    if not segments:
        raise TranscriptError(f"{path}: holds no utterance")
    return Transcript(tuple(segments), notices.sentences())


def _reader_by_content(text: str, suffix: str) -> Reader | None:
    """The reader that the content asks for; a .txt is plain text if nothing else fits."""
    beginning = text[:4000].lstrip()
    first_line = beginning.split("\n", 1)[0]
    if beginning.startswith("WEBVTT"):
        return read_vtt
    if '"ooTextFile"' in first_line or beginning.startswith('"ooTextFile'):
        return read_textgrid
    if beginning.startswith(("{", "[{")) or suffix == ".json":
        return read_json
    if any(parse_timing(line) for line in beginning.split("\n")[:20]):
        return read_srt
    if re.match(r"SPEAKER \S+ \S+ [\d.]+ [\d.]+ ", beginning):
        return read_rttm
    delimiter = table_delimiter(first_line)
    if delimiter is not None and "start" in first_line.lower():
        return read_table
    return read_plain_text if suffix == ".txt" else None

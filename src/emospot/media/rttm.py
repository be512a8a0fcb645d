"""RTTM (.rttm): who speaks when, one `SPEAKER` line a segment, without words.

The words may stand in a text file of the same name (talk.rttm, talk.txt), one
line a segment in the same order; an empty line is a segment without words.
"""

from pathlib import Path

from emospot.errors import TranscriptError
from emospot.media.text_file import decode_text, read_bytes
from emospot.media.transcript_types import Notices, Segment, checked_times

_FIELDS = 8  # type, file, channel, start, duration, orthography, subtype, speaker


def read_rttm(text: str, notices: Notices) -> list[Segment]:
    """The segments of an RTTM file, with the words of the text beside it.

    Args:
        text: the file's content.
        notices: of the file; gets what was repaired.

    Raises:
        TranscriptError: if a line cannot be read, the file tells of several
            recordings, none named like it, or the text beside it has another
            number of lines.

    >>> read_rttm("SPEAKER talk 1 0.5 2.0 <NA> <NA> anna <NA> <NA>", Notices(Path("talk.rttm")))
    [Segment(speaker='anna', start=0.5, end=2.5, text='', words=())]
    """
    path = notices.path
    entries: list[tuple[str, Segment]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        fields = line.split()
        if not fields or fields[0] != "SPEAKER":
            continue
        entries.append(_entry(fields, f"line {number}", notices))
    recordings = sorted({recording for recording, _ in entries})
    if len(recordings) > 1:
        if path.stem not in recordings:
            raise TranscriptError(
                f"{path}: tells of {len(recordings)} recordings ({', '.join(recordings[:3])}, …); "
                "name the file like the recording that is meant"
            )
        entries = [entry for entry in entries if entry[0] == path.stem]
    if not entries:
        raise TranscriptError(f"{path}: holds no SPEAKER line")
    segments = [segment for _, segment in entries]
    beside = path.with_suffix(".txt")
    return _with_texts(segments, beside, notices) if beside.is_file() else segments


def _entry(fields: list[str], place: str, notices: Notices) -> tuple[str, Segment]:
    try:
        start, duration = float(fields[3]), float(fields[4])
    except (ValueError, IndexError) as error:
        raise TranscriptError(
            f"{notices.path}, {place}: found no start and duration, expected "
            "SPEAKER recording channel start duration <NA> <NA> name"
        ) from error
    speaker = fields[_FIELDS - 1] if len(fields) >= _FIELDS else "<NA>"
    times = checked_times(start, start + duration, place, notices)
    return fields[1], Segment(None if speaker == "<NA>" else speaker, *times, "")


def _with_texts(segments: list[Segment], beside: Path, notices: Notices) -> list[Segment]:
    content = read_bytes(beside)
    own_notices = Notices(beside)
    lines = decode_text(content, own_notices).split("\n")
    notices.more += own_notices.sentences()
    while len(lines) > len(segments) and not lines[-1].strip():
        lines.pop()
    if len(lines) != len(segments):
        raise TranscriptError(
            f"{beside}: has {len(lines)} lines, but {notices.path.name} has {len(segments)} "
            "segments; expected one line a segment"
        )
    return [
        Segment(segment.speaker, segment.start, segment.end, " ".join(line.split()))
        for segment, line in zip(segments, lines, strict=True)
    ]

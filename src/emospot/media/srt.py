"""SubRip subtitles (.srt): numbered cues with times and text.

Read with tolerance: numbers may be missing or wrong, blank lines may stand
within a cue or lack between cues. A line with an arrow whose times cannot be
read is an error, because the text after it would move to the cue before.
"""

from emospot.errors import TranscriptError
from emospot.media.cues import Cue, broken_timing, parse_timing, segments_of_cues
from emospot.media.transcript_types import Notices, Segment


def read_srt(text: str, notices: Notices) -> list[Segment]:
    r"""The segments of an SRT file.

    Args:
        text: the file's content.
        notices: of the file; gets what was repaired.

    Raises:
        TranscriptError: if a timing line cannot be read or there is none.

    >>> from pathlib import Path
    >>> read_srt("1\n00:00:01,000 --> 00:00:02,000\nANNA: Hi\n", Notices(Path("a.srt")))
    [Segment(speaker='ANNA', start=1.0, end=2.0, text='Hi', words=())]
    """
    lines = text.split("\n")
    timings: list[tuple[int, tuple[float, float]]] = []
    for index, line in enumerate(lines):
        if "-->" not in line:
            continue
        times = parse_timing(line)
        if times is not None:
            timings.append((index, times))
        elif line.strip()[:1].isdigit() or line.strip().startswith("-->"):
            raise broken_timing(notices.path, index + 1, line)
    if not timings:
        raise TranscriptError(
            f"{notices.path}: holds no subtitle; expected lines such as "
            "00:00:01,000 --> 00:00:02,500"
        )
    ends = [index for index, _ in timings[1:]] + [len(lines)]
    cues = [
        Cue(index + 1, start, end, _cue_text(lines[index + 1 : after], after < len(lines)))
        for (index, (start, end)), after in zip(timings, ends, strict=True)
    ]
    return segments_of_cues(cues, notices)


def _cue_text(lines: list[str], another_follows: bool) -> tuple[str, ...]:
    """The lines of a cue without blank ones and without the next cue's number."""
    if another_follows and lines and lines[-1].strip().isdecimal():
        lines = lines[:-1]
    return tuple(line for line in lines if line.strip())

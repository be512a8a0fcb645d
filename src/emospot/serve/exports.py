"""An analysis in the formats of other programs, as the API gives them."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from emospot.analysis.types import Analysis
from emospot.serve.refused import RefusedError

if TYPE_CHECKING:
    from emospot.analysis.spot import RecordingHotspots


@dataclass(frozen=True, slots=True)
class Export:
    """A file to give away.

    Args:
        ending: of its name.
        media_type: of its content.
    """

    ending: str
    media_type: str


EXPORTS = {
    "srt": Export(".srt", "application/x-subrip"),
    "vtt": Export(".vtt", "text/vtt; charset=utf-8"),
    "csv": Export(".csv", "text/csv; charset=utf-8"),
    "jsonl": Export(".jsonl", "application/jsonl"),
    "textgrid": Export(".TextGrid", "text/plain; charset=utf-8"),
    "eaf": Export(".eaf", "application/xml"),
    "rttm": Export(".rttm", "text/plain; charset=utf-8"),
    "webannotation": Export(".webannotation.json", "application/ld+json"),
}
"""Name of the format → what it is."""


def export_name(recording: str, export_format: str) -> str:
    """The file name of an export.

    >>> export_name("talk.mp4", "srt")
    'talk.srt'
    """
    return f"{PurePosixPath(recording).stem or 'analysis'}{EXPORTS[export_format].ending}"


def export_file(analysis: Path, export_format: str) -> bytes:
    """An analysis in the format of another program.

    Args:
        analysis: its JSON.
        export_format: of `EXPORTS`.

    Raises:
        RefusedError: 404, if there is no writer of that format.
    """
    from emospot.analysis.reading import read_analysis
    from emospot.report.hotspot_files import FORMATS

    if export_format not in FORMATS:
        raise RefusedError(404, f"this version does not write {export_format}")
    return FORMATS[export_format][1](_hotspots(read_analysis(analysis))).encode()


def _hotspots(analysis: Analysis) -> "RecordingHotspots":
    """The hotspots of an analysis, as those of a recording by itself."""
    from emospot.analysis.spot import RecordingHotspots
    from emospot.conversation import Conversation, Hotspot, Utterance

    keys = ("modality", "start", "end", "score", "fired_by", "char_start", "char_end", "apex")
    found = analysis.utterances
    spoken = tuple(Utterance(u.id, u.speaker, u.start, u.end, u.text) for u in found)
    hotspots = tuple(
        tuple(Hotspot(**{key: getattr(own, key) for key in keys}) for own in u.hotspots)
        for u in found
    )
    conversation = Conversation(analysis.recording, spoken)
    looked = dict(analysis.extractors)
    return RecordingHotspots(
        analysis.recording, analysis.duration, conversation, hotspots, looked, {}, ()
    )

"""The bundled sample: a spoken conversation and a few seconds of a face.

What the files are, how they were made and under which licence they stand is in
the README beside them; `scripts/make_sample.py` of the source makes them again.
"""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SampleFiles:
    """Where the files of the sample lie.

    Args:
        conversation: two speakers, ten turns, sound only (Ogg Opus, 16 kHz).
        transcript: its transcript with speakers and times (SRT).
        face: six seconds of a face, pictures only (H.264 in MP4).
        face_truth: the movements planted in it with their times (JSON).
    """

    conversation: Path
    transcript: Path
    face: Path
    face_truth: Path


def sample_files() -> SampleFiles:
    """The paths of the sample's files.

    >>> sample_files().transcript.name
    'conversation.srt'
    """
    folder = Path(str(files(__name__)))
    return SampleFiles(
        conversation=folder / "conversation.ogg",
        transcript=folder / "conversation.srt",
        face=folder / "face.mp4",
        face_truth=folder / "face.truth.json",
    )

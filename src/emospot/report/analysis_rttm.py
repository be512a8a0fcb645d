"""An analysis as RTTM: who speaks when, for tools of diarisation.

    SPEAKER talk 1 0.600000 3.300000 <NA> <NA> Anna <NA> <NA>

RTTM has no line for emotions, and its readers fail on lines that they do not know, so it
holds the turns alone. Its fields are parted by blanks; those of a name become underscores.
"""

import re

from emospot.analysis.types import Analysis
from emospot.files import stem
from emospot.media.textgrid_writing import SHORTEST


def to_rttm(analysis: Analysis, _: str | None = None) -> str:
    """One SPEAKER line an utterance, in order of time."""
    recording = _field(stem(analysis.recording)) or "recording"
    turns = sorted(
        (one.start, max(one.end - one.start, SHORTEST), _field(one.speaker) or "speaker")
        for one in analysis.utterances
        if one.start is not None and one.end is not None
    )
    return "".join(
        f"SPEAKER {recording} 1 {start:.6f} {length:.6f} <NA> <NA> {name} <NA> <NA>\n"
        for start, length, name in turns
    )


def _field(text: str) -> str:
    """A text without blanks."""
    return re.sub(r"\s+", "_", text.strip())

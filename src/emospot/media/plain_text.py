"""Plain text: one utterance a line, without times, speakers as `NAME:` prefixes."""

from emospot.media.speaker_names import SpeakerNames
from emospot.media.transcript_types import Notices, Segment


def read_plain_text(text: str, notices: Notices) -> list[Segment]:
    r"""The segments of a plain text; blank lines are skipped.

    Args:
        text: the file's content.
        notices: unused here; every reader has it.

    >>> from pathlib import Path
    >>> text = "Anna: Hello.\nBen: Hi.\nAnna: Well: no."
    >>> [(s.speaker, s.text) for s in read_plain_text(text, Notices(Path("a.txt")))]
    [('Anna', 'Hello.'), ('Ben', 'Hi.'), ('Anna', 'Well: no.')]
    """
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    names = SpeakerNames([[line] for line in lines])
    parts = [names.split(line) for line in lines]
    return [Segment(name, None, None, " ".join(rest.split())) for name, rest in parts]

from pathlib import Path

from emospot.media.plain_text import read_plain_text
from emospot.media.transcript_types import Notices


def test_one_utterance_a_line():
    found = read_plain_text("ANNA:  Hello\tyou\n\n  \nand so on\n", Notices(Path("talk.txt")))
    assert [(s.speaker, s.start, s.end, s.text) for s in found] == [
        ("ANNA", None, None, "Hello you"),
        (None, None, None, "and so on"),
    ]

import pytest

from emospot.errors import TranscriptError
from emospot.media.rttm import read_rttm
from emospot.media.transcript_types import Notices

RTTM = """;; a comment
SPKR-INFO talk 1 <NA> <NA> <NA> unknown anna <NA> <NA>
SPEAKER talk 1 0.50 1.50 <NA> <NA> anna <NA> <NA>
SPEAKER talk 1 1.80 0.70 <NA> <NA> ben <NA> <NA>
SPEAKER talk 1 3.00 1.00 <NA> <NA> <NA> <NA> <NA>
"""


def read(tmp_path, text=RTTM, beside=None):
    notices = Notices(tmp_path / "talk.rttm")
    if beside is not None:
        (tmp_path / "talk.txt").write_bytes(beside)
    return read_rttm(text, notices), notices.sentences()


def test_turns_without_words(tmp_path):
    segments, _ = read(tmp_path)
    assert [(s.speaker, s.start, s.end, s.text) for s in segments] == [
        ("anna", 0.5, 2.0, ""),
        ("ben", 1.8, 2.5, ""),
        (None, 3.0, 4.0, ""),
    ]


@pytest.mark.parametrize("ending", ["", "\n", "\n\n\n"])
def test_words_from_the_text_beside_it(tmp_path, ending):
    segments, notices = read(tmp_path, beside=f"Hello you\n\nÇa va{ending}".encode())
    assert [s.text for s in segments] == ["Hello you", "", "Ça va"]
    assert notices == ()


def test_notices_name_the_text_file(tmp_path):
    _, notices = read(tmp_path, beside="Hello\nÇa\nva".encode("cp1252"))
    assert len(notices) == 1
    assert notices[0].startswith("talk.txt, line 2: is not UTF-8")


def test_one_of_several_recordings_by_name(tmp_path):
    other = "SPEAKER other 1 0 1 <NA> <NA> zoe <NA> <NA>\n"
    segments, _ = read(tmp_path, RTTM + other)
    assert [s.speaker for s in segments] == ["anna", "ben", None]
    with pytest.raises(TranscriptError, match="tells of 2 recordings"):
        read(tmp_path, other + other.replace("other", "third"))


@pytest.mark.parametrize(
    ("text", "beside", "message"),
    [
        (RTTM, b"only one line", r"talk\.txt: has 1 lines, but talk\.rttm has 3 segments"),
        ("SPEAKER talk 1 soon 1 <NA> <NA> a\n", None, r"talk\.rttm, line 1: found no start"),
        ("SPEAKER talk\n", None, "line 1: found no start"),
        ("LEXEME talk 1 0 1 a\n", None, "holds no SPEAKER line"),
        ("SPEAKER talk 1 nan 1 <NA> <NA> a\n", None, "line 1: nan is no time"),
    ],
)
def test_malformed(tmp_path, text, beside, message):
    with pytest.raises(TranscriptError, match=message):
        read(tmp_path, text, beside)

from pathlib import Path

import pytest

from emospot.errors import TranscriptError
from emospot.media.text_file import decode_text, read_bytes
from emospot.media.transcript_types import Notices

TEXT = "Zoë: Ça va?\nЯ не знаю\n"


def decoded(content):
    notices = Notices(Path("talk.txt"))
    return decode_text(content, notices), notices.sentences()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings_of_any_language(encoding):
    assert decoded(TEXT.encode(encoding)) == (TEXT, ())


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark(encoding):
    text = "Anna: Hello there.\n" * 3
    assert decoded(text.encode(encoding)) == (text, ())


def test_the_fallback_is_windows_1252_and_says_so():
    text, notices = decoded("fine\nça va – “non”\n".encode("cp1252"))
    assert text == "fine\nça va – “non”\n"
    assert notices == (
        "talk.txt, line 2: is not UTF-8; the file was read as Windows-1252, check its accents",
    )


def test_line_ends_become_newlines():
    assert decoded(b"a\r\nb\rc\n")[0] == "a\nb\nc\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"fine\nbad \x81\x8d here\n", r"talk\.txt, line 2: byte 9 is neither UTF-8 nor cp1252"),
        (b"some\ntext \0 with zeros", r"line 2: holds zero bytes"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01", "is no text file"),
        (b"\xff\xfea\0b", "neither UTF-8 nor utf-16"),
    ],
)
def test_what_is_no_text_is_named(content, message):
    with pytest.raises(TranscriptError, match=message):
        decoded(content)


def test_missing_empty_and_folder(tmp_path):
    empty = tmp_path / "empty.srt"
    empty.write_bytes(b" \n")
    for path, message in (
        (tmp_path / "none.srt", "no such file"),
        (empty, "the file is empty"),
        (tmp_path, "is not a file"),
    ):
        with pytest.raises(TranscriptError, match=message):
            read_bytes(path)


def test_an_unreadable_file(tmp_path, monkeypatch):
    path = tmp_path / "talk.srt"
    path.write_text("x")

    def denied(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(TranscriptError, match="Permission denied"):
        read_bytes(path)

"""Read a text file of unknown encoding.

A byte order mark decides. Without one, UTF-8 is tried, then UTF-16 where every
other byte is zero, then Windows-1252 (the usual encoding of old subtitle
files), with a notice, because it can be wrong without being noticed.
"""

import codecs
from pathlib import Path

from emospot.errors import TranscriptError
from emospot.media.transcript_types import Notices

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
FALLBACK_ENCODING = "cp1252"


def read_bytes(path: Path) -> bytes:
    """The content of a transcript file.

    Raises:
        TranscriptError: if the file is missing, unreadable or empty.
    """
    if not path.is_file():
        found = "is not a file" if path.exists() else "no such file"
        raise TranscriptError(f"{path}: {found}; name one transcript")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TranscriptError(f"{path}: cannot be read ({error.strerror})") from error
    if not content.strip():
        raise TranscriptError(f"{path}: the file is empty")
    return content


def decode_text(content: bytes, notices: Notices) -> str:
    r"""Decode a transcript's bytes; line ends become "\n".

    Args:
        content: the whole file.
        notices: of that file; gets a notice if the encoding was guessed.

    Raises:
        TranscriptError: if the content fits no encoding or is no text.

    >>> decode_text(b"caf\xc3\xa9\r\n", Notices(Path("a.txt")))
    'café\n'
    """
    path = notices.path
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    if encoding is not None:
        text = _decoded(content, encoding, path)
    elif (wide := _wide_encoding(content)) is not None:
        text = _decoded(content, wide, path)
    else:
        text = _decoded_unmarked(content, notices)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise TranscriptError(f"{path}, line {line}: holds zero bytes; this is no text file")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decoded_unmarked(content: bytes, notices: Notices) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    if b"\0" in content:
        raise TranscriptError(f"{notices.path}: is no text file")
    text = _decoded(content, FALLBACK_ENCODING, notices.path)
    notices.add(
        f"line {line}", "is not UTF-8; the file was read as Windows-1252, check its accents"
    )
    return text


def _wide_encoding(content: bytes) -> str | None:
    """UTF-16 without a mark: most text then has zeros in every other byte."""
    sample = content[:1000]
    pairs = len(sample) // 2
    if pairs < 2:
        return None
    if sample[1::2].count(0) > 0.8 * pairs and sample[::2].count(0) == 0:
        return "utf-16-le"
    if sample[::2].count(0) > 0.8 * pairs and sample[1::2].count(0) == 0:
        return "utf-16-be"
    return None


def _decoded(content: bytes, encoding: str, path: Path) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TranscriptError(
            f"{path}, line {line}: byte {error.start} is neither UTF-8 nor {encoding}; "
            "save the file as UTF-8"
        ) from error

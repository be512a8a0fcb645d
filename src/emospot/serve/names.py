"""What an upload is called, and what it is: nothing of its name reaches the disk.

The name that a browser sends is foreign text. It is shown, so it is cleaned of what could
mislead (control characters, marks that turn the direction of writing) and kept in the
database alone. On the disk an upload is called "recording" or "transcript", with an ending
from a fixed list, for FFmpeg looks at endings as well as at the content.

Whether something is a recording is told by its first bytes, which containers have. What begins
otherwise (archives, pictures, programs, lists of other files) is refused before anything is
asked to decode it. A few formats of sound and film have no sure beginning, e.g. MP3 after
zeros, or sound without any header: of those the ending is believed, and the job's process,
which may open recordings only, finds out what they are.
"""

import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath

from emospot.serve.refused import RefusedError

MOST_LETTERS = 200
"""Of a shown name."""
PEEK = 512
"""First bytes of a file that tell what it is."""

MEDIA_TYPES = {
    ".wav": "audio/wav", ".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".aac": "audio/aac",
    ".ogg": "audio/ogg", ".oga": "audio/ogg", ".opus": "audio/ogg", ".flac": "audio/flac",
    ".aif": "audio/aiff", ".aiff": "audio/aiff", ".caf": "audio/x-caf", ".amr": "audio/amr",
    ".au": "audio/basic", ".wma": "audio/x-ms-wma",
    ".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime", ".3gp": "video/3gpp",
    ".mkv": "video/x-matroska", ".webm": "video/webm", ".ogv": "video/ogg",
    ".avi": "video/x-msvideo", ".wmv": "video/x-ms-wmv", ".flv": "video/x-flv",
    ".mpg": "video/mpeg", ".mpeg": "video/mpeg", ".ts": "video/mp2t", ".mts": "video/mp2t",
    ".m2ts": "video/mp2t",
    ".ac3": "audio/ac3", ".eac3": "audio/eac3", ".ec3": "audio/eac3", ".dts": "audio/vnd.dts",
    ".mp2": "audio/mpeg", ".mpa": "audio/mpeg", ".wv": "audio/x-wavpack", ".w64": "audio/x-w64",
    ".tta": "audio/x-tta", ".voc": "audio/x-voc", ".ra": "audio/x-pn-realaudio",
    ".rm": "application/vnd.rn-realmedia", ".rmvb": "application/vnd.rn-realmedia",
    ".g722": "audio/g722", ".722": "audio/g722", ".gsm": "audio/x-gsm", ".ape": "audio/x-ape",
    ".mpc": "audio/x-musepack", ".tak": "audio/x-tak", ".shn": "audio/x-shorten",
    ".dsf": "audio/x-dsf", ".oma": "audio/x-oma", ".sph": "audio/x-nist", ".vob": "video/mpeg",
    ".dv": "video/x-dv", ".mxf": "application/mxf", ".nut": "video/x-nut",
}  # fmt: skip
"""Ending of a recording → the type under which it is given back."""

_BELIEVED = frozenset(
    (
        ".mp3", ".mp2", ".mpa", ".aac", ".mpg", ".mpeg", ".vob", ".ts", ".mts", ".m2ts",
        ".ac3", ".eac3", ".ec3", ".dts", ".wv", ".w64", ".tta", ".voc", ".ra", ".rm", ".rmvb",
        ".g722", ".722", ".gsm", ".ape", ".mpc", ".tak", ".shn", ".dsf", ".oma", ".sph", ".dv",
        ".mxf", ".nut",
    )
)  # fmt: skip
"""Endings of formats that begin in no sure way, or in one that is not known here."""

_BEGINNINGS = {
    b"OggS": ".ogg", b"fLaC": ".flac", b"ID3": ".mp3",
    b"caff": ".caf", b".snd": ".au", b"#!AMR": ".amr", b"FLV\x01": ".flv",
    b"\x1aE\xdf\xa3": ".mkv", b"0&\xb2u\x8ef\xcf\x11": ".wmv", b"\x00\x00\x01\xba": ".mpg",
    b"\x00\x00\x01\xb3": ".mpg", b"riff.\x91\xcf\x11": ".w64", b"wvpk": ".wv", b"TTA1": ".tta",
    b"Creative Voice File\x1a": ".voc", b".RMF": ".rm", b"\x0bw": ".ac3",
}  # fmt: skip
"""How containers begin → the ending that one gets whose own is not known."""
_NAMED = {
    (b"RIFF", b"WAVE"): ".wav", (b"RF64", b"WAVE"): ".wav", (b"RIFF", b"AVI "): ".avi",
    (b"FORM", b"AIFF"): ".aiff", (b"FORM", b"AIFC"): ".aiff",
}  # fmt: skip
"""Begin and bytes 8 to 12 of families of formats, to which pictures (WebP) belong as well."""
_QUICKTIME = (
    *(b"ftyp", b"styp", b"moov", b"mdat", b"free", b"skip", b"wide", b"uuid", b"pnot", b"sidx"),
)
"""Names of the first box of an MP4 or QuickTime file, at byte 4."""
_TRANSPORT = 0x47
"""Begins each packet of a transport stream: 188 bytes, or 192 with a time before it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What an upload is.

    Args:
        is_media: whether it is a recording; else it is a transcript.
        ending: that it is stored with.
    """

    is_media: bool
    ending: str


def shown_name(name: str) -> str:
    r"""The name for people: the last part of a path, on one line, of visible characters.

    >>> shown_name("../../etc/passwd"), shown_name("C:\\talks\\Anna.mp4"), shown_name("a\r\nb.wav")
    ('passwd', 'Anna.mp4', 'a b.wav')
    >>> shown_name("talk\u202e4pm.exe"), shown_name("..")
    ('talk4pm.exe', 'recording')
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rstrip("/").rpartition("/")[2]
    spaced = "".join(" " if letter.isspace() else letter for letter in last)
    # Control, format (direction marks), surrogate and unassigned characters.
    visible = "".join(c for c in spaced if not unicodedata.category(c).startswith("C"))
    short = " ".join(visible.split())
    if len(short) > MOST_LETTERS:
        ending = PurePosixPath(short).suffix[:10]
        short = short[: MOST_LETTERS - len(ending) - 1] + "…" + ending
    return short if short.strip(".") else "recording"


def kind_of(name: str, beginning: bytes) -> Kind:
    """What an upload is, by its first bytes and its ending.

    Args:
        name: as it is shown.
        beginning: the first `PEEK` bytes.

    Raises:
        RefusedError: 415, if it is neither a recording nor a transcript.
    """
    from emospot.media.transcripts import TRANSCRIPT_SUFFIXES

    ending = PurePosixPath(name.lower()).suffix
    if not beginning:
        raise RefusedError(415, f'"{name}" is empty (0 bytes): choose a recording')
    usual = _container(beginning)
    if usual is not None:
        return Kind(True, ending if ending in MEDIA_TYPES else usual)
    if ending in _BELIEVED:
        return Kind(True, ending)
    if ending in TRANSCRIPT_SUFFIXES and _text(beginning):
        return Kind(False, ending)
    raise RefusedError(
        415,
        f'"{name}" is no recording of sound or video by its content, nor a transcript by its '
        "ending: choose e.g. WAV, MP3, MP4, MKV or WebM, or a transcript "
        f"({', '.join(TRANSCRIPT_SUFFIXES)})",
    )


def transcript_ending(name: str, beginning: bytes) -> str:
    """The ending that a transcript is stored with; of an unknown one ".txt".

    Raises:
        RefusedError: 415, if it is empty or no text.
    """
    from emospot.media.transcripts import TRANSCRIPT_SUFFIXES

    if not beginning:
        raise RefusedError(415, f'the transcript "{name}" is empty (0 bytes)')
    if _container(beginning) is not None or not _text(beginning):
        raise RefusedError(
            415,
            f'the transcript "{name}" is no text: expected {", ".join(TRANSCRIPT_SUFFIXES)}',
        )
    ending = PurePosixPath(name.lower()).suffix
    return ending if ending in TRANSCRIPT_SUFFIXES else ".txt"


def _container(beginning: bytes) -> str | None:
    """The usual ending of a container that begins so, None where none does."""
    for start, ending in _BEGINNINGS.items():
        if beginning.startswith(start):
            return ending
    family = beginning[:4], beginning[8:12]
    if family in _NAMED:
        return _NAMED[family]
    if beginning[4:8] in _QUICKTIME:
        return ".mp4"
    for first, step in ((0, 188), (4, 192)):
        places = (first, first + step, first + 2 * step)
        if all(beginning[at : at + 1] == bytes([_TRANSPORT]) for at in places):
            return ".ts"
    # A frame of MPEG sound begins with eleven set bits; so does a mark of UTF-16 text.
    marked = beginning[:2] in (b"\xff\xfe", b"\xfe\xff")
    if beginning[0] == 0xFF and len(beginning) > 1 and beginning[1] >= 0xE0 and not marked:
        return ".mp3"
    return None


def _text(beginning: bytes) -> bool:
    """Whether a file may be text: UTF-16 with zeros, else without."""
    if beginning[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return True
    zeros = beginning.count(0)
    return zeros == 0 or zeros > 0.3 * len(beginning)

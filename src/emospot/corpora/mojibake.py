"""Texts whose characters were decoded wrongly on the way, and how to mend them.

Two accidents are common in published corpora. The bytes of Windows-1252 were
taken for Latin-1, so that an apostrophe became the control character U+0092.
Or the bytes of UTF-8 were taken for Windows-1252 or Latin-1, so that it became
"â€™". Both can be undone without loss, and neither looks like any language, so
that nothing that was right is changed.
"""

import re

_CONTROLS = re.compile("[\x80-\x9f]")
_FOREIGN = re.compile(r"[^\x00-\x7f]{2,}")


def repaired(text: str) -> str:
    r"""The text with wrongly decoded characters mended, the others untouched.

    >>> repaired("It\x92s a fianc\xe9e, isnâ€™t it?")
    'It’s a fiancée, isn’t it?'
    """
    return _CONTROLS.sub(_from_windows, _FOREIGN.sub(_from_utf8, text))


def _from_utf8(match: re.Match[str]) -> str:
    """A run of characters as the UTF-8 that its bytes are, where they are that."""
    for encoding in ("cp1252", "latin1"):
        try:
            return match.group().encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return match.group()


def _from_windows(match: re.Match[str]) -> str:
    """A control character as the one that Windows-1252 has in its place, if any."""
    return match.group().encode("latin1").decode("cp1252", errors="replace").replace("�", "")

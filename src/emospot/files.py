"""Writing files so that a failure leaves no half of one.

A file is written beside its place, as `NAME.part`, and renamed when it is
whole. A reader therefore sees the older file or the new one, never a part, and
after a kill or on a full disk the older file is still there.
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emospot.errors import EmospotError

_WRITTEN_BY_US = re.compile(r"\.(?:hotspots|analysis|emotions)$")
_ENDING = re.compile(r"\.(?=\w*[a-zA-Z])\w{1,8}$")  # a number after a dot is no ending

ADVICE = "free space or choose another folder; an older file is left as it was"


@contextmanager
def written_beside(
    path: Path,
    what: str = "",
    *,
    advice: str = ADVICE,
    error: type[EmospotError] = EmospotError,
) -> Iterator[Path]:
    """Give a path to write to, which becomes `path` when the block ends well.

    Args:
        path: the file's place; missing folders are made.
        what: what the file is, for the message, e.g. "the report".
        advice: what to do if it cannot be written.
        error: what is raised then.

    Raises:
        EmospotError: of the kind `error`, if the system refuses: no space, no
            permission, no such place. No draft is left.
    """
    draft = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield draft
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as failure:
        place = " ".join(part for part in ("cannot write", what, str(path)) if part)
        raise error(f"{place}: {_reason(failure)}; {advice}") from failure


def write_file(
    path: Path,
    data: bytes,
    what: str = "",
    *,
    advice: str = ADVICE,
    error: type[EmospotError] = EmospotError,
) -> None:
    """Write a whole file; it is on the disk when this returns.

    Args:
        path: the file; an older one is replaced.
        data: its content.
        what: as in `written_beside`.
        advice: as in `written_beside`.
        error: as in `written_beside`.

    Raises:
        EmospotError: as in `written_beside`.
    """
    with (
        written_beside(path, what, advice=advice, error=error) as draft,
        draft.open("wb") as file,
    ):
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def write_json(path: Path, value: Any, *, indent: int | None = 2) -> None:
    """Write plain lists, dictionaries, texts and numbers as JSON.

    Args:
        path: as in `write_file`.
        value: what `json` can write.
        indent: spaces a level; None: one line without spaces.

    Raises:
        EmospotError: as in `written_beside`.
    """
    separators = (",", ":") if indent is None else None
    text = json.dumps(value, indent=indent, separators=separators, ensure_ascii=False)
    write_file(path, text.encode())


def make_folder(path: Path) -> None:
    """Make a folder with those above it, before the work that it will hold.

    Raises:
        EmospotError: if it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as failure:
        raise EmospotError(
            f"cannot make the folder {path}: {_reason(failure)}; choose another one"
        ) from failure


def _reason(failure: OSError) -> str:
    if isinstance(failure, FileExistsError):
        return f"{failure.filename} is a file, not a folder"
    return failure.strerror or str(failure)


def stem(name: str) -> str:
    """A recording's name without folder, ending, and what emospot adds.

    >>> stem("a/talk.hotspots.json"), stem("talk.wav"), stem("talk.2")
    ('talk', 'talk', 'talk.2')
    """
    return _WRITTEN_BY_US.sub("", _ENDING.sub("", Path(name).name))

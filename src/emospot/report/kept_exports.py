"""Exports that somebody has changed are not written over.

An export is made to be corrected by hand. Whoever corrects it where it lies and analyses
again must not lose the work. So a folder of exports remembers what was written into it
(`.emospot-exports.json`: file name → SHA-256). A file that is not what was written is kept
under another name before a new one takes its place.
"""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from emospot.files import write_file, write_json

REMEMBERED = ".emospot-exports.json"


def write_export(path: Path, data: bytes, what: str) -> Path | None:
    """Write an export; what somebody made of the older one is kept.

    Args:
        path: its place.
        data: its content.
        what: what it is, for the message of an error.

    Returns:
        Where the older, changed file lies now; None: there was none.

    Raises:
        EmospotError: if it cannot be written; the older file is left as it was.
    """
    remembered = _remembered(path.parent)
    kept = None
    if path.is_file():
        there = _digest(path.read_bytes())
        if there not in (remembered.get(path.name), _digest(data)):
            kept = _free_name(path)
            shutil.copy2(path, kept)
    write_file(path, data, what)
    write_json(path.parent / REMEMBERED, {**remembered, path.name: _digest(data)})
    return kept


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _remembered(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / REMEMBERED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _free_name(path: Path) -> Path:
    """talk.changed-1.emotions.eaf beside talk.emotions.eaf, with the first number that is free."""
    stem, dot, ending = path.name.partition(".emotions.")
    if not dot:
        stem, dot, ending = path.stem, "", path.suffix
    number = 1
    while (found := path.with_name(f"{stem}.changed-{number}{dot}{ending}")).exists():
        number += 1
    return found

"""The folder of installed models: a user's own, and those fetched from Hugging Face.

Every model is a folder of its own, by the name that it was given. The place is what the
environment variable EMOSPOT_MODELS names, else the system's place for a user's data.
Nothing but `model.safetensors`, `model.json` and `README.md` is ever put there; where
models came from stands in `sources.json` beside them.
"""

import json
import os
import re
from pathlib import Path

from emospot.errors import ModelError
from emospot.model.names import DESCRIPTION

FOLDER = "EMOSPOT_MODELS"
"""The environment variable that names the folder."""

SOURCES = "sources.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?|.*\.", re.IGNORECASE)


def installed_folder() -> Path:
    """Where installed models lie, whether or not there are any."""
    named = os.environ.get(FOLDER, "").strip()
    if named:
        return Path(named).expanduser()
    from platformdirs import user_data_path

    return user_data_path("emospot", appauthor=False) / "models"


def is_model_name(name: str) -> bool:
    """Whether a model may be installed by this name: a plain file name on every system.

    >>> [is_model_name(name) for name in ("mine-2", "../mine", "a/b", ".hidden", "nul", "")]
    [True, False, False, False, False, False]
    """
    return _NAME.fullmatch(name) is not None and _RESERVED.fullmatch(name) is None


def check_model_name(name: str) -> str:
    """The name, if a model may be installed by it.

    Raises:
        ModelError: if it may not.
    """
    if not is_model_name(name):
        raise ModelError(
            f'a model cannot be called "{name}": expected at most 64 letters, digits, dots, '
            "dashes and underscores, the first a letter or digit"
        )
    return name


def installed_model(name: str) -> Path | None:
    """The folder of an installed model, or None where there is none of that name."""
    if not is_model_name(name):
        return None
    folder = installed_folder() / name
    return folder if (folder / DESCRIPTION).is_file() else None


def installed_names() -> list[str]:
    """The names of all installed models, in order."""
    found = (path.parent.name for path in installed_folder().glob(f"*/{DESCRIPTION}"))
    return sorted(name for name in found if is_model_name(name))


def model_sources() -> dict[str, str]:
    """Name → where an installed model came from, as far as that is known."""
    try:
        found = json.loads((installed_folder() / SOURCES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    pairs = found.items() if isinstance(found, dict) else ()
    return {name: source for name, source in pairs if isinstance(source, str)}

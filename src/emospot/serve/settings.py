"""What a server is told once, at its start: where it keeps things, and its limits."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from emospot.errors import UsageError
from emospot.model.names import DESCRIPTION

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Addresses that this machine alone can reach."""
PORT = 8765
TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]*")
"""What a header and a cookie can both hold; "" is none."""
MEGABYTE = 10**6
HOUR = 3600.0


def bundled_models() -> dict[str, str]:
    """Name → folder of the models that come with the package."""
    from emospot.analysis.bundled_models import bundled_names, models_folder

    return {name: str(models_folder() / name) for name in bundled_names()}


def installed_models() -> dict[str, str]:
    """Name → folder of the models that the user has installed and that can be read."""
    from emospot.analysis.installed_models import installed_model, installed_names

    folders = {name: installed_model(name) for name in installed_names()}
    return {name: str(path) for name, path in folders.items() if path and _has_card(path)}


def _has_card(folder: Path) -> bool:
    """Whether a model's description can be shown; a damaged one would break the list of all."""
    try:
        told = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        return isinstance(told["card"], dict) and isinstance(told["model"], dict)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server works.

    Args:
        data: folder of the database and the jobs; no second server may use it.
        host: address that it listens on.
        port: of that address; 0: any that is free.
        token: that every request must bring; "": none is needed.
        names: names by which it may be called beside those of the loopback address, e.g.
            that of a reverse proxy.
        models: name by which a model is asked for → its folder.
        upload_bytes: of a recording, at most.
        transcript_bytes: of a transcript, at most.
        media_hours: length of a recording, at most.
        utterances: of a transcript, at most.
        queue: jobs that may wait, those still being uploaded included.
        jobs: analyses at a time; they share the cores.
        keep_hours: after which a job that has ended is deleted with its media and results.
        job_hours: that an analysis may take.
        memory_bytes: of addresses that an analysis may use (a third of it is real memory).
        live: live sessions at a time.
        live_minutes: of sound in a live session, at most.
        spare_bytes: of the disk that uploads leave free.
        preload: whether what analyses need is loaded once, before the first of them, and
            not by each.
    """

    data: Path
    host: str = LOOPBACK[0]
    port: int = PORT
    token: str = field(default="", repr=False)
    names: tuple[str, ...] = ()
    models: Mapping[str, str] = field(default_factory=bundled_models)
    upload_bytes: int = 2000 * MEGABYTE
    transcript_bytes: int = 20 * MEGABYTE
    media_hours: float = 4.0
    utterances: int = 20_000
    queue: int = 100
    jobs: int = 1
    keep_hours: float = 24.0
    job_hours: float = 6.0
    memory_bytes: int = 8000 * MEGABYTE
    live: int = 2
    live_minutes: float = 60.0
    spare_bytes: int = 500 * MEGABYTE
    preload: bool = True

    def __post_init__(self) -> None:
        if not self.token and (self.host not in LOOPBACK or self.names):
            raise UsageError(
                f"{self.host} can be reached by others: a token is needed (--token, EMOSPOT_TOKEN)"
            )
        if TOKEN.fullmatch(self.token) is None:
            raise UsageError(
                "the token has characters that a browser's cookie cannot hold: expected letters "
                "of English, digits and . _ ~ + / = - only (--token, EMOSPOT_TOKEN)"
            )


def usual_data_folder() -> Path:
    """Where programs keep a user's data on this system, and there a folder of our own."""
    given = os.environ.get("XDG_DATA_HOME", "")
    base = Path(given) if os.path.isabs(given) else Path.home() / ".local" / "share"
    return base / "emospot" / "serve"

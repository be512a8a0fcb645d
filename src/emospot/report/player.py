"""Where the page finds the recording that it plays.

The page never holds the recording. It refers to it by a relative address, so
that report and recording can be moved together. The address names no folder but
those beneath the report: it must not tell where a recording was kept. Of a
recording that lies elsewhere the page knows the file name alone and looks for it
beside itself, where it can be put later. Whoever serves the page gives the player
itself, with the address at which the recording is served.
"""

import mimetypes
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Player:
    """A media element.

    Args:
        tag: "audio" or "video".
        address: relative address, percent-encoded.
        name: file name for people.
        found: whether the recording lay at that address when the page was written. If not,
            the page asks for it only when it is told to play.
    """

    tag: Literal["audio", "video"]
    address: str
    name: str
    found: bool = True


def find_player(report: Path, media: Path | Player | None) -> Player | None:
    """The player for a recording, None where there is none.

    Args:
        report: the path of the report.
        media: the path of the recording, which need not exist yet; a player, which is
            taken as it is; or None.

    Beneath the report the address leads down to it, in a folder above the report
    up to it, and for a recording anywhere else beside the report.

    >>> find_player(Path("out/talk.html"), Path("out/my talk.mp4"))
    Player(tag='video', address='./my%20talk.mp4', name='my talk.mp4', found=False)
    >>> find_player(Path("out/talk.html"), Path("talk.mp4")).address
    '../talk.mp4'
    >>> find_player(Path("out/talk.html"), Path("elsewhere/talk.mp4")).address
    './talk.mp4'
    """
    if media is None or isinstance(media, Player):
        return media
    kind = mimetypes.guess_type(media.name)[0] or ""
    # "./" keeps a name such as "a:b.wav" from being read as an address's scheme;
    # fsencode keeps names that are not UTF-8.
    address = quote(os.fsencode(_relative(report, media).as_posix()))
    if not address.startswith("../"):
        address = "./" + address
    tag: Literal["audio", "video"] = "video" if kind.startswith("video/") else "audio"
    return Player(tag, address, media.name, is_found(report, media))


def is_found(report: Path, media: Path) -> bool:
    """Whether the address in a report leads to a file: to the recording or one of its name."""
    folder = Path(os.path.abspath(report)).parent
    # As a browser does it: ".." goes up by name, whether or not the folder is there yet.
    return Path(os.path.normpath(folder / _relative(report, media))).is_file()


def _relative(report: Path, media: Path) -> Path:
    folder = Path(os.path.abspath(report)).parent
    recording = Path(os.path.abspath(media))
    if folder in recording.parents:
        return recording.relative_to(folder)
    if recording.parent in folder.parents:
        return Path(os.path.relpath(recording, folder))
    return Path(recording.name)

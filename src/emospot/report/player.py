"""Where the page finds the recording that it plays.

The page never holds the recording. It refers to it by a relative address, so
that report and recording can be moved together; a recording that lies
elsewhere is not referred to, because an absolute path would tell where it was
made and break on the next machine.
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
    """

    tag: Literal["audio", "video"]
    address: str
    name: str


def find_player(report: Path, media: Path | None) -> Player | None:
    """The player for a recording beside or under the report, else None.

    Args:
        report: the path of the report.
        media: the path of the recording, or None. It need not exist yet.

    >>> find_player(Path("out/talk.html"), Path("out/my talk.mp4"))
    Player(tag='video', address='./my%20talk.mp4', name='my talk.mp4')
    >>> find_player(Path("out/talk.html"), Path("elsewhere/talk.mp4")) is None
    True
    """
    if media is None:
        return None
    folder = Path(os.path.abspath(report)).parent
    try:
        relative = Path(os.path.abspath(media)).relative_to(folder)
    except ValueError:
        return None
    kind = mimetypes.guess_type(media.name)[0] or ""
    # "./" keeps a name such as "a:b.wav" from being read as an address's scheme;
    # fsencode keeps names that are not UTF-8.
    address = "./" + quote(os.fsencode(relative.as_posix()))
    return Player("video" if kind.startswith("video/") else "audio", address, media.name)

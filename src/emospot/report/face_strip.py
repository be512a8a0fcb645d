"""Pictures of the face at moments that stood out, for the eye to judge.

The pictures are handed in as encoded images and stand in the page itself, so
that it needs no other file. Whoever passes the page on passes the faces on.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from emospot.analysis.types import HotspotFinding, UtteranceFinding
from emospot.conversation import FACE
from emospot.errors import FeatureError

MOST_STILLS = 40
"""Pictures in a report: they must not make it heavy."""

SIGNATURES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}


@dataclass(frozen=True, slots=True)
class FaceStill:
    """One picture of a face.

    Args:
        time: seconds from the start of the recording.
        image: an encoded JPEG or PNG image.

    Raises:
        FeatureError: if the bytes are neither JPEG nor PNG.
    """

    time: float
    image: bytes

    def __post_init__(self) -> None:
        if not any(self.image.startswith(signature) for signature in SIGNATURES):
            found = self.image[:8].hex(" ") or "nothing"
            raise FeatureError(
                f"the face still at {self.time:.2f} s starts with {found}, "
                "expected a JPEG or PNG image: encode it before it goes into the report"
            )

    @property
    def data_uri(self) -> str:
        """The picture as a data: address."""
        kind = next(kind for start, kind in SIGNATURES.items() if self.image.startswith(start))
        return f"data:{kind};base64,{base64.b64encode(self.image).decode('ascii')}"


def face_apexes(utterances: Sequence[UtteranceFinding], most: int = MOST_STILLS) -> list[float]:
    """The moments of the strongest hotspots of the face, in order of time.

    Args:
        utterances: of an analysis.
        most: how many at most.
    """
    spots = [
        (hotspot.score, hotspot.apex if hotspot.apex is not None else (start + end) / 2)
        for utterance in utterances
        for hotspot in utterance.hotspots
        if hotspot.modality == FACE
        and (start := hotspot.start) is not None
        and (end := hotspot.end) is not None
    ]
    strongest = sorted(spots, reverse=True)[:most]
    return sorted(apex for _, apex in strongest)


def face_spot(utterance: UtteranceFinding, time: float) -> HotspotFinding | None:
    """The hotspot of the face that a picture of that time shows: the strongest one there."""
    there = [
        spot
        for spot in utterance.hotspots
        if spot.modality == FACE
        and spot.start is not None
        and spot.end is not None
        and spot.start <= time <= spot.end
    ]
    return max(there, key=lambda spot: spot.score, default=None)


def stills_of(utterance: UtteranceFinding, stills: Sequence[FaceStill]) -> tuple[FaceStill, ...]:
    """The stills within an utterance's time, in order of time."""
    if utterance.start is None or utterance.end is None:
        return ()
    start, end = utterance.start, utterance.end
    within = [still for still in stills if start <= still.time <= end]
    return tuple(sorted(within, key=lambda still: still.time))

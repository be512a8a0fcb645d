"""Pictures of the face at moments that stood out, for the eye to judge.

The pictures are handed in as encoded images and stand in the page itself, so
that it needs no other file. Whoever passes the page on passes the faces on.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from emospot.analysis.types import UtteranceFinding
from emospot.errors import FeatureError

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


def stills_of(utterance: UtteranceFinding, stills: Sequence[FaceStill]) -> tuple[FaceStill, ...]:
    """The stills within an utterance's time, in order of time."""
    if utterance.start is None or utterance.end is None:
        return ()
    start, end = utterance.start, utterance.end
    within = [still for still in stills if start <= still.time <= end]
    return tuple(sorted(within, key=lambda still: still.time))

"""Which face of a picture is meant: shots, tracks and the choice among them.

A *shot* is a run of frames from one camera. A cut shows as a sudden change of
the whole picture: the mean absolute difference of two small grey pictures,
which motion within a shot leaves low. A *track* is one face followed through a
shot: a face belongs to the track whose last face lay near it and had about its
size. A face that is lost for a moment (a hand, a turned head) keeps its track.

Where it is not known who speaks, the face of a shot with the greatest *weight* is meant:

    weight = Σ over its frames of (area of its bounding box / area of the picture)

that is, size × persistence: a large face that stays wins over a larger one that
passes by, and over small faces in the background. It need not be the face of
the person who speaks: which one that is shows in the lips, over all utterances
(`speakers.speaking_faces`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CUT_DIFFERENCE = 0.12
"""Mean difference of grey values (0 to 1) from which a change counts as a cut."""

CUT_RATIO = 4.0
"""A cut also exceeds the picture's usual change by this factor."""

LOST_SECONDS = 2.0
"""A track that is not seen for longer ends."""

_THUMBNAIL = 24
_NEAR = 0.7
_SIZE_RATIO = 2.0
_USUAL_DECAY = 0.9


class ShotCuts:
    """Tells frame by frame where a new shot begins.

    >>> cuts = ShotCuts()
    >>> dark, light = np.zeros((48, 64, 3), np.uint8), np.full((48, 64, 3), 200, np.uint8)
    >>> [cuts.is_cut(frame) for frame in (dark, dark, light, light)]
    [False, False, True, False]
    """

    def __init__(self) -> None:
        self._last: NDArray[np.float32] | None = None
        self._usual = 0.0

    def is_cut(self, image: NDArray[np.uint8]) -> bool:
        """Whether a new shot begins with this image.

        Args:
            image: RGB, shape (height, width, 3); the first one begins no *new* shot.
        """
        small = _thumbnail(image)
        last, self._last = self._last, small
        if last is None:
            return False
        if last.shape != small.shape:
            return True
        change = float(np.abs(small - last).mean())
        cut = change > max(CUT_DIFFERENCE, CUT_RATIO * self._usual)
        if not cut:
            self._usual = _USUAL_DECAY * self._usual + (1.0 - _USUAL_DECAY) * change
        return cut


def _thumbnail(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Means of the green channel (most of the brightness) over some 24 × 24 blocks."""
    height, width = (max(1, side // _THUMBNAIL) for side in image.shape[:2])
    rows, columns = image.shape[0] // height, image.shape[1] // width
    green = image[: rows * height, : columns * width, 1]
    blocks = green.reshape(rows, height, columns, width)[:, :: max(1, height // 4)]
    small: NDArray[np.float32] = blocks.mean((1, 3), dtype=np.float32) / np.float32(255.0)
    return small


@dataclass(slots=True)
class Track:
    """A face followed through a shot.

    Args:
        id: unique within the recording.
        shot: number of the shot.
        weight: size × persistence so far.
        centre: of its last bounding box in pixels, shape (2,).
        size: root of the area of its last bounding box in pixels.
        seen: seconds at which it was seen last.
        landmarks: its last landmarks in pixels, shape (n, 3).
    """

    id: int
    shot: int
    weight: float
    centre: NDArray[np.float64]
    size: float
    seen: float
    landmarks: NDArray[np.float64]


class FaceTracks:
    """Follows the faces of the current shot; holds nothing of earlier ones."""

    def __init__(self) -> None:
        self.shot = 0
        self._tracks: list[Track] = []
        self._next_id = 0

    def new_shot(self) -> None:
        """Forget all faces: another camera."""
        self.shot += 1
        self._tracks = []

    def follow(
        self, seconds: float, faces: list[NDArray[np.float64]], image_area: float
    ) -> list[tuple[Track, Track | None]]:
        """Assign the faces of a frame to tracks, nearest first.

        Args:
            seconds: time of the frame.
            faces: landmarks of each face in pixels, shape (n, 3).
            image_area: pixels of the frame.

        Returns:
            For each face, in their order, its track as it is now, and as it was
            before this frame (None where the track begins).
        """
        self._tracks = [t for t in self._tracks if seconds - t.seen <= LOST_SECONDS]
        free = dict(enumerate(self._tracks))
        boxes = [_box(face) for face in faces]
        distances = sorted(
            (_distance(box, track), face, index)
            for face, box in enumerate(boxes)
            for index, track in free.items()
        )
        before: dict[int, Track] = {}
        for distance, face, index in distances:
            if distance < _NEAR and face not in before and index in free:
                before[face] = free.pop(index)
        now = [
            self._track(seconds, faces[i], boxes[i], image_area, before.get(i))
            for i in range(len(faces))
        ]
        self._tracks = [*free.values(), *now]
        return [(track, before.get(i)) for i, track in enumerate(now)]

    def _track(
        self,
        seconds: float,
        face: NDArray[np.float64],
        box: tuple[NDArray[np.float64], float],
        image_area: float,
        before: Track | None,
    ) -> Track:
        centre, size = box
        weight = size**2 / image_area
        if before is not None:
            return Track(before.id, self.shot, before.weight + weight, centre, size, seconds, face)
        self._next_id += 1
        return Track(self._next_id, self.shot, weight, centre, size, seconds, face)


def _box(face: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    low, high = face[:, :2].min(0), face[:, :2].max(0)
    return (low + high) / 2.0, float(np.sqrt(np.prod(high - low)))


def _distance(box: tuple[NDArray[np.float64], float], track: Track) -> float:
    """Distance of a box from a track's last one in sizes, infinite for another size."""
    centre, size = box
    small, large = sorted((size, track.size))
    if large > _SIZE_RATIO * small:
        return float("inf")
    return float(np.linalg.norm(centre - track.centre)) / large

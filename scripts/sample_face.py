"""The sample's face: a portrait that raises its brows, blinks and smiles.

The portrait is NASA's of Eileen Collins, in the public domain, as scikit-image
carries it. MediaPipe finds the landmarks once. A movement is a displacement of
some landmarks while the others stay; a thin-plate spline carries it to every
pixel. Each frame is the portrait seen through the displacements, each scaled by
its strength at that moment, and through a slightly swaying head. Onset, apex
and offset of every movement are thus known.
"""

from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from mediapipe.python.solutions.face_mesh import FaceMesh
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator
from skimage import data

SIZE = 320
"""Pixels of a side of the video."""

FRAME_RATE = 25
SECONDS = 6.0

CORNER = (122.0, 2.0)
"""Upper left corner of the crop in the portrait, pixels."""

CROP = 205.0
"""Side of the crop in the portrait, pixels."""

_BROWS = (46, 52, 53, 55, 63, 65, 66, 70, 105, 107, 276, 282, 283, 285, 293, 295, 296, 300, 334, 336)  # fmt: skip  # noqa: E501
_FOREHEAD = (9, 69, 104, 108, 151, 299, 333, 337)
_UPPER_LIDS = (157, 158, 159, 160, 161, 246, 384, 385, 386, 387, 388, 466)
_LOWER_LIDS = (154, 153, 145, 144, 163, 7, 381, 380, 374, 373, 390, 249)
_MOUTH_CORNERS = (61, 291)


@dataclass(frozen=True)
class Planted:
    """A movement of the face with its known times.

    Args:
        fired_by: the name that a detector should give it, "" where none should fire.
        onset: seconds at which it begins.
        apex_start: seconds at which it is at its strongest.
        apex_end: seconds at which it begins to fade.
        offset: seconds at which it is over.
    """

    fired_by: str
    onset: float
    apex_start: float
    apex_end: float
    offset: float

    def strength(self, seconds: float) -> float:
        """From 0 to 1, without corners in time."""
        rise = (seconds - self.onset) / (self.apex_start - self.onset)
        fall = (self.offset - seconds) / (self.offset - self.apex_end)
        x = min(1.0, max(0.0, min(rise, fall)))
        return x * x * (3.0 - 2.0 * x)


BROW_RAISE = Planted("brow raise", 1.2, 1.6, 2.1, 2.5)
BLINK = Planted("", 3.0, 3.1, 3.14, 3.26)
SMILE = Planted("smile", 3.7, 4.1, 4.8, 5.3)


def make_face(path: Path) -> tuple[Planted, ...]:
    """Write the video and say what was planted in it."""
    portrait = data.astronaut()
    landmarks = _landmarks(portrait)
    eyes = landmarks[[33, 133]].mean(0), landmarks[[263, 362]].mean(0)
    unit = float(np.linalg.norm(eyes[0] - eyes[1]))
    # The portrait smiles: its own mouth is the apex, a relaxed one is neutral.
    fields = {
        BROW_RAISE: _spread(landmarks, _brow_raise(landmarks, unit)),
        BLINK: _spread(landmarks, _closed_eyes(landmarks)),
        SMILE: _spread(landmarks, _relaxed_mouth(landmarks, unit)),
    }
    frames = []
    for number in range(round(SECONDS * FRAME_RATE)):
        seconds = number / FRAME_RATE
        moved = fields[BROW_RAISE] * BROW_RAISE.strength(seconds)
        moved = moved + fields[BLINK] * BLINK.strength(seconds)
        moved = moved + fields[SMILE] * (1.0 - SMILE.strength(seconds))
        frames.append(_seen(portrait, moved, landmarks.mean(0), seconds))
    _write_h264(frames, path)
    return BROW_RAISE, BLINK, SMILE


def _landmarks(portrait: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Landmarks in pixels of the portrait, shape (468, 2)."""
    x, y, side = int(CORNER[0]), int(CORNER[1]), int(CROP)
    crop = cv2.resize(portrait[y : y + side, x : x + side], None, fx=2.0, fy=2.0)
    with FaceMesh(static_image_mode=True, refine_landmarks=True) as mesh:
        face = mesh.process(crop).multi_face_landmarks[0]
    return np.array([(p.x * side + x, p.y * side + y) for p in face.landmark[:468]])


def _brow_raise(landmarks: NDArray[np.float64], unit: float) -> dict[int, NDArray[np.float64]]:
    up = np.array([0.0, -unit])
    return dict.fromkeys(_BROWS, 0.10 * up) | dict.fromkeys(_FOREHEAD, 0.05 * up)


def _closed_eyes(landmarks: NDArray[np.float64]) -> dict[int, NDArray[np.float64]]:
    return {
        upper: 0.85 * (landmarks[lower] - landmarks[upper])
        for upper, lower in zip(_UPPER_LIDS, _LOWER_LIDS, strict=True)
    }


def _relaxed_mouth(landmarks: NDArray[np.float64], unit: float) -> dict[int, NDArray[np.float64]]:
    """Corners down and in, what lies around them after them by its nearness."""
    moves: dict[int, NDArray[np.float64]] = {}
    for corner, inward in zip(_MOUTH_CORNERS, (1.0, -1.0), strict=True):
        distance = np.linalg.norm(landmarks - landmarks[corner], axis=1)
        share = np.exp(-((distance / (0.35 * unit)) ** 2) / 2.0)
        for i in np.flatnonzero(share > 0.01):
            shift = share[i] * unit * np.array([0.06 * inward, 0.13])
            moves[int(i)] = moves.get(int(i), 0.0) + shift
    return moves


def _spread(
    landmarks: NDArray[np.float64], moves: dict[int, NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Displacement of every pixel of the crop, in pixels of the portrait, (SIZE, SIZE, 2)."""
    shifts = np.zeros_like(landmarks)
    for landmark, shift in moves.items():
        shifts[landmark] = shift
    edge = np.linspace(-10.0, CROP + 10.0, 12)
    frame = np.array([(x, y) for x in edge for y in edge if not (0 < x < CROP and 0 < y < CROP)])
    fixed = frame + CORNER
    spline = RBFInterpolator(
        np.concatenate([landmarks + shifts, fixed]),
        np.concatenate([shifts, np.zeros_like(fixed)]),
        smoothing=2.0,
    )
    field: NDArray[np.float64] = spline(_grid().reshape(-1, 2)).reshape(SIZE, SIZE, 2)
    return field


def _grid() -> NDArray[np.float64]:
    """Where each pixel of the video lies in the portrait, shape (SIZE, SIZE, 2)."""
    steps = (np.arange(SIZE) + 0.5) * CROP / SIZE - 0.5
    return np.stack(np.meshgrid(steps + CORNER[0], steps + CORNER[1]), axis=-1)


def _seen(
    portrait: NDArray[np.uint8],
    moved: NDArray[np.float64],
    pivot: NDArray[np.float64],
    seconds: float,
) -> NDArray[np.uint8]:
    """The picture at one moment: face moved, head swaying around the pivot."""
    angle = np.radians(1.8) * np.sin(2 * np.pi * seconds / 3.7)
    shift = np.array(
        [2.0 * np.sin(2 * np.pi * seconds / 4.6), 1.0 * np.sin(2 * np.pi * seconds / 2.9)]
    )
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    where = (_grid() - moved - pivot - shift) @ turn.T + pivot
    return cv2.remap(
        portrait,
        where[..., 0].astype(np.float32),
        where[..., 1].astype(np.float32),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )


def _write_h264(frames: list[NDArray[np.uint8]], path: Path) -> None:
    options = {"fflags": "bitexact", "movflags": "faststart"}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        stream = container.add_stream("libx264", rate=FRAME_RATE)
        stream.width = stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        # One thread: with several the bytes depend on the machine.
        stream.options = {"crf": "24", "preset": "slow", "threads": "1"}
        for image in frames:
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)

"""What a face does, as numbers: from mesh landmarks to named expression columns.

A face mesh gives points in the image: x to the right, y down, z away from the
camera, all in pixels. They move for three reasons: the camera and the head
move, faces differ in size, and the face expresses something. Only the last is
wanted here, so the first two are removed.

Fourteen landmarks hardly move when a face expresses something: the corners of
the eyes, the ridge of the nose, the edge of the face before the ears. The
similarity transform (scale s, rotation R, shift) that brings them closest, in
the least-squares sense, to a fixed frontal head is found by a singular value
decomposition (Umeyama, 1991):

    H = Σ_i (p_i − p̄)(q_i − q̄)ᵀ = U S Vᵀ,   R = U D Vᵀ,   s = tr(S D) / Σ_i |p_i − p̄|²

with p the landmarks, q the frontal head and D = diag(1, 1, ±1) so that R is no
reflection. Applied to all landmarks it gives a face that looks straight ahead,
whose unit is the distance between the centres of the eyes (the inter-ocular
distance), with x to the person's left, y up and z out of the face. Every
column is a distance or a height in that frame. R itself is the pose of the
head. As the transform is fitted on one frontal head for everybody, columns of
two people differ by their anatomy: compare a face with its own neutral.

"Left" and "right" are the person's own. Landmark numbers are those of the
468-point mesh of MediaPipe.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emospot.errors import ShapeError

MESH_POINTS = 468
"""Landmarks of the mesh; further ones (the irises) are ignored."""

STABLE_LANDMARKS = (33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 127, 356, 234, 454)
"""Landmarks that expressions hardly move: eye corners, nose ridge, face edge."""

# The stable landmarks of the portrait in the bundled sample, made symmetric and
# turned upright. Any plausible head would do: an exact fit is not needed.
FRONTAL_HEAD = np.array(
    [
        [-0.724, 0.021, -0.041],
        [-0.276, -0.021, 0.041],
        [0.276, -0.021, 0.041],
        [0.724, 0.021, -0.041],
        [0.0, 0.071, 0.317],
        [0.0, -0.053, 0.378],
        [0.0, -0.170, 0.450],
        [0.0, -0.277, 0.528],
        [0.0, -0.393, 0.611],
        [0.0, -0.534, 0.639],
        [-1.088, -0.050, -0.815],
        [1.088, -0.050, -0.815],
        [-1.077, -0.261, -0.910],
        [1.077, -0.261, -0.910],
    ]
)

EXPRESSION_COLUMNS = (
    "inner brow left",
    "inner brow right",
    "outer brow left",
    "outer brow right",
    "brow gap",
    "eye opening left",
    "eye opening right",
    "mouth opening",
    "mouth corner left",
    "mouth corner right",
    "mouth width",
    "lip thickness",
    "jaw drop",
)
"""Columns of `expression`; inter-ocular units, eye opening as a share of the eye's width."""

POSE_COLUMNS = ("yaw", "pitch", "roll")
"""Columns of `HeadFrame.angles`, degrees."""

HEAD_MOTION_COLUMN = "head motion"
"""The column of `head_motion`, inter-ocular distances per second."""

FACE_COLUMNS = (*EXPRESSION_COLUMNS, *POSE_COLUMNS, HEAD_MOTION_COLUMN)
"""All columns of a face token, in their order."""

_INNER_BROW = ((285, 295, 296, 336), (55, 65, 66, 107))
_OUTER_BROW = ((282, 283, 293, 334), (52, 53, 63, 105))
_BROW_ENDS = ((285, 336), (55, 107))
_EYELIDS = (((385, 380), (386, 374), (387, 373)), ((160, 144), (159, 145), (158, 153)))
_EYE_CORNERS = ((263, 362), (33, 133))
_INNER_LIPS = ((13, 14), (82, 87), (312, 317))
_RED_LIPS = ((0, 13), (37, 82), (267, 312), (14, 17), (87, 84), (317, 314))
_MOUTH_CORNERS = (291, 61)
_LIP_EDGES = (0, 17)
_CHIN = 152


@dataclass(frozen=True, slots=True)
class HeadFrame:
    """A face turned to look straight ahead, and how the head was turned.

    Args:
        points: landmarks in the head's frame, inter-ocular units, shape (n, 3).
        rotation: shape (3, 3); column k is the head's axis k (left, up, out of
            the face) in a frame with x right, y up and z towards the camera.
        pixels: pixels of an inter-ocular distance in the image.
    """

    points: NDArray[np.float64]
    rotation: NDArray[np.float64]
    pixels: float

    @property
    def angles(self) -> NDArray[np.float64]:
        """Yaw, pitch and roll in degrees, shape (3,).

        Positive: yaw turns the face to its own left, pitch lifts it, roll tilts
        the head to its own right shoulder. Yaw and pitch lie in [-90, 90] for
        any face that the camera sees.
        """
        left, _, out = self.rotation.T
        yaw = np.arctan2(out[0], out[2])
        pitch = np.arctan2(out[1], np.hypot(out[0], out[2]))
        roll = np.arctan2(left[1], np.hypot(left[0], left[2]))
        angles: NDArray[np.float64] = np.degrees([yaw, pitch, roll])
        return angles


def head_frame(landmarks: NDArray[np.floating]) -> HeadFrame:
    """Remove the head's place, size and pose from the landmarks.

    Args:
        landmarks: x right, y down, z away from the camera, one unit for all
            three (pixels), shape (n ≥ 468, 3).

    Returns:
        The landmarks in the head's own frame.

    Raises:
        ShapeError: if the shape is another one, or all landmarks coincide.

    >>> face = np.zeros((468, 3))
    >>> face[list(STABLE_LANDMARKS)] = 50 * FRONTAL_HEAD * [1, -1, -1]
    >>> frame = head_frame(face)
    >>> round(frame.pixels, 3), np.abs(frame.angles).max() < 1e-6
    (50.0, np.True_)
    """
    if landmarks.ndim != 2 or landmarks.shape[0] < MESH_POINTS or landmarks.shape[1] != 3:
        raise ShapeError(
            f"face landmarks must have shape ({MESH_POINTS} or more, 3), found {landmarks.shape}"
        )
    points = landmarks[:MESH_POINTS].astype(np.float64) * (1.0, -1.0, -1.0)
    stable = points[list(STABLE_LANDMARKS)]
    centre, target = stable.mean(0), FRONTAL_HEAD.mean(0)
    size = float(((stable - centre) ** 2).sum())
    if not size > 0.0:
        raise ShapeError("face landmarks must not all coincide")
    u, singular, vt = np.linalg.svd((stable - centre).T @ (FRONTAL_HEAD - target))
    proper = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * proper) @ vt
    scale = float((singular * proper).sum()) / size
    return HeadFrame(scale * (points - centre) @ rotation + target, rotation, 1.0 / scale)


def expression(face: NDArray[np.floating]) -> NDArray[np.float64]:
    """The expression of a face that looks straight ahead.

    Brows are heights over the line of the eyes, mouth corners over the middle of
    the mouth (over the line of the eyes they would fall when the jaw drops);
    "jaw drop" is the depth of the chin under the line of the eyes; "brow gap"
    and "mouth width" are distances; "mouth opening" is the gap between the
    lips; "lip thickness" is the mean thickness of the red of both lips, small
    where they are pressed; "eye opening" is the gap between the lids over the
    width of the eye.

    Args:
        face: `HeadFrame.points`, shape (468, 3).

    Returns:
        Values in the order of `EXPRESSION_COLUMNS`, shape (13,).
    """
    height = face[:, 1]
    inner_ends = [face[list(side)].mean(0) for side in _BROW_ENDS]
    left_corner, right_corner = (face[i] for i in _MOUTH_CORNERS)
    middle_of_mouth = height[list(_LIP_EDGES)].mean()
    eyes = [
        _gap(face, lids) / _gap(face, (corners,))
        for lids, corners in zip(_EYELIDS, _EYE_CORNERS, strict=True)
    ]
    return np.array(
        [
            *(height[list(side)].mean() for side in _INNER_BROW),
            *(height[list(side)].mean() for side in _OUTER_BROW),
            np.linalg.norm(inner_ends[0] - inner_ends[1]),
            *eyes,
            _gap(face, _INNER_LIPS),
            left_corner[1] - middle_of_mouth,
            right_corner[1] - middle_of_mouth,
            np.linalg.norm(left_corner - right_corner),
            _gap(face, _RED_LIPS),
            -height[_CHIN],
        ]
    )


def head_motion(
    before: NDArray[np.floating], after: NDArray[np.floating], pixels: float, seconds: float
) -> float:
    """How fast the head moves and turns, the face's expression left aside.

    Args:
        before: landmarks in the image, shape (n ≥ 468, 3).
        after: landmarks of the same face later.
        pixels: pixels of an inter-ocular distance.
        seconds: time between them, greater than 0.

    Returns:
        Root mean square way of the stable landmarks in inter-ocular distances
        per second.

    >>> still = np.zeros((468, 3))
    >>> head_motion(still, still + [3.0, 4.0, 0.0], pixels=50.0, seconds=0.1)
    1.0
    """
    way = (after - before)[list(STABLE_LANDMARKS)]
    return float(np.sqrt((way**2).sum(1).mean()) / pixels / seconds)


def _gap(face: NDArray[np.floating], pairs: tuple[tuple[int, int], ...]) -> float:
    one, other = np.array(pairs).T
    return float(np.linalg.norm(face[one] - face[other], axis=1).mean())

"""Columns answer to expressions alone, and each expression to its own columns."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from emospot.errors import ShapeError
from emospot.features.face_geometry import (
    EXPRESSION_COLUMNS,
    FACE_COLUMNS,
    FRONTAL_HEAD,
    STABLE_LANDMARKS,
    expression,
    head_frame,
    head_motion,
)

# A face drawn by hand in inter-ocular units: x to the person's left, y up.
BROWS = {
    285: (0.22, 0.32), 295: (0.30, 0.36), 296: (0.40, 0.42), 336: (0.24, 0.40),
    55: (-0.22, 0.32), 65: (-0.30, 0.36), 66: (-0.40, 0.42), 107: (-0.24, 0.40),
    282: (0.50, 0.36), 283: (0.62, 0.34), 293: (0.64, 0.40), 334: (0.52, 0.44),
    52: (-0.50, 0.36), 53: (-0.62, 0.34), 63: (-0.64, 0.40), 105: (-0.52, 0.44),
}  # fmt: skip
LIDS_LEFT = {385: (0.4, 0.07), 386: (0.5, 0.08), 387: (0.6, 0.07),
             380: (0.4, -0.05), 374: (0.5, -0.06), 373: (0.6, -0.05)}  # fmt: skip
LIDS_RIGHT = {160: (-0.6, 0.07), 159: (-0.5, 0.08), 158: (-0.4, 0.07),
              144: (-0.6, -0.05), 145: (-0.5, -0.06), 153: (-0.4, -0.05)}  # fmt: skip
UPPER_LIP = {0: (0, -0.98), 37: (-0.1, -0.98), 267: (0.1, -0.98),
             13: (0, -1.06), 82: (-0.1, -1.06), 312: (0.1, -1.06)}  # fmt: skip
LOWER_LIP = {14: (0, -1.08), 87: (-0.1, -1.08), 317: (0.1, -1.08),
             17: (0, -1.18), 84: (-0.1, -1.18), 314: (0.1, -1.18)}  # fmt: skip
CORNERS = {291: (0.42, -1.08), 61: (-0.42, -1.08)}
CHIN = {152: (0.0, -1.75)}


def face() -> np.ndarray:
    """The drawn face with somebody's anatomy, in its own frame."""
    points = np.zeros((468, 3))
    # Not the reference head itself: people differ.
    anatomy = np.random.default_rng(3).normal(0, 0.02, FRONTAL_HEAD.shape)
    points[list(STABLE_LANDMARKS)] = FRONTAL_HEAD + anatomy
    for part in (BROWS, LIDS_LEFT, LIDS_RIGHT, UPPER_LIP, LOWER_LIP, CORNERS, CHIN):
        for landmark, place in part.items():
            points[landmark, :2] = place
            points[landmark, 2] = 0.3
    return points


def seen(
    points: np.ndarray, yaw: float = 0, pitch: float = 0, roll: float = 0,
    pixels: float = 60.0, shift: tuple[float, float, float] = (200, 150, 0),
) -> np.ndarray:  # fmt: skip
    """The face as a camera sees it: turned (degrees), x right, y down, z away."""
    turned = Rotation.from_euler("zxy", [roll, -pitch, yaw], degrees=True).apply(points)
    return turned * (pixels, -pixels, -pixels) + shift


def columns(landmarks: np.ndarray) -> dict[str, float]:
    return dict(zip(EXPRESSION_COLUMNS, expression(head_frame(landmarks).points), strict=True))


@pytest.mark.parametrize(
    "camera",
    [
        {"shift": (900.0, -40.0, 25.0)},
        {"pixels": 14.0},
        {"pixels": 333.0},
        {"roll": 35.0},
        {"roll": -120.0},
        {"yaw": 30.0},
        {"yaw": -25.0, "pitch": 20.0, "roll": 10.0, "pixels": 90.0},
        {"pitch": -30.0},
    ],
)
def test_camera_and_head_change_no_column(camera: dict) -> None:
    still = columns(seen(face()))
    moved = columns(seen(face(), **camera))
    assert moved == pytest.approx(still, abs=1e-9)


def test_columns_are_in_inter_ocular_units() -> None:
    values = columns(seen(face()))
    # Read off the drawing; the anatomy moves the frame a little.
    assert values["mouth width"] == pytest.approx(0.84, abs=0.03)
    assert values["mouth opening"] == pytest.approx(0.02, abs=0.005)
    assert values["lip thickness"] == pytest.approx(0.09, abs=0.01)
    assert values["outer brow left"] == pytest.approx(0.385, abs=0.05)
    assert values["jaw drop"] == pytest.approx(1.75, abs=0.1)
    width = np.linalg.norm(face()[33] - face()[133])
    gaps = (0.12, 0.14, 0.12)
    assert values["eye opening right"] == pytest.approx(np.mean(gaps) / width, rel=1e-6)


MOVEMENTS = [
    (BROWS, (0, 0.1), {"inner brow left", "inner brow right", "outer brow left",
                       "outer brow right"}, +1),
    ({i: BROWS[i] for i in (285, 295, 296, 336)}, (0, 0.1), {"inner brow left"}, +1),
    ({i: BROWS[i] for i in (52, 53, 63, 105)}, (0, -0.1), {"outer brow right"}, -1),
    ({i: BROWS[i] for i in (285, 336)}, (-0.1, 0), {"brow gap"}, -1),
    ({i: LIDS_LEFT[i] for i in (385, 386, 387)}, (0, -0.1), {"eye opening left"}, -1),
    ({i: LIDS_RIGHT[i] for i in (160, 159, 158)}, (0, 0.06), {"eye opening right"}, +1),
    ({i: LOWER_LIP[i] for i in (14, 87, 317)}, (0, 0.05),
     {"mouth opening", "lip thickness"}, None),
    ({291: CORNERS[291]}, (0, 0.1), {"mouth corner left"}, +1),
    ({61: CORNERS[61]}, (0, -0.08), {"mouth corner right"}, -1),
    (CHIN, (0, -0.2), {"jaw drop"}, +1),
]  # fmt: skip


@pytest.mark.parametrize(("part", "shift", "own", "sign"), MOVEMENTS)
@pytest.mark.parametrize("yaw", [0.0, 25.0])
def test_each_movement_moves_its_own_columns(part, shift, own, sign, yaw) -> None:
    moved = face()
    moved[list(part), :2] += shift
    before, after = columns(seen(face(), yaw=yaw)), columns(seen(moved, yaw=yaw))
    change = {name: after[name] - before[name] for name in EXPRESSION_COLUMNS}
    biggest = max(abs(value) for value in change.values())
    answering = {name for name, value in change.items() if abs(value) > 0.25 * biggest}
    assert answering == own
    if sign is not None:
        assert all(np.sign(change[name]) == sign for name in own)
        size = np.hypot(*shift)
        assert all(abs(change[name]) > 0.4 * size for name in own)


def test_mouth_that_opens_widens_and_presses_nothing() -> None:
    moved = face()
    for part, drop in ((LOWER_LIP, 0.3), (CORNERS, 0.15), (CHIN, 0.3)):
        moved[list(part), 1] -= drop
    before, after = columns(seen(face())), columns(seen(moved))
    change = {name: after[name] - before[name] for name in EXPRESSION_COLUMNS}
    assert change.pop("jaw drop") == pytest.approx(0.3, rel=0.1)
    assert change.pop("mouth opening") == pytest.approx(0.3, rel=0.1)
    assert max(abs(value) for value in change.values()) < 0.01


@pytest.mark.parametrize("yaw", [-30.0, 0.0, 20.0])
@pytest.mark.parametrize("pitch", [-20.0, 0.0, 25.0])
def test_angles_of_the_head(yaw: float, pitch: float) -> None:
    base = np.zeros((468, 3))
    base[list(STABLE_LANDMARKS)] = FRONTAL_HEAD
    angles = head_frame(seen(base, yaw=yaw, pitch=pitch)).angles
    assert angles[:2] == pytest.approx((yaw, pitch), abs=1e-6)


def test_roll_tilts_to_the_own_right_shoulder() -> None:
    base = np.zeros((468, 3))
    base[list(STABLE_LANDMARKS)] = FRONTAL_HEAD
    assert head_frame(seen(base, roll=15.0)).angles == pytest.approx((0, 0, 15.0), abs=1e-6)


def test_head_motion_sees_shift_and_turn_but_no_expression() -> None:
    still = seen(face())
    frown = face()
    frown[list(BROWS), 1] -= 0.1
    assert head_motion(still, seen(frown), 60.0, 0.1) == 0.0
    shifted = still + np.array([6.0, 0.0, 0.0])
    assert head_motion(still, shifted, 60.0, 0.1) == pytest.approx(1.0)
    slow = head_motion(still, seen(face(), yaw=2), 60.0, 0.1)
    fast = head_motion(still, seen(face(), yaw=4), 60.0, 0.1)
    assert fast == pytest.approx(2 * slow, rel=0.05)
    assert slow > 0.1


def test_noise_of_the_landmarks_is_not_amplified() -> None:
    rng = np.random.default_rng(0)
    clean = expression(head_frame(seen(face())).points)
    noisy = [
        expression(head_frame(seen(face()) + rng.normal(0, 0.3, (468, 3))).points)
        for _ in range(200)
    ]
    # 0.3 of 60 pixels are 0.005; a column may add up the noise of a few landmarks.
    assert np.std(noisy, axis=0).max() < 0.02
    # A gap of 0.02 grows a little under noise: distances cannot be negative.
    assert np.abs(np.mean(noisy, axis=0) - clean).max() < 0.01


def test_wrong_shapes() -> None:
    with pytest.raises(ShapeError, match="468"):
        head_frame(np.zeros((100, 3)))
    with pytest.raises(ShapeError, match="468"):
        head_frame(np.zeros((468, 2)))
    with pytest.raises(ShapeError, match="coincide"):
        head_frame(np.ones((468, 3)))


def test_column_names_are_unique() -> None:
    assert len(set(FACE_COLUMNS)) == len(FACE_COLUMNS) == 17

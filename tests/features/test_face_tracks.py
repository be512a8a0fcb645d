"""Cuts are found, motion is not a cut, and faces keep their tracks."""

import numpy as np
import pytest

from emospot.features.face_tracks import LOST_SECONDS, FaceTracks, ShotCuts

AREA = 640.0 * 360.0


def scene(seed: int, shift: int = 0, gain: float = 1.0) -> np.ndarray:
    """Blobs of light that move with the shift."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:180, :320]
    image = np.zeros((180, 320))
    for cx, cy, size, light in zip(
        rng.uniform(0, 320, 12), rng.uniform(0, 180, 12),
        rng.uniform(15, 50, 12), rng.uniform(60, 255, 12), strict=True,
    ):  # fmt: skip
        image += light * np.exp(-((x - cx - shift) ** 2 + (y - cy) ** 2) / (2 * size**2))
    image = image * gain + rng.normal(0, 3, image.shape)
    return np.repeat(np.clip(image, 0, 255)[..., None], 3, axis=2).astype(np.uint8)


def test_a_cut_is_found_once() -> None:
    cuts = ShotCuts()
    frames = [scene(1, t) for t in range(10)] + [scene(2, t) for t in range(10)]
    assert [i for i, frame in enumerate(frames) if cuts.is_cut(frame)] == [10]


@pytest.mark.parametrize("speed", [0, 3, 8])
def test_motion_is_no_cut(speed: int) -> None:
    cuts = ShotCuts()
    assert not any(cuts.is_cut(scene(1, speed * t)) for t in range(20))


def test_slow_change_of_light_is_no_cut() -> None:
    cuts = ShotCuts()
    assert not any(cuts.is_cut(scene(1, 0, gain)) for gain in np.linspace(1.0, 0.2, 20))


def test_pictures_that_cannot_be_compared_are_a_cut() -> None:
    cuts = ShotCuts()
    cuts.is_cut(np.zeros((100, 100, 3), np.uint8))
    assert cuts.is_cut(np.zeros((30, 100, 3), np.uint8))


def test_pictures_smaller_than_the_thumbnail() -> None:
    cuts = ShotCuts()
    assert not cuts.is_cut(np.zeros((8, 6, 3), np.uint8))
    assert cuts.is_cut(np.full((8, 6, 3), 255, np.uint8))


def box(x: float, y: float, size: float) -> np.ndarray:
    """Landmarks that fill a square."""
    corners = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0)], float)
    return corners * size + (x, y, 0)


def ids(tracks: FaceTracks, seconds: float, *faces: np.ndarray) -> list[int]:
    return [track.id for track, _ in tracks.follow(seconds, list(faces), AREA)]


def test_faces_keep_their_tracks_whatever_their_order() -> None:
    tracks = FaceTracks()
    left, right = ids(tracks, 0.0, box(50, 50, 80), box(400, 60, 120))
    assert left != right
    assert ids(tracks, 0.1, box(405, 62, 118), box(60, 50, 82)) == [right, left]


def test_weight_is_size_times_persistence() -> None:
    tracks = FaceTracks()
    for t in range(10):
        [(stays, _)] = tracks.follow(t / 10, [box(50, 50, 100)], AREA)
    followed = tracks.follow(1.0, [box(50, 50, 100), box(300, 50, 200)], AREA)
    passes_by = followed[1][0]
    assert stays.weight == pytest.approx(10 * 100**2 / AREA)
    assert passes_by.weight == pytest.approx(200**2 / AREA)
    assert followed[0][0].weight > passes_by.weight


def test_a_face_lost_for_a_moment_keeps_its_track_and_later_not() -> None:
    tracks = FaceTracks()
    [first] = ids(tracks, 0.0, box(50, 50, 80))
    assert ids(tracks, 0.5) == []
    assert ids(tracks, 1.5, box(55, 52, 80)) == [first]
    assert ids(tracks, 1.5 + LOST_SECONDS + 0.1, box(55, 52, 80)) != [first]


@pytest.mark.parametrize("other", [box(250, 50, 80), box(50, 50, 200)])
def test_another_place_or_size_is_another_face(other: np.ndarray) -> None:
    tracks = FaceTracks()
    [first] = ids(tracks, 0.0, box(50, 50, 80))
    assert ids(tracks, 0.1, other) != [first]


def test_a_cut_ends_all_tracks() -> None:
    tracks = FaceTracks()
    [(before, earlier)] = tracks.follow(0.0, [box(50, 50, 80)], AREA)
    assert earlier is None
    tracks.new_shot()
    [(after, earlier)] = tracks.follow(0.1, [box(50, 50, 80)], AREA)
    assert earlier is None
    assert after.id != before.id
    assert after.shot == before.shot + 1

"""Tokens of the right face at the right times, and none where no face is seen."""

import importlib.util
import sys
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from emospot.conversation import Tokens
from emospot.errors import MissingExtraError, ShapeError
from emospot.features import face_mesh
from emospot.features.base import FACE_TRACK_COLUMNS, FacesExtractor
from emospot.features.face_geometry import FACE_COLUMNS, FRONTAL_HEAD, STABLE_LANDMARKS
from emospot.features.face_mesh import FaceMesh
from emospot.media.decode import video_frames
from emospot.sample import sample_files

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("mediapipe") is None, reason="needs the extra [face]"
)

HEIGHT, WIDTH = 180, 320
Frame = tuple[float, np.ndarray]


def mesh(x: float, y: float, pixels: float, *, yaw: float = 0.0, gap: float = 0.1) -> np.ndarray:
    """Landmarks of a face in pixels: centre, pixels between the eyes, open mouth."""
    points = np.zeros((468, 3))
    points[:, 2] = 0.3
    points[list(STABLE_LANDMARKS)] = FRONTAL_HEAD
    for i, (left, right) in enumerate(((13, 14), (82, 87), (312, 317))):
        points[left, :2] = (0.1 * (i - 1), -1.05)
        points[right, :2] = (0.1 * (i - 1), -1.05 - gap)
    points[152] = (0, -1.7, 0.2)
    points[10] = (0, 1.0, 0.2)
    c, s = np.cos(np.radians(yaw)), np.sin(np.radians(yaw))
    points = points @ np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])
    return points * (pixels, -pixels, -pixels) + (x, y, 0)


class FakeGraph:
    """Stands for MediaPipe: reads from the picture which faces it is to find.

    The first byte of a picture is the number of its entry in `scenes`.
    """

    def __init__(self, scenes: list[list[np.ndarray]]) -> None:
        self.scenes = scenes
        self.asked = 0
        self.closed = False

    def process(self, image: np.ndarray) -> SimpleNamespace:
        self.asked += 1
        height, width = image.shape[:2]
        found = [
            SimpleNamespace(
                landmark=[
                    SimpleNamespace(x=x / width, y=y / height, z=z / width) for x, y, z in face
                ]
            )
            for face in self.scenes[image[0, 0, 0]]
        ]
        return SimpleNamespace(multi_face_landmarks=found or None)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def graph(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGraph]:
    fake = FakeGraph([[]])
    monkeypatch.setattr(face_mesh, "_start_graph", lambda max_faces: fake)
    yield fake
    assert fake.closed == (fake.asked > 0)


def picture(scene: int, background: int = 80) -> np.ndarray:
    image = np.full((HEIGHT, WIDTH, 3), background, np.uint8)
    image[0, 0] = scene
    return image


def film(*scenes: int, fps: float = 10.0, background: int = 80) -> list[Frame]:
    return [(i / fps, picture(scene, background)) for i, scene in enumerate(scenes)]


def extract(frames: Iterable[Frame], *spans: tuple[float, float]) -> dict[int, Tokens | None]:
    found = list(FaceMesh().extract(frames, spans))
    assert len(dict(found)) == len(found)
    return dict(found)


def mouth_gaps(tokens: Tokens | None) -> set[float]:
    assert tokens is not None
    return set(np.round(tokens.column("mouth opening").astype(float), 3))


def test_each_frame_with_a_face_in_the_span_is_a_token(graph: FakeGraph) -> None:
    graph.scenes = [[], [mesh(150, 80, 40)]]
    found = extract(film(*[1] * 10, 0, 0, *[1] * 8), (0.0, 0.45), (0.35, 1.55), (5.0, 6.0))
    assert found[2] is None
    first, second = found[0], found[1]
    assert first is not None
    assert second is not None
    assert first.columns == FACE_COLUMNS
    assert first.times == pytest.approx(
        np.array([(0, 0.1), (0.1, 0.2), (0.2, 0.3), (0.3, 0.4), (0.4, 0.45)])
    )
    expected = [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.2, 1.3, 1.4, 1.5]
    assert second.times is not None
    assert second.times[:, 0] == pytest.approx(expected)
    assert mouth_gaps(first) == {0.1}


def test_spans_come_as_soon_as_they_are_passed(graph: FakeGraph) -> None:
    graph.scenes = [[], [mesh(150, 80, 40)]]
    drawn = []

    def frames() -> Iterator[Frame]:
        for seconds, image in film(*[1] * 100):
            drawn.append(seconds)
            yield seconds, image

    order = []
    for index, _ in FaceMesh().extract(frames(), [(2.0, 4.0), (0.0, 1.0), (0.5, 2.0)]):
        order.append((index, drawn[-1]))
    assert [index for index, _ in order] == [1, 2, 0]
    # One frame is read ahead to know when the frame before ends.
    assert [seconds for _, seconds in order] == pytest.approx([1.1, 2.1, 4.1])


def test_frames_far_from_any_span_are_not_measured(graph: FakeGraph) -> None:
    graph.scenes = [[], [mesh(150, 80, 40)]]
    extract(film(*[1] * 100), (0.0, 1.0), (8.0, 9.0))
    # 10 in the first span, 1 s before the second and 10 in it.
    assert graph.asked == 30


def test_no_pictures_are_kept(graph: FakeGraph) -> None:
    graph.scenes = [[], [mesh(150, 80, 40)]]
    given: list[weakref.ref] = []
    most = 0

    def frames() -> Iterator[Frame]:
        nonlocal most
        for i in range(60):
            image = picture(1)
            given.append(weakref.ref(image))
            most = max(most, sum(reference() is not None for reference in given))
            yield i / 10, image
            del image

    extract(frames(), (0.0, 6.0))
    assert most <= 3


def test_size_times_persistence_decides(graph: FakeGraph) -> None:
    stays, small = mesh(80, 80, 35, gap=0.1), mesh(240, 60, 20, gap=0.2)
    passes = mesh(230, 80, 50, gap=0.3)
    graph.scenes = [[], [small, stays], [stays, passes]]
    tokens = extract(film(*[1] * 10, *[2] * 3, *[1] * 5), (0.0, 2.0))[0]
    assert mouth_gaps(tokens) == {0.1}
    assert tokens is not None
    assert len(tokens) == 18


def test_all_faces_are_given_with_their_tracks(graph: FakeGraph) -> None:
    stays, other = mesh(80, 80, 45, gap=0.1), mesh(240, 60, 25, gap=0.2)
    graph.scenes = [[], [stays, other], [other]]
    frames = [*film(*[1] * 10), *((1.0 + i / 10, picture(2, 200)) for i in range(5))]
    spans = [(0.0, 1.2), (1.2, 1.5), (8.0, 9.0)]
    found = dict(FaceMesh().faces(frames, spans))
    assert found[2] is None
    both, later = found[0], found[1]
    assert both is not None
    assert later is not None
    assert both.columns == (*FACE_COLUMNS, *FACE_TRACK_COLUMNS)
    assert both.times is not None
    assert both.times[:, 0].tolist() == pytest.approx(
        [*np.repeat(np.arange(10) / 10, 2), 1.0, 1.1]
    )
    assert both.column("shot").tolist() == [0] * 20 + [1] * 2
    assert both.column("track").tolist() == [1, 2] * 10 + [3] * 2
    assert later.column("track").tolist() == [3] * 3
    gaps = both.column("mouth opening").round(3).tolist()
    assert gaps == pytest.approx([0.1, 0.2] * 10 + [0.2] * 2)
    weights = dict(zip(both.column("track"), both.column("weight"), strict=True))
    assert weights[1] > weights[2] > weights[3] > 0
    # What is taken without knowing who speaks is the heaviest of each shot.
    alone = extract(frames, *spans)[0]
    assert alone is not None
    heaviest = np.isin(both.column("track"), [1, 3])
    assert np.array_equal(alone.values, both.values[heaviest, : len(FACE_COLUMNS)])


def test_each_shot_has_its_own_face(graph: FakeGraph) -> None:
    big, other = mesh(100, 80, 45, gap=0.1), mesh(230, 80, 25, gap=0.3)
    graph.scenes = [[], [big], [other, mesh(60, 60, 15, gap=0.2)]]
    frames = [*film(*[1] * 20), *((2 + i / 10, picture(2, 200)) for i in range(5))]
    tokens = extract(frames, (0.0, 2.5))[0]
    assert tokens is not None
    assert mouth_gaps(tokens) == {0.1, 0.3}
    assert len(tokens) == 25


@pytest.mark.parametrize(
    "unseen", [mesh(150, 80, 9), mesh(150, 80, 40, yaw=65), np.full((468, 3), np.nan)]
)
def test_what_cannot_be_measured_is_no_token(graph: FakeGraph, unseen: np.ndarray) -> None:
    graph.scenes = [[], [mesh(150, 80, 40)], [unseen]]
    found = extract(film(1, 1, 2, 1, 2, 2, 2), (0.0, 0.4), (0.4, 0.7))
    assert found[0] is not None
    assert len(found[0]) == 3
    assert found[1] is None


def test_head_motion_is_per_second(graph: FakeGraph) -> None:
    graph.scenes = [[], [mesh(150, 80, 40)], [mesh(158, 80, 40)]]
    frames = [(0.0, picture(1)), (0.1, picture(2)), (0.3, picture(1))]
    tokens = extract(frames, (0.0, 1.0))[0]
    assert tokens is not None
    # 8 of 40 pixels in a tenth, then in two tenths of a second.
    assert tokens.column("head motion") == pytest.approx([0.0, 2.0, 1.0], rel=1e-4)


def test_nothing_in(graph: FakeGraph) -> None:
    assert extract([], (0.0, 1.0)) == {0: None}
    assert extract(film(1, 1)) == {}


@pytest.mark.parametrize(
    "image", [np.zeros((10, 10), np.uint8), np.zeros((10, 10, 4), np.uint8), np.zeros((9, 9, 3))]
)
def test_frames_that_are_no_pictures(graph: FakeGraph, image: np.ndarray) -> None:
    with pytest.raises(ShapeError, match="RGB"):
        extract([(0.0, image)], (0.0, 1.0))


def test_without_mediapipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    with pytest.raises(MissingExtraError, match=r"emospot\[face\]"):
        FaceMesh()


def test_with_a_broken_mediapipe(monkeypatch: pytest.MonkeyPatch) -> None:
    extractor = FaceMesh()
    broken = "mediapipe.python.solutions.face_mesh"
    monkeypatch.setitem(sys.modules, broken, None)
    with pytest.raises(MissingExtraError):
        list(extractor.extract(film(1, 1), [(0.0, 1.0)]))


def test_description() -> None:
    description = FaceMesh(max_faces=2).describe()
    assert description.modality == "face"
    assert description.dim == len(FACE_COLUMNS)
    assert not description.pooled
    assert description.version.startswith("mediapipe 0.10")
    assert description.options["max_faces"] == 2
    assert isinstance(FaceMesh(), FacesExtractor)


@pytest.fixture(scope="module")
def sample_film() -> list[Frame]:
    return list(video_frames(sample_files().face, max_fps=15))[:30]


def turned(image: np.ndarray, degrees: float) -> np.ndarray:
    import cv2

    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 0.9)
    return np.asarray(cv2.warpAffine(image, matrix, (width, height)))


def test_a_real_face_in_a_turned_picture(sample_film: list[Frame]) -> None:
    upright = extract(sample_film[:12], (0.0, 2.0))[0]
    tilted = extract([(t, turned(image, 15.0)) for t, image in sample_film[:12]], (0.0, 2.0))[0]
    assert upright is not None
    assert tilted is not None
    assert len(upright) == len(tilted) == 12
    change = np.median(tilted.values[2:], axis=0) - np.median(upright.values[2:], axis=0)
    by_name = dict(zip(FACE_COLUMNS, change, strict=True))
    # Anticlockwise in the picture lifts the side on the viewer's right: the own left.
    assert by_name["roll"] == pytest.approx(15.0, abs=3.0)
    expressions = [by_name[name] for name in FACE_COLUMNS[:13]]
    assert np.abs(expressions).max() < 0.05


def test_a_real_face_beside_a_smaller_one(sample_film: list[Frame]) -> None:
    frames = []
    for seconds, image in sample_film[:15]:
        wide = np.full((320, 640, 3), 128, np.uint8)
        wide[:, :320] = image
        wide[60:220, 400:560] = turned(image, 20.0)[::2, ::2]
        frames.append((seconds, wide))
    tokens = extract(frames, (0.0, 2.0))[0]
    assert tokens is not None
    assert len(tokens) == 15
    assert np.abs(tokens.column("roll")).max() < 10


def test_pictures_without_a_face_and_a_quiet_error_stream(
    sample_film: list[Frame], capfd: pytest.CaptureFixture[str]
) -> None:
    grey = np.full((320, 320, 3), 128, np.uint8)
    frames = [*sample_film[:8], *((1.0 + i / 15, grey) for i in range(8))]
    found = extract(frames, (0.0, 0.9), (0.9, 2.0))
    assert found[0] is not None
    assert len(found[0]) == 8
    assert found[1] is None
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("name", "begins", "ends"),
    [
        ("single_face.mp4", 0.0, 2.4),
        ("face_noface.mov", 0.0, 2.4),
        ("noface_face.mov", 3.95, 6.36),
        ("no_face.mp4", None, None),
    ],
)
def test_faces_that_come_and_go(
    shared_data: Path, name: str, begins: float | None, ends: float | None
) -> None:
    frames = video_frames(shared_data / "faces" / name, max_fps=15, max_height=360)
    tokens = extract(frames, (0.0, 60.0))[0]
    if begins is None:
        assert tokens is None
        return
    assert tokens is not None
    assert tokens.times is not None
    assert tokens.times[0, 0] == pytest.approx(begins, abs=0.15)
    assert tokens.times[-1, 1] == pytest.approx(ends, abs=0.15)
    assert len(tokens) >= 0.95 * 15 * (ends - begins) - 1

"""The face of an utterance: MediaPipe's face mesh, frame by frame, as expression columns.

MediaPipe finds up to three faces in a frame and lays a mesh of landmarks over
each; from frame to frame it follows them instead of searching again. The
landmarks become the columns of `face_geometry.FACE_COLUMNS`. `FaceMesh.faces` gives
all faces, each row with its track (`face_tracks`), for whoever knows who speaks
(`speakers.speaking_faces`); `FaceMesh.extract` takes of several faces the largest that
stays, shot by shot. All models lie in the MediaPipe package; nothing is fetched.

A frame without a face gives no token, and neither does a face that is too
small or turned too far away to be measured: what is not seen is not guessed.
An utterance without any token has no face (None).

The frames pass once. Only the columns (no pixels) of the faces seen since the
start of the earliest unfinished span are kept, so memory grows with the longest
span, not with the recording. Which face of a shot is meant is decided with
what has been seen of the shot by the end of the span.
"""

import importlib.metadata
import importlib.util
import re
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emospot.conversation import FACE, Tokens
from emospot.errors import MissingExtraError, ShapeError
from emospot.features.base import FACE_TRACK_COLUMNS, FeatureDescription, Span
from emospot.features.face_geometry import (
    FACE_COLUMNS,
    MESH_POINTS,
    expression,
    head_frame,
    head_motion,
)
from emospot.features.face_tracks import FaceTracks, ShotCuts, Track
from emospot.features.native_log import without_chatter

PACKAGE = "mediapipe"

LEAD_SECONDS = 1.0
"""Frames this long before a span are followed too, so that its first face is a steady one."""

USUAL_FRAME = 1.0 / 15.0
"""Seconds that a frame stands for where it is the only one."""

LONGEST_FRAME = 0.25
"""Seconds that one frame stands for at most where frames are missing."""

SMALLEST_FACE = 12.0
"""Pixels between the eyes below which expressions are noise."""

FURTHEST_TURN = 50.0
"""Degrees of yaw or pitch beyond which half of the face is not seen but guessed."""

_CHATTER = re.compile(
    rb"XNNPACK delegate|before absl::InitializeLog|inference_feedback_manager\.cc|"
    rb"face_landmarker_graph|landmark_projection_calculator\.cc|gl_context"
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """One face in one frame."""

    start: float
    end: float
    shot: int
    track: int
    values: NDArray[np.float64]


class FaceMesh:
    """Expression columns of the faces that a recording shows (a `FacesExtractor`).

    Args:
        max_faces: faces that are followed at the same time. Each one more costs
            about a millisecond a frame; one alone may be the wrong one.

    Raises:
        MissingExtraError: if MediaPipe is not installed.
    """

    def __init__(self, max_faces: int = 3) -> None:
        if importlib.util.find_spec(PACKAGE) is None:
            raise MissingExtraError("face features", "face")
        self.max_faces = max_faces

    def describe(self) -> FeatureDescription:
        """What identifies this feature."""
        return FeatureDescription(
            modality=FACE,
            extractor="face-mesh",
            version=f"mediapipe {importlib.metadata.version(PACKAGE)}",
            dim=len(FACE_COLUMNS),
            pooled=False,
            options={"max_faces": self.max_faces, "of_several": "the speaker's"},
        )

    def extract(
        self, frames: Iterable[tuple[float, NDArray[np.uint8]]], spans: Sequence[Span]
    ) -> Iterator[tuple[int, Tokens | None]]:
        """Tokens of the frames within each span, in one pass over the frames.

        Args:
            frames: time in seconds and RGB image (height, width, 3), in order
                of time. Expressions are slow: 15 frames a second are enough.
            spans: start and end of the utterances in seconds; they may overlap
                and lie beyond the last frame.

        Yields:
            Index of the span and its tokens (columns `FACE_COLUMNS`), one for
            each frame with a face that begins within the span, or None; each
            index once, when the frames have passed the span's end.

        Raises:
            ShapeError: if a frame is no RGB image.
            MissingExtraError: if MediaPipe cannot be imported.
        """
        for index, inside, weights in self._passed(frames, spans):
            yield index, _tokens(_largest(inside, weights), spans[index])

    def faces(
        self, frames: Iterable[tuple[float, NDArray[np.uint8]]], spans: Sequence[Span]
    ) -> Iterator[tuple[int, Tokens | None]]:
        """Tokens of all faces in the frames within each span; as `extract` but for that.

        Yields:
            Index of the span and its tokens, one a frame and face, in order of time; the
            columns `FACE_TRACK_COLUMNS` follow on `FACE_COLUMNS`.
        """
        for index, inside, weights in self._passed(frames, spans):
            yield index, _tokens(inside, spans[index], weights)

    def _passed(
        self, frames: Iterable[tuple[float, NDArray[np.uint8]]], spans: Sequence[Span]
    ) -> Iterator[tuple[int, list[_Seen], dict[int, float]]]:
        """Each span with the faces seen in it, and the weights of their tracks by its end."""
        pending = dict(enumerate(spans))
        seen: list[_Seen] = []
        weights: dict[int, float] = {}
        with _Mesh(self.max_faces) as mesh:
            for start, end, image in _with_ends(frames):
                passed = [index for index, span in pending.items() if span[1] <= start]
                for index in passed:
                    yield index, _inside(seen, pending.pop(index)), weights
                if not pending:
                    return
                earliest = min(span[0] for span in pending.values())
                if passed or not seen or seen[0].start < earliest:
                    seen = [face for face in seen if face.start >= earliest]
                    weights = {face.track: weights[face.track] for face in seen}
                near = earliest - LEAD_SECONDS <= start
                for face, track in mesh.measure(start, end, image, near):
                    seen.append(face)
                    weights[track.id] = track.weight
        for index, span in pending.items():
            yield index, _inside(seen, span), weights


class _Mesh:
    """MediaPipe's graph with the shots and tracks of one pass over a recording."""

    def __init__(self, max_faces: int) -> None:
        self._max_faces = max_faces
        self._graph: Any = None
        self._cuts = ShotCuts()
        self._tracks = FaceTracks()

    def __enter__(self) -> "_Mesh":
        return self

    def __exit__(self, *_: object) -> None:
        if self._graph is not None:
            self._graph.close()

    def measure(
        self, start: float, end: float, image: NDArray[np.uint8], near: bool
    ) -> list[tuple[_Seen, Track]]:
        """The faces of one frame; frames not near a span are only watched for cuts."""
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ShapeError(
                f"a frame must be an RGB image (height, width, 3) of bytes, "
                f"found {image.dtype} {image.shape}"
            )
        if self._cuts.is_cut(image):
            self._tracks.new_shot()
        if not near:
            return []
        height, width = image.shape[:2]
        faces = self._landmarks(image)
        followed = self._tracks.follow(start, faces, float(height * width))
        measured = []
        for track, before in followed:
            values = _measure(track, before)
            if values is not None:
                measured.append((_Seen(start, end, track.shot, track.id, values), track))
        return measured

    def _landmarks(self, image: NDArray[np.uint8]) -> list[NDArray[np.float64]]:
        if self._graph is None:
            self._graph = _start_graph(self._max_faces)
        height, width = image.shape[:2]
        found = self._graph.process(np.ascontiguousarray(image)).multi_face_landmarks or ()
        # MediaPipe gives depth in the unit of the width.
        faces = [
            np.array([(p.x, p.y, p.z) for p in face.landmark[:MESH_POINTS]])
            * (width, height, width)
            for face in found
        ]
        # One NaN would stay in its track for good.
        return [face for face in faces if np.isfinite(face).all()]


def _start_graph(max_faces: int) -> Any:
    """A graph that has seen one empty picture: its start-up notices are over."""
    # MediaPipe calls protobuf in an outdated way for every frame.
    warnings.filterwarnings("ignore", message=r"SymbolDatabase\.GetPrototype\(\)")
    with without_chatter(_CHATTER):
        try:
            from mediapipe.python.solutions.face_mesh import FaceMesh as Graph
        except ImportError as error:
            raise MissingExtraError("face features", "face") from error
        # The refined mesh costs 1 ms more a frame and sees closed eyes, which the
        # plain one gives as half open.
        graph = Graph(max_num_faces=max_faces, refine_landmarks=True)
        graph.process(np.zeros((64, 64, 3), np.uint8))
    return graph


def _measure(track: Track, before: Track | None) -> NDArray[np.float64] | None:
    """The columns of a face, None where it is too small or turned away."""
    frame = head_frame(track.landmarks)
    angles = frame.angles
    if frame.pixels < SMALLEST_FACE or np.abs(angles[:2]).max() > FURTHEST_TURN:
        return None
    motion = 0.0
    if before is not None and track.seen > before.seen:
        elapsed = track.seen - before.seen
        motion = head_motion(before.landmarks, track.landmarks, frame.pixels, elapsed)
    return np.array([*expression(frame.points), *angles, motion])


def _with_ends(
    frames: Iterable[tuple[float, NDArray[np.uint8]]],
) -> Iterator[tuple[float, float, NDArray[np.uint8]]]:
    """Each frame with the time at which the next one follows."""
    last: tuple[float, NDArray[np.uint8]] | None = None
    length = USUAL_FRAME
    for seconds, image in frames:
        if last is not None:
            length = min(seconds - last[0], LONGEST_FRAME)
            yield last[0], last[0] + length, last[1]
        last = seconds, image
    if last is not None:
        yield last[0], last[0] + length, last[1]


def _inside(seen: list[_Seen], span: Span) -> list[_Seen]:
    return [face for face in seen if span[0] <= face.start < span[1]]


def _largest(inside: list[_Seen], weights: dict[int, float]) -> list[_Seen]:
    """Of each shot, the face with the greatest weight."""
    tracks_of_shot: dict[int, set[int]] = defaultdict(set)
    for face in inside:
        tracks_of_shot[face.shot].add(face.track)
    meant = {max(tracks, key=weights.__getitem__) for tracks in tracks_of_shot.values()}
    return [face for face in inside if face.track in meant]


def _tokens(
    faces: list[_Seen], span: Span, weights: dict[int, float] | None = None
) -> Tokens | None:
    """The tokens of faces; with weights, whose they are stands in further columns."""
    if not faces:
        return None
    rows = [face.values for face in faces]
    if weights is not None:
        rows = [
            np.array([*face.values, face.shot, face.track, weights[face.track]]) for face in faces
        ]
    return Tokens(
        values=np.array(rows, dtype=np.float32),
        times=np.array([(face.start, min(face.end, span[1])) for face in faces]),
        columns=FACE_COLUMNS if weights is None else (*FACE_COLUMNS, *FACE_TRACK_COLUMNS),
    )
